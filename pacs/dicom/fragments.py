"""The fragments of encapsulated pixels, as a scan meets them (PS3.5 A.4).

Per fragment 4 bytes of length and one of marks are kept, so that 2 million of them (the limit of elements)
take 10 MB. Fragments follow each other with an item header of 8 bytes between, so one offset places them all.
"""

from array import array

from pacs.dicom.headers import Chunk
from pacs.dicom.limits import Limits
from pacs.dicom.reasons import Reason, Refused

STARTS = 1  # begins like a JPEG, JPEG-LS, JPEG 2000 or JPEG XL image
ENDS = 2  # ends like one, or is of a kind that has no end mark
ITEM_HEADER = 8

_STARTS = (
    b"\xff\xd8\xff",
    b"\xff\x4f\xff\x51",
    b"\xff\x0a",
    b"\x00\x00\x00\x0cjP  ",
    b"\x00\x00\x00\x0cJXL ",
)
_WITHOUT_END = (b"\xff\x0a", b"\x00\x00\x00\x0c")
HEAD = 8  # bytes of a fragment that tell whether an image begins
TAIL = 3  # bytes that tell whether one ends: end of image, and padding
_END_OF_IMAGE = b"\xff\xd9"


class Fragments:
    """Offset table, lengths and marks of one encapsulated Pixel Data."""

    def __init__(self, limits: Limits) -> None:
        self.basic_offsets: array[int] | None = None  # None: no item was met
        self.first_offset = 0  # of the first fragment's value
        self.lengths = array("I")
        self.marks = bytearray()
        self._limits = limits
        self._has_no_end_mark = False

    def needed(self, length: int) -> int:
        """Return how many bytes of the next item must be there: all of the offset table and of a tiny fragment."""
        if self.basic_offsets is not None:
            return length if length < HEAD + TAIL else HEAD
        if length % 4 or length > 4 * self._limits.frames:
            raise Refused(Reason.OFFSET_TABLE, length=length)
        return length

    def add(self, offset: int, length: int, buffer: Chunk, position: int) -> None:
        """Take the next item, whose whole value lies at this position."""
        if self.basic_offsets is None:
            self.basic_offsets = array("I", bytes(buffer[position : position + length]))
        elif length:
            after = position + length
            head, tail = buffer[position : position + HEAD], buffer[max(position, after - TAIL) : after]
            self.add_parts(offset, length, bytes(head), bytes(tail))
        else:
            self.add_parts(offset, 0, b"", b"")

    def add_parts(self, offset: int, length: int, head: bytes, tail: bytes) -> None:
        """Take the next fragment by its first and last bytes."""
        if not self.lengths:
            self.first_offset = offset
        self.lengths.append(length)
        begins = head.startswith(_STARTS)
        if begins:
            self._has_no_end_mark = head.startswith(_WITHOUT_END)
        ends = self._has_no_end_mark or tail.rstrip(b"\0").endswith(_END_OF_IMAGE)
        self.marks.append((STARTS if begins else 0) | (ENDS if ends else 0))
