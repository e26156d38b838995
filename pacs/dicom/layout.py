"""Where things lie in a stored file: enough to read its header or one value later, without scanning it again.

Offsets count from the start of the file. Where the data set is deflated they count as if it were not: such a
file is inflated first.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum

from pacs.dicom.syntaxes import syntax

_VERSION = 1
_HEAD = struct.Struct(
    "<BBHQQQH"
)  # version, whether there are pixels, length of the UID, three offsets, large values
_VALUE = struct.Struct("<L2sQQQ")


class PixelKind(IntEnum):
    """How the pixels of an instance are held (PS3.5 §8, A.4; PS3.3 C.7.6.3, C.7.6.24, C.7.6.25)."""

    NONE = 0
    NATIVE = 1  # (7FE0,0010) of defined length
    ENCAPSULATED = 2  # (7FE0,0010) as fragments
    FLOAT = 3  # (7FE0,0008)
    DOUBLE = 4  # (7FE0,0009)


@dataclass(frozen=True, slots=True)
class Pixels:
    """The pixel element and the attributes that describe it.

    Without pixels, all offsets are the end of the data set.
    """

    kind: PixelKind
    element_offset: int  # of the element's tag
    offset: int  # of its value
    end_offset: int  # of what follows it: value, fragments and delimiter lie before
    tag: int = 0
    vr: str = ""
    rows: int = 0
    columns: int = 0
    samples_per_pixel: int = 1
    bits_allocated: int = 0
    bits_stored: int = 0
    high_bit: int = 0
    pixel_representation: int = 0
    planar_configuration: int = 0
    number_of_frames: int = 0
    photometric_interpretation: str = ""

    @property
    def length(self) -> int:
        """Bytes of the value, with fragments and delimiters where it is encapsulated."""
        return self.end_offset - self.offset


@dataclass(frozen=True, slots=True)
class LargeValue:
    """A top-level value that is not read with the header: the pixels, or one of more than 64 KiB."""

    tag: int
    vr: str  # empty where the syntax is implicit
    element_offset: int
    offset: int  # of the value
    length: int

    @property
    def end_offset(self) -> int:
        return self.offset + self.length


@dataclass(frozen=True, slots=True)
class Layout:
    """How to read an accepted file again. `to_bytes` fits a database column."""

    transfer_syntax_uid: str
    size: int  # of the file, bytes
    dataset_offset: int  # first byte after group 0002
    dataset_end: int  # the size, or what it would be if the data set were not deflated
    pixels: LargeValue | None
    large: tuple[LargeValue, ...]  # the others

    @property
    def is_deflated(self) -> bool:
        """Tell whether offsets of the data set count in the inflated file."""
        return syntax(self.transfer_syntax_uid).is_deflated

    @property
    def left_out(self) -> tuple[LargeValue, ...]:
        """The values that a header read leaves out, in order."""
        pixels = () if self.pixels is None else (self.pixels,)
        return tuple(sorted((*self.large, *pixels), key=lambda value: value.offset))

    @property
    def header_ranges(self) -> tuple[tuple[int, int], ...]:
        """Offset and length of what must be read from the file to know all of the header.

        Deflated: all of it.
        """
        return ((0, self.size),) if self.is_deflated else self.ranges_between(0)

    def ranges_between(self, start: int) -> tuple[tuple[int, int], ...]:
        """Return the ranges from `start` to the end of the data set, without what is left out."""
        ranges = []
        for value in self.left_out:
            ranges.append((start, value.element_offset - start))
            start = value.end_offset
        ranges.append((start, self.dataset_end - start))
        return tuple(found for found in ranges if found[1])

    def to_bytes(self) -> bytes:
        """Return the binary form, version 1: head, UID, and 30 bytes for each value that is left out."""
        uid = self.transfer_syntax_uid.encode("ascii")
        values = self.large if self.pixels is None else (self.pixels, *self.large)
        has_pixels = self.pixels is not None
        places = (self.size, self.dataset_offset, self.dataset_end)
        head = _HEAD.pack(_VERSION, has_pixels, len(uid), *places, len(values))
        return head + uid + b"".join(_pack(value) for value in values)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Layout":
        """Read the binary form. Raises ValueError for another version or a wrong size."""
        version, has_pixels, uid_length, size, offset, end, count = _HEAD.unpack_from(data)
        start = _HEAD.size + uid_length
        if version != _VERSION or len(data) != start + count * _VALUE.size:
            raise ValueError("not a layout of version 1")
        values = tuple(_unpack(*found) for found in _VALUE.iter_unpack(data[start:]))
        uid = data[_HEAD.size : start].decode("ascii")
        pixels = values[0] if has_pixels else None
        return cls(uid, size, offset, end, pixels, values[bool(has_pixels) :])


def _pack(value: LargeValue) -> bytes:
    places = (value.element_offset, value.offset, value.length)
    return _VALUE.pack(value.tag, value.vr.encode("ascii"), *places)


def _unpack(tag: int, vr: bytes, element_offset: int, offset: int, length: int) -> LargeValue:
    return LargeValue(tag, vr.rstrip(b"\0").decode("ascii"), element_offset, offset, length)
