"""Whether two data sets say the same, whatever encoding each has."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation

from pydicom import Dataset
from pydicom.charset import decode_bytes, default_encoding
from pydicom.datadict import keyword_for_tag
from pydicom.valuerep import TEXT_VR_DELIMS

from pacs.dicom.plain_elements import PlainElement, encodings, plain_elements, private_creator, sequence_items

_CHARSET_VRS = frozenset(("LO", "LT", "PN", "SH", "ST", "UC", "UT"))
_ONE_VALUE_VRS = frozenset(("LT", "ST", "UR", "UT"))  # where a backslash is text
_PLAIN_TEXT_VRS = frozenset(("AE", "AS", "CS", "DA", "DS", "DT", "IS", "TM", "UI", "UR"))
_DECIMAL_VRS = frozenset(("DS", "IS"))  # some programs write .5 for 0.5
_TEXT_VRS = _CHARSET_VRS | _PLAIN_TEXT_VRS
_PADDING = " \0"
_UNDECODED = "\N{REPLACEMENT CHARACTER}"
_NAME_DELIMITERS = {ord(mark) for mark in "^=\\"}  # each resets the character set (PS3.5 §6.1.2.5.3)
_LONGEST_TOLD = 64

SPECIFIC_CHARACTER_SET = 0x00080005
_LENGTH_TO_END = 0x00080001
_PHOTOMETRIC_INTERPRETATION = 0x00280004
_TRAILING_PADDING = 0xFFFCFFFC
# What says how pixels are encoded is judged with the pixels (`sameness.py`).
_PIXEL_TAGS = frozenset((*range(0x7FE00008, 0x7FE0000B), 0x7FE00010))
_OF_ENCODING = _PIXEL_TAGS | frozenset((0x00280006, *range(0x7FE00001, 0x7FE00004)))
_DERIVATION_DESCRIPTION = 0x00082111
# DCMTK, and the archives built on it, tell in front of this description that they compressed without loss.
_LOSSLESS_NOTE = re.compile(rb"Lossless JPEG compression, [^\[\]]*(?:\[(.*)\])?[ \0]*", re.DOTALL)
_COLOURS_DECODED = {"YBR_RCT": "RGB", "YBR_ICT": "RGB", "YBR_FULL_422": "YBR_FULL"}

_Key = tuple[int, str, int]  # group, private creator, element (of a private block: its last byte)


@dataclass(frozen=True)
class Difference:
    """One attribute that differs, named by its path, with both values as text ("" where absent)."""

    name: str
    first: str
    second: str


@dataclass(frozen=True)
class _Side:
    """One data set at one level, with what it inherits."""

    dataset: Dataset
    is_signed: bool
    charsets: Sequence[str]

    def item(self, dataset: Dataset) -> "_Side":
        return _Side(dataset, self.is_signed, encodings(dataset, self.charsets))

    def elements(self, *, is_top: bool) -> dict[_Key, PlainElement]:
        kept = plain_elements(self.dataset, is_signed=self.is_signed, inherited=self.charsets)
        counted: Iterator[PlainElement] = (element for element in kept if _counts(element.tag, is_top))
        if is_top:
            counted = _without_notes(counted)
        return {_key(self.dataset, element.tag): element for element in counted}


def _without_notes(elements: Iterator[PlainElement]) -> Iterator[PlainElement]:
    for element in elements:
        if element.tag != _DERIVATION_DESCRIPTION:
            yield element
            continue
        description = element.value
        while note := _LOSSLESS_NOTE.fullmatch(description):
            description = note[1] or b""
        if description or not element.value:
            yield replace(element, value=description)


def compare_attributes(
    first: Dataset, second: Dataset, *, are_pixels_alike: Callable[[Dataset, Dataset], bool], most: int = 20
) -> list[Difference]:
    """Return the first `most` attributes that differ, at every level, in the order of their tags.

    Pixels of the data sets themselves are left to the caller; items that hold pixels (icons) are given to
    `are_pixels_alike`.
    """
    differing: list[Difference] = []
    for difference in _Comparison(are_pixels_alike).compared(_top(first), _top(second)):
        differing.append(difference)
        if len(differing) == most:
            break
    return differing


def _top(dataset: Dataset) -> _Side:
    is_signed = dataset.get("PixelRepresentation") == 1
    return _Side(dataset, is_signed, encodings(dataset, (default_encoding,)))


def _counts(tag: int, is_top: bool) -> bool:
    if tag & 0xFFFF == 0 or tag in (SPECIFIC_CHARACTER_SET, _LENGTH_TO_END, _TRAILING_PADDING):
        return False
    if (
        tag >> 16 & 1 and 0x10 <= tag & 0xFFFF <= 0xFF
    ):  # who reserved a block shows in the keys of what is in it
        return False
    return tag not in _OF_ENCODING and not (is_top and tag >> 16 == 0x0002)


def _key(dataset: Dataset, tag: int) -> _Key:
    creator = private_creator(dataset, tag)
    return (tag >> 16, "", tag & 0xFFFF) if creator is None else (tag >> 16, creator, tag & 0xFF)


@dataclass(frozen=True)
class _Comparison:
    """The walk down both sides."""

    are_pixels_alike: Callable[[Dataset, Dataset], bool]

    def compared(self, first: _Side, second: _Side, *, path: str = "") -> Iterator[Difference]:
        ours, theirs = first.elements(is_top=not path), second.elements(is_top=not path)
        for key in sorted(ours.keys() | theirs.keys()):
            name = path + _name(key)
            mine, other = ours.get(key), theirs.get(key)
            if mine is None or other is None:
                yield Difference(name, _told(first, mine), _told(second, other))
            elif mine.items is not None or other.items is not None:
                yield from self._compared_items(first, second, mine, other, name)
            elif not _is_equal(first, second, mine, other):
                yield Difference(name, _told(first, mine), _told(second, other))
        have_pixels = _has_pixels(first.dataset) or _has_pixels(second.dataset)
        if path and have_pixels and not self.are_pixels_alike(first.dataset, second.dataset):
            yield Difference(path + "PixelData", "", "")

    def _compared_items(
        self, first: _Side, second: _Side, mine: PlainElement, other: PlainElement, name: str
    ) -> Iterator[Difference]:
        ours, theirs = _items(mine), _items(other)
        if ours is None or theirs is None or len(ours) != len(theirs):
            yield Difference(name, _told(first, mine), _told(second, other))
            return
        for number, (our, their) in enumerate(zip(ours, theirs, strict=True), 1):
            yield from self.compared(first.item(our), second.item(their), path=f"{name}[{number}].")


def _has_pixels(dataset: Dataset) -> bool:
    return any(tag in dataset for tag in _PIXEL_TAGS)


def _name(key: _Key) -> str:
    group, creator, element = key
    if creator:
        return f"({group:04X},{creator},{element:02X})"
    return keyword_for_tag(group << 16 | element) or f"({group:04X},{element:04X})"


def _items(element: PlainElement) -> tuple[Dataset, ...] | None:
    """Return the items of a sequence, also of one that the other side alone knows to be one (PS3.5
    §6.2.2).
    """
    if element.items is not None:
        return element.items
    return sequence_items(element.value, is_implicit=True, is_little_endian=True)


def _is_equal(first: _Side, second: _Side, mine: PlainElement, other: PlainElement) -> bool:
    vr = other.vr if mine.vr == "UN" else mine.vr
    is_coded_alike = vr not in _CHARSET_VRS or first.charsets == second.charsets
    if is_coded_alike and _are_bytes_equal(mine, other, vr):
        return True
    return vr in _CHARSET_VRS and _is_equal_text(
        _decoded(first, mine.value, vr), _decoded(second, other.value, vr), vr
    )


def _are_bytes_equal(mine: PlainElement, other: PlainElement, vr: str) -> bool:
    if mine.value == other.value:
        return True
    if vr not in _TEXT_VRS:
        shorter, longer = sorted((mine.value, other.value), key=len)
        return len(shorter) % 2 == 1 and longer == shorter + b"\0"
    ours, theirs = (_unpadded(_colours(mine.tag, side.value.decode("latin-1")), vr) for side in (mine, other))
    return ours == theirs or (vr in _DECIMAL_VRS and _decimals(ours) == _decimals(theirs))


def _decimals(text: str) -> list[Decimal | str]:
    return [_decimal(part.strip()) for part in text.split("\\")]


def _decimal(text: str) -> Decimal | str:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    return number if number.is_finite() else text


def _is_equal_text(first: str, second: str, vr: str) -> bool:
    """Compare decoded text without padding. What could not be decoded is equal to nothing."""
    return _UNDECODED not in first + second and _unpadded(first, vr) == _unpadded(second, vr)


def _decoded(side: _Side, value: bytes, vr: str) -> str:
    return decode_bytes(value, side.charsets, _NAME_DELIMITERS if vr == "PN" else TEXT_VR_DELIMS)


def _unpadded(text: str, vr: str) -> str:
    if vr in _ONE_VALUE_VRS:
        return text.rstrip(_PADDING)
    return "\\".join(
        _unpadded_name(part) if vr == "PN" else part.rstrip(_PADDING) for part in text.split("\\")
    )


def _unpadded_name(name: str) -> str:
    """Leave out empty components and groups at the end, which may be written or not (PS3.5 §6.2.1.1)."""
    return "=".join(group.rstrip("^" + _PADDING) for group in name.split("=")).rstrip("=")


def _colours(tag: int, text: str) -> str:
    """Take what a lossless syntax may call the same colours for one."""
    name = text.rstrip(_PADDING)
    return _COLOURS_DECODED.get(name, name) if tag == _PHOTOMETRIC_INTERPRETATION else text


def _told(side: _Side, element: PlainElement | None) -> str:
    if element is None:
        return ""
    if element.items is not None:
        return f"{len(element.items)} items"
    if element.vr in _TEXT_VRS:
        text = _unpadded(_decoded(side, element.value, element.vr), element.vr)
    elif len(element.value) <= 8:
        text = _number(element)
    else:
        text = f"{len(element.value)} bytes"
    return text if len(text) <= _LONGEST_TOLD else text[: _LONGEST_TOLD - 1] + "…"


def _number(element: PlainElement) -> str:
    if element.vr in ("US", "UL", "UV", "SS", "SL", "SV"):
        return str(int.from_bytes(element.value, "little", signed=element.vr[0] == "S"))
    return element.value.hex(" ")
