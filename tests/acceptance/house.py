"""The clinics of a module, and whether what they store agrees with itself."""

import hashlib
import time
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Sum

from pacs.models import Blob, HeldFile, Instance, Series, Study, UsageCounter
from pacs.storage.placement import primary_store
from pacs.storage.store import BlobKey
from tenants import entry
from tests.conftest import Clinic


@dataclass(frozen=True)
class House:
    """Two clinics that know nothing of each other."""

    first: Clinic
    second: Clinic


def rows(clinic: Clinic) -> dict[str, int]:
    """Return how many rows and stored objects the clinic has."""
    with entry.enter(clinic.tenant):
        counts = {
            model.__name__: model.objects.count() for model in (Study, Series, Instance, Blob, HeldFile)
        }
    return counts | {"stored": len(list(primary_store().keys(clinic.tenant.id)))}


def require_consistent(clinic: Clinic) -> None:
    """Raise AssertionError unless rows, stored objects and usage tell the same."""
    with entry.enter(clinic.tenant):
        _require_objects_of_blobs(clinic)
        _require_owners_of_blobs()
        _require_counts()


def require_nothing_unfinished() -> None:
    """Raise AssertionError if a broken upload left a temporary file."""
    left = [path.name for path in (settings.DATA_DIR / "primary" / "incoming").glob("*")]
    assert left == [], left


def wait_until_rested(clinic: Clinic) -> None:
    """Wait until no temporary file is left: a broken connection is noticed a moment later than it breaks."""
    deadline = time.monotonic() + 10
    while True:
        try:
            require_nothing_unfinished()
        except AssertionError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


def _require_objects_of_blobs(clinic: Clinic) -> None:
    store = primary_store()
    blobs = {blob.id: blob for blob in Blob.objects.all()}
    assert {key.object_id for key in store.keys(clinic.tenant.id)} == blobs.keys()
    for blob in blobs.values():
        sealed = b"".join(store.stream(BlobKey(clinic.tenant.id, blob.id)))
        assert len(sealed) == blob.sealed_size
        assert hashlib.sha256(sealed).digest() == bytes(blob.sealed_sha256)
        assert sealed.startswith(bytes(blob.header))


def _require_owners_of_blobs() -> None:
    """Every blob belongs to exactly one image, held file or series."""
    owners = [
        *Instance.objects.values_list("blob_id", flat=True),
        *HeldFile.objects.exclude(blob=None).values_list("blob_id", flat=True),
        *Series.objects.exclude(metadata_blob=None).values_list("metadata_blob_id", flat=True),
        *Series.objects.exclude(thumbnail_blob=None).values_list("thumbnail_blob_id", flat=True),
    ]
    assert sorted(owners) == sorted(Blob.objects.values_list("id", flat=True))


def _require_counts() -> None:
    usage = UsageCounter.objects.first()
    counted = (usage.plain_bytes, usage.instance_count, usage.study_count) if usage else (0, 0, 0)
    size = Instance.objects.aggregate(size=Sum("plain_size"))["size"] or 0
    assert counted == (size, Instance.objects.count(), Study.objects.filter(binned_at=None).count())
    for study in Study.objects.all():
        instances = Instance.objects.filter(study=study)
        assert study.instance_count == instances.count()
        assert study.plain_bytes == instances.aggregate(size=Sum("plain_size"))["size"]
        assert study.series_count == Series.objects.filter(study=study).count()
