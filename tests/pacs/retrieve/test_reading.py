"""Reads of a study: opened once in the audit trail, counted, and ended with the counts."""

import json
from datetime import datetime, timedelta

import pytest
from django.test import Client

from pacs.models import Study
from pacs.retrieve import reading
from tenants import entry
from tenants.models import AccessSession, AuditEvent
from tenants.permissions import Actor
from tests.conftest import NOW, Clinic, make_clinic
from tests.factories import make_study
from tests.pacs.dicomweb.retrieving import body_of, get, store_one

pytestmark = pytest.mark.db
ALICE, BOB = (Actor(kind="member", id=name, name=name) for name in ("alice", "bob"))


def note(study: Study, actor: Actor = ALICE, *, at: datetime = NOW, size: int = 100, reads: int = 1) -> None:
    with entry.enter(study.tenant_id):
        reading.note(actor, study, now=at, size=size, reads=reads)


def close(study: Study, at: datetime) -> int:
    with entry.enter(study.tenant_id):
        return reading.close_idle(at)


def sessions(study: Study) -> list[tuple[str, int, int, bool]]:
    """Return actor, reads, bytes and whether it is closed, of each session."""
    with entry.enter(study.tenant_id):
        rows = AccessSession.objects.order_by("opened_at", "actor_id")
        return [(row.actor_id, row.reads, row.read_bytes, row.closed_at is not None) for row in rows]


def events(study: Study) -> list[tuple[str, str, dict[str, int]]]:
    """Return kind, actor and counts of the events about the study, but for its arrival."""
    with entry.enter(study.tenant_id):
        rows = AuditEvent.objects.filter(subject_id=str(study.pk)).exclude(subtype="instances-stored")
        return [
            (row.subtype, row.actor_id, json.loads(bytes(row.canonical))["subject"]["counts"])
            for row in rows.order_by("seq")
        ]


@pytest.fixture
def study(clinic: Clinic) -> Study:
    return make_study(clinic.tenant)


def test_the_first_read_is_an_event_and_later_ones_are_counts(study: Study) -> None:
    for _ in range(3):
        note(study)
    assert events(study) == [("study-opened", "alice", {})]
    assert sessions(study) == [("alice", 0, 0, False)]
    reading.flush()
    assert sessions(study) == [("alice", 3, 300, False)]
    reading.flush()
    assert sessions(study) == [("alice", 3, 300, False)]


def test_each_reader_of_each_study_has_a_session(clinic: Clinic, study: Study) -> None:
    note(study)
    note(study, BOB)
    note(make_study(clinic.tenant))
    assert [actor for actor, *_ in sessions(study)] == ["alice", "alice", "bob"]


def test_a_session_that_rests_is_ended_with_its_counts(study: Study) -> None:
    note(study, size=100)
    note(study, size=50, reads=4)
    reading.flush()
    assert close(study, NOW + reading.IDLE) == 0
    assert close(study, NOW + reading.IDLE + timedelta(seconds=1)) == 1
    assert close(study, NOW + reading.IDLE + timedelta(seconds=1)) == 0
    assert events(study) == [
        ("study-opened", "alice", {}),
        ("reading-ended", "alice", {"reads": 5, "bytes": 150}),
    ]
    assert sessions(study) == [("alice", 5, 150, True)]


def test_a_session_lasts_while_somebody_reads(study: Study) -> None:
    for minutes in (0, 10, 20, 30):
        note(study, at=NOW + timedelta(minutes=minutes))
        reading.flush()
        assert close(study, NOW + timedelta(minutes=minutes)) == 0
    assert sessions(study) == [("alice", 4, 400, False)]


def test_a_read_after_the_end_opens_the_study_again(study: Study) -> None:
    note(study)
    reading.flush()
    later = NOW + timedelta(hours=1)
    close(study, later)
    note(study, at=later)
    reading.flush()
    assert [name for name, _, _ in events(study)] == ["study-opened", "reading-ended", "study-opened"]
    assert sessions(study) == [("alice", 1, 100, True), ("alice", 1, 100, False)]


def test_another_process_joins_the_open_session(study: Study) -> None:
    note(study)
    reading.flush()
    reading.forget()
    note(study, at=NOW + timedelta(minutes=1))
    reading.flush()
    assert [name for name, _, _ in events(study)] == ["study-opened"]
    assert sessions(study) == [("alice", 2, 200, False)]


def test_joining_keeps_a_session_from_being_ended(study: Study) -> None:
    note(study)
    reading.forget()
    note(study, at=NOW + timedelta(minutes=14))
    assert close(study, NOW + timedelta(minutes=16)) == 0


def test_counts_of_a_session_that_was_ended_meanwhile_are_not_lost(study: Study) -> None:
    note(study)
    close(study, NOW + timedelta(hours=1))
    reading.flush()
    assert sessions(study) == [("alice", 0, 0, True), ("alice", 1, 100, False)]
    assert [name for name, _, _ in events(study)] == ["study-opened", "reading-ended", "study-opened"]
    note(study)
    reading.flush()
    assert sessions(study)[1] == ("alice", 2, 200, False)


def test_the_timer_writes_by_itself(committed: None, monkeypatch: pytest.MonkeyPatch) -> None:
    study = make_study(make_clinic("north", "alice").tenant)
    monkeypatch.setattr(reading, "FLUSH_SECONDS", 0.05)
    note(study)
    timer = reading._counts._timer
    assert timer is not None
    timer.join(10)
    assert sessions(study) == [("alice", 1, 100, False)]


def test_a_retrieval_is_a_read_and_a_zip_a_download(clinic: Clinic, modality: Client) -> None:
    found = store_one(clinic)
    sizes = [len(body_of(get(modality, f"{found.instance}/frames/1"))) for _ in range(2)]
    assert len(set(sizes)) == 1
    get(modality, f"{found.instance}/metadata")
    body_of(get(modality, f"{found.study}?accept=application/zip"))
    reading.flush()
    assert [(name, counts) for name, _, counts in events(found.row.study)] == [
        ("study-opened", {}),
        ("study-downloaded", {"instances": 1, "bytes": found.row.plain_size}),
    ]
    assert [counts for _, *counts, _ in sessions(found.row.study)] == [[3, 64]]


def test_a_refused_read_leaves_no_event(clinic: Clinic, modality: Client) -> None:
    found = store_one(clinic)
    for path in (f"{found.instance}/frames/9", f"{found.instance}/bulk/00420011", f"{found.instance}x"):
        assert get(modality, path).status_code == 404
    assert get(modality, found.instance, "image/webp").status_code == 406
    assert sessions(found.row.study) == []


def test_thumbnails_of_the_list_do_not_open_the_study(
    clinic: Clinic, modality: Client, alice: Client
) -> None:
    found = store_one(clinic)
    for path in (f"{found.study}/thumbnail", f"{found.series}/thumbnail"):
        assert get(alice, path).status_code == 200
    assert sessions(found.row.study) == []
    for path in (f"{found.instance}/thumbnail", f"{found.study}/thumbnail?viewport=512,512"):
        assert get(alice, path).status_code == 200
    assert get(modality, f"{found.series}/thumbnail").status_code == 200
    assert [name for name, _, _ in events(found.row.study)] == ["study-opened"] * 2
