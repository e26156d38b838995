"""One page of the study list, ready to be drawn: rows with what stands around them, and where the others are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from pacs.models import Series, Study
from pacs.search.find import COUNTED_AT_MOST, Found, find_studies
from pacs.web.filters import ROWS, Asked
from pacs.web.numbers import number
from pacs.web.people import display_name, doubts
from tenants import entry
from tenants.permissions import Actor

WITHOUT_PICTURE = frozenset(
    {
        "SR",
        "PR",
        "KO",
        "DOC",
        "ECG",
        "AU",
        "RTPLAN",
        "RTRECORD",
        "REG",
        "FID",
        "PLAN",
        "RTSTRUCT",
        "ANN",
        "SMR",
    }
)


@dataclass(frozen=True)
class Row:
    """A study in the list. `thumbnail_series` is the series whose picture stands for it, empty where none has one."""

    study: Study
    name: str
    doubts: Sequence[str]
    is_arriving: bool
    thumbnail_series: str


@dataclass(frozen=True)
class Page:
    """A stretch of the list. Addresses are query strings, empty where there is no page."""

    rows: Sequence[Row]
    summary: str
    previous: str
    next: str


def page_of(actor: Actor, asked: Asked, *, now: datetime) -> Page:
    """Return the page that was asked for. Raises TooBroad."""
    found = find_studies(actor, asked.search)
    is_beyond = asked.search.after or asked.search.before
    total = _total(actor, asked) if is_beyond else found.total
    with entry.reading():
        rows = rows_of(found.rows, now=now)
    return Page(rows, _summary(asked.start, len(rows), total), _previous(found, asked), _next(found, asked))


def rows_of(studies: Sequence[Study], *, now: datetime) -> list[Row]:
    """Return studies with what is shown beside them; three queries however many there are."""
    pictures, known = _pictures(studies), doubts(studies)
    return [
        Row(
            study,
            display_name(study.patient_name),
            known[study.id],
            study.is_arriving(now),
            pictures.get(study.id, ""),
        )
        for study in studies
    ]


def _pictures(studies: Sequence[Study]) -> Mapping[UUID, str]:
    rows = (
        Series.objects.filter(study__in=[study.id for study in studies], binned_at=None)
        .exclude(modality__in=WITHOUT_PICTURE)
        .order_by("study_id", F("series_number").asc(nulls_last=True), "series_uid")
    )
    pictures: dict[UUID, str] = {}
    for study_id, series_uid in rows.values_list("study_id", "series_uid"):
        pictures.setdefault(study_id, series_uid)
    return pictures


def _total(actor: Actor, asked: Asked) -> int | None:
    """Count the whole list for a page that was reached by a cursor, which does not say."""
    return find_studies(actor, replace(asked.search, after=None, before=None, limit=0)).total


def _summary(start: int, shown: int, total: int | None) -> str:
    """Say which studies of how many these are; above 10,000 nobody counts."""
    values = {
        "first": number(start + 1),
        "last": number(start + shown),
        "total": number(COUNTED_AT_MOST if total is None else total),
    }
    if total is None:
        return _("%(first)s–%(last)s of %(total)s+ studies") % values
    if start == 0 and shown == total:
        return ngettext("%(total)s study", "%(total)s studies", total) % values
    return _("%(first)s–%(last)s of %(total)s studies") % values


def _previous(found: Found[Study], asked: Asked) -> str:
    start = asked.start - ROWS
    if asked.start <= 0 or not found.rows:
        return ""
    if start <= 0:
        return asked.address() or "sort=newest"
    return asked.address(before=found.rows[0].id, start=start)


def _next(found: Found[Study], asked: Asked) -> str:
    has_next = found.has_more or asked.search.before is not None
    if not has_next or not found.rows:
        return ""
    return asked.address(after=found.rows[-1].id, start=asked.start + len(found.rows))
