"""Element headers: tag, VR and length from bytes, in each of the three encodings (PS3.5 §7.1)."""

from collections.abc import Callable
from dataclasses import dataclass
from struct import Struct

from pydicom._dicom_dict import DicomDictionary

from pacs.dicom.reasons import Reason, Refused
from pacs.dicom.syntaxes import Syntax

UNDEFINED = 0xFFFFFFFF
ITEM = 0xFFFEE000
ITEM_END = 0xFFFEE00D
SEQUENCE_END = 0xFFFEE0DD

SHORT_VRS = frozenset(b"AE AS AT CS DA DS DT FL FD IS LO LT PN SH SL SS ST TM UI UL US".split())
LONG_VRS = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
SEQUENCE_TAGS = frozenset(tag for tag, entry in DicomDictionary.items() if entry[0] == "SQ")

Chunk = bytes | bytearray | memoryview
Found = tuple[int, bytes, int, int]  # tag, VR (empty where implicit), length, position of the value
Header = Callable[[Chunk, int, int], Found | None]


@dataclass(frozen=True, slots=True)
class Encoding:
    """How elements are written at one level of a data set."""

    header: Header  # (buffer, position, end) to Found, or None where bytes are missing
    is_implicit: bool
    is_big_endian: bool


def encoding_of(syntax: Syntax) -> Encoding:
    """Return the encoding of a (decompressed) data set in this transfer syntax."""
    if syntax.is_implicit:
        return IMPLICIT
    return EXPLICIT_BIG if syntax.is_big_endian else EXPLICIT


def _explicit(order: str) -> Header:
    start = Struct(order + "HH2sH").unpack_from
    long_length = Struct(order + "L").unpack_from

    def header(buffer: Chunk, position: int, end: int) -> Found | None:
        if position + 8 > end:
            return None
        group, element, vr, length = start(buffer, position)
        if vr in SHORT_VRS and group != 0xFFFE:
            return group << 16 | element, vr, length, position + 8
        if group == 0xFFFE:
            return group << 16 | element, b"", long_length(buffer, position + 4)[0], position + 8
        if vr not in LONG_VRS and not (vr.isalpha() and vr.isupper()):
            raise Refused(Reason.UNKNOWN_VR, tag=f"{group:04X}{element:04X}")
        if position + 12 > end:
            return None
        return group << 16 | element, vr, long_length(buffer, position + 8)[0], position + 12

    return header


_implicit_start = Struct("<HHL").unpack_from


def _implicit(buffer: Chunk, position: int, end: int) -> Found | None:
    if position + 8 > end:
        return None
    group, element, length = _implicit_start(buffer, position)
    tag = group << 16 | element
    return tag, b"SQ" if tag in SEQUENCE_TAGS else b"", length, position + 8


EXPLICIT = Encoding(_explicit("<"), is_implicit=False, is_big_endian=False)
EXPLICIT_BIG = Encoding(_explicit(">"), is_implicit=False, is_big_endian=True)
IMPLICIT = Encoding(_implicit, is_implicit=True, is_big_endian=False)
