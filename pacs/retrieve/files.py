"""Instances as files: one, or many in a row, as they are stored or in a transfer syntax that every receiver has."""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from pacs import access
from pacs.dicom import transcode
from pacs.dicom.codings import DECODABLE
from pacs.dicom.frame_format import DecodeFailed, Failure, NotRenderable
from pacs.dicom.syntaxes import EXPLICIT_LITTLE
from pacs.models import Instance, Series, Study
from pacs.retrieve.decoding import pool
from pacs.retrieve.opened import OpenedInstance
from tenants import entry
from tenants.permissions import Actor

_OPENED_AT_ONCE = 50
_LARGE_VALUES_AT_MOST = 64 * 2**20
"""Values beside the pixels that are held in memory to write a data set anew; with more it is sent as stored."""


@dataclass(frozen=True, slots=True)
class Listed:
    """What a list of files needs of an instance."""

    id: uuid.UUID
    series_id: uuid.UUID
    blob_id: uuid.UUID
    size: int
    transfer_syntax_uid: str


@dataclass(frozen=True, slots=True)
class File:
    """A whole file on its way out; `size` is None where it is not known before it has been written."""

    transfer_syntax_uid: str
    size: int | None
    chunks: Iterator[bytes]


def listing(actor: Actor, study: Study, only: Series | None = None) -> list[Listed]:
    """Return the readable instances of a study, or of one series, in viewing order."""
    rows = access.instances_of(actor, study, only)
    fields = ("pk", "series_id", "blob_id", "plain_size", "transfer_syntax_uid")
    return [Listed(*found) for found in rows.values_list(*fields)]


def opened(tenant_id: uuid.UUID, ids: Sequence[uuid.UUID]) -> Iterator[OpenedInstance]:
    """Yield instances in this order, a few rows at a time; enters the clinic itself, and leaves before it yields."""
    for start in range(0, len(ids), _OPENED_AT_ONCE):
        wanted = ids[start : start + _OPENED_AT_ONCE]
        with entry.enter(tenant_id):
            rows = Instance.objects.select_related("blob").defer("attributes").in_bulk(wanted)
            found = [OpenedInstance(rows[key]) for key in wanted]
        yield from found


def may_transcode(transfer_syntax_uid: str) -> bool:
    """Return whether a file in this syntax can be had in Explicit VR Little Endian too."""
    return EXPLICIT_LITTLE in transcode.TARGETS.get(transfer_syntax_uid, ())


def is_lossless(transfer_syntax_uid: str) -> bool:
    """Return whether nothing would be added by sending the file decoded: its pixels were never lossy."""
    known = DECODABLE.get(transfer_syntax_uid)
    return known is not None and known.is_lossless


def stored_file(instance: OpenedInstance) -> File:
    """Return the file as it came, its preamble made harmless."""
    return File(instance.transfer_syntax_uid, instance.size, instance.file())


def explicit_file(instance: OpenedInstance) -> File:
    """Return the file in Explicit VR Little Endian, written anew. Raises DecodeFailed, PoolBusy.

    The first frame is decoded before this returns; a frame behind it that cannot be decoded breaks the stream.
    """
    if instance.transfer_syntax_uid == EXPLICIT_LITTLE:
        return stored_file(instance)
    held = sum(value.length for value in instance.layout.large)
    if held > _LARGE_VALUES_AT_MOST:
        raise DecodeFailed(Failure.TOO_LARGE, f"{held} bytes beside the pixels")
    chunks = transcode.transcoded(pool(), _whole(instance), target=EXPLICIT_LITTLE)
    return File(EXPLICIT_LITTLE, None, chain((next(chunks),), chunks))


def explicit_or_stored_file(instance: OpenedInstance) -> File:
    """Return the file in Explicit VR Little Endian if that adds and loses nothing, else as stored. Raises PoolBusy."""
    if not (may_transcode(instance.transfer_syntax_uid) and is_lossless(instance.transfer_syntax_uid)):
        return stored_file(instance)
    try:
        return explicit_file(instance)
    except (DecodeFailed, NotRenderable):
        return stored_file(instance)


def _whole(instance: OpenedInstance) -> transcode.Instance:
    return transcode.Instance(
        header=instance.whole_header(),
        transfer_syntax=instance.transfer_syntax_uid,
        frame_count=instance.frame_count,
        frames=(instance.frame(number + 1) for number in range(instance.frame_count)),
        vr=instance.pixel_vr,
    )
