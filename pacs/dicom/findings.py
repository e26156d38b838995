"""What a walk over the elements keeps: wanted values, the places of large ones, and the pixel elements."""

from dataclasses import dataclass

from pacs.dicom.headers import Chunk, Found
from pacs.dicom.layout import LargeValue
from pacs.dicom.limits import Limits
from pacs.dicom.reasons import Reason, Refused

FLOAT_PIXEL_DATA = 0x7FE00008
DOUBLE_PIXEL_DATA = 0x7FE00009
PIXEL_DATA = 0x7FE00010
PIXEL_TAGS = frozenset({FLOAT_PIXEL_DATA, DOUBLE_PIXEL_DATA, PIXEL_DATA})
EXTENDED_OFFSETS = 0x7FE00001
EXTENDED_LENGTHS = 0x7FE00002
OFFSET_TABLES = frozenset({EXTENDED_OFFSETS, EXTENDED_LENGTHS})
_MOST_LARGE_VALUES = 256


@dataclass(frozen=True, slots=True)
class PixelElement:
    """One of the three pixel elements of the top level. Offsets count like those of the walk."""

    tag: int
    vr: str
    element_offset: int
    offset: int
    length: int  # of the value; UNDEFINED where it is encapsulated


class Findings:
    """Kept values of the top level, each within the limits."""

    def __init__(self, limits: Limits) -> None:
        self.values: dict[int, tuple[str, bytes]] = {}  # VR empty where the syntax is implicit
        self.large: list[LargeValue] = []
        self.pixel_elements: list[PixelElement] = []
        self.offset_tables: dict[int, bytes] = {}
        self.group_length = (
            0,
            b"",
            0,
        )  # the last one met: its tag, value, and the offset from which it counts
        self._limits = limits
        self._sequence: tuple[int, bytes] | None = None
        self._bytes = bytearray()
        self._until = 0

    def is_kept(self, tag: int, length: int) -> bool:
        """Tell whether the value itself is kept, so that all of it must be there first."""
        if tag in OFFSET_TABLES:
            if length > 8 * self._limits.frames:
                raise Refused(Reason.TOO_MANY_FRAMES, limit=self._limits.frames)
            return True
        if not tag & 0xFFFF:  # a group length, retired, but it lets an old header prove that it is whole
            return length == 4
        return tag not in PIXEL_TAGS and length <= self._limits.value

    def keep(self, found: Found, buffer: Chunk, *, base: int, position: int) -> None:
        """Keep a wanted value or its place. `buffer` holds it all if `is_kept` said so."""
        tag, vr, length, value = found
        if not self.is_kept(tag, length):
            self.keep_place(found, base=base, position=position)
        elif tag in OFFSET_TABLES:
            self.offset_tables[tag] = bytes(buffer[value : value + length])
        elif not tag & 0xFFFF:
            self.group_length = (tag, bytes(buffer[value : value + length]), base + value + length)
        else:
            self.values[tag] = (vr.decode(), bytes(buffer[value : value + length]))

    def keep_place(self, found: Found, *, base: int, position: int) -> None:
        """Remember where a pixel value or a large value lies."""
        tag, vr, length, value = found
        if tag in PIXEL_TAGS:
            self.pixel_elements.append(PixelElement(tag, vr.decode(), base + position, base + value, length))
        elif length > self._limits.value and len(self.large) < _MOST_LARGE_VALUES:
            self.large.append(LargeValue(tag, vr.decode(), base + position, base + value, length))

    def begin_sequence(self, tag: int, vr: bytes, *, offset: int) -> None:
        """Start to collect the bytes of a wanted sequence, whose items begin at this offset."""
        self._sequence = (tag, vr)
        self._until = offset
        self._bytes.clear()

    def collect(self, buffer: Chunk, *, base: int, until: int) -> None:
        """Copy what the sequence has up to this offset; give up when it grows too large."""
        if self._sequence is None:
            return
        self._bytes += buffer[self._until - base : until - base]
        self._until = until
        if len(self._bytes) > self._limits.value:
            self._sequence = None
            self._bytes.clear()

    def end_sequence(self) -> None:
        """Keep the sequence that was collected, if it was not too large."""
        if self._sequence is not None:
            tag, vr = self._sequence
            self.values[tag] = (vr.decode(), bytes(self._bytes))
            self._sequence = None
