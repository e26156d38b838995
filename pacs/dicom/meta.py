"""The first bytes of a file: preamble, prefix and file meta information (PS3.10 §7.1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from pacs.dicom.headers import EXPLICIT, UNDEFINED, Chunk, Found
from pacs.dicom.limits import Limits
from pacs.dicom.reasons import Reason, Refused

PREAMBLE_SIZE = 128
PREFIX = b"DICM"
START = PREAMBLE_SIZE + len(PREFIX)
MEDIA_SOP_CLASS = 0x00020002
MEDIA_SOP_INSTANCE = 0x00020003
TRANSFER_SYNTAX = 0x00020010
_GROUP_LENGTH = 0x00020000


class Preamble(StrEnum):
    """What the first 128 bytes look like to a program that knows no DICOM (CVE-2019-11687)."""

    ZERO = "zero"
    TIFF = "tiff"  # a legitimate double face (PS3.10 §7.1)
    OTHER = "other"
    WINDOWS_PROGRAM = "windows-program"
    ELF = "elf"
    MACH_O = "mach-o"
    ZIP = "zip"
    PDF = "pdf"
    MARKUP = "markup"
    SCRIPT = "script"

    @property
    def is_suspicious(self) -> bool:
        """Tell whether another program could be made to run or render the file."""
        return self not in (Preamble.ZERO, Preamble.TIFF, Preamble.OTHER)


_SIGNATURES = (
    (b"II*\0", Preamble.TIFF),
    (b"MM\0*", Preamble.TIFF),
    (b"II+\0", Preamble.TIFF),  # BigTIFF, as whole-slide scanners write
    (b"MM\0+", Preamble.TIFF),
    (b"MZ", Preamble.WINDOWS_PROGRAM),
    (b"\x7fELF", Preamble.ELF),
    (b"\xfe\xed\xfa\xce", Preamble.MACH_O),
    (b"\xfe\xed\xfa\xcf", Preamble.MACH_O),
    (b"\xce\xfa\xed\xfe", Preamble.MACH_O),
    (b"\xcf\xfa\xed\xfe", Preamble.MACH_O),
    (b"\xca\xfe\xba\xbe", Preamble.MACH_O),  # and Java
    (b"PK\x03\x04", Preamble.ZIP),
    (b"PK\x05\x06", Preamble.ZIP),
    (b"#!", Preamble.SCRIPT),
)


@dataclass(frozen=True, slots=True)
class Meta:
    """Group 0002."""

    values: Mapping[int, tuple[str, bytes]]  # tag to VR and bytes
    end: int  # offset of the data set


def preamble_of(head: bytes) -> Preamble:
    """Return what kind of preamble these first 128 bytes are."""
    if not any(head):
        return Preamble.ZERO
    for signature, preamble in _SIGNATURES:
        if head.startswith(signature):
            return preamble
    if b"%PDF" in head:  # readers accept it anywhere in the first kilobyte
        return Preamble.PDF
    return Preamble.MARKUP if head.lstrip(b"\0 \t\r\n\xef\xbb\xbf").startswith(b"<") else Preamble.OTHER


def read_meta(head: Chunk, *, limits: Limits) -> Meta | None:
    """Read group 0002 from the first bytes of a file, or return None where more bytes are needed.

    Raises Refused.
    """
    first = _element(head, START)
    if first is None:
        return None
    declared = _declared_end(head, first)
    if (declared or len(head)) > START + limits.meta:
        raise Refused(Reason.META_LENGTH, limit=limits.meta)
    if declared is not None and declared > len(head):
        return None
    return _read_until(head, declared)


def _declared_end(head: Chunk, first: Found) -> int | None:
    """Return where the group length says that the group ends.

    Writers that leave it out are known and tolerated.
    """
    tag, vr, length, value = first
    if tag != _GROUP_LENGTH:
        return None
    if vr != b"UL" or length != 4:
        raise Refused(Reason.META_LENGTH, length=length)
    return value + 4 + int.from_bytes(head[value : value + 4], "little")


def _read_until(head: Chunk, declared: int | None) -> Meta | None:
    values: dict[int, tuple[str, bytes]] = {}
    position, last = START, 0
    while position != declared:
        found = _element(head, position)
        if found is None:
            return None
        tag, vr, length, value = found
        if tag >> 16 != 2:
            break
        if tag <= last or length == UNDEFINED:
            raise Refused(Reason.META_BROKEN, tag=f"{tag:08X}")
        if value + length > (declared or len(head)):
            if declared is None:
                return None
            raise Refused(Reason.META_LENGTH, tag=f"{tag:08X}")
        values[tag] = (vr.decode(), bytes(head[value : value + length]))
        position, last = value + length, tag
    if not values:
        raise Refused(Reason.META_BROKEN)
    if declared not in (None, position):
        raise Refused(Reason.META_LENGTH, declared=declared or 0, found=position)
    return Meta(values, position)


def _element(head: Chunk, position: int) -> Found | None:
    if position + 2 <= len(head) and head[position : position + 2] != b"\x02\x00":
        return (int.from_bytes(head[position : position + 2], "little") << 16, b"", 0, position)
    found = EXPLICIT.header(head, position, len(head))
    return None if found is None or (found[0] == _GROUP_LENGTH and found[3] + 4 > len(head)) else found
