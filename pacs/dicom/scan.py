"""What is known of a file once its structure was checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from pacs.dicom.layout import LargeValue, Pixels


class Preamble(StrEnum):
    """What the first 128 bytes look like to a program that knows no DICOM (PS3.10 §7.1, CVE-2019-11687)."""

    ZERO = "zero"
    TIFF = "tiff"
    OTHER = "other"
    WINDOWS_PROGRAM = "windows-program"
    ELF = "elf"
    MACH_O = "mach-o"
    ZIP = "zip"
    PDF = "pdf"
    MARKUP = "markup"
    SCRIPT = "script"


@dataclass(frozen=True, slots=True)
class Scan:
    """The facts of one accepted file."""

    transfer_syntax_uid: str
    sop_class_uid: str
    sop_instance_uid: str
    study_uid: str
    series_uid: str
    values: Mapping[int, tuple[str, bytes]]  # wanted top-level values as they are: tag to VR and bytes
    meta: Mapping[int, tuple[str, bytes]]  # the same of group 0002
    size: int  # of the file, bytes
    dataset_offset: int  # first byte after group 0002
    dataset_sha256: bytes  # of the bytes from there to the end, as they are
    preamble: Preamble
    pixels: Pixels
    large: tuple[LargeValue, ...]
