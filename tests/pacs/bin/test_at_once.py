"""Two at once: each thing is moved, counted, erased and removed exactly once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection

from pacs.access import NotFound
from pacs.bin.empty import empty
from pacs.bin.move import bin_series, bin_study, restore_study
from pacs.bin.remove import remove_blobs
from pacs.models import Blob, Instance, Outbox, Study, UsageCounter
from pacs.storage.placement import primary_store
from tenants import entry
from tenants.models import AuditEvent
from tests.conftest import NOW, Clinic, make_clinic
from tests.dicom_files import uid
from tests.pacs.arrivals import slice_of, stored
from tests.pacs.bin.test_moving import BOB

pytestmark = pytest.mark.db
LATER = NOW + timedelta(days=30)


@pytest.fixture
def north(committed: None) -> Clinic:
    """A clinic with a study of two series of four images each."""
    clinic = make_clinic("north", "alice")
    stored(clinic, *(slice_of(number=number, series=2 + number % 2) for number in range(8)))
    return clinic


def at_once(clinic: Clinic, *works: Callable[[], object]) -> list[object]:
    """Run each in a thread of its own, begun together; returns what each returned, or NotFound."""
    barrier = Barrier(len(works))

    def run(work: Callable[[], object]) -> object:
        try:
            with entry.enter(clinic.tenant):
                barrier.wait()
                return work()
        except NotFound:
            return NotFound
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def test_one_of_two_moves_a_study(north: Clinic) -> None:
    results = at_once(north, *[lambda: bin_study(BOB, uid(1), now=NOW)] * 2)
    assert sorted(result is NotFound for result in results) == [False, True]
    with entry.enter(north.tenant):
        assert UsageCounter.objects.get().study_count == 0
        assert AuditEvent.objects.filter(subtype="study-binned").count() == 1


def test_one_of_two_restores_a_study(north: Clinic) -> None:
    with entry.enter(north.tenant):
        bin_study(BOB, uid(1), now=NOW)
    results = at_once(north, *[lambda: restore_study(BOB, uid(1), now=NOW)] * 2)
    assert sorted(result is NotFound for result in results) == [False, True]
    with entry.enter(north.tenant):
        assert UsageCounter.objects.get().study_count == 1


def test_both_series_at_once_take_the_study_along_once(north: Clinic) -> None:
    at_once(
        north,
        lambda: bin_series(BOB, uid(1), uid(2), now=NOW),
        lambda: bin_series(BOB, uid(1), uid(3), now=NOW),
    )
    with entry.enter(north.tenant):
        assert Study.objects.get().binned_at == NOW
        assert UsageCounter.objects.get().study_count == 0
        trail = AuditEvent.objects.filter(subtype__endswith="-binned").order_by("seq")
        assert [event.subtype for event in trail] == ["series-binned", "study-binned"]


def test_an_arrival_and_a_move_agree_on_the_counts(north: Clinic) -> None:
    at_once(north, lambda: bin_study(BOB, uid(1), now=NOW), lambda: stored(north, slice_of(number=30)))
    with entry.enter(north.tenant):
        study, usage = Study.objects.get(), UsageCounter.objects.get()
    assert (usage.study_count, usage.instance_count) == (int(study.binned_at is None), 9)


def test_two_runs_erase_each_image_once(north: Clinic) -> None:
    with entry.enter(north.tenant):
        bin_study(BOB, uid(1), now=NOW)
    at_once(north, *[lambda: [empty(LATER, 3) for _ in range(4)]] * 2)
    with entry.enter(north.tenant):
        assert (Study.objects.count(), Instance.objects.count()) == (0, 0)
        usage = UsageCounter.objects.get()
    assert (usage.study_count, usage.instance_count, usage.plain_bytes) == (0, 0, 0)
    assert Outbox.objects.filter(topic="delete").count() == 8


def test_two_runs_remove_each_blob_once(north: Clinic) -> None:
    with entry.enter(north.tenant):
        bin_study(BOB, uid(1), now=NOW)
        empty(LATER, 1000)
    counts = at_once(north, *[lambda: remove_blobs(LATER, 100)] * 2)
    assert sum(count for count in counts if isinstance(count, int)) == 8
    with entry.enter(north.tenant):
        assert (Blob.objects.count(), list(primary_store().keys(north.tenant.id))) == (0, [])
