"""The fragments of encapsulated pixels, as a scan meets them (PS3.5 A.4).

Per fragment 4 bytes of length and one of marks are kept, so that 2 million of them (the limit of elements)
take 10 MB. Fragments follow each other with an item header of 8 bytes between, so one offset places them all.
"""

from array import array

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
_HEAD = 8
_TAIL = 3  # end of image and a padding byte
_END_OF_IMAGE = b"\xff\xd9"


class Fragments:
    """Offset table, lengths and marks of one encapsulated Pixel Data."""

    def __init__(self, limits: Limits) -> None:
        self.basic_offsets: array[int] | None = None  # None: no item was met
        self.first_offset = 0  # of the first fragment's value
        self.lengths = array("I")
        self.marks = bytearray()
        self._limits = limits
        self._is_table = True
        self._has_no_end_mark = False

    def head_size(self, length: int) -> int:
        """Return how many bytes of the next item must be there to begin it: all of the offset table."""
        if self.basic_offsets is not None:
            return min(length, _HEAD)
        if length % 4 or length > 4 * self._limits.frames:
            raise Refused(Reason.OFFSET_TABLE, length=length)
        return length

    def tail_start(self, length: int) -> int:
        """Return how many bytes of the item are skipped before `end` wants the rest."""
        return length if self._is_table else max(0, length - _TAIL)

    def begin(self, offset: int, length: int, head: bytes) -> None:
        """Take the next item, whose value is so long and begins with `head`."""
        self._is_table = self.basic_offsets is None
        if self._is_table:
            self.basic_offsets = array("I", head)
            return
        if not self.lengths:
            self.first_offset = offset
        self.lengths.append(length)
        self.marks.append(STARTS if head.startswith(_STARTS) else 0)
        self._has_no_end_mark = head.startswith(_WITHOUT_END) or (
            self._has_no_end_mark and not self.marks[-1]
        )

    def end(self, tail: bytes) -> None:
        """Take the last bytes of the item that was begun."""
        if not self._is_table and (self._has_no_end_mark or tail.rstrip(b"\0").endswith(_END_OF_IMAGE)):
            self.marks[-1] |= ENDS
