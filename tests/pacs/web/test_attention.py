"""Needs attention: what waits, why, what differs, and what the buttons do."""

import re
import uuid
from html import unescape
from unittest.mock import patch

import pytest
from django.test import Client
from django.utils import timezone

from pacs.dicom.reasons import Reason, Refused
from pacs.dicom.scan import Scanner
from pacs.ingest.index import Arrival
from pacs.ingest.settle import settle
from pacs.models import HeldFile, Instance, Study
from pacs.storage.disk import DiskStore
from pacs.storage.sealed import SealedReader
from pacs.storage.store import StoreUnavailable
from tenants import entry
from tenants.models import Role
from tenants.permissions import Actor
from tests.conftest import Clinic, make_member, signed_in
from tests.dicom_files import uid, written
from tests.pacs.arrivals import arrive, receive, slice_of, stored
from tests.pacs.web.reading_pages import notice, text, trail, undo_form

pytestmark = pytest.mark.db
PAGE, DECIDE = "/c/north/attention/", "/c/north/attention/decide"
SCANNER_ONE = Actor(kind="api-key", id="1", name="CT in room 1", address="10.1.2.3")
FIRST = written(slice_of())
SECOND = written(slice_of(PatientName="Curie^Maria", StudyDescription="Head, mended"))
CUT_OFF = FIRST[:-10]


@pytest.fixture
def north(clinic: Clinic) -> Clinic:
    """A clinic with one image; a damaged file and another image of the same UID wait."""
    now = timezone.now()
    stored(clinic, slice_of(), now=now)
    with entry.enter(clinic.tenant):
        settle([receive(CUT_OFF), receive(SECOND)], Arrival(SCANNER_ONE, now))
    return clinic


def files(clinic: Clinic) -> dict[str, str]:
    """Return reason and state of the held files."""
    with entry.enter(clinic.tenant):
        return dict(HeldFile.objects.order_by("reason", "state").values_list("reason", "state"))


def file_id(clinic: Clinic, **wanted: object) -> str:
    with entry.enter(clinic.tenant):
        return str(HeldFile.objects.get(**wanted).id)


def content(clinic: Clinic) -> bytes:
    with entry.enter(clinic.tenant):
        return b"".join(SealedReader(Instance.objects.select_related("blob").get().blob).whole())


def decide(client: Client, decision: str, *ids: str) -> str:
    """Press the button above the list; return what the next page says."""
    answer = client.post(DECIDE, {"decision": decision, "file": ids, "next": PAGE})
    assert (answer.status_code, answer["Location"]) == (303, PAGE)
    return notice(client.get(PAGE))


def test_it_tells_sender_time_and_reason(north: Clinic, alice: Client) -> None:
    words = text(alice.get(PAGE))
    assert "The file is cut off: its end is missing." in words
    assert f"From CT in room 1, {timezone.now():%-d %b %Y}" in words
    assert "(10.1.2.3)" in words


def test_a_conflict_shows_what_differs_side_by_side(north: Clinic, alice: Client) -> None:
    page = alice.get(PAGE).content.decode()
    cells = [unescape(cell) for cell in re.findall(r"<t[dh][^>]*>([^<]*)</t[dh]>", page)]
    assert cells == [
        *("Attribute", "Stored", "Arriving"),
        *("Study Description", "Head", "Head, mended"),
        *("Patient's Name", "Curie^Marie", "Curie^Maria"),
    ]


def test_a_file_that_came_often_is_one_entry(north: Clinic, alice: Client) -> None:
    arrive(north, SECOND, now=timezone.now())
    words = text(alice.get(PAGE))
    assert words.count("came 2 times") == 1
    assert words.count("Another image with the same identifier") == 1


def test_files_of_one_study_can_be_shown_alone(north: Clinic, alice: Client) -> None:
    other = written(slice_of(study=5, series=6, number=7))
    stored(north, slice_of(study=5, series=6, number=7))
    arrive(north, other[:-4])
    assert text(alice.get(PAGE)).count("Try again") == 4
    alone = text(alice.get(f"{PAGE}?study={uid(5)}"))
    assert (alone.count("Try again"), "Only files of one study are shown." in alone) == (2, True)


def test_nothing_waiting_is_said_so(clinic: Clinic, alice: Client) -> None:
    assert "Nothing needs your attention" in text(alice.get(PAGE))
    assert "Nothing was discarded" in text(alice.get(f"{PAGE}?state=discarded"))
    assert "No version was replaced" in text(alice.get(f"{PAGE}?state=replaced"))


def test_an_accepted_file_becomes_the_image_and_undo_takes_it_back(north: Clinic, alice: Client) -> None:
    said = decide(alice, "accept", file_id(north, reason="conflict"))
    assert said == "1 file is the stored version now; the one before is kept."
    assert content(north) == SECOND
    alice.post(DECIDE, {"one": f"accept {file_id(north, state='replaced')}"})
    assert content(north) == FIRST
    address, fields = undo_form(alice.get(PAGE))
    alice.post(address, fields)
    assert content(north) == SECOND


def test_replaced_versions_can_be_seen_and_brought_back(north: Clinic, alice: Client) -> None:
    decide(alice, "accept", file_id(north, reason="conflict"))
    page = alice.get(f"{PAGE}?state=replaced")
    assert "A newer version of this image was accepted." in text(page)
    assert "Replaced by Alice" in text(page)
    button = re.search(r'name="one" value="([^"]*)"', page.content.decode())
    assert button is not None
    alice.post(DECIDE, {"one": button[1]})
    assert content(north) == FIRST


def test_a_discarded_file_is_kept_a_while_and_taken_back(north: Clinic, alice: Client) -> None:
    held = file_id(north, reason="truncated")
    assert decide(alice, "discard", held) == "1 file was discarded."
    assert files(north) == {"conflict": "waiting", "truncated": "discarded"}
    assert "gone for good in 30 days" in text(alice.get(f"{PAGE}?state=discarded"))
    assert decide(alice, "take_back", held) == "1 file waits again."
    assert files(north) == {"conflict": "waiting", "truncated": "waiting"}


def test_undo_takes_a_discarded_file_back(north: Clinic, alice: Client) -> None:
    alice.post(DECIDE, {"one": f"discard {file_id(north, reason='truncated')}"})
    alice.post(*undo_form(alice.get(PAGE)))
    assert files(north) == {"conflict": "waiting", "truncated": "waiting"}


def test_several_are_decided_at_once_and_what_cannot_be_is_told(north: Clinic, alice: Client) -> None:
    ids = [file_id(north, reason=reason) for reason in ("conflict", "truncated")]
    assert decide(alice, "accept", *ids) == (
        "1 file is the stored version now; the one before is kept. "
        "1 file was left as it is: The file is damaged and replaces nothing."
    )


def test_a_file_whose_cause_has_passed_is_stored_when_retried(clinic: Clinic, alice: Client) -> None:
    with patch.object(Scanner, "finish", side_effect=Refused(Reason.UNKNOWN_VR)):
        arrive(clinic, FIRST)
    assert decide(alice, "retry", file_id(clinic)) == "1 file was stored."
    assert content(clinic) == FIRST
    assert "Nothing needs your attention" in text(alice.get(PAGE))


def test_a_retried_file_that_is_refused_again_says_why(north: Clinic, alice: Client) -> None:
    assert decide(alice, "retry", file_id(north, reason="truncated")) == (
        "1 file was left as it is: The file is cut off: its end is missing. "
        "Export or send it again from where it came."
    )


def test_a_store_that_does_not_answer_changes_nothing(north: Clinic, alice: Client) -> None:
    before = files(north)
    with patch.object(DiskStore, "read", side_effect=StoreUnavailable("EIO", permanent=False)):
        said = decide(alice, "accept", file_id(north, reason="conflict"))
    assert said.endswith("The storage does not give the file back just now. Nothing was changed.")
    assert files(north) == before


def test_the_list_counts_what_still_waits(north: Clinic, alice: Client) -> None:
    with entry.enter(north.tenant):
        assert Study.objects.get().refused_count == 2
    for left, reason in ((1, "truncated"), (0, "conflict")):
        decide(alice, "discard", file_id(north, reason=reason))
        with entry.enter(north.tenant):
            assert Study.objects.get().refused_count == left


@pytest.mark.parametrize("decision", ["accept", "discard", "retry", "take_back"])
def test_nobody_decides_twice(north: Clinic, alice: Client, decision: str) -> None:
    held = file_id(north, reason="conflict")
    decide(alice, "accept", held)
    before, seen = files(north), len(trail(north))
    assert decide(alice, decision, held) == "1 file was left as it is: Somebody decided about it before."
    assert files(north) == before
    assert trail(north)[seen:] == ["searched"]


@pytest.mark.parametrize(
    "form",
    [
        {"decision": "erase", "file": str(uuid.UUID(int=0))},
        {"one": "accept"},
        {"one": "accept x"},
        {"decision": "accept", "file": "x"},
        {},
    ],
)
def test_a_form_of_nonsense_changes_nothing(north: Clinic, alice: Client, form: dict[str, str]) -> None:
    before, seen = files(north), trail(north)
    alice.post(DECIDE, form)
    assert (files(north), trail(north)) == (before, seen)


def test_nothing_selected_is_said_so(north: Clinic, alice: Client) -> None:
    assert decide(alice, "accept") == "Nothing was selected."


@pytest.mark.parametrize("role", [Role.RECEPTION, Role.REFERRING_PHYSICIAN, Role.IT])
def test_who_may_not_decide_sees_and_changes_nothing(north: Clinic, role: Role) -> None:
    member = signed_in(make_member(north, "rosa", role))
    before, seen = files(north), trail(north)
    form = {"decision": "discard", "file": file_id(north, reason="conflict")}
    assert member.get(PAGE).status_code == 403
    assert member.post(DECIDE, form).status_code == 403
    assert (files(north), trail(north)) == (before, seen)


def test_another_clinic_sees_and_decides_nothing(
    north: Clinic, other_clinic: Clinic, charlie: Client
) -> None:
    before = files(north)
    form = {"decision": "discard", "file": file_id(north, reason="conflict")}
    assert charlie.post(DECIDE, form).status_code == 404
    charlie.post("/c/south/attention/decide", form)
    assert "Nothing needs your attention" in text(charlie.get("/c/south/attention/"))
    assert files(north) == before


def test_looking_at_held_files_leaves_an_event(north: Clinic, alice: Client) -> None:
    before = trail(north)
    alice.get(PAGE)
    assert trail(north)[len(before) :] == ["searched"]
