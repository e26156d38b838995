"""Deleting from the pages: into the bin, and with one button out of it again."""

from collections.abc import Callable, Sequence

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from pacs.access import NotFound
from pacs.bin.move import bin_series, bin_study, restore_series, restore_study
from pacs.events import STUDY_BINNED, STUDY_RESTORED
from pacs.models import Series, Study
from pacs.web import notices
from pacs.web.notices import Notice
from pacs.web.returning import back
from tenants.authentication import ClinicRequest, clinic_page
from tenants.permissions import Permission

AT_ONCE = 200

Moved = Sequence[Study | Series]


@clinic_page(Permission.STUDY_DELETE, event=STUDY_BINNED)
@require_POST
def delete(request: ClinicRequest) -> HttpResponse:
    """Move the form's studies, or series of the study `within`, to the bin. What is gone already is passed over."""
    now, within = timezone.now(), request.POST.get("within", "")
    moved = [
        *_each(request.POST.getlist("study"), lambda uid: bin_study(request.actor, uid, now=now)),
        *_each(request.POST.getlist("series"), lambda uid: bin_series(request.actor, within, uid, now=now)),
    ]
    notices.leave(request, _deleted(request, moved))
    if within and any(isinstance(one, Study) for one in moved):
        return redirect("studies", slug=request.tenant.slug)  # the page of a study without series is gone
    return back(request, "studies")


@clinic_page(Permission.STUDY_DELETE, event=STUDY_RESTORED)
@require_POST
def restore(request: ClinicRequest) -> HttpResponse:
    """Bring the form's studies and series back; a series is named `<study UID>/<series UID>`."""
    now = timezone.now()
    returned = [
        *_each(request.POST.getlist("study"), lambda uid: restore_study(request.actor, uid, now=now)),
        *_each(
            request.POST.getlist("series"),
            lambda name: restore_series(request.actor, *_two(name), now=now),
        ),
    ]
    notices.leave(request, _restored(returned))
    return back(request, "bin")


def _each(names: Sequence[str], act: Callable[[str], Study | Series]) -> list[Study | Series]:
    done = []
    for name in names[:AT_ONCE]:
        try:
            done.append(act(name))
        except NotFound:
            continue
    return done


def _two(name: str) -> tuple[str, str]:
    study_uid, _slash, series_uid = name.partition("/")
    return study_uid, series_uid


def _deleted(request: ClinicRequest, moved: Moved) -> Notice:
    if not moved:
        return Notice(_("Nothing was deleted: select something that is still there."), is_warning=True)
    return Notice(
        _counted(
            moved,
            ngettext("%(n)s study was moved to the bin.", "%(n)s studies were moved to the bin.", len(moved)),
            ngettext("%(n)s series was moved to the bin.", "%(n)s series were moved to the bin.", len(moved)),
        ),
        undo_address=reverse("bin-restore", args=[request.tenant.slug]),
        undo_fields=[_field(one) for one in moved],
    )


def _restored(returned: Moved) -> Notice:
    if not returned:
        return Notice(_("Nothing was restored: it is back already, or gone for good."), is_warning=True)
    return Notice(
        _counted(
            returned,
            ngettext("%(n)s study is back.", "%(n)s studies are back.", len(returned)),
            ngettext("%(n)s series is back.", "%(n)s series are back.", len(returned)),
        )
    )


def _counted(moved: Moved, of_studies: str, of_series: str) -> str:
    are_studies = any(isinstance(one, Study) for one in moved)
    return (of_studies if are_studies else of_series) % {"n": len(moved)}


def _field(one: Study | Series) -> tuple[str, str]:
    return (
        ("study", one.study_uid)
        if isinstance(one, Study)
        else ("series", f"{one.study.study_uid}/{one.series_uid}")
    )
