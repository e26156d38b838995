"""Deleting from the pages: into the bin, with one button out of it, and the bin itself."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from pacs.models import Series, Study, UsageCounter
from tenants import entry
from tenants.models import Role
from tests import factories
from tests.conftest import Clinic, make_member, signed_in
from tests.pacs.web.reading_pages import names, notice, text, trail, undo_form

pytestmark = pytest.mark.db
LIST, DELETE = "/c/north/studies/", "/c/north/studies/delete"
BIN, RESTORE = "/c/north/bin/", "/c/north/bin/restore"


@pytest.fixture
def north(clinic: Clinic) -> Clinic:
    """A clinic with three studies; the first has two series."""
    for number in (1, 2, 3):
        study = factories.make_study(
            clinic.tenant,
            study_uid=f"1.2.{number}",
            patient_name=f"P{number}",
            patient_id=f"ID{number}",
            study_date=None,
        )
        factories.make_series(study, series_uid=f"1.2.{number}.1", description="First")
        if number == 1:
            factories.make_series(study, series_uid="1.2.1.2", description="Second")
    return clinic


def state(clinic: Clinic) -> tuple[object, ...]:
    """Return what deleting changes, and what the trail says."""
    with entry.enter(clinic.tenant):
        return (
            set(Study.objects.filter(binned_at=None).values_list("study_uid", "series_count")),
            set(Series.objects.filter(binned_at=None).values_list("series_uid", flat=True)),
            UsageCounter.objects.get().study_count,
            trail(clinic),
        )


def test_selected_studies_move_to_the_bin(north: Clinic, alice: Client) -> None:
    answer = alice.post(DELETE, {"study": ["1.2.1", "1.2.3"], "next": f"{LIST}?sort=name"})
    assert (answer.status_code, answer["Location"]) == (303, f"{LIST}?sort=name")
    page = alice.get(LIST)
    assert (names(page), notice(page)) == (["P2"], "2 studies were moved to the bin.")


def test_undo_brings_them_back(north: Clinic, alice: Client) -> None:
    before = state(north)
    alice.post(DELETE, {"study": ["1.2.1", "1.2.3"]})
    address, fields = undo_form(alice.get(LIST))
    assert alice.post(address, fields)["Location"] == LIST
    page = alice.get(LIST)
    assert (names(page), notice(page)) == (["P3", "P2", "P1"], "2 studies are back.")
    assert state(north)[:3] == before[:3]


def test_a_notice_is_said_once(north: Clinic, alice: Client) -> None:
    alice.post(DELETE, {"study": "1.2.1"})
    assert [notice(alice.get(LIST)) for _ in range(2)] == ["1 study was moved to the bin.", ""]


def test_a_series_leaves_the_page_of_its_study(north: Clinic, alice: Client) -> None:
    here = "/c/north/studies/1.2.1/"
    alice.post(DELETE, {"series": "1.2.1.2", "within": "1.2.1", "next": here})
    page = alice.get(here)
    assert ("Second" in text(page), notice(page)) == (False, "1 series was moved to the bin.")
    address, fields = undo_form(page)
    assert fields["series"] == ["1.2.1/1.2.1.2"]
    alice.post(address, fields)
    assert "Second" in text(alice.get(here))


def test_the_last_series_leads_back_to_the_list_and_undo_to_the_study(north: Clinic, alice: Client) -> None:
    form = {"series": "1.2.2.1", "within": "1.2.2", "next": "/c/north/studies/1.2.2/"}
    assert alice.post(DELETE, form)["Location"] == LIST
    page = alice.get(LIST)
    assert (names(page), notice(page)) == (["P3", "P1"], "1 study was moved to the bin.")
    alice.post(*undo_form(page))
    assert names(alice.get(LIST)) == ["P3", "P2", "P1"]


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"study": "1.2.9"},
        {"study": "1.2.1.1"},
        {"series": "1.2.1.1"},
        {"series": "1.2.1.1", "within": "1.2.2"},
    ],
)
def test_what_is_not_there_is_not_deleted(north: Clinic, alice: Client, form: dict[str, str]) -> None:
    before = state(north)
    alice.post(DELETE, form)
    assert state(north) == before
    assert notice(alice.get(LIST)) == "Nothing was deleted: select something that is still there."


@pytest.mark.parametrize(
    "target", ["https://evil.test/", "//evil.test/", "/c/south/studies/", "", "javascript:x"]
)
def test_it_leads_to_no_other_place(north: Clinic, alice: Client, target: str) -> None:
    assert alice.post(DELETE, {"study": "1.2.1", "next": target})["Location"] == LIST


@pytest.mark.parametrize("role", [Role.TECHNICIAN, Role.RECEPTION, Role.REFERRING_PHYSICIAN, Role.RESEARCHER])
def test_who_may_not_delete_changes_nothing(north: Clinic, role: Role) -> None:
    member = signed_in(make_member(north, "tom", role))
    before = state(north)
    forms = {DELETE: {"study": "1.2.1"}, RESTORE: {"study": "1.2.1"}}
    assert [member.post(address, form).status_code for address, form in forms.items()] == [403, 403]
    assert member.get(BIN).status_code == 403
    assert state(north) == before


def test_another_clinic_deletes_nothing(north: Clinic, other_clinic: Clinic, charlie: Client) -> None:
    before = state(north)
    assert charlie.post(DELETE, {"study": "1.2.1"}).status_code == 404
    charlie.post("/c/south/studies/delete", {"study": "1.2.1"})
    charlie.post("/c/south/bin/restore", {"study": "1.2.1"})
    assert state(north) == before


def test_a_forged_form_deletes_nothing(north: Clinic) -> None:
    forged = Client(enforce_csrf_checks=True)
    forged.force_login(north.owner)
    before = state(north)
    assert forged.post(DELETE, {"study": "1.2.1"}).status_code == 403
    assert state(north) == before


def test_an_address_alone_deletes_nothing(north: Clinic, alice: Client) -> None:
    before = state(north)
    assert [alice.get(f"{address}?study=1.2.1").status_code for address in (DELETE, RESTORE)] == [405, 405]
    assert state(north) == before


def test_the_bin_tells_who_and_how_long(north: Clinic, alice: Client) -> None:
    alice.post(DELETE, {"study": "1.2.2"})
    alice.post(DELETE, {"series": "1.2.1.2", "within": "1.2.1"})
    with entry.enter(north.tenant):
        Study.objects.filter(study_uid="1.2.2").update(binned_at=timezone.now() - timedelta(days=28.5))
    words = text(alice.get(BIN))
    assert "P2 ID2" in words
    assert "Deleted by Alice" in words
    assert "gone for good in 2 days" in words
    assert "Second" in words
    assert "gone for good in 30 days" in words


def test_what_lies_in_the_bin_is_restored(north: Clinic, alice: Client) -> None:
    before = state(north)
    alice.post(DELETE, {"study": "1.2.2"})
    alice.post(DELETE, {"series": "1.2.1.2", "within": "1.2.1"})
    alice.post(RESTORE, {"study": "1.2.2", "next": BIN})
    assert notice(alice.get(BIN)) == "1 study is back."
    alice.post(RESTORE, {"series": "1.2.1/1.2.1.2", "next": BIN})
    page = alice.get(BIN)
    assert notice(page) == "1 series is back."
    assert "The bin is empty" in text(page)
    assert state(north)[:3] == before[:3]


def test_what_is_too_old_is_neither_shown_nor_restored(north: Clinic, alice: Client) -> None:
    alice.post(DELETE, {"study": "1.2.2"})
    with entry.enter(north.tenant):
        Study.objects.filter(study_uid="1.2.2").update(binned_at=timezone.now() - timedelta(days=30))
    assert "The bin is empty" in text(alice.get(BIN))
    before = state(north)[:3]
    alice.post(RESTORE, {"study": "1.2.2"})
    assert notice(alice.get(BIN)) == "Nothing was restored: it is back already, or gone for good."
    assert state(north)[:3] == before


def test_a_long_bin_has_pages(clinic: Clinic, alice: Client) -> None:
    now = timezone.now()
    for number in range(60):
        binned_at = now - timedelta(minutes=number)
        factories.make_study(
            clinic.tenant, patient_name=f"P{number:02}", patient_id=f"P{number}", binned_at=binned_at
        )
    first, second = alice.get(BIN), alice.get(f"{BIN}?page=2")
    assert [text(page).count("gone for good") for page in (first, second)] == [50, 10]
    assert "Page 2 of 2" in text(second)


def test_looking_into_the_bin_leaves_an_event(north: Clinic, alice: Client) -> None:
    before = trail(north)
    alice.get(BIN)
    assert trail(north)[len(before) :] == ["searched"]
