"""Emptying the bin: what is old enough is erased for good, in steps, and nothing else is."""

from dataclasses import asdict
from datetime import timedelta
from unittest.mock import patch

import pytest

from pacs.bin import empty as emptying
from pacs.bin.empty import empty
from pacs.bin.move import bin_series, bin_study
from pacs.ingest.outcomes import Status
from pacs.models import Blob, HeldFile, Instance, Outbox, Patient, Series, Study, UsageCounter
from pacs.storage.sealed import write_sealed
from tenants import entry
from tenants.crypto.envelope import Kind
from tenants.models import AuditEvent
from tenants.permissions import system_actor
from tests.conftest import NOW, Clinic
from tests.dicom_files import uid, written
from tests.pacs.arrivals import arrive, slice_of, stored
from tests.pacs.bin.test_moving import BOB

pytestmark = pytest.mark.db
LATER = NOW + timedelta(days=30)


@pytest.fixture
def north(clinic: Clinic) -> Clinic:
    """A clinic with two studies: one of five images in two series, and one of another person that stays."""
    stored(clinic, *(slice_of(number=number) for number in (1, 2, 3)))
    stored(clinic, slice_of(number=4, series=3), slice_of(number=5, series=3))
    stored(clinic, slice_of(study=7, series=8, number=9, PatientID="P2", PatientName="Noether^Emmy"))
    return clinic


def rows(clinic: Clinic) -> dict[str, int]:
    with entry.enter(clinic.tenant):
        models = (Patient, Study, Series, Instance, HeldFile)
        return {model.__name__: model.objects.count() for model in models}


def usage(clinic: Clinic) -> tuple[int, int, int]:
    with entry.enter(clinic.tenant):
        return UsageCounter.objects.values_list("study_count", "instance_count", "plain_bytes").get()


def queued() -> set[object]:
    return set(Outbox.objects.filter(topic="delete", is_done=False).values_list("object_id", flat=True))


def emptied(clinic: Clinic, limit: int = 1000) -> int:
    with entry.enter(clinic.tenant):
        return empty(LATER, limit)


def binned(clinic: Clinic) -> None:
    with entry.enter(clinic.tenant):
        bin_study(BOB, uid(1), now=NOW)


def test_what_is_younger_than_thirty_days_stays(north: Clinic) -> None:
    with entry.enter(north.tenant):
        bin_study(BOB, uid(1), now=NOW + timedelta(seconds=1))
    before = rows(north)
    assert (emptied(north), rows(north), queued()) == (0, before, set())


def test_an_old_study_goes_with_all_that_was_its_own(north: Clinic) -> None:
    binned(north)
    with entry.enter(north.tenant):
        blobs = set(Instance.objects.filter(study__study_uid=uid(1)).values_list("blob_id", flat=True))
        kept = Instance.objects.get(study__study_uid=uid(7))
    assert emptied(north) == 6
    assert rows(north) == {"Patient": 1, "Study": 1, "Series": 1, "Instance": 1, "HeldFile": 0}
    assert (queued(), len(blobs)) == (blobs, 5)
    assert usage(north) == (1, 1, kept.plain_size)


def test_what_was_derived_goes_too(north: Clinic) -> None:
    with entry.enter(north.tenant):
        series = Series.objects.get(series_uid=uid(2))
        sealed = [write_sealed(b"x", kind) for kind in (Kind.METADATA, Kind.DERIVED)]
        derived = [Blob(created_at=NOW, **asdict(blob)) for blob in sealed]
        Blob.objects.bulk_create(derived)
        series.metadata_blob, series.thumbnail_blob = derived
        series.save()
    binned(north)
    emptied(north)
    assert {blob.pk for blob in derived} < queued()


def test_a_person_with_another_study_stays(north: Clinic) -> None:
    stored(north, slice_of(study=11, series=12, number=13))
    binned(north)
    emptied(north)
    assert rows(north)["Patient"] == 2


def test_an_old_series_goes_alone(north: Clinic) -> None:
    with entry.enter(north.tenant):
        bin_series(BOB, uid(1), uid(3), now=NOW)
        left = Study.objects.values_list("series_count", "instance_count", "plain_bytes").get(
            study_uid=uid(1)
        )
    assert emptied(north) == 3
    assert rows(north) == {"Patient": 2, "Study": 2, "Series": 2, "Instance": 4, "HeldFile": 0}
    assert usage(north)[:2] == (2, 4)
    with entry.enter(north.tenant):
        study = Study.objects.get(study_uid=uid(1))
    assert (study.series_count, study.instance_count, study.plain_bytes) == left


def test_a_limit_leaves_the_rest_for_the_next_run(north: Clinic) -> None:
    binned(north)
    assert emptied(north, 2) == 2
    assert (rows(north)["Instance"], rows(north)["Study"], usage(north)[1]) == (4, 2, 4)
    assert emptied(north, 2) == 2
    assert emptied(north) == 2
    assert rows(north) == {"Patient": 1, "Study": 1, "Series": 1, "Instance": 1, "HeldFile": 0}


def test_a_run_that_dies_leaves_what_remains_whole(north: Clinic) -> None:
    binned(north)
    with (
        patch.object(emptying, "STEP", 2),
        patch.object(emptying, "record", side_effect=[None, MemoryError]),
        pytest.raises(MemoryError),
    ):
        emptied(north)
    with entry.enter(north.tenant):
        sizes = sum(Instance.objects.values_list("plain_size", flat=True))
        counts = sum(Series.objects.values_list("instance_count", flat=True))
    assert (rows(north)["Instance"], counts, len(queued())) == (4, 4, 2)
    assert usage(north) == (1, 4, sizes)
    assert emptied(north) == 4
    assert usage(north)[:2] == (1, 1)


def test_a_study_that_came_back_in_the_middle_is_left_alone(north: Clinic) -> None:
    binned(north)
    emptied(north, 2)
    stored(north, slice_of(number=20))
    assert emptied(north) == 0
    with entry.enter(north.tenant):
        study = Study.objects.get(study_uid=uid(1))
        instances = study.instances.count()
    assert (study.binned_at, study.instance_count, instances) == (None, 4, 4)
    assert usage(north)[:2] == (2, 5)


def test_an_erased_image_may_be_stored_anew(north: Clinic) -> None:
    binned(north)
    emptied(north)
    outcomes = arrive(north, written(slice_of(number=1)), now=LATER)
    assert [outcome.status for outcome in outcomes] == [Status.STORED]
    assert usage(north)[:2] == (2, 2)


def test_refused_files_that_wait_are_not_erased_with_their_study(north: Clinic) -> None:
    arrive(north, written(slice_of(number=1, PatientName="Curie^Pierre")))
    assert rows(north)["HeldFile"] == 1
    binned(north)
    emptied(north)
    assert rows(north)["HeldFile"] == 1


def test_discarded_files_are_erased_when_nobody_took_them_back(north: Clinic) -> None:
    arrive(north, written(slice_of(number=1, PatientName="Curie^Pierre")))
    with entry.enter(north.tenant):
        blob_id = HeldFile.objects.values_list("blob_id", flat=True).get()
        HeldFile.objects.update(state=HeldFile.State.DISCARDED, decided_at=NOW)
    assert (emptied(north), rows(north)["HeldFile"], queued()) == (1, 0, {blob_id})


def test_each_step_leaves_one_event(north: Clinic) -> None:
    binned(north)
    with patch.object(emptying, "STEP", 3):
        emptied(north)
    with entry.enter(north.tenant):
        trail = AuditEvent.objects.filter(subtype="study-erased").order_by("seq")
        assert [b'"studies":0' in bytes(event.canonical) for event in trail] == [True, False]
        assert {event.actor_id for event in trail} == {system_actor("bin").id}


def test_the_bin_of_another_clinic_is_not_emptied(north: Clinic, other_clinic: Clinic) -> None:
    binned(north)
    before = rows(north)
    assert (emptied(other_clinic), rows(north)) == (0, before)
