"""Every background job of the archive. The rows are the queues; a message only wakes the worker."""

import logging
import time

from celery import current_app
from kombu.exceptions import OperationalError

log = logging.getLogger(__name__)
WAKES_AT_MOST_EVERY_SECONDS = 1.0
_woken_at = 0.0


def wake_derive() -> None:
    """Nudge the worker to make metadata and thumbnails; a nudge that is lost is found by the sweep."""
    global _woken_at
    if time.monotonic() - _woken_at < WAKES_AT_MOST_EVERY_SECONDS:
        return
    _woken_at = time.monotonic()
    try:
        current_app.send_task("pacs.tasks.derive_waiting", queue="live", countdown=4, expires=60, retry=False)
    except OperationalError:
        log.warning("the broker does not answer", extra={"event": "nudge-lost"})
