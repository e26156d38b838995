"""The bin: what was thrown away, by whom, and how long it can still be brought back."""

from dataclasses import dataclass
from datetime import datetime

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from pacs.bin.period import days_left, kept_since
from pacs.events import SEARCHED
from pacs.models import Series, Study
from pacs.search.recorded import note_search
from pacs.web import notices
from pacs.web.people import display_name
from tenants import entry
from tenants.authentication import ClinicRequest, clinic_page
from tenants.permissions import Permission

ROWS = 50


@dataclass(frozen=True)
class Binned:
    """A study or series in the bin; `field` and `value` name it in the form that restores it."""

    thing: Study | Series
    study: Study
    name: str
    days_left: int
    field: str
    value: str


@clinic_page(Permission.STUDY_DELETE, event=SEARCHED)
@never_cache
@require_safe
def bin_page(request: ClinicRequest) -> HttpResponse:
    """Show a page of the studies and of the series in the bin."""
    now = timezone.now()
    with entry.reading():
        studies = Paginator(_studies(now), ROWS).get_page(request.GET.get("page"))
        series = Paginator(_series(now), ROWS).get_page(request.GET.get("page"))
        binned_studies = [_binned_study(study, now) for study in studies]
        binned_series = [_binned_series(one, now) for one in series]
    shown = len(binned_studies) + len(binned_series)
    note_search(request.actor, level="bin", asked=[], shown=shown, now=now)
    context = {
        "studies": binned_studies,
        "series": binned_series,
        "longer": studies if studies.paginator.num_pages >= series.paginator.num_pages else series,
        "notice": notices.take(request),
    }
    return render(request, "pacs/bin.html", context)


def _studies(now: datetime) -> QuerySet[Study]:
    return Study.objects.filter(binned_at__gt=kept_since(now)).order_by("-binned_at", "id")


def _series(now: datetime) -> QuerySet[Series]:
    """Return series that were thrown away alone; those of a study in the bin come back after it."""
    rows = Series.objects.filter(binned_at__gt=kept_since(now), study__binned_at=None)
    return rows.select_related("study").order_by("-binned_at", "id")


def _binned_study(study: Study, now: datetime) -> Binned:
    left = days_left(study.binned_at or now, now)
    return Binned(study, study, display_name(study.patient_name), left, "study", study.study_uid)


def _binned_series(series: Series, now: datetime) -> Binned:
    study, left = series.study, days_left(series.binned_at or now, now)
    value = f"{study.study_uid}/{series.series_uid}"
    return Binned(series, study, display_name(study.patient_name), left, "series", value)
