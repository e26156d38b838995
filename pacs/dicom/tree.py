"""The elements of a header that has passed the scan, as a light tree over its bytes.

Much quicker than a pydicom Dataset, and without its conversions, which fail on odd values.
"""

from functools import lru_cache
from typing import NamedTuple

from pydicom._dicom_dict import DicomDictionary
from pydicom.datadict import dictionary_VR, private_dictionary_VR

from pacs.dicom.headers import (
    IMPLICIT,
    ITEM,
    ITEM_END,
    LONG_VRS,
    SEQUENCE_END,
    SHORT_VRS,
    UNDEFINED,
    Chunk,
    Encoding,
    Found,
)
from pacs.dicom.limits import HARDEST_NESTING, Limits
from pacs.dicom.reasons import Reason, Refused
from pacs.dicom.text import without_controls

PIXEL_REPRESENTATION = 0x00280103
_PIXEL_DATA = 0x7FE00010
_KNOWN_VRS = frozenset(vr.decode() for vr in SHORT_VRS | LONG_VRS)
_AMBIGUOUS = {"US or SS": ("US", "SS"), "US or SS or OW": ("OW", "OW"), "US or OW": ("OW", "OW")}
_AMBIGUOUS["OB or OW"] = ("OW", "OW")


class Element(NamedTuple):
    """One element. `vr` is the known one where the file says UN or nothing."""

    tag: int
    vr: str
    raw: bytes
    items: "tuple[Item, ...] | None"  # of a sequence
    is_big_endian: bool
    creator: str  # of a private element


Item = tuple[Element, ...]


def read_tree(data: Chunk, encoding: Encoding) -> Item:
    """Return the elements of a data set that has passed the scan.

    Raises Refused where they are too many to tell.
    """
    return _Reader(bytes(data)).data_set(0, len(data), encoding, is_open=False, depth=0)[0]


def read_items(data: bytes, encoding: Encoding) -> tuple[Item, ...]:
    """Return the items of a sequence that has passed the scan, given the bytes of its value."""
    return _Reader(data).items(0, len(data), encoding, is_open=False, depth=1)[0]


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._left = Limits().header_elements
        self._is_signed = False  # Pixel Representation, for VRs that depend on it (PS3.5 Annex A)

    def data_set(
        self, position: int, stop: int, encoding: Encoding, *, is_open: bool, depth: int
    ) -> tuple[Item, int]:
        """Return the elements from here to `stop` or the delimiter of an open item, and where they end."""
        elements: list[Element] = []
        creators: dict[int, str] = {}
        while position < stop:
            found = self._header(position, stop, encoding)
            if found[0] == ITEM_END and is_open:
                return tuple(elements), found[3]
            element, position = self._element(found, stop, encoding, creators, depth)
            elements.append(element)
        return tuple(elements), position

    def items(
        self, position: int, stop: int, encoding: Encoding, *, is_open: bool, depth: int
    ) -> tuple[tuple[Item, ...], int]:
        """Return the items from here to `stop` or the delimiter of an open sequence, and where they end."""
        if depth > HARDEST_NESTING:
            raise Refused(Reason.NESTED_TOO_DEEP, limit=HARDEST_NESTING)
        items: list[Item] = []
        while position < stop:
            tag, _, length, value = self._header(position, stop, encoding)
            if tag == SEQUENCE_END and is_open:
                return tuple(items), value
            if tag != ITEM:
                raise Refused(Reason.UNBALANCED, tag=f"{tag:08X}")
            is_open_item = length == UNDEFINED
            end = stop if is_open_item else _inside(value + length, stop)
            item, position = self.data_set(value, end, encoding, is_open=is_open_item, depth=depth)
            items.append(item)
        return tuple(items), position

    def _header(self, position: int, stop: int, encoding: Encoding) -> Found:
        self._left -= 1
        if self._left < 0:
            raise Refused(Reason.TOO_MANY_ELEMENTS, limit=Limits().header_elements)
        found = encoding.header(self._data, position, stop)
        if found is None:
            raise Refused(Reason.TRUNCATED, at=position)
        return found

    def _element(
        self, found: Found, stop: int, encoding: Encoding, creators: dict[int, str], depth: int
    ) -> tuple[Element, int]:
        tag, told, length, value = found
        creator = creators.get(tag >> 8, "") if tag & 0x10000 else ""
        vr = self._vr(tag, told.decode("latin-1"), creator)
        if length == UNDEFINED:
            return self._open_element(found, stop, encoding, creator=creator, depth=depth)
        after = _inside(value + length, stop)
        raw = self._data[value:after]
        if tag & 0x10000 and 0x10 <= tag & 0xFFFF <= 0xFF:
            creators[(tag >> 16 << 8) | (tag & 0xFF)] = without_controls(raw.decode("latin-1")).strip()
        if tag == PIXEL_REPRESENTATION:
            self._is_signed = any(raw)
        inner = IMPLICIT if told == b"UN" else encoding
        items = self._items_if_whole(value, after, inner, depth) if vr == "SQ" else None
        vr = "UN" if vr == "SQ" and items is None else vr
        return Element(tag, vr, raw, items, inner.is_big_endian, creator), after

    def _open_element(
        self, found: Found, stop: int, encoding: Encoding, *, creator: str, depth: int
    ) -> tuple[Element, int]:
        tag, told, _, value = found
        if tag == _PIXEL_DATA:  # an icon's fragments: not a sequence of data sets
            end = self._end_of_fragments(value, stop, encoding)
            return Element(tag, "OB", self._data[value:end], None, encoding.is_big_endian, creator), end
        inner = IMPLICIT if told == b"UN" else encoding
        items, after = self.items(value, stop, inner, is_open=True, depth=depth + 1)
        return Element(tag, "SQ", b"", items, inner.is_big_endian, creator), after

    def _items_if_whole(
        self, value: int, after: int, encoding: Encoding, depth: int
    ) -> tuple[Item, ...] | None:
        """Return the items of a sequence of defined length, or None: it hid in UN, and is none."""
        try:
            return self.items(value, after, encoding, is_open=False, depth=depth + 1)[0]
        except Refused as refused:
            if refused.reason is Reason.TOO_MANY_ELEMENTS:
                raise
            return None

    def _end_of_fragments(self, position: int, stop: int, encoding: Encoding) -> int:
        while True:
            tag, _, length, value = self._header(position, stop, encoding)
            if tag == SEQUENCE_END:
                return value
            position = _inside(value + length, stop)

    def _vr(self, tag: int, told: str, creator: str) -> str:
        if told in _KNOWN_VRS and told != "UN":
            return told
        known = known_vr(tag, creator)
        if known in _AMBIGUOUS:
            return _AMBIGUOUS[known][self._is_signed]
        return known


@lru_cache(maxsize=8192)
def known_vr(tag: int, creator: str = "") -> str:
    """Return the VR that the dictionaries give an attribute:

    UN where none knows it, ambiguous as PS3.6 has it.
    """
    if tag in DicomDictionary:
        return DicomDictionary[tag][0]
    if not tag & 0xFFFF:
        return "UL"
    try:
        if not tag & 0x10000:
            return dictionary_VR(tag)
        return (
            "LO" if 0x10 <= tag & 0xFFFF <= 0xFF else private_dictionary_VR(tag, creator) if creator else "UN"
        )
    except KeyError:
        return "UN"


def _inside(after: int, stop: int) -> int:
    if after > stop:
        raise Refused(Reason.LENGTH_BEYOND_END, at=stop)
    return after
