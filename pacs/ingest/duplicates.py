"""Is an arriving file the image that is stored already under its SOP Instance UID? (DESIGN §3.4)

Equal data set bytes in the same syntax need nothing to be opened. Otherwise both are read through their seals, header
and frame by frame, in bounded memory.
"""

import hashlib
import struct
from collections.abc import Callable

from pacs.dicom.attributes_compared import Difference
from pacs.dicom.decode_pool import DecoderPool
from pacs.dicom.frame_format import DecodeFailed
from pacs.dicom.frames import FrameIndex, FrameKind, NoSuchFrame, frame_ranges
from pacs.dicom.header import read_header
from pacs.dicom.inflate import Inflater
from pacs.dicom.layout import Layout
from pacs.dicom.limits import Limits
from pacs.dicom.reasons import Refused
from pacs.dicom.sameness import ComparedFile, Same, same_image
from pacs.dicom.scan import Scan
from pacs.dicom.text import without_stray_controls
from pacs.models import Instance
from pacs.storage.sealed import CHUNK, SealedReader

INFLATED_LIMIT = 128 * 2**20
"""A deflated data set is compared in memory; a larger one is left to a person."""


_UNREADABLE = (ValueError, TypeError, OverflowError, LookupError, EOFError, NotImplementedError, struct.error)
"""What pydicom raises on values that the scan leaves to it: nothing of it may stop the other files of a batch."""


class CannotCompare(Exception):
    """The two files cannot be read side by side, so a person has to."""


def has_equal_bytes(scan: Scan, known: Instance) -> bool:
    """Return whether both files hold the same data set bytes in the same syntax."""
    same_syntax = scan.transfer_syntax_uid == known.transfer_syntax_uid
    return same_syntax and scan.dataset_sha256 == bytes(known.dataset_sha256)


def differing(
    scan: Scan, arriving: SealedReader, known: Instance, pool: DecoderPool
) -> dict[str, object] | None:
    """Return what differs, for a person to see, or None when both are one image. Raises PoolBusy."""
    try:
        verdict = same_image(
            pool,
            _side(
                SealedReader(known.blob),
                Layout.from_bytes(bytes(known.layout)),
                FrameIndex.from_bytes(bytes(known.frame_index)),
            ),
            _side(arriving, scan.layout, scan.frames),
        )
    except (CannotCompare, NoSuchFrame, DecodeFailed, Refused, *_UNREADABLE):
        return {"differing": []}
    if isinstance(verdict, Same):
        return None
    return {"differing": [_told(found) for found in verdict.differing]}


def _told(found: Difference) -> dict[str, str]:
    """Return a difference as a row can hold it: no database keeps every control character in JSON."""
    first, second = without_stray_controls(found.first), without_stray_controls(found.second)
    return {"attribute": found.name, "stored": first, "arriving": second}


def _inflated(reader: SealedReader, layout: Layout) -> Callable[[int, int], bytes]:
    """Return a reader of the file as if its data set were not deflated."""
    if layout.dataset_end > INFLATED_LIMIT:
        raise CannotCompare
    whole = b"".join(reader.whole())
    inflater = Inflater(Limits())
    content = whole[: layout.dataset_offset] + b"".join(inflater.feed(whole[layout.dataset_offset :]))
    return lambda start, stop: content[start:stop]


def _digest(read: Callable[[int, int], bytes], start: int, stop: int) -> bytes:
    digest = hashlib.sha256()
    for at in range(start, stop, CHUNK):
        digest.update(read(at, min(at + CHUNK, stop)))
    return digest.digest()


def _side(reader: SealedReader, layout: Layout, frames: FrameIndex) -> ComparedFile:
    read = _inflated(reader, layout) if layout.is_deflated else reader.read
    parts = [read(start, start + length) for start, length in layout.header_ranges]
    header = read_header([reader.read(0, layout.size)] if layout.is_deflated else parts, layout)
    count = 1 if frames.kind is FrameKind.STREAM else frames.number_of_frames
    return ComparedFile(
        header=header,
        transfer_syntax=layout.transfer_syntax_uid,
        frame_count=count,
        frame=lambda index: b"".join(
            read(start, start + length) for start, length in frame_ranges(frames, index + 1)
        ),
        vr=layout.pixels.vr if layout.pixels is not None and layout.pixels.vr else "OW",
        large={value.tag: _digest(read, value.offset, value.end_offset) for value in layout.large},
    )
