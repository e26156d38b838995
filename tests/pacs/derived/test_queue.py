"""Series that wait: live before backfill, clinics in turn, one worker each, and a step back after each failure."""

import uuid
from datetime import datetime, timedelta

import pytest

from pacs.derived import queue
from pacs.models import Outbox, Series
from tenants import entry
from tests.conftest import NOW, Clinic
from tests.factories import make_series, make_study

pytestmark = [pytest.mark.db, pytest.mark.django_db]
NORTH, SOUTH = uuid.UUID(int=1), uuid.UUID(int=2)


def wait(
    number: int, *, tenant: uuid.UUID = NORTH, is_backfill: bool = False, due_at: datetime = NOW
) -> uuid.UUID:
    """Queue a series named by a number."""
    series = uuid.UUID(int=number)
    Outbox.objects.create(
        tenant_id=tenant,
        topic=Outbox.Topic.DERIVE,
        object_id=series,
        is_backfill=is_backfill,
        due_at=due_at,
        created_at=due_at,
    )
    return series


def taken(limit: int = 100, *, at: datetime = NOW) -> list[int]:
    return [series.int for _, _, series in queue.take(at, limit)]


def test_live_goes_before_backfill_and_clinics_take_turns() -> None:
    for number in (1, 2, 3):
        wait(number)
    wait(10, tenant=SOUTH)
    wait(20, is_backfill=True, due_at=NOW - timedelta(hours=1))
    wait(21, tenant=SOUTH, is_backfill=True, due_at=NOW - timedelta(hours=2))
    assert taken() == [1, 10, 2, 3, 21, 20]


def test_what_is_not_due_waits() -> None:
    wait(1, due_at=NOW + timedelta(seconds=1))
    assert taken() == []
    assert taken(at=NOW + timedelta(seconds=1)) == [1]


def test_a_row_is_taken_once() -> None:
    for number in (1, 2, 3):
        wait(number)
    assert (taken(2), taken(2), taken(2)) == ([1, 2], [3], [])


def test_a_row_whose_worker_died_comes_back_later_each_time() -> None:
    wait(1)
    at, pauses = NOW, []
    for _ in range(9):
        assert taken(at=at) == [1]
        begun = at
        while not (again := Outbox.objects.filter(due_at__lte=at, lease_until__lte=at).exists()):
            at += timedelta(minutes=1)
        assert again
        pauses.append((at - begun) / timedelta(minutes=1))
    assert pauses == [6, 6, 6, 6, 8, 16, 32, 64, 128]


def test_a_failed_row_steps_back_and_says_why() -> None:
    wait(1)
    for pause in (30, 60, 120):
        ((outbox_id, tenant_id, series),) = queue.take(NOW, 1)
        assert (tenant_id, series.int) == (NORTH, 1)
        queue.failed(outbox_id, "store-unavailable", now=NOW)
        row = Outbox.objects.get()
        assert (row.due_at - NOW, row.last_error, row.lease_until) == (
            timedelta(seconds=pause),
            "store-unavailable",
            None,
        )
        Outbox.objects.update(due_at=NOW)


def test_the_longest_pause_is_six_hours() -> None:
    assert queue.pause_after(1000) == timedelta(hours=6)


def queued(clinic: Clinic) -> tuple[int, Series]:
    """Return a waiting row that was taken, and its series."""
    series = make_series(make_study(clinic.tenant))
    Outbox.objects.create(
        tenant_id=clinic.tenant.id,
        topic=Outbox.Topic.DERIVE,
        object_id=series.pk,
        due_at=NOW,
        created_at=NOW,
    )
    ((outbox_id, _, _),) = queue.take(NOW, 1)
    return outbox_id, series


def test_a_row_is_done_when_the_series_is_current(clinic: Clinic) -> None:
    outbox_id, series = queued(clinic)
    with entry.enter(clinic.tenant):
        assert queue.done(outbox_id, series.pk, now=NOW)
    row = Outbox.objects.get()
    assert (row.is_done, row.done_at, row.lease_until) == (True, NOW, None)


def test_a_row_waits_on_when_the_series_has_grown(clinic: Clinic) -> None:
    outbox_id, series = queued(clinic)
    with entry.enter(clinic.tenant):
        Series.objects.update(version=1)
        assert not queue.done(outbox_id, series.pk, now=NOW)
    row = Outbox.objects.get()
    assert (row.is_done, row.due_at, row.lease_until, row.attempts) == (
        *(False, NOW + queue.FIRST_PAUSE, None, 0),
    )


def test_a_row_whose_series_is_gone_is_done(clinic: Clinic) -> None:
    outbox_id, series = queued(clinic)
    with entry.enter(clinic.tenant):
        Series.objects.all().delete()
        assert queue.done(outbox_id, series.pk, now=NOW)
