"""What is made of a series once, so that opening it is quick: its metadata in one blob, and its thumbnail.

Safe to run twice, beside itself, and to die at any point: the new blobs are swapped in only if the series is still
of the version that was read; what was made for nothing is removed, at worst an orphan blob stays in the store.
"""

import uuid
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import datetime, timedelta

from django.db import transaction

from pacs.dicom.frame_format import DecodeFailed, NotRenderable
from pacs.dicom.frames import NoSuchFrame
from pacs.models import Blob, Instance, Outbox, Series
from pacs.retrieve.files import opened
from pacs.retrieve.metadata import FORM, instance_line, separated
from pacs.retrieve.opened import OpenedInstance
from pacs.retrieve.pictures import draw_small
from pacs.storage.placement import primary_store
from pacs.storage.sealed import NewBlob, SealedWriter, write_sealed
from pacs.storage.store import BlobKey
from tenants.crypto.envelope import Kind
from tenants.scope import current_tenant_id

OLD_BLOBS_STAY = timedelta(minutes=15)
"""Somebody may be reading the blob that was replaced."""
_GZIP, _LEVEL = 31, 6


def build_series(series_id: uuid.UUID, *, now: datetime) -> bool:
    """Make metadata and thumbnail of a series, in the clinic's scope; returns False if it changed meanwhile.

    Raises PoolBusy, StoreUnavailable, CannotOpen and BlobMissing: all leave the series as it was.
    """
    series = Series.objects.select_related("study").filter(pk=series_id).first()
    if series is None or series.metadata_version == series.version:
        return True
    rows = Instance.objects.filter(series=series).order_by("instance_number", "sop_uid")
    ids = list(rows.values_list("pk", flat=True))
    metadata = _write_metadata(series, ids)
    try:
        thumbnail = _write_thumbnail(rows.filter(rows__gt=0).values_list("pk", flat=True))
    except BaseException:
        _drop(metadata)
        raise
    if _swap(series, metadata, thumbnail, now):  # an error in it may hide a commit: then both blobs stay
        return True
    _drop(metadata, thumbnail)
    return False


def _write_metadata(series: Series, ids: list[uuid.UUID]) -> NewBlob:
    instances = opened(current_tenant_id(), ids)
    lines = (instance_line(one, series.study.study_uid, series.series_uid) for one in instances)
    writer = SealedWriter(Kind.METADATA)
    try:
        for chunk in _compressed(_formed(separated(lines))):
            writer.write(chunk)
        writer.finish()
    except BaseException:
        writer.abort()
        raise
    outcome = SealedWriter.commit_all([writer])[0]
    if outcome is not None:
        raise outcome
    return writer.blob()


def _formed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    yield FORM
    yield from pieces


def _compressed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
    for piece in pieces:
        yield compressor.compress(piece)
    yield compressor.flush()


def _write_thumbnail(with_pixels: Iterable[uuid.UUID]) -> NewBlob | None:
    """Draw the middle image; a series whose middle cannot be drawn gets no thumbnail."""
    ids = list(with_pixels)
    if not ids:
        return None
    picture = _drawn(*opened(current_tenant_id(), [ids[len(ids) // 2]]))
    return write_sealed(picture, Kind.DERIVED) if picture is not None else None


def _drawn(instance: OpenedInstance) -> bytes | None:
    try:
        return draw_small(instance).data
    except (NotRenderable, DecodeFailed, NoSuchFrame):
        return None


def _swap(series: Series, metadata: NewBlob, thumbnail: NewBlob | None, now: datetime) -> bool:
    made = [blob for blob in (metadata, thumbnail) if blob is not None]
    with transaction.atomic(durable=True):
        locked = Series.objects.select_for_update().filter(pk=series.pk).first()
        if locked is None or locked.version != series.version or locked.metadata_version == locked.version:
            return False
        Blob.objects.bulk_create([Blob(**asdict(blob), created_at=now) for blob in made])
        old = [key for key in (locked.metadata_blob_id, locked.thumbnail_blob_id) if key is not None]
        Series.objects.filter(pk=series.pk).update(
            metadata_blob_id=metadata.id,
            thumbnail_blob_id=thumbnail.id if thumbnail is not None else None,
            metadata_version=series.version,
        )
        Outbox.objects.queue_removal(old, due_at=now + OLD_BLOBS_STAY, now=now)
    return True


def _drop(*blobs: NewBlob | None) -> None:
    """Remove blobs that no row ever named."""
    for blob in blobs:
        if blob is not None:
            primary_store().delete(BlobKey(current_tenant_id(), blob.id))
