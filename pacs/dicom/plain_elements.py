"""The elements of a data set with their values as bytes, in one form whatever the transfer syntax.

Values are never decoded to text and back: what a data set says in a damaged character set stays as it is.
"""

from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO

from pydicom import DataElement, Dataset
from pydicom.charset import convert_encodings, default_encoding
from pydicom.datadict import dictionary_VR, private_dictionary_VR
from pydicom.dataelem import RawDataElement
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_sequence
from pydicom.filewriter import write_data_element
from pydicom.tag import Tag

LONG_VRS = frozenset(("OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"))
_WORD_BYTES = {"AT": 2, "OW": 2, "SS": 2, "US": 2, "FL": 4, "OF": 4, "OL": 4, "SL": 4, "UL": 4}
_WORD_BYTES |= {"FD": 8, "OD": 8, "OV": 8, "SV": 8, "UV": 8}
_WORD_CODES = {2: "H", 4: "I", 8: "Q"}
_ITEM = b"\xfe\xff\x00\xe0"
_LONGEST_SHORT = 0xFFFE


@dataclass(frozen=True, slots=True)
class PlainElement:
    """`value` is little endian and padded. A sequence has `items` and no value."""

    tag: int
    vr: str
    value: bytes
    items: tuple[Dataset, ...] | None = None


def plain_elements(
    dataset: Dataset, *, is_signed: bool, inherited: Sequence[str] = (default_encoding,)
) -> Iterator[PlainElement]:
    """Yield all elements in the order of their tags, known VRs in place of UN.

    `is_signed` says how US or SS is to be read where the file does not say it (implicit VR), `inherited` the
    character sets around an item that declares none.
    """
    charsets = encodings(dataset, inherited)
    for tag in sorted(dataset.keys()):
        element = dataset.get_item(tag, keep_deferred=True)  # else an empty value is decoded, if it can be
        if isinstance(element, RawDataElement):
            yield _from_raw(dataset, element, is_signed)
        elif element.VR == "SQ":
            yield PlainElement(int(tag), "SQ", b"", tuple(element.value or ()))
        else:
            yield PlainElement(int(tag), str(element.VR)[:2], _value_bytes(element, charsets))


def _from_raw(dataset: Dataset, element: RawDataElement, is_signed: bool) -> PlainElement:
    tag, value = int(element.tag), element.value or b""
    vr, is_implicit, is_little_endian = str(element.VR), element.is_implicit_VR, element.is_little_endian
    if element.VR == "UN":  # it holds what implicit VR little endian would, also in big endian (PS3.5 §6.2.2)
        is_implicit, is_little_endian = True, True
    if element.VR in (None, "UN"):
        vr = known_vr(dataset, tag, is_signed=is_signed)
    if vr == "SQ":
        items = sequence_items(value, is_implicit=is_implicit, is_little_endian=is_little_endian)
        return PlainElement(tag, vr, b"", items) if items is not None else PlainElement(tag, "UN", value)
    return PlainElement(tag, vr, value if is_little_endian else swapped(vr, value))


def known_vr(dataset: Dataset, tag: int, *, is_signed: bool) -> str:
    """Return the VR that the dictionaries know for a tag of this data set, else UN."""
    if tag & 0xFFFF == 0:
        return "UL"
    if tag >> 16 & 1 and 0x10 <= tag & 0xFFFF <= 0xFF:
        return "LO"
    try:
        vr = dictionary_VR(tag)
    except KeyError:
        vr = _private_vr(dataset, tag)
    if vr == "US or SS":
        return "SS" if is_signed else "US"
    return "OW" if " or " in vr else vr


def _private_vr(dataset: Dataset, tag: int) -> str:
    creator = private_creator(dataset, tag)
    try:
        return private_dictionary_VR(Tag(tag), creator) if creator else "UN"
    except KeyError:
        return "UN"


def private_creator(dataset: Dataset, tag: int) -> str | None:
    """Return who reserved the block of a private tag (PS3.5 §7.8.1), None for public and unreserved tags."""
    if not tag >> 16 & 1 or tag & 0xFFFF < 0x1000:
        return None
    element = dataset.get_item(tag & 0xFFFF0000 | tag >> 8 & 0xFF) if tag & 0xFF00 else None
    if element is None or element.value is None:
        return None
    value = element.value
    return (value.decode("latin-1") if isinstance(value, bytes) else str(value)).strip(" \0")


def sequence_items(value: bytes, *, is_implicit: bool, is_little_endian: bool) -> tuple[Dataset, ...] | None:
    """Parse the items of a sequence; None where the bytes are none."""
    if not value:
        return ()
    try:
        items = read_sequence(BytesIO(value), is_implicit, is_little_endian, len(value), default_encoding)
    except Exception:  # the reader raises whatever it meets: the bytes are kept as they are then
        return None
    return tuple(items)


def swapped(vr: str, value: bytes) -> bytes:
    """Reverse the bytes of each word of a value, as long as the words of its VR are."""
    width = _WORD_BYTES.get(vr, 1)
    return swapped_words(value, width) if width > 1 and len(value) % width == 0 else value


def swapped_words(value: bytes | memoryview, width: int) -> bytes:
    """Reverse the bytes of each word of `width` bytes."""
    words = array(_WORD_CODES[width], bytes(value))
    words.byteswap()
    return words.tobytes()


def _value_bytes(element: DataElement, charsets: Sequence[str]) -> bytes:
    """Encode a value that was decoded before, as it would be written."""
    buffer = DicomBytesIO()
    buffer.is_little_endian, buffer.is_implicit_VR = True, True
    write_data_element(buffer, element, list(charsets))
    return bytes(buffer.getvalue()[8:])


def encodings(dataset: Dataset, inherited: Sequence[str]) -> Sequence[str]:
    """Return Python's names of the character sets that a data set declares, else those it inherits (PS3.5
    §6.1.2).
    """
    declared = dataset.get("SpecificCharacterSet")
    if declared is None:
        return inherited
    return tuple(convert_encodings(declared if isinstance(declared, str) else list(declared)))


def written(
    dataset: Dataset,
    *,
    is_implicit: bool,
    is_signed: bool,
    keep: Callable[[int], bool] = lambda _: True,
    inherited: Sequence[str] = (default_encoding,),
) -> bytes:
    """Encode the elements that `keep` wants in little endian, without group lengths."""
    charsets = encodings(dataset, inherited)
    return b"".join(
        _written_element(element, is_implicit, is_signed, charsets)
        for element in plain_elements(dataset, is_signed=is_signed, inherited=inherited)
        if element.tag & 0xFFFF and keep(element.tag)
    )


def _written_element(
    element: PlainElement, is_implicit: bool, is_signed: bool, charsets: Sequence[str]
) -> bytes:
    value = element.value
    if element.items is not None:
        bodies = (
            written(item, is_implicit=is_implicit, is_signed=is_signed, inherited=charsets)
            for item in element.items
        )
        value = b"".join(_ITEM + len(body).to_bytes(4, "little") + body for body in bodies)
    value += b"\0" * (len(value) % 2)
    return element_header(element.tag, element.vr, len(value), is_implicit=is_implicit) + value


def element_header(tag: int, vr: str, length: int, *, is_implicit: bool) -> bytes:
    """Return tag, VR and length (PS3.5 §7.1). What is too long for the short form is written as UN
    (§6.2.2).
    """
    start = (tag >> 16).to_bytes(2, "little") + (tag & 0xFFFF).to_bytes(2, "little")
    if is_implicit:
        return start + length.to_bytes(4, "little")
    if vr not in LONG_VRS and length <= _LONGEST_SHORT:
        return start + vr.encode() + length.to_bytes(2, "little")
    return start + (vr if vr in LONG_VRS else "UN").encode() + b"\0\0" + length.to_bytes(4, "little")
