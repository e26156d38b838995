"""Finding studies, series and instances: for QIDO-RS, for the study list and for C-FIND.

What the columns say is asked of the database. Criteria on other attributes are compared row by row with the kept
attributes, newest first, for at most `EXAMINED_AT_MOST` rows: more raises TooBroad, so that no answer silently lacks
what lies further back.
"""

import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar, cast

from django.db.models import F, Q, QuerySet

from pacs import access
from pacs.dicom.tags import Level
from pacs.models import Instance, Series, Study, UsageCounter
from pacs.search.bounded import TooBroad, bounded
from pacs.search.columns import COLUMNS
from pacs.search.conditions import Conditions, conditions, typed
from pacs.search.criteria import Criterion
from pacs.search.matches import meets
from pacs.search.order import Key, Order, ordering, reversed_keys, segments_after
from pacs.search.results import whole
from tenants.permissions import Actor

ROWS_BY_DEFAULT, ROWS_AT_MOST = 200, 1000
COUNTED_AT_MOST = 10_000
EXAMINED_AT_MOST = 20_000
EXAMINED_FOR_SECONDS = 5.0
ANYWHERE = (0x00100010, 0x00100020, 0x00080050, 0x00081030)  # name, ID, accession number, description
_CHUNK = 500

Row = TypeVar("Row", Study, Series, Instance)


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What is looked for.

    `typed` is what a person wrote, by tag: each word somewhere in the column, case and accents aside; `anywhere` the
    same in name, ID, accession number or description. `beside` narrows to the persons of these studies. `limit` None
    means 200; more than 1,000 is 1,000. `after` and `before` are ids of studies, the last or first of a page: they
    work at study level and go before `offset`.
    """

    criteria: tuple[Criterion, ...] = ()
    is_fuzzy: bool = False
    typed: tuple[tuple[int, str], ...] = ()
    anywhere: str = ""
    beside: tuple[str, ...] | None = None
    limit: int | None = None
    offset: int = 0
    order: Order = Order.NEWEST
    after: uuid.UUID | None = None
    before: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class Found(Generic[Row]):
    """One page. `total` counts all pages, exactly; None above 10,000, where it is not known, and after a cursor."""

    rows: list[Row]
    has_more: bool
    total: int | None
    ignored: tuple[int, ...] = ()


def narrow_to_person(search: Search, study_uids: Sequence[str]) -> Search:
    """Return the search over the persons of these studies alone: two persons may share a Patient ID."""
    return replace(search, beside=tuple(study_uids))


def find_studies(actor: Actor, search: Search) -> Found[Study]:
    """Return the studies that match. Raises NotPermitted, TooBroad."""
    asked = conditions(Level.STUDY, search.criteria, is_fuzzy=search.is_fuzzy)
    rows = _narrowed(access.studies(actor), asked, search, path="")
    with bounded():
        if asked.rest:
            return _examined(rows.order_by(*ordering(search.order.keys)), asked, search)
        if search.after or search.before:
            return _beyond(rows, asked, search)
        page = list(_studies(rows, search.order.keys, search.offset, _limit(search) + 1))
        is_filtered = bool(search.criteria or search.typed or search.anywhere or search.beside is not None)
        return _page(page, rows if is_filtered else None, asked, search)


def find_series(actor: Actor, search: Search) -> Found[Series]:
    """Return the series that match, with their studies, of the newest study first. Raises NotPermitted, TooBroad."""
    rows = access.series(actor).select_related("study")
    order = [F("series_number").asc(nulls_last=True), F("series_uid").asc()]
    return _find(rows.order_by(*ordering(Order.NEWEST.keys, path="study__"), *order), Level.SERIES, search)


def find_instances(actor: Actor, search: Search) -> Found[Instance]:
    """Return the instances that match, with series and studies. Raises NotPermitted, TooBroad."""
    rows = access.instances(actor).select_related("study", "series")
    order = [
        F("series__series_number").asc(nulls_last=True),
        F("series__series_uid").asc(),
        F("instance_number").asc(nulls_last=True),
        F("sop_uid").asc(),
    ]
    return _find(rows.order_by(*ordering(Order.NEWEST.keys, path="study__"), *order), Level.INSTANCE, search)


def _find(rows: QuerySet[Row], level: Level, search: Search) -> Found[Row]:
    asked = conditions(level, search.criteria, is_fuzzy=search.is_fuzzy)
    rows = _narrowed(rows, asked, search, path="study__")
    with bounded():
        if asked.rest:
            return _examined(rows, asked, search)
        page = list(rows[search.offset : search.offset + _limit(search) + 1])
        return _page(page, rows, asked, search)


def _narrowed(rows: QuerySet[Row], asked: Conditions, search: Search, *, path: str) -> QuerySet[Row]:
    where = asked.where
    for tag, text in search.typed:
        where &= typed([_column_of(tag, path)], text)
    if search.anywhere:
        where &= typed([_column_of(tag, path) for tag in ANYWHERE], search.anywhere)
    if search.beside is not None:
        persons = Study.objects.filter(study_uid__in=search.beside, binned_at=None).values("person_id")
        where &= Q(**{f"{path}person_id__in": persons})
    return rows.filter(where)


def _column_of(tag: int, path: str) -> str:
    return f"{path}{COLUMNS[tag].search or COLUMNS[tag].field}"


def _limit(search: Search) -> int:
    return ROWS_BY_DEFAULT if search.limit is None else min(search.limit, ROWS_AT_MOST)


def _studies(rows: QuerySet[Study], keys: Sequence[Key], offset: int, count: int) -> Iterator[Study]:
    """Return a stretch of the list. Its UIDs come first, from the index alone where that can be: rows are wide."""
    uids = rows.order_by(*ordering(keys)).values("study_uid")[offset : offset + count]
    return iter(Study.objects.filter(study_uid__in=uids).order_by(*ordering(keys)))


def _page(page: list[Row], counted: QuerySet[Row] | None, asked: Conditions, search: Search) -> Found[Row]:
    """Cut the row too many, and count: by what was read, by the clinic's counter, or up to 10,000."""
    limit = _limit(search)
    has_more = len(page) > limit
    if not has_more and (page or not search.offset):
        total: int | None = search.offset + len(page)
    elif counted is None:
        total = UsageCounter.objects.values_list("study_count", flat=True).first()
    else:
        total = _counted(counted)
    return Found(page[:limit], has_more, total, asked.ignored)


def _counted(rows: QuerySet[Row]) -> int | None:
    """Count up to 10,000, by what every index holds: one that holds what is asked for serves it alone."""
    total = rows.order_by().values("tenant_id")[: COUNTED_AT_MOST + 1].count()
    return total if total <= COUNTED_AT_MOST else None


def _beyond(rows: QuerySet[Study], asked: Conditions, search: Search) -> Found[Study]:
    """Return the page after or before a study. A study that was erased in the meantime leads to the first page."""
    keys = search.order.keys if search.after else reversed_keys(search.order.keys)
    cursor = Study.objects.filter(pk__in=[search.after or search.before]).first()
    limit, page = _limit(search), cast(list[Study], [])
    for segment in segments_after(keys, cursor) if cursor else [Q()]:
        page += _studies(rows.filter(segment), keys, 0, limit + 1 - len(page))
        if len(page) > limit:
            break
    has_more = len(page) > limit
    return Found(page[:limit] if search.after else page[:limit][::-1], has_more, None, asked.ignored)


def _examined(rows: QuerySet[Row], asked: Conditions, search: Search) -> Found[Row]:
    """Compare rows one by one with what no column answers."""
    page: list[Row] = []
    matched, limit, ends_at = 0, _limit(search), time.monotonic() + EXAMINED_FOR_SECONDS
    for count, row in enumerate(rows.iterator(chunk_size=_CHUNK)):
        if count >= EXAMINED_AT_MOST or time.monotonic() > ends_at:
            raise TooBroad
        dataset = whole(row)
        if not all(meets(dataset, criterion, is_fuzzy=search.is_fuzzy) for criterion in asked.rest):
            continue
        matched += 1
        if matched > search.offset + limit:
            return Found(page, True, None, asked.ignored)
        if matched > search.offset:
            page.append(row)
    return Found(page, False, matched, asked.ignored)
