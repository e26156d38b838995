"""Is an arriving file the image that is stored already under its SOP Instance UID? (DESIGN §3.4)

Equal data set bytes in the same syntax need nothing to be opened. Otherwise both are read through their seals, header
and frame by frame, in bounded memory.
"""

import hashlib
import struct
from collections.abc import Callable, Sequence

from pacs.dicom.attributes_compared import Difference
from pacs.dicom.codings import is_one_value
from pacs.dicom.decode_pool import DecoderPool
from pacs.dicom.frame_format import DecodeFailed, NotRenderable, frame_format
from pacs.dicom.frames import FrameIndex, FrameKind, NoSuchFrame, frame_ranges
from pacs.dicom.header import read_header
from pacs.dicom.headers import encoding_of
from pacs.dicom.inflate import Inflater
from pacs.dicom.layout import LargeValue, Layout
from pacs.dicom.limits import Limits
from pacs.dicom.plain_elements import swapped
from pacs.dicom.reasons import Refused
from pacs.dicom.sameness import ComparedFile, Same, same_image
from pacs.dicom.scan import Scan
from pacs.dicom.syntaxes import syntax
from pacs.dicom.text import without_stray_controls
from pacs.models import Instance
from pacs.storage.sealed import CHUNK, SealedReader

_Read = Callable[[int, int], bytes]  # from one offset to another

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


def _inflated(reader: SealedReader, layout: Layout) -> _Read:
    """Return a reader of the file as if its data set were not deflated."""
    if layout.dataset_end > INFLATED_LIMIT:
        raise CannotCompare
    whole = b"".join(reader.whole())
    inflater = Inflater(Limits())
    content = whole[: layout.dataset_offset] + b"".join(inflater.feed(whole[layout.dataset_offset :]))
    return lambda start, stop: content[start:stop]


def _digest(read: _Read, value: LargeValue, layout: Layout) -> bytes:
    """Return the digest of a value as little endian has it."""
    digest = hashlib.sha256()
    is_big_endian = encoding_of(syntax(layout.transfer_syntax_uid)).is_big_endian
    for at in range(value.offset, value.end_offset, CHUNK):
        piece = read(at, min(at + CHUNK, value.end_offset))
        digest.update(swapped(value.vr, piece) if is_big_endian else piece)
    return digest.digest()


def _frame(
    read: _Read, file: ComparedFile, layout: Layout, ranges: Sequence[tuple[int, int]], index: int
) -> bytes:
    """Return the stored bytes of a frame; where words are swapped, the whole words that it touches."""
    if layout.pixels is not None and is_one_value(layout.transfer_syntax_uid):
        try:
            form = frame_format(file.header, layout.transfer_syntax_uid, index=index, vr=file.vr)
        except (DecodeFailed, NotRenderable):
            pass  # then only equal bytes are the same
        else:
            first = layout.pixels.offset
            ranges = [
                (first + start, length) for start, length in (form.span(at - first, n) for at, n in ranges)
            ]
    return b"".join(read(start, start + length) for start, length in ranges)


def _side(reader: SealedReader, layout: Layout, frames: FrameIndex) -> ComparedFile:
    read = _inflated(reader, layout) if layout.is_deflated else reader.read
    parts = [read(start, start + length) for start, length in layout.header_ranges]
    header = read_header([reader.read(0, layout.size)] if layout.is_deflated else parts, layout)
    count = 1 if frames.kind is FrameKind.STREAM else frames.number_of_frames
    file = ComparedFile(
        header=header,
        transfer_syntax=layout.transfer_syntax_uid,
        frame_count=count,
        frame=lambda index: _frame(read, file, layout, frame_ranges(frames, index + 1), index),
        vr=layout.pixels.vr if layout.pixels is not None and layout.pixels.vr else "OW",
        large={value.tag: _digest(read, value, layout) for value in layout.large},
    )
    return file
