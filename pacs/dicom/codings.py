"""The transfer syntaxes whose frames can be decoded, in one table (PS3.5 §8.2, Annex A)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from pydicom import uid

from pacs.dicom.syntaxes import DEFLATED_IMAGE_FRAME, syntax


class Coding(StrEnum):
    """How one frame is coded."""

    NATIVE = "native"
    RLE = "rle"
    JPEG = "jpeg"
    JPEG_LS = "jpeg-ls"
    JPEG_2000 = "jpeg-2000"
    DEFLATED = "deflated"


@dataclass(frozen=True)
class FrameCoding:
    """`is_lossless` is the promise of the syntax; a file in any other may have lost nothing too."""

    coding: Coding
    is_lossless: bool
    is_big_endian: bool = False


ENCAPSULATED_UNCOMPRESSED = "1.2.840.10008.1.2.1.98"
_SPECTRAL_SELECTION = "1.2.840.10008.1.2.4.53"  # retired, still met in old archives
_FULL_PROGRESSION = "1.2.840.10008.1.2.4.55"  # retired as well

DECODABLE: Mapping[str, FrameCoding] = MappingProxyType(
    {
        str(uid.ImplicitVRLittleEndian): FrameCoding(Coding.NATIVE, is_lossless=True),
        str(uid.ExplicitVRLittleEndian): FrameCoding(Coding.NATIVE, is_lossless=True),
        str(uid.DeflatedExplicitVRLittleEndian): FrameCoding(Coding.NATIVE, is_lossless=True),
        str(uid.ExplicitVRBigEndian): FrameCoding(Coding.NATIVE, is_lossless=True, is_big_endian=True),
        ENCAPSULATED_UNCOMPRESSED: FrameCoding(Coding.NATIVE, is_lossless=True),
        DEFLATED_IMAGE_FRAME: FrameCoding(Coding.DEFLATED, is_lossless=True),
        str(uid.RLELossless): FrameCoding(Coding.RLE, is_lossless=True),
        str(uid.JPEGBaseline8Bit): FrameCoding(Coding.JPEG, is_lossless=False),
        str(uid.JPEGExtended12Bit): FrameCoding(Coding.JPEG, is_lossless=False),
        _SPECTRAL_SELECTION: FrameCoding(Coding.JPEG, is_lossless=False),
        _FULL_PROGRESSION: FrameCoding(Coding.JPEG, is_lossless=False),
        str(uid.JPEGLossless): FrameCoding(Coding.JPEG, is_lossless=True),
        str(uid.JPEGLosslessSV1): FrameCoding(Coding.JPEG, is_lossless=True),
        str(uid.JPEGLSLossless): FrameCoding(Coding.JPEG_LS, is_lossless=True),
        str(uid.JPEGLSNearLossless): FrameCoding(Coding.JPEG_LS, is_lossless=False),
        str(uid.JPEG2000Lossless): FrameCoding(Coding.JPEG_2000, is_lossless=True),
        str(uid.JPEG2000): FrameCoding(Coding.JPEG_2000, is_lossless=False),
        str(uid.HTJ2KLossless): FrameCoding(Coding.JPEG_2000, is_lossless=True),
        str(uid.HTJ2KLosslessRPCL): FrameCoding(Coding.JPEG_2000, is_lossless=True),
        str(uid.HTJ2K): FrameCoding(Coding.JPEG_2000, is_lossless=False),
    }
)


def is_one_value(transfer_syntax: str) -> bool:
    """Whether all frames lie in one value without fragments, one after the other."""
    known = DECODABLE.get(transfer_syntax)
    return (
        known is not None and known.coding is Coding.NATIVE and transfer_syntax != ENCAPSULATED_UNCOMPRESSED
    )


def is_video(transfer_syntax: str) -> bool:
    """Whether the frames are one stream (PS3.5 §8.2.5 to §8.2.12), from which none can be taken alone."""
    return syntax(transfer_syntax).is_video
