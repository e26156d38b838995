"""The rows of an image whose content is replaced by another file of the same study and series."""

from dataclasses import dataclass
from datetime import datetime

from pacs import usage
from pacs.dicom.index import Indexed, index
from pacs.dicom.scan import Scan
from pacs.ingest.columns import instance_columns, series_columns, study_columns
from pacs.ingest.persons import person_of
from pacs.models import Blob, HeldFile, Instance, Outbox, Patient, Series, Study


@dataclass(frozen=True)
class Version:
    """A held file that becomes the content of an image."""

    held: HeldFile
    blob: Blob
    scan: Scan


def replace(version: Version, known: Instance, study: Study, *, refused: int, now: datetime) -> None:
    """Write the rows, the study locked: all but the file's own row and the audit event, which comes next.

    Study and series say what their first image said; so an only image takes them along.
    """
    indexed = index(version.scan)
    values = instance_columns(version.scan, indexed)
    Instance.objects.filter(pk=known.pk).update(blob=version.blob, **values)
    growth = version.scan.size - known.plain_size
    series = Series.objects.select_for_update().get(pk=known.series_id)  # a build may be swapping its blobs
    series.plain_bytes += growth
    series.version += 1
    if series.instance_count == 1:
        _set(series, series_columns(indexed))
    series.save()
    _describe(study, indexed)
    usage.recount(study)
    study.refused_count = refused
    study.save()
    Patient.objects.filter(studies=None, id=known.study.person_id).delete()
    blob = version.blob
    copy = Outbox.of(Outbox.Topic.COPY, blob.id, kind=blob.kind, due_at=now, now=now)
    derive = Outbox.of(Outbox.Topic.DERIVE, series.id, due_at=now, now=now)
    Outbox.objects.queue([copy, derive])
    usage.add(plain_bytes=growth)


def _describe(study: Study, indexed: Indexed) -> None:
    person = person_of(study.study_uid, indexed.columns)
    if study.instance_count != 1:
        study.has_mixed_patients |= person.id != study.person_id
        return
    Patient.objects.bulk_create([person], ignore_conflicts=True)
    study.person_id, study.has_mixed_patients = person.id, False
    _set(study, study_columns(indexed))


def _set(row: Study | Series, values: dict[str, object]) -> None:
    for name, value in values.items():
        setattr(row, name, value)
