"""Every background job of the archive. The rows are the queues; a message only wakes the worker."""

import logging
import time
from datetime import timedelta
from uuid import UUID

from django.utils import timezone
from kombu.exceptions import OperationalError

from pacs.bin.empty import empty
from pacs.bin.remove import remove_blobs as remove_some_blobs
from pacs.derived import queue
from pacs.derived.build import build_series
from pacs.dicom.decode_pool import PoolBusy
from pacs.dicom.reasons import Refused
from pacs.retrieve import reading
from pacs.storage.disk import DiskStore
from pacs.storage.placement import stores
from pacs.storage.store import BlobError
from tenants import entry
from tenants.crypto.keyring import KeyUnavailable
from tenants.crypto.stream import CannotOpen
from tenants.models import Tenant
from tenants.tasks import SECONDS_AT_MOST, platform_task, tenant_task

log = logging.getLogger(__name__)
WAKES_AT_MOST_EVERY_SECONDS = 1.0
WORK_SECONDS = SECONDS_AT_MOST - 120
AT_ONCE = 8
ERASED_AT_ONCE = 5_000
REMOVED_AT_ONCE = 1_000
HALF_WRITTEN_FOR = timedelta(days=1)
"""Longer than any transfer lasts."""

_woken_at = 0.0


def wake_derive() -> None:
    """Nudge the worker to make metadata and thumbnails; a nudge that is lost is found by the sweep."""
    global _woken_at  # noqa: PLW0603  (one pace for the process; a race costs a message)
    if time.monotonic() - _woken_at < WAKES_AT_MOST_EVERY_SECONDS:
        return
    _woken_at = time.monotonic()
    try:
        derive_waiting.apply_async(countdown=4, expires=60, retry=False)
    except OperationalError:
        log.warning("the broker does not answer", extra={"event": "nudge-lost"})


@platform_task(queue="live")
def derive_waiting(**_: object) -> None:
    """Make metadata and thumbnail of the series that wait, live arrivals first, clinics in turn."""
    ends_at = time.monotonic() + WORK_SECONDS
    while time.monotonic() < ends_at and (rows := queue.take(timezone.now(), AT_ONCE)):
        for outbox_id, tenant_id, series_id in rows:
            with entry.enter(tenant_id):
                _derive(outbox_id, series_id)


def _derive(outbox_id: int, series_id: UUID) -> None:
    try:
        build_series(series_id, now=timezone.now())
    except (PoolBusy, BlobError, CannotOpen, KeyUnavailable, Refused) as error:
        log.warning("a series waits", extra={"event": "derive-failed", "state": type(error).__name__})
        queue.failed(outbox_id, type(error).__name__, now=timezone.now())
    else:
        queue.done(outbox_id, series_id, now=timezone.now())


@platform_task(queue="live")
def close_reading(**_: object) -> None:
    """End the reading sessions that rest, clinic by clinic."""
    for tenant_id in _clinics():
        with entry.enter(tenant_id):
            reading.close_idle(timezone.now())


@platform_task(queue="backfill")
def empty_bins(**_: object) -> None:
    """Start the emptying of each clinic's bin."""
    for tenant_id in _clinics():
        empty_bin.delay(tenant_id=str(tenant_id))


@tenant_task(queue="backfill")
def empty_bin(**_: object) -> None:
    """Erase what has been in the clinic's bin for its time, a few thousand images at a time; the next sweep goes on."""
    empty(timezone.now(), ERASED_AT_ONCE)


@platform_task(queue="backfill")
def remove_blobs(**_: object) -> None:
    """Remove the blobs of what was erased from every store."""
    ends_at = time.monotonic() + WORK_SECONDS
    while time.monotonic() < ends_at and remove_some_blobs(timezone.now(), REMOVED_AT_ONCE):
        pass


@platform_task(queue="backfill")
def sweep_stores(**_: object) -> None:
    """Remove what transfers that died left half written."""
    for store in stores().values():
        if isinstance(store, DiskStore):
            store.sweep_stale(older_than=timezone.now() - HALF_WRITTEN_FOR)


def _clinics() -> list[UUID]:
    return list(Tenant.objects.clinics().order_by("id").values_list("id", flat=True))
