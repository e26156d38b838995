"""Pages of the study list go on from a row, whatever was added or is missing (pacs/search/order.py)."""

import uuid
from datetime import date, time

import pytest

from pacs.models import Study
from pacs.search.find import Search, find_studies
from pacs.search.order import Order
from tenants import entry
from tenants.permissions import Actor, Permission
from tests import factories
from tests.conftest import Clinic

pytestmark = pytest.mark.db
ACTOR = Actor("member", "1", "Alice", frozenset({Permission.STUDY_SEARCH}))

# uid: day, time, name; in the order of the newest
STUDIES: list[tuple[str, date | None, time | None, str]] = [
    ("1.2.9", date(2025, 3, 1), time(12, 0), "CHARLIE"),
    ("1.2.8", date(2025, 3, 1), time(12, 0), "BOB"),
    ("1.2.7", date(2025, 3, 1), time(8, 0), "BOB"),
    ("1.2.6", date(2025, 3, 1), None, "ALICE"),
    ("1.2.5", date(2025, 3, 1), None, "émile"),
    ("1.2.4", date(2024, 1, 1), time(9, 0), "DORA"),
    ("1.2.3", None, time(10, 0), "FRITZ"),
    ("1.2.2", None, None, "ALICE"),
    ("1.2.1", None, None, ""),
]
NEWEST = [uid for uid, *_ in STUDIES]


@pytest.fixture
def studies(clinic: Clinic) -> None:
    for uid, day, at, name in reversed(STUDIES):
        factories.make_study(clinic.tenant, study_uid=uid, study_date=day, study_time=at, patient_name=name)


def _uids(rows: list[Study]) -> list[str]:
    return [row.study_uid for row in rows]


def _all_pages(clinic: Clinic, order: Order, size: int) -> list[str]:
    """Walk forward to the end."""
    found: list[str] = []
    after: uuid.UUID | None = None
    with entry.enter(clinic.tenant):
        while True:
            page = find_studies(ACTOR, Search(order=order, limit=size, after=after))
            found += _uids(page.rows)
            if not page.has_more:
                return found
            after = page.rows[-1].pk


@pytest.mark.parametrize("size", [1, 2, 4, 9, 20])
def test_pages_of_the_newest_leave_nothing_out(studies: None, clinic: Clinic, size: int) -> None:
    assert _all_pages(clinic, Order.NEWEST, size) == NEWEST


@pytest.mark.parametrize("size", [1, 2, 4])
def test_pages_of_the_oldest_are_the_reverse(studies: None, clinic: Clinic, size: int) -> None:
    assert _all_pages(clinic, Order.OLDEST, size) == NEWEST[::-1]


@pytest.mark.parametrize("size", [1, 2, 20])
def test_pages_by_name(studies: None, clinic: Clinic, size: int) -> None:
    by_name = ["1.2.1", "1.2.2", "1.2.6", "1.2.7", "1.2.8", "1.2.9", "1.2.4", "1.2.5", "1.2.3"]
    assert _all_pages(clinic, Order.NAME, size) == by_name
    assert _all_pages(clinic, Order.NAME_DESCENDING, size) == by_name[::-1]


@pytest.mark.parametrize("order", list(Order))
def test_every_order_shows_every_study_once(studies: None, clinic: Clinic, order: Order) -> None:
    assert sorted(_all_pages(clinic, order, 2)) == sorted(NEWEST)


@pytest.mark.parametrize("order", [Order.NEWEST, Order.OLDEST, Order.NAME])
def test_a_page_before_a_row_is_what_came_before_it(studies: None, clinic: Clinic, order: Order) -> None:
    whole = _all_pages(clinic, order, 20)
    with entry.enter(clinic.tenant):
        last = Study.objects.get(study_uid=whole[6])
        page = find_studies(ACTOR, Search(order=order, limit=4, before=last.pk))
        assert (_uids(page.rows), page.has_more) == (whole[2:6], True)
        first = find_studies(ACTOR, Search(order=order, limit=4, before=page.rows[0].pk))
        assert (_uids(first.rows), first.has_more) == (whole[:2], False)


def test_a_page_after_a_row_keeps_the_filter(studies: None, clinic: Clinic) -> None:
    with entry.enter(clinic.tenant):
        first = find_studies(ACTOR, Search(typed=((0x00100010, "b"),), limit=1))
        page = find_studies(ACTOR, Search(typed=((0x00100010, "b"),), limit=5, after=first.rows[0].pk))
        assert _uids(first.rows + page.rows) == ["1.2.8", "1.2.7"]


def test_new_studies_do_not_shift_the_next_page(studies: None, clinic: Clinic) -> None:
    with entry.enter(clinic.tenant):
        first = find_studies(ACTOR, Search(limit=2))
    factories.make_study(clinic.tenant, study_date=date(2026, 1, 1))
    with entry.enter(clinic.tenant):
        page = find_studies(ACTOR, Search(limit=2, after=first.rows[-1].pk))
        assert _uids(page.rows) == NEWEST[2:4]


def test_a_row_that_is_gone_leads_to_the_first_page(studies: None, clinic: Clinic) -> None:
    with entry.enter(clinic.tenant):
        assert _uids(find_studies(ACTOR, Search(limit=2, after=uuid.uuid4())).rows) == NEWEST[:2]


def test_another_clinics_row_leads_nowhere_else(studies: None, clinic: Clinic, other_clinic: Clinic) -> None:
    foreign = factories.make_study(other_clinic.tenant, study_date=date(2025, 1, 1))
    with entry.enter(clinic.tenant):
        assert _uids(find_studies(ACTOR, Search(limit=2, after=foreign.pk)).rows) == NEWEST[:2]
