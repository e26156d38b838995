"""Rows of files that are durable: one short transaction with counters, outbox and audit event.

Ids of studies, series and instances follow from the clinic and the DICOM UIDs, so two arrivals of one study insert
the same row and nothing has to be looked up first. Locks: Study, Instance, Blob, usage counter, audit head.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction

from pacs import usage
from pacs.dicom.index import Indexed
from pacs.dicom.scan import Scan
from pacs.events import INSTANCES_STORED
from pacs.ingest.columns import instance_columns, series_columns, study_columns
from pacs.ingest.persons import person_of
from pacs.models import Blob, Instance, Outbox, Patient, Series, Study
from pacs.storage.sealed import SealedWriter
from tenants.audit.record import Subject, record
from tenants.permissions import Actor
from tenants.scope import current_tenant_id

SERIES_SETTLES = timedelta(seconds=3)
"""Metadata and thumbnail are made when a series has rested, not after each of its images."""


class Vanished(Exception):
    """An image that a file was found to be the same as has been erased since."""


@dataclass(frozen=True)
class Durable:
    """A file that is durable in the primary store and not yet indexed."""

    scan: Scan
    indexed: Indexed
    writer: SealedWriter


@dataclass(frozen=True)
class Arrival:
    """Who sends, when, and whether it is live work or history that is carried over."""

    actor: Actor
    now: datetime
    is_backfill: bool = False


def study_id(study_uid: str) -> uuid.UUID:
    """Return the id that the study's row has in the current clinic."""
    return uuid.uuid5(current_tenant_id(), "study:" + study_uid)


def index_all(files: Sequence[Durable], arrival: Arrival) -> None:
    """Write the rows of a batch. Raises IntegrityError, with nothing written, when another arrival was first."""
    with transaction.atomic(durable=True):
        studies = {row.id: row for row in _known_studies(files)}
        shown = {row.id for row in studies.values() if row.binned_at is None}
        revived = len(studies) - len(shown)
        series = {row.id: row for row in Series.objects.filter(study_id__in=studies)} if studies else {}
        _add_new(files, studies, series, arrival)
        changed = _count(files, studies, series, arrival)
        _write(files, studies, changed, arrival)
        _queue(files, changed, arrival)
        added = sum(file.scan.size for file in files)
        usage.add(plain_bytes=added, instances=len(files), studies=len(studies.keys() - shown))
        counts = {"stored": len(files), "studies": len(studies)}
        if revived:
            counts["restored"] = revived
        details = {"studies": sorted(study.study_uid for study in studies.values())}
        record(arrival.actor, INSTANCES_STORED, _subject(studies, counts), at=arrival.now, details=details)


def _known_studies(files: Sequence[Durable]) -> Iterable[Study]:
    wanted = {study_id(file.scan.study_uid) for file in files}
    fields = ("study_uid", "person_id", "modalities", "binned_at", "has_mixed_patients", "last_arrived_at")
    rows = Study.objects.select_for_update().filter(id__in=wanted).only("tenant_id", *fields, *usage.COUNTED)
    return rows.order_by("id")


def _add_new(
    files: Sequence[Durable],
    studies: dict[uuid.UUID, Study],
    series: dict[uuid.UUID, Series],
    arrival: Arrival,
) -> None:
    """Add the rows that are not stored yet; the first file of a study tells what it is."""
    for file in files:
        key = study_id(file.scan.study_uid)
        study = studies.get(key)
        if study is None:
            studies[key] = _study_row(file, arrival)
        elif _person(file).id != study.person_id:
            study.has_mixed_patients = True
        row = _series_row(file, arrival)
        series.setdefault(row.id, row)


def _count(
    files: Sequence[Durable],
    studies: Mapping[uuid.UUID, Study],
    series: Mapping[uuid.UUID, Series],
    arrival: Arrival,
) -> list[Series]:
    """Count what arrives, and return the series that it changes, by primary key; the studies are locked."""
    changed: dict[uuid.UUID, Series] = {}
    for file in files:
        row = series[uuid.uuid5(study_id(file.scan.study_uid), file.scan.series_uid)]
        row.instance_count += 1
        row.plain_bytes += file.scan.size
        row.version += 1
        row.last_arrived_at = arrival.now
        row.binned_at = None
        changed[row.id] = row
    for study in studies.values():
        usage.sum_up(
            study, [row for row in series.values() if row.study_id == study.id and row.binned_at is None]
        )
        study.last_arrived_at = arrival.now
        study.binned_at = None
    return [changed[key] for key in sorted(changed)]


def _write(
    files: Sequence[Durable],
    studies: Mapping[uuid.UUID, Study],
    changed: Sequence[Series],
    arrival: Arrival,
) -> None:
    new = sorted((study for study in studies.values() if study._state.adding), key=lambda study: study.id)
    first = {study_id(file.scan.study_uid): file for file in reversed(files)}
    persons = {row.id: row for row in (_person(first[study.id]) for study in new)}
    if new:
        Patient.objects.bulk_create([persons[key] for key in sorted(persons)], ignore_conflicts=True)
        Study.objects.bulk_create(new)
    for study in studies.values():
        if study not in new:
            study.save(update_fields=[*usage.COUNTED, "last_arrived_at", "binned_at", "has_mixed_patients"])
    new_series = [row for row in changed if row._state.adding]
    for row in changed:
        if not row._state.adding:
            row.save(
                update_fields=["instance_count", "plain_bytes", "version", "last_arrived_at", "binned_at"]
            )
    Series.objects.bulk_create(new_series)
    blobs = [Blob(created_at=arrival.now, **asdict(file.writer.blob())) for file in files]
    Blob.objects.bulk_create(blobs)
    rows = [_instance_row(file, blob, arrival) for file, blob in zip(files, blobs, strict=True)]
    Instance.objects.bulk_create(sorted(rows, key=lambda row: row.id))


def note_same(known: Sequence[Instance], arrival: Arrival) -> None:
    """Record that stored images came again; what was in the bin comes back, for somebody still sends it.

    Raises Vanished when one of them was erased or replaced meanwhile, so that nobody is told that it is stored.
    """
    by_study = {row.study_id: row.study for row in known}
    with transaction.atomic(durable=True):
        locked = {
            row.id: row for row in Study.objects.select_for_update().filter(id__in=by_study).order_by("id")
        }
        still = dict(Instance.objects.filter(id__in=[row.pk for row in known]).values_list("pk", "blob_id"))
        if any(still.get(row.pk) != row.blob_id for row in known):
            raise Vanished
        binned = set(
            Series.objects.filter(id__in={row.series_id for row in known})
            .exclude(binned_at=None)
            .values_list("pk", flat=True)
        )
        series = {row.series_id for row in known if row.series_id in binned or locked[row.study_id].binned_at}
        Series.objects.filter(id__in=series).update(binned_at=None)
        revived = {row.study_id for row in known if row.series_id in series}
        shown = sum(1 for key in revived if locked[key].binned_at is not None)
        for key in sorted(revived):
            locked[key].binned_at = None
            usage.recount(locked[key])
            locked[key].save(update_fields=[*usage.COUNTED, "binned_at"])
        if shown:
            usage.add(studies=shown)
        counts = {"same": len(known), "studies": len(locked)}
        if revived:
            counts["restored"] = len(revived)
        details = {"studies": sorted(study.study_uid for study in locked.values())}
        record(arrival.actor, INSTANCES_STORED, _subject(locked, counts), at=arrival.now, details=details)


def _subject(studies: Mapping[uuid.UUID, Study], counts: dict[str, int]) -> Subject:
    return Subject("study", str(next(iter(studies))) if len(studies) == 1 else "", counts)


def _person(file: Durable) -> Patient:
    return person_of(file.scan.study_uid, file.indexed.columns)


def _study_row(file: Durable, arrival: Arrival) -> Study:
    return Study(
        id=study_id(file.scan.study_uid),
        study_uid=file.scan.study_uid,
        person_id=_person(file).id,
        created_at=arrival.now,
        last_arrived_at=arrival.now,
        **study_columns(file.indexed),
    )


def _series_row(file: Durable, arrival: Arrival) -> Series:
    study = study_id(file.scan.study_uid)
    return Series(
        id=uuid.uuid5(study, file.scan.series_uid),
        study_id=study,
        series_uid=file.scan.series_uid,
        created_at=arrival.now,
        last_arrived_at=arrival.now,
        **series_columns(file.indexed),
    )


def _instance_row(file: Durable, blob: Blob, arrival: Arrival) -> Instance:
    scan = file.scan
    study = study_id(scan.study_uid)
    return Instance(
        id=uuid.uuid5(current_tenant_id(), "instance:" + scan.sop_instance_uid),
        study_id=study,
        series_id=uuid.uuid5(study, scan.series_uid),
        sop_uid=scan.sop_instance_uid,
        blob_id=blob.id,
        created_at=arrival.now,
        **instance_columns(scan, file.indexed),
    )


def _queue(files: Sequence[Durable], series: Iterable[Series], arrival: Arrival) -> None:
    now, row = arrival.now, partial(Outbox.of, now=arrival.now, is_backfill=arrival.is_backfill)
    copies = [
        row(Outbox.Topic.COPY, file.writer.blob_id, kind=int(file.writer.kind), due_at=now) for file in files
    ]
    derive = [row(Outbox.Topic.DERIVE, one.id, due_at=now + SERIES_SETTLES) for one in series]
    Outbox.objects.queue([*copies, *derive])
