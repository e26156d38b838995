"""Who reads which study: audited as opened at the first read and as ended with its counts, not at each image.

The first read of a study by an actor writes STUDY_OPENED and an access session, in a transaction of its own and
before a byte is given away. Later reads are counted in this process and reach the row within FLUSH_SECONDS; a
crash loses at most those counts, never the fact that the study was open. `close_idle` ends what rests.
"""

import atexit
import logging
import os
import uuid
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import F
from django.db.models.functions import Greatest

from pacs.events import STUDY_DOWNLOADED, STUDY_OPENED
from pacs.models import Study
from pacs.retrieve.read_counts import Counts, ReadCounts, Reader
from tenants import entry
from tenants.audit.record import Subject, record
from tenants.events import READING_ENDED
from tenants.models import AccessSession
from tenants.permissions import Actor
from tenants.scope import current_tenant_id

IDLE = timedelta(minutes=15)
FLUSH_SECONDS = 2.0
_SURELY_OPEN = IDLE - timedelta(seconds=30)  # later a sweep may be closing the session: look at the row again
_CLOSED_AT_ONCE = 200

log = logging.getLogger(__name__)


def note(actor: Actor, study: Study, *, now: datetime, size: int, reads: int = 1) -> None:
    """Record reads of a study's images, before their bytes are given away. Not inside a transaction."""
    reader = Reader(current_tenant_id(), actor.kind, actor.id, study.pk)
    if not _counts.count(reader, now=now, size=size, reads=reads, open_for=_SURELY_OPEN):
        session_id = _enter(reader, actor, study.study_uid, now)
        _counts.add(reader, Counts(actor, study.study_uid, session_id, now, reads, size))
    _counts.start_timer(FLUSH_SECONDS)


def note_download(actor: Actor, study: Study, *, now: datetime, instances: int, size: int) -> None:
    """Record that somebody takes images of a study away as files."""
    with transaction.atomic(durable=True):
        subject = Subject("study", str(study.pk), {"instances": instances, "bytes": size})
        record(actor, STUDY_DOWNLOADED, subject, at=now, details={"study": study.study_uid})


def flush() -> None:
    """Write the counts of this process to their sessions. Safe from any thread; called by a timer and at exit."""
    for reader, counts in _counts.take(open_for=_SURELY_OPEN):
        try:
            with entry.enter(reader.tenant_id):
                _write(reader, counts)
        except DatabaseError:
            log.warning("counts of reads wait", extra={"event": "reads-not-flushed"})
            _counts.add(reader, counts)


def close_idle(now: datetime) -> int:
    """End the current clinic's sessions that nobody read in for IDLE; returns how many. For the sweep."""
    resting = AccessSession.objects.filter(closed_at=None, last_read_at__lt=now - IDLE)
    found = resting.order_by("last_read_at").values_list("pk", flat=True)[:_CLOSED_AT_ONCE]
    return sum(_close(session_id, now) for session_id in list(found))


def forget() -> None:
    """Drop what this process knows, counts included; for tests."""
    _counts.forget()


def _enter(reader: Reader, actor: Actor, study_uid: str, now: datetime) -> uuid.UUID:
    """Open a session, or join the one that is open."""
    whose = {"actor_kind": reader.actor_kind, "actor_id": reader.actor_id, "subject_id": reader.study_id}
    for _ in range(3):
        try:
            with transaction.atomic(durable=True):
                session = AccessSession.objects.create(**whose, opened_at=now, last_read_at=now)
                subject = Subject("study", str(reader.study_id))
                record(actor, STUDY_OPENED, subject, at=now, details={"study": study_uid})
            return session.pk
        except IntegrityError:
            joined = AccessSession.objects.filter(**whose, closed_at=None)
            if joined.update(last_read_at=Greatest(F("last_read_at"), now)):
                return joined.values_list("pk", flat=True).get()
    raise DatabaseError("the session opens and closes at once")


def _write(reader: Reader, counts: Counts) -> None:
    """Add to the row of the session; one that was ended meanwhile is followed by a new one."""
    if _add(counts.session_id, counts):
        return
    session_id = _enter(reader, counts.actor, counts.study_uid, counts.last_read_at)
    _add(session_id, counts)
    _counts.add(reader, replace(counts, session_id=session_id, reads=0, read_bytes=0))


def _add(session_id: uuid.UUID, counts: Counts) -> int:
    return AccessSession.objects.filter(pk=session_id, closed_at=None).update(
        reads=F("reads") + counts.reads,
        read_bytes=F("read_bytes") + counts.read_bytes,
        last_read_at=Greatest(F("last_read_at"), counts.last_read_at),
    )


def _close(session_id: uuid.UUID, now: datetime) -> int:
    with transaction.atomic(durable=True):
        resting = AccessSession.objects.filter(pk=session_id, closed_at=None, last_read_at__lt=now - IDLE)
        if not resting.update(closed_at=now):
            return 0
        session = AccessSession.objects.get(pk=session_id)
        actor = Actor(kind=session.actor_kind, id=session.actor_id, name="")
        counts = {"reads": session.reads, "bytes": session.read_bytes}
        record(actor, READING_ENDED, Subject("study", str(session.subject_id), counts), at=now)
    return 1


def _flush_apart() -> None:
    """Flush over a connection of the thread's own, which nobody else would close."""
    try:
        flush()
    except Exception:  # a thread has nobody to tell but the log
        log.exception("counts of reads were not written", extra={"event": "reads-not-flushed"})
    finally:
        connection.close()


def _flush_at_exit() -> None:
    if not _counts.is_empty():
        _flush_apart()


_counts = ReadCounts(_flush_apart)
atexit.register(_flush_at_exit)
os.register_at_fork(after_in_child=_counts.start_anew)
