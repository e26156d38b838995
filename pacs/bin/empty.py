"""Emptying the bin: what has lain there for `BIN_KEEPS_DAYS` is erased for good.

In steps of at most STEP images, each one transaction that leaves what remains whole and counted, so a run may die
anywhere, and several run beside each other. Blobs are only queued here; `remove.py` takes them from the stores.
What comes back meanwhile (a new arrival revives a study) is left alone: every step looks again, under the lock.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet

from pacs import usage
from pacs.bin.period import kept_since
from pacs.events import FILES_ERASED, SERIES_ERASED, STUDY_ERASED
from pacs.models import HeldFile, Instance, Outbox, Patient, Series, Study
from tenants.audit.record import Subject, record
from tenants.permissions import Actor, system_actor

STEP = 500

Step = Callable[[Actor, datetime, int], int]


def empty(now: datetime, limit: int) -> int:
    """Erase from the current clinic's bin until about `limit` things are gone, images and files each one; returns
    how many went, less than `limit` when nothing is left to erase."""
    actor, erased = system_actor("bin"), 0
    steps: Sequence[Step] = (_step_of_study, _step_of_series, _step_of_files)
    for step in steps:
        while erased < limit and (gone := step(actor, now, min(STEP, limit - erased))):
            erased += gone
    return erased


@dataclass(frozen=True)
class _Erased:
    """What one step took away; `is_all` when nothing of it is left."""

    instances: int
    files: int
    plain_bytes: int
    is_all: bool

    @property
    def things(self) -> int:
        """How many went; never 0 for a step that did something."""
        return self.instances + self.files + self.is_all

    def counts(self) -> dict[str, int]:
        """Return the counts of the audit event."""
        return {"instances": self.instances, "files": self.files, "bytes": self.plain_bytes}


def _step_of_study(actor: Actor, now: datetime, most: int) -> int:
    with transaction.atomic(durable=True):
        study = (
            Study.objects.select_for_update(skip_locked=True)
            .filter(binned_at__lte=kept_since(now))
            .order_by("binned_at", "id")
            .first()
        )
        if study is None:
            return 0
        subject_id, details = str(study.pk), {"study": study.study_uid}
        erased = _erase(Instance.objects.filter(study=study), _settled(study), now, most)
        if erased.is_all:
            _drop_series(Series.objects.filter(study=study), now)
            study.delete()
            Patient.objects.filter(id=study.person_id, studies=None).delete()
        usage.add(plain_bytes=-erased.plain_bytes, instances=-erased.instances)
        subject = Subject("study", subject_id, erased.counts() | {"studies": int(erased.is_all)})
        record(actor, STUDY_ERASED, subject, at=now, details=details)
    return erased.things


def _step_of_series(actor: Actor, now: datetime, most: int) -> int:
    """Erase a series that was thrown away alone, whatever became of its study since."""
    due = Series.objects.filter(binned_at__lte=kept_since(now))
    with transaction.atomic(durable=True):
        study = (
            Study.objects.select_for_update(skip_locked=True)
            .filter(id__in=due.values("study_id"))
            .order_by("id")
            .first()
        )
        series = due.filter(study=study).order_by("binned_at", "id").first() if study else None
        if study is None or series is None:
            return 0
        files = _settled(study).filter(series_uid=series.series_uid)
        erased = _erase(Instance.objects.filter(series=series), files, now, most)
        if erased.is_all:
            _drop_series(Series.objects.filter(id=series.pk), now)
        usage.add(plain_bytes=-erased.plain_bytes, instances=-erased.instances)
        subject = Subject("series", str(series.pk), erased.counts() | {"series": int(erased.is_all)})
        details = {"study": study.study_uid, "series": series.series_uid}
        record(actor, SERIES_ERASED, subject, at=now, details=details)
    return erased.things


def _step_of_files(actor: Actor, now: datetime, most: int) -> int:
    """Erase refused files that a person discarded."""
    with transaction.atomic(durable=True):
        due = HeldFile.objects.filter(
            state=HeldFile.State.DISCARDED, decided_at__lte=kept_since(now)
        ).select_for_update(skip_locked=True)
        rows = list(due.order_by("decided_at", "id")[:most])
        if not rows:
            return 0
        HeldFile.objects.filter(id__in=[row.pk for row in rows]).delete()
        _queue((row.blob_id for row in rows), now)
        counts = {"files": len(rows), "bytes": sum(row.plain_size for row in rows)}
        record(actor, FILES_ERASED, Subject("held-file", "", counts), at=now)
    return len(rows)


def _settled(study: Study) -> QuerySet[HeldFile]:
    """Return what goes with the study: versions that were replaced, and notes of decisions. What waits, waits on."""
    states = [HeldFile.State.REPLACED, HeldFile.State.ACCEPTED]
    return HeldFile.objects.filter(study_uid=study.study_uid, state__in=states)


def _erase(instances: QuerySet[Instance], files: QuerySet[HeldFile], now: datetime, most: int) -> _Erased:
    """Delete rows, at most so many, and queue their blobs; a series that keeps images has them counted anew."""
    needed = instances.only("id", "tenant_id", "blob_id", "series_id", "plain_size")
    rows = list(needed.order_by("series_id", "id")[:most])
    beside = list(files.order_by("id")[: most - len(rows)])
    Instance.objects.filter(id__in=[row.pk for row in rows]).delete()
    HeldFile.objects.filter(id__in=[row.pk for row in beside]).delete()
    count = Counter(row.series_id for row in rows)
    for series_id in sorted(count):
        size = sum(row.plain_size for row in rows if row.series_id == series_id)
        Series.objects.filter(id=series_id).update(
            instance_count=F("instance_count") - count[series_id],
            plain_bytes=F("plain_bytes") - size,
            version=F("version") + 1,
        )
    _queue([row.blob_id for row in rows] + [row.blob_id for row in beside], now)
    gone = len(rows) + len(beside)
    return _Erased(len(rows), len(beside), sum(row.plain_size for row in rows), is_all=gone < most)


def _drop_series(series: QuerySet[Series], now: datetime) -> None:
    """Delete the rows of empty series with what was derived from them."""
    for row in series.order_by("id"):
        _queue((row.metadata_blob_id, row.thumbnail_blob_id), now)
        row.delete()


def _queue(blob_ids: Iterable[UUID | None], now: datetime) -> None:
    known = [blob_id for blob_id in blob_ids if blob_id is not None]
    Outbox.objects.queue_removal(known, due_at=now, now=now)
