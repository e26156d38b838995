"""Taking blobs that nothing refers to any more from every store.

The row goes first: the database refuses that while an image or file still refers to the blob, and from then on
nobody can. Then the stores, each as often as it takes. The Outbox row waits until every store has done it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F, ProtectedError, Q

from pacs.models import Blob, Outbox
from pacs.storage.placement import stores
from pacs.storage.store import BlobKey, StoreUnavailable
from tenants import entry

LEASE = timedelta(minutes=5)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=6)
IN_USE = "in-use"


def remove_blobs(now: datetime, limit: int) -> int:
    """Remove at most `limit` queued blobs, of whatever clinics; returns how many are gone from every store."""
    removed = 0
    for row in _lease(now, limit):
        with entry.enter(row.tenant_id):
            removed += _remove(row, now)
    return removed


def _lease(now: datetime, limit: int) -> Sequence[Outbox]:
    with transaction.atomic(durable=True):
        due = Outbox.objects.filter(topic=Outbox.Topic.DELETE, is_done=False, due_at__lte=now)
        free = due.filter(Q(lease_until=None) | Q(lease_until__lte=now)).select_for_update(skip_locked=True)
        rows = list(free.order_by("due_at", "id")[:limit])
        Outbox.objects.filter(id__in=[row.pk for row in rows]).update(
            lease_until=now + LEASE, attempts=F("attempts") + 1
        )
    return rows


def _remove(row: Outbox, now: datetime) -> bool:
    if _is_being_copied(row, now):
        _postpone(row, now, "being-copied")
        return False
    if not _forget(row):
        _finish(row, now, IN_USE)
        return False
    try:
        for store in stores().values():
            store.delete(BlobKey(row.tenant_id, row.object_id))
    except StoreUnavailable as error:
        _postpone(row, now, error.fault)
        return False
    _finish(row, now, "")
    return True


def _is_being_copied(row: Outbox, now: datetime) -> bool:
    """Withdraw the copy that nobody began; a begun one would put the blob back after it was removed."""
    copies = Outbox.objects.filter(topic=Outbox.Topic.COPY, object_id=row.object_id, is_done=False)
    copies.filter(Q(lease_until=None) | Q(lease_until__lte=now)).update(is_done=True, done_at=now)
    return copies.exists()


def _forget(row: Outbox) -> bool:
    """Delete the blob's row; returns False when something refers to it."""
    try:
        with transaction.atomic(durable=True):
            Blob.objects.filter(id=row.object_id).delete()
    except (ProtectedError, IntegrityError):
        return False
    return True


def _finish(row: Outbox, now: datetime, error: str) -> None:
    Outbox.objects.filter(pk=row.pk).update(is_done=True, done_at=now, lease_until=None, last_error=error)


def _postpone(row: Outbox, now: datetime, error: str) -> None:
    """Wait longer after each failure; nothing is given up, for the bytes must go."""
    pause = min(FIRST_PAUSE * 2 ** min(row.attempts, 10), LONGEST_PAUSE)
    Outbox.objects.filter(pk=row.pk).update(due_at=now + pause, lease_until=None, last_error=error[:40])
