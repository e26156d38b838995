"""Whether two data sets say the same, whatever encoding each has."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pydicom import Dataset
from pydicom.charset import decode_bytes, default_encoding
from pydicom.datadict import keyword_for_tag
from pydicom.valuerep import TEXT_VR_DELIMS

from pacs.dicom.plain_elements import PlainElement, encodings, plain_elements, private_creator, sequence_items

_CHARSET_VRS = frozenset(("LO", "LT", "PN", "SH", "ST", "UC", "UT"))
_ONE_VALUE_VRS = frozenset(("LT", "ST", "UR", "UT"))  # where a backslash is text
_PLAIN_TEXT_VRS = frozenset(("AE", "AS", "CS", "DA", "DS", "DT", "IS", "TM", "UI", "UR"))
_TEXT_VRS = _CHARSET_VRS | _PLAIN_TEXT_VRS
_PADDING = " \0"
_UNDECODED = "\N{REPLACEMENT CHARACTER}"
_NAME_DELIMITERS = {
    ord(character) for character in "^=\\"
}  # each resets the character set (PS3.5 §6.1.2.5.3)
_LONGEST_TOLD = 64

SPECIFIC_CHARACTER_SET = 0x00080005
_LENGTH_TO_END = 0x00080001
_PHOTOMETRIC_INTERPRETATION = 0x00280004
_TRAILING_PADDING = 0xFFFCFFFC
# What says how pixels are encoded is judged with the pixels (`sameness.py`).
_OF_ENCODING = frozenset(
    (0x00280006, *range(0x7FE00001, 0x7FE00004), *range(0x7FE00008, 0x7FE0000B), 0x7FE00010)
)
_COLOURS_DECODED = {"YBR_RCT": "RGB", "YBR_ICT": "RGB", "YBR_FULL_422": "YBR_FULL"}

_Key = tuple[int, str, int]  # group, private creator, element (of a private block: its last byte)


@dataclass(frozen=True)
class Difference:
    """One attribute that differs, named by its path, with both values as a person reads them ("" where
    absent).
    """

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
        return {_key(self.dataset, element.tag): element for element in kept if _counts(element.tag, is_top)}


def compare_attributes(first: Dataset, second: Dataset, *, most: int = 20) -> list[Difference]:
    """Return the first `most` attributes that differ, at every level, in the order of their tags."""
    sides = _top(first), _top(second)
    differing = []
    for difference in _compared(*sides, path="", is_top=True):
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
    return not (is_top and (tag in _OF_ENCODING or tag >> 16 == 0x0002))


def _key(dataset: Dataset, tag: int) -> _Key:
    creator = private_creator(dataset, tag)
    return (tag >> 16, "", tag & 0xFFFF) if creator is None else (tag >> 16, creator, tag & 0xFF)


def _compared(first: _Side, second: _Side, *, path: str, is_top: bool) -> Iterator[Difference]:
    ours, theirs = first.elements(is_top=is_top), second.elements(is_top=is_top)
    for key in sorted(ours.keys() | theirs.keys()):
        name = path + _name(key)
        mine, other = ours.get(key), theirs.get(key)
        if mine is None or other is None:
            yield Difference(name, _told(first, mine), _told(second, other))
        elif mine.items is not None or other.items is not None:
            yield from _compared_items(first, second, mine, other, name)
        elif not _is_equal(first, second, mine, other):
            yield Difference(name, _told(first, mine), _told(second, other))


def _name(key: _Key) -> str:
    group, creator, element = key
    if creator:
        return f"({group:04X},{creator},{element:02X})"
    return keyword_for_tag(group << 16 | element) or f"({group:04X},{element:04X})"


def _compared_items(
    first: _Side, second: _Side, mine: PlainElement, other: PlainElement, name: str
) -> Iterator[Difference]:
    ours, theirs = _items(mine), _items(other)
    if ours is None or theirs is None or len(ours) != len(theirs):
        yield Difference(name, _told(first, mine), _told(second, other))
        return
    for number, (our, their) in enumerate(zip(ours, theirs, strict=True), 1):
        yield from _compared(first.item(our), second.item(their), path=f"{name}[{number}].", is_top=False)


def _items(element: PlainElement) -> tuple[Dataset, ...] | None:
    """Return the items of a sequence, also of one that the other side alone knows to be one (PS3.5
    §6.2.2).
    """
    if element.items is not None:
        return element.items
    return sequence_items(element.value, is_implicit=True, is_little_endian=True)


def _is_equal(first: _Side, second: _Side, mine: PlainElement, other: PlainElement) -> bool:
    vr = other.vr if mine.vr == "UN" else mine.vr
    if vr in _CHARSET_VRS and first.charsets != second.charsets:
        return _is_equal_text(_decoded(first, mine), _decoded(second, other), vr)
    if mine.value == other.value:
        return True
    if vr in _TEXT_VRS:
        ours, theirs = mine.value.decode("latin-1"), other.value.decode("latin-1")
        return _is_equal_text(_colours(mine.tag, ours), _colours(other.tag, theirs), vr)
    shorter, longer = sorted((mine.value, other.value), key=len)
    return len(shorter) % 2 == 1 and longer == shorter + b"\0"


def _is_equal_text(first: str, second: str, vr: str) -> bool:
    """Compare without padding. What could not be decoded is equal to nothing."""
    return _UNDECODED not in first + second and _unpadded(first, vr) == _unpadded(second, vr)


def _decoded(side: _Side, element: PlainElement) -> str:
    delimiters = _NAME_DELIMITERS if element.vr == "PN" else TEXT_VR_DELIMS
    return decode_bytes(element.value, side.charsets, delimiters)


def _unpadded(text: str, vr: str) -> str:
    if vr in _ONE_VALUE_VRS:
        return text.rstrip(_PADDING)
    return "\\".join(part.rstrip(_PADDING) for part in text.split("\\"))


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
        text = _unpadded(_decoded(side, element), element.vr)
    elif len(element.value) <= 8:
        text = _number(element)
    else:
        text = f"{len(element.value)} bytes"
    return text if len(text) <= _LONGEST_TOLD else text[: _LONGEST_TOLD - 1] + "…"


def _number(element: PlainElement) -> str:
    if element.vr in ("US", "UL", "UV", "SS", "SL", "SV"):
        return str(int.from_bytes(element.value, "little", signed=element.vr[0] == "S"))
    return element.value.hex(" ")
