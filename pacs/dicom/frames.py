"""Where each frame of an instance lies, so that one frame is one ranged read.

The binary form (version 1, little endian) is made for a database column of up to a million frames:

    u8 version, u8 kind, u16 zero, u32 frames, u64 first, u64 bits, u32 fragments, u32 starts,
    u32 length of each fragment, u32 index of the first fragment of each frame

`first` is the offset of the first frame or fragment. Native frames have `bits` each and no lists. Fragments
follow each other with 8 bytes between (the item headers); `starts` is 0 where every frame is one fragment.
"""

import struct
import sys
from array import array
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from pacs.dicom.findings import EXTENDED_LENGTHS, EXTENDED_OFFSETS
from pacs.dicom.fragments import ENDS, ITEM_HEADER, STARTS, Fragments
from pacs.dicom.reasons import Reason, Refused
from pacs.dicom.syntaxes import Syntax

_VERSION = 1
_HEAD = struct.Struct("<BBHIQQII")


class FrameKind(IntEnum):
    """How frames are found."""

    NONE = 0
    NATIVE = 1
    FRAGMENTS = 2
    STREAM = 3  # all frames in one stream: video, or fragments that no rule divides


class NoSuchFrame(Exception):
    """The instance has no frame of this number, or none that can be had alone."""


@dataclass(frozen=True, slots=True)
class FrameIndex:
    """The places of all frames. Offsets are those of `Pixels`."""

    kind: FrameKind
    number_of_frames: int = 0
    first: int = 0
    bits: int = 0
    lengths: "array[int]" = field(default_factory=lambda: array("I"))
    starts: "array[int]" = field(default_factory=lambda: array("I"))

    def to_bytes(self) -> bytes:
        """Return the binary form."""
        head = _HEAD.pack(
            *(_VERSION, self.kind, 0, self.number_of_frames, self.first, self.bits),
            *(len(self.lengths), len(self.starts)),
        )
        return head + _little(self.lengths).tobytes() + _little(self.starts).tobytes()

    @classmethod
    def from_bytes(cls, data: bytes) -> "FrameIndex":
        """Read the binary form. Raises ValueError for another version or a wrong size."""
        version, kind, _, frames, first, bits, fragments, starts = _HEAD.unpack_from(data)
        if version != _VERSION or len(data) != _HEAD.size + 4 * (fragments + starts):
            raise ValueError("not a frame index of version 1")
        numbers = array("I", data[_HEAD.size :])
        numbers = _little(numbers)
        return cls(FrameKind(kind), frames, first, bits, numbers[:fragments], numbers[fragments:])


def frame_ranges(index: FrameIndex, number: int) -> list[tuple[int, int]]:
    """Return offset and length of each piece of a frame, counted from 1. Raises NoSuchFrame.

    A native frame of single bits may share its first and last byte with its neighbours: see `first_bit`. A
    stream has one frame, number 1: all of it.
    """
    if not 1 <= number <= (1 if index.kind is FrameKind.STREAM else index.number_of_frames):
        raise NoSuchFrame(number)
    if index.kind is FrameKind.NATIVE:
        start, stop = (number - 1) * index.bits, number * index.bits
        return [(index.first + start // 8, (stop + 7) // 8 - start // 8)]
    return _pieces(index, *_fragments_of(index, number))


def first_bit(index: FrameIndex, number: int) -> int:
    """Return where in its first byte a native frame begins: 0 but for frames of single bits (PS3.5 §8.2)."""
    return (number - 1) * index.bits % 8


def index_native(*, offset: int, frame_bits: int, number_of_frames: int) -> FrameIndex:
    """Return the index of frames that follow each other."""
    return FrameIndex(FrameKind.NATIVE, number_of_frames, offset, frame_bits)


def index_fragments(
    fragments: Fragments, *, number_of_frames: int, syntax: Syntax, extended: Mapping[int, bytes]
) -> FrameIndex:
    """Return which fragments make up each frame: by the offset tables, else by the rules of PS3.5 A.4.

    Raises Refused where a table does not fit the fragments, or there are fewer fragments than frames.
    """
    lengths = fragments.lengths
    if not lengths or (syntax.is_frame_apart and len(lengths) < number_of_frames):
        raise Refused(Reason.FRAMES_MISSING, frames=number_of_frames, fragments=len(lengths))
    starts = _starts(fragments, number_of_frames, syntax, extended)
    if starts is None:
        return FrameIndex(FrameKind.STREAM, number_of_frames, fragments.first_offset, 0, lengths)
    is_plain = len(starts) == len(lengths)
    kept = array("I") if is_plain else starts
    return FrameIndex(FrameKind.FRAGMENTS, number_of_frames, fragments.first_offset, 0, lengths, kept)


def _starts(
    fragments: Fragments, frames: int, syntax: Syntax, extended: Mapping[int, bytes]
) -> "array[int] | None":
    """Return the first fragment of each frame, or None where no rule tells."""
    if EXTENDED_OFFSETS in extended:
        return _by_extended_table(fragments, frames, extended)
    if fragments.basic_offsets and not syntax.is_video:
        return _by_basic_table(fragments, frames)
    if not syntax.is_frame_apart and len(fragments.lengths) != frames:
        return None
    if frames == 1:
        return array("I", [0])
    if len(fragments.lengths) == frames:
        return array("I", range(frames))
    return _by_marks(fragments, frames)


def _by_extended_table(fragments: Fragments, frames: int, extended: Mapping[int, bytes]) -> "array[int]":
    """PS3.3 C.7.6.3.1.8: one fragment for each frame, whose length may leave out the padding."""
    offsets = array("Q", extended[EXTENDED_OFFSETS][: 8 * frames])
    lengths = array("Q", extended.get(EXTENDED_LENGTHS, b"")[: 8 * frames])
    places = _item_offsets(fragments)
    fits = len(offsets) == len(lengths) == frames == len(places) and not fragments.basic_offsets
    if not fits or any(map(int.__ne__, offsets, places)):
        raise Refused(Reason.OFFSET_TABLE, frames=frames)
    if any(not 0 <= have - told <= 1 for have, told in zip(fragments.lengths, lengths, strict=True)):
        raise Refused(Reason.OFFSET_TABLE, frames=frames)
    return array("I", range(frames))


def _by_basic_table(fragments: Fragments, frames: int) -> "array[int]":
    places = _item_offsets(fragments)
    table = fragments.basic_offsets or array("I")
    starts = array("I", (bisect_left(places, offset) for offset in table))
    is_rising = all(map(int.__lt__, starts, starts[1:]))
    points = all(at < len(places) and places[at] == offset for at, offset in zip(starts, table, strict=True))
    if len(table) != frames or starts[0] or not is_rising or not points:
        raise Refused(Reason.OFFSET_TABLE, frames=frames, entries=len(table))
    return starts


def _by_marks(fragments: Fragments, frames: int) -> "array[int] | None":
    """Find where images begin:

    A start mark after an end mark, else every start mark, if that gives the number.
    """
    marks = fragments.marks
    begins = [at for at, mark in enumerate(marks) if mark & STARTS]
    after_end = [at for at in begins if at == 0 or marks[at - 1] & ENDS]
    for starts in (after_end, begins):
        if len(starts) == frames and starts[0] == 0:
            return array("I", starts)
    return None


def _item_offsets(fragments: Fragments) -> "array[int]":
    places, offset = array("Q"), 0
    for length in fragments.lengths:
        places.append(offset)
        offset += length + ITEM_HEADER
    return places


def _fragments_of(index: FrameIndex, number: int) -> tuple[int, int]:
    if index.kind is FrameKind.STREAM:
        return 0, len(index.lengths)
    if not index.starts:
        return number - 1, number
    last = index.starts[number] if number < index.number_of_frames else len(index.lengths)
    return index.starts[number - 1], last


def _pieces(index: FrameIndex, start: int, stop: int) -> list[tuple[int, int]]:
    offset = index.first + sum(index.lengths[:start]) + ITEM_HEADER * start
    pieces = []
    for length in index.lengths[start:stop]:
        pieces.append((offset, length))
        offset += length + ITEM_HEADER
    return pieces


def _little(numbers: "array[int]") -> "array[int]":
    if sys.byteorder == "big":
        numbers = numbers[:]
        numbers.byteswap()
    return numbers
