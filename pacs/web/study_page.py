"""One study: who and what it is, its series, and the person's other studies."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import F
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from pacs import access
from pacs.events import STUDY_OPENED
from pacs.models import HeldFile, Series, Study
from pacs.retrieve import reading
from pacs.web import notices, numbers
from pacs.web.listing import WITHOUT_PICTURE, rows_of
from pacs.web.people import display_name
from pacs.web.rights import rights
from tenants import entry
from tenants.authentication import ClinicRequest, clinic_page
from tenants.permissions import Actor, Permission

PRIORS_AT_MOST = 50


@dataclass(frozen=True)
class SeriesRow:
    """A series on the page of its study."""

    series: Series
    has_picture: bool
    size: str


@clinic_page(Permission.STUDY_READ, event=STUDY_OPENED)
@never_cache
@require_safe
def study(request: ClinicRequest, study_uid: str) -> HttpResponse:
    """Show a study; opening its page is opening it."""
    try:
        found = access.get_study(request.actor, study_uid)
    except access.NotFound as error:
        raise Http404 from error
    now = timezone.now()
    reading.note(request.actor, found, now=now, size=0, reads=0)
    with entry.reading():
        context: dict[str, object] = {
            "row": rows_of([found], now=now)[0],
            "study": found,
            "details": _details(found),
            "series": _series(request.actor, found),
            "priors": rows_of(_priors(request.actor, found), now=now),
            "replaced_count": _replaced(found) if request.actor.may(Permission.ATTENTION_DECIDE) else 0,
        }
    context |= {"notice": notices.take(request), **rights(request)}
    return render(request, "pacs/study.html", context)


def _details(study: Study) -> list[tuple[str, object]]:
    """Return labels and values, in the order in which people read them; what is empty is left out."""
    rows = [
        (_("Accession number"), study.accession_number),
        (
            _("Referring physician"),
            display_name(study.referring_physician) if study.referring_physician else "",
        ),
        (_("Study ID"), study.study_id),
        (_("Issuer of the patient ID"), study.issuer),
        (_("Arrived"), study.created_at),
        (_("Last image"), study.last_arrived_at),
        (_("Size"), numbers.size(study.plain_bytes)),
        (_("Study Instance UID"), study.study_uid),
    ]
    return [(label, value) for label, value in rows if value]


def _series(actor: Actor, study: Study) -> Sequence[SeriesRow]:
    rows = access.series(actor).filter(study=study)
    ordered = rows.order_by(F("series_number").asc(nulls_last=True), "series_uid")
    return [
        SeriesRow(row, row.modality not in WITHOUT_PICTURE, numbers.size(row.plain_bytes)) for row in ordered
    ]


def _priors(actor: Actor, study: Study) -> Sequence[Study]:
    """Return the person's other studies, newest first: by person, for two may share an ID."""
    others = access.studies(actor).filter(person_id=study.person_id).exclude(pk=study.pk)
    return list(others.order_by(F("study_date").desc(nulls_last=True), "-study_uid")[:PRIORS_AT_MOST])


def _replaced(study: Study) -> int:
    return HeldFile.objects.filter(study_uid=study.study_uid, state=HeldFile.State.REPLACED).count()
