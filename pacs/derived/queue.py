"""Series that wait for their metadata and thumbnail: Outbox rows of topic DERIVE, taken by lease.

Live arrivals go before backfill, and clinics take turns. A row that fails, or whose worker dies with it, steps
back further each time; it is never given up, for without it a series is only slower to open.
"""

import uuid
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q, Window
from django.db.models.functions import RowNumber

from pacs.models import Outbox, Series

LEASE = timedelta(minutes=6)
"""Longer than any job may take (tenants/tasks.py)."""
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(hours=6)


def take(now: datetime, limit: int) -> list[tuple[int, uuid.UUID, uuid.UUID]]:
    """Lease at most `limit` rows; returns the id of each with its clinic and its series."""
    free = Q(lease_until=None) | Q(lease_until__lte=now)
    waiting = Outbox.objects.filter(free, topic=Outbox.Topic.DERIVE, is_done=False, due_at__lte=now)
    turn = Window(
        RowNumber(), partition_by=[F("is_backfill"), F("tenant_id")], order_by=[F("due_at"), F("id")]
    )
    rows = waiting.annotate(turn=turn).order_by("is_backfill", "turn", "due_at", "id")[:limit]
    return [(row.pk, row.tenant_id, row.object_id) for row in list(rows) if _lease(row, now)]


def done(outbox_id: int, series_id: uuid.UUID, *, now: datetime) -> bool:
    """Finish a row if what was made is of the series' latest version; else it waits again. In the clinic's scope.

    An arrival changes the version under the same lock, and queues a new row only after this one is done.
    """
    with transaction.atomic(durable=True):
        series = Series.objects.select_for_update().filter(pk=series_id).first()
        is_current = series is None or series.metadata_version == series.version
        row = Outbox.objects.filter(pk=outbox_id, is_done=False)
        if is_current:
            row.update(is_done=True, done_at=now, lease_until=None, last_error="")
        else:
            row.update(due_at=now + FIRST_PAUSE, lease_until=None, attempts=0)
    return is_current


def failed(outbox_id: int, error: str, *, now: datetime) -> None:
    """Let a row step back; `error` names the kind of fault, in at most 40 characters and without patient data."""
    row = Outbox.objects.filter(pk=outbox_id, is_done=False).first()
    if row is not None:
        due_at = now + pause_after(row.attempts)
        Outbox.objects.filter(pk=outbox_id).update(due_at=due_at, lease_until=None, last_error=error[:40])


def pause_after(attempts: int) -> timedelta:
    """Return how long a row rests that was tried this often."""
    doublings = min(max(attempts - 1, 0), 16)
    return min(FIRST_PAUSE * (1 << doublings), LONGEST_PAUSE)


def _lease(row: Outbox, now: datetime) -> bool:
    """Take the row unless another worker was first. One that kills its worker steps back all the same."""
    attempts = row.attempts + 1
    same = Outbox.objects.filter(pk=row.pk, is_done=False, lease_until=row.lease_until)
    due_at = now + max(LEASE, pause_after(attempts)) if attempts > 1 else row.due_at
    return bool(same.update(lease_until=now + LEASE, attempts=attempts, due_at=due_at))
