"""What a person decides about a file that was not taken. Nothing that was accepted once is lost by it."""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from unittest.mock import patch

import pytest

from pacs.bin.empty import empty
from pacs.bin.move import bin_study
from pacs.bin.remove import remove_blobs
from pacs.dicom.reasons import Reason, Refused
from pacs.dicom.scan import Scanner
from pacs.ingest import decide
from pacs.ingest.decide import WaitsAlready
from pacs.ingest.outcomes import IngestReason, Status
from pacs.models import Blob, HeldFile, Instance, Outbox, Patient, Series, Study, UsageCounter
from pacs.storage.placement import primary_store
from pacs.storage.sealed import SealedReader
from tenants import entry
from tenants.models import AuditEvent, Role
from tenants.permissions import Actor, of_roles
from tests.conftest import NOW, Clinic
from tests.dicom_files import uid, written
from tests.pacs.arrivals import arrive, slice_of, stored

pytestmark = pytest.mark.db
BOB = Actor(kind="member", id="bob", name="Bob", permissions=of_roles([Role.RADIOLOGIST]))
LATER = NOW + timedelta(hours=1)
FIRST = written(slice_of())
SECOND = written(slice_of(PatientName="Curie^Maria Skłodowska", StudyDescription="Head, mended"))
CUT_OFF = FIRST[:-10]


@pytest.fixture
def north(clinic: Clinic) -> Clinic:
    """A clinic with one image, and another that waits because it bears the same UID."""
    stored(clinic, slice_of())
    arrive(clinic, SECOND)
    return clinic


def state(clinic: Clinic) -> tuple[object, ...]:
    """Return all that a decision may change."""
    with entry.enter(clinic.tenant):
        return (
            list(HeldFile.objects.order_by("id").values_list("id", "state", "blob_id", "reason")),
            list(Instance.objects.order_by("id").values_list("id", "blob_id", "plain_size")),
            list(Study.objects.values_list("description", "plain_bytes", "refused_count", "person_id")),
            UsageCounter.objects.values_list("plain_bytes", "instance_count").get(),
            sorted(Blob.objects.values_list("id", flat=True)),
            sorted(key.object_id for key in primary_store().keys(clinic.tenant.id)),
            AuditEvent.objects.count(),
        )


def held(**wanted: object) -> HeldFile:
    return HeldFile.objects.get(**wanted)


def content() -> bytes:
    return b"".join(SealedReader(Instance.objects.select_related("blob").get().blob).whole())


def trail() -> list[str]:
    return list(AuditEvent.objects.order_by("seq").values_list("subtype", flat=True))


def test_an_accepted_file_is_the_image_from_then_on(north: Clinic) -> None:
    with entry.enter(north.tenant):
        decide.accept(BOB, held().id, now=LATER)
        row = Instance.objects.get()
        assert content() == SECOND
        assert row.plain_size == len(SECOND)
        accepted = held(state="accepted")
        assert (accepted.blob, accepted.decided_at, accepted.decided_by) == (None, LATER, "Bob")


def test_the_version_before_is_kept_bit_for_bit(north: Clinic) -> None:
    with entry.enter(north.tenant):
        replaced = decide.accept(BOB, held().id, now=LATER)
        row = HeldFile.objects.select_related("blob").get(state="replaced")
        assert row == replaced
        assert row.blob is not None
        assert b"".join(SealedReader(row.blob).whole()) == FIRST
        assert bytes(row.plain_sha256) == hashlib.sha256(FIRST).digest()


def test_the_differences_are_told_the_other_way_round(north: Clinic) -> None:
    with entry.enter(north.tenant):
        before = held().facts["differing"]
        after = decide.accept(BOB, held().id, now=LATER).facts["differing"]
    assert [one["attribute"] for one in before] == [one["attribute"] for one in after]
    assert [(one["stored"], one["arriving"]) for one in before] == [
        (one["arriving"], one["stored"]) for one in after
    ]
    assert ("Head", "Head, mended") in [(one["stored"], one["arriving"]) for one in before]


def test_a_replaced_version_can_be_brought_back(north: Clinic) -> None:
    with entry.enter(north.tenant):
        replaced = decide.accept(BOB, held().id, now=LATER)
        decide.accept(BOB, replaced.id, now=LATER)
        assert content() == FIRST
        other = HeldFile.objects.select_related("blob").get(state="replaced")
        assert other.blob is not None
        assert b"".join(SealedReader(other.blob).whole()) == SECOND


def test_counts_follow_the_new_version(north: Clinic) -> None:
    with entry.enter(north.tenant):
        decide.accept(BOB, held().id, now=LATER)
        assert UsageCounter.objects.values_list("plain_bytes", "instance_count").get() == (len(SECOND), 1)
        study, series = Study.objects.get(), Series.objects.get()
    assert (study.plain_bytes, series.plain_bytes, study.refused_count) == (len(SECOND), len(SECOND), 0)
    assert (series.instance_count, series.version) == (1, 2)


def test_an_only_image_takes_its_study_and_person_along(north: Clinic) -> None:
    with entry.enter(north.tenant):
        before = Patient.objects.get()
        decide.accept(BOB, held().id, now=LATER)
        study = Study.objects.select_related("person").get()
        assert Patient.objects.get() == study.person != before
    assert (study.patient_name, study.description) == ("Curie^Maria Skłodowska", "Head, mended")
    assert study.patient_name_search == "curie^maria sklodowska"


def test_one_image_of_several_does_not_rename_the_study(north: Clinic) -> None:
    stored(north, slice_of(number=2))
    with entry.enter(north.tenant):
        decide.accept(BOB, held().id, now=LATER)
        study = Study.objects.get()
    assert (study.patient_name, study.has_mixed_patients) == ("Curie^Marie", True)


def test_accepting_asks_for_a_copy_and_new_derivatives(north: Clinic) -> None:
    with entry.enter(north.tenant):
        file = held()
        Outbox.objects.all().delete()
        decide.accept(BOB, file.id, now=LATER)
        waiting = set(Outbox.objects.values_list("topic", "object_id"))
        assert waiting == {("copy", file.blob_id), ("derive", Series.objects.get().id)}


@pytest.mark.parametrize(
    ("decision", "left"),
    [(decide.accept, "file-accepted"), (decide.discard, "file-discarded"), (decide.retry, "file-retried")],
)
def test_each_decision_leaves_its_event(north: Clinic, decision: Callable[..., object], left: str) -> None:
    with entry.enter(north.tenant):
        before = len(trail())
        decision(BOB, held().id, now=LATER)
        assert trail()[before:] == [left]


def test_a_discarded_file_can_be_taken_back(north: Clinic) -> None:
    before = state(north)
    with entry.enter(north.tenant):
        decide.discard(BOB, held().id, now=LATER)
        assert (held().state, Study.objects.get().refused_count) == ("discarded", 0)
        decide.take_back(BOB, held().id, now=LATER)
        assert Study.objects.get().refused_count == 1
    assert state(north)[:-1] == before[:-1]


def test_a_file_that_came_again_meanwhile_is_not_doubled(north: Clinic) -> None:
    with entry.enter(north.tenant):
        first = held()
        decide.discard(BOB, first.id, now=LATER)
    arrive(north, SECOND)
    before = state(north)
    with entry.enter(north.tenant), pytest.raises(WaitsAlready):
        decide.take_back(BOB, first.id, now=LATER)
    assert state(north) == before


def test_a_retried_conflict_is_still_one_and_leaves_no_second_copy(north: Clinic) -> None:
    before = state(north)
    with entry.enter(north.tenant):
        outcome = decide.retry(BOB, held().id, now=LATER)
        assert (outcome.status, outcome.reason) == (Status.REFUSED, IngestReason.CONFLICT)
        assert held().arrivals == 1
    assert state(north)[:-1] == before[:-1]


def test_a_file_whose_cause_has_passed_is_stored_when_retried(clinic: Clinic) -> None:
    with patch.object(Scanner, "finish", side_effect=Refused(Reason.UNKNOWN_VR)):
        arrive(clinic, FIRST)
    with entry.enter(clinic.tenant):
        file = held()
        outcome = decide.retry(BOB, file.id, now=LATER)
        assert outcome.status is Status.STORED
        assert (content(), held().state, held().blob) == (FIRST, "accepted", None)
        remove_blobs(LATER, 10)
        left = {key.object_id for key in primary_store().keys(clinic.tenant.id)}
        assert left == set(Instance.objects.values_list("blob_id", flat=True))


def test_a_retried_conflict_whose_image_is_gone_is_stored(north: Clinic) -> None:
    with entry.enter(north.tenant):
        bin_study(BOB, uid(1), now=NOW)
        empty(NOW + timedelta(days=30), 100)
        assert decide.retry(BOB, held().id, now=LATER).status is Status.STORED
        assert content() == SECOND


def test_a_file_refused_for_another_reason_says_so_afterwards(clinic: Clinic) -> None:
    with patch.object(Scanner, "finish", side_effect=Refused(Reason.UNKNOWN_VR)):
        arrive(clinic, CUT_OFF)
    with entry.enter(clinic.tenant):
        assert held().reason == Reason.UNKNOWN_VR
        decide.retry(BOB, held().id, now=LATER)
        assert (held().reason, held().state) == (Reason.TRUNCATED, "waiting")


def test_a_replaced_version_is_erased_with_its_study(north: Clinic) -> None:
    with entry.enter(north.tenant):
        decide.accept(BOB, held().id, now=LATER)
        bin_study(BOB, uid(1), now=NOW)
        empty(NOW + timedelta(days=30), 100)
        remove_blobs(NOW + timedelta(days=30), 100)
        assert (HeldFile.objects.count(), Blob.objects.count()) == (0, 0)
        assert list(primary_store().keys(north.tenant.id)) == []
