"""Two clinics that hold the same kinds of rows, written as small as the tables allow."""

import hashlib
import uuid

from django.db import connection
from django.utils import timezone

from pacs.models import Blob, Instance, Patient, Series, Study


def make_study(study_uid: str) -> Study:
    """Store a study of a new person in the entered clinic."""
    person = Patient.objects.create(identity=hashlib.sha256(study_uid.encode()).digest(), has_id=False)
    now = timezone.now()
    return Study.objects.create(
        study_uid=study_uid, person=person, attributes={}, created_at=now, last_arrived_at=now
    )


def make_series(study: Study, series_uid: str) -> Series:
    """Store a series in the entered clinic."""
    now = timezone.now()
    return Series.objects.create(
        study=study, series_uid=series_uid, attributes={}, created_at=now, last_arrived_at=now
    )


def make_instance(series: Series, sop_uid: str) -> Instance:
    """Store an instance in the entered clinic."""
    return Instance.objects.create(**instance_values(series, sop_uid))


def instance_values(series: Series, sop_uid: str) -> dict[str, object]:
    """Return the values of an instance whose blob is stored already."""
    return {
        "study_id": series.study_id,
        "series_id": series.pk,
        "sop_uid": sop_uid,
        "sop_class_uid": "1.2.840.10008.5.1.4.1.1.2",
        "transfer_syntax_uid": "1.2.840.10008.1.2.1",
        "attributes": {},
        "blob": make_blob(),
        "plain_size": 1,
        "dataset_sha256": bytes(32),
        "layout": b"",
        "frame_index": b"",
        "created_at": timezone.now(),
    }


def make_blob() -> Blob:
    """Store a blob's row in the entered clinic."""
    return Blob.objects.create(
        id=uuid.uuid4(),
        kind=Blob.Kind.INSTANCE,
        plain_size=1,
        sealed_size=300,
        sealed_sha256=bytes(32),
        header=bytes(178),
        created_at=timezone.now(),
    )


def studies_seen_by_raw_sql() -> list[uuid.UUID]:
    """Return the studies that the database shows to a statement without any filter."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM pacs_study ORDER BY study_uid")
        return [row[0] for row in cursor.fetchall()]
