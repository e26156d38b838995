"""Needs attention: files that were not taken, why, and what a person can do about each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from pydicom.datadict import dictionary_description, tag_for_keyword

from pacs import access
from pacs.bin.period import days_left
from pacs.events import SEARCHED
from pacs.ingest.outcomes import IngestReason
from pacs.ingest.sentences import sentence
from pacs.models import HeldFile, Study
from pacs.search.recorded import note_search
from pacs.web import notices, numbers
from pacs.web.people import display_name
from tenants import entry
from tenants.authentication import ClinicRequest, clinic_page
from tenants.permissions import Actor, Permission

ROWS = 25
SHOWN_STATES = ("waiting", "discarded", "replaced")


@dataclass(frozen=True)
class Difference:
    """One attribute in which two files differ."""

    label: str
    stored: str
    arriving: str


@dataclass(frozen=True)
class File:
    """A held file as the page shows it; `study` is None where nothing of its study is shown in the list."""

    held: HeldFile
    reason: str
    study: Study | None
    patient: str
    differences: Sequence[Difference]
    is_conflict: bool
    size: str
    days_left: int


@clinic_page(Permission.ATTENTION_DECIDE, event=SEARCHED)
@never_cache
@require_safe
def attention(request: ClinicRequest) -> HttpResponse:
    """Show the files that wait, or those that were discarded or replaced."""
    state = request.GET.get("state", "")
    state = state if state in SHOWN_STATES else "waiting"
    study_uid = request.GET.get("study", "")
    now = timezone.now()
    rows = access.held_files(request.actor).filter(state=state)
    if study_uid:
        rows = rows.filter(study_uid=study_uid)
    with entry.reading():
        page = Paginator(rows.order_by("-last_arrived_at", "id"), ROWS).get_page(request.GET.get("page"))
        files = _files(request.actor, list(page))
    asked = [("state", state), *([("study", study_uid)] if study_uid else [])]
    note_search(request.actor, level="held files", asked=asked, shown=len(files), now=now)
    context = {
        "page_query": urlencode(asked) + "&",
        "files": files,
        "page": page,
        "state": state,
        "states": _states(),
        "study_uid": study_uid,
        "notice": notices.take(request),
    }
    return render(request, "pacs/attention.html", context)


def _states() -> list[tuple[str, str]]:
    return [("waiting", _("Waiting")), ("discarded", _("Discarded")), ("replaced", _("Replaced versions"))]


def _files(actor: Actor, rows: Sequence[HeldFile]) -> list[File]:
    uids = {row.study_uid for row in rows if row.study_uid}
    studies = {study.study_uid: study for study in access.studies(actor).filter(study_uid__in=uids)}
    return [_file(row, studies.get(row.study_uid)) for row in rows]


def _file(held: HeldFile, study: Study | None) -> File:
    return File(
        held=held,
        reason=sentence(held.reason),
        study=study,
        patient=display_name(study.patient_name) if study else "",
        differences=_differences(held.facts),
        is_conflict=held.reason == IngestReason.CONFLICT,
        size=numbers.size(held.plain_size),
        days_left=days_left(held.decided_at, timezone.now()) if held.decided_at else 0,
    )


def _differences(facts: Mapping[str, object]) -> list[Difference]:
    found = facts.get("differing", [])
    if not isinstance(found, list):
        return []
    return [Difference(_label(one["attribute"]), one["stored"], one["arriving"]) for one in found]


def _label(attribute: str) -> str:
    """Return an attribute's name in the standard's words; what it does not know stays as it is."""
    tag = tag_for_keyword(attribute)
    return attribute if tag is None else dictionary_description(tag)
