"""What this process has read since it last told the database: plain memory, shared by its threads."""

import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tenants.permissions import Actor


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads what."""

    tenant_id: uuid.UUID
    actor_kind: str
    actor_id: str
    study_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class Counts:
    """Reads in one open access session that are not in its row yet."""

    actor: Actor
    study_uid: str
    session_id: uuid.UUID
    last_read_at: datetime
    reads: int = 0
    read_bytes: int = 0


class ReadCounts:
    """The open sessions that this process knows, with their counts. A timer calls `when_due` after a count."""

    def __init__(self, when_due: Callable[[], None]) -> None:
        self._when_due = when_due
        self.start_anew()

    def start_anew(self) -> None:
        """Know nothing. A forked child does so: it has neither the timer nor whoever may hold the lock."""
        self._lock = threading.Lock()
        self._open: dict[Reader, Counts] = {}
        self._timer: threading.Timer | None = None

    def forget(self) -> None:
        """Drop everything that waits to be written."""
        with self._lock:
            self._open.clear()
            if self._timer is not None:
                self._timer.cancel()
            self._timer = None

    def count(self, reader: Reader, *, now: datetime, size: int, reads: int, open_for: timedelta) -> bool:
        """Count a read; returns False where no session is known that was read in within `open_for`."""
        with self._lock:
            known = self._open.get(reader)
            if known is None or (now - known.last_read_at > open_for and not known.reads):
                return False
            self._open[reader] = _more(known, now=now, size=size, reads=reads)
            return True

    def add(self, reader: Reader, counts: Counts) -> None:
        """Learn of an open session, or of its newer id, with counts that are still to be written."""
        with self._lock:
            known = self._open.get(reader)
            if known is not None:
                counts = _more(counts, now=known.last_read_at, size=known.read_bytes, reads=known.reads)
            self._open[reader] = counts

    def take(self, *, open_for: timedelta) -> list[tuple[Reader, Counts]]:
        """Return what has to be written and set it to nothing; forget the sessions that rest."""
        with self._lock:
            self._timer = None
            taken = [(reader, counts) for reader, counts in self._open.items() if counts.reads]
            latest = max((counts.last_read_at for counts in self._open.values()), default=None)
            self._open = {
                reader: replace(counts, reads=0, read_bytes=0)
                for reader, counts in self._open.items()
                if latest is not None and latest - counts.last_read_at <= open_for
            }
            return taken

    def start_timer(self, seconds: float) -> None:
        """See that `when_due` is called in a thread of its own, once, this soon."""
        with self._lock:
            if self._timer is not None:
                return
            self._timer = timer = threading.Timer(seconds, self._when_due)
        timer.daemon = True
        timer.start()

    def is_empty(self) -> bool:
        """Return whether nothing waits to be written."""
        return not any(counts.reads for counts in self._open.values())


def _more(counts: Counts, *, now: datetime, size: int, reads: int) -> Counts:
    return replace(
        counts,
        last_read_at=max(counts.last_read_at, now),
        reads=counts.reads + reads,
        read_bytes=counts.read_bytes + size,
    )
