"""Transfer syntaxes: how each lays out the data set (PS3.5 Annex A, PS3.6 Table A-1)."""

from dataclasses import dataclass

IMPLICIT_LITTLE = "1.2.840.10008.1.2"
EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
EXPLICIT_BIG = "1.2.840.10008.1.2.2"
DEFLATED_LITTLE = "1.2.840.10008.1.2.1.99"
DEFLATED_IMAGE_FRAME = "1.2.840.10008.1.2.8.1"
RLE_LOSSLESS = "1.2.840.10008.1.2.5"

_PAPYRUS = "1.2.840.10008.1.20"
_GE_PRIVATE_IMPLICIT = "1.2.840.113619.5.2"  # little endian but for the pixels
_IMPLICIT = frozenset({IMPLICIT_LITTLE, _PAPYRUS, _GE_PRIVATE_IMPLICIT})
_JPIP_DEFLATED = frozenset({"1.2.840.10008.1.2.4.95", "1.2.840.10008.1.2.4.205"})
_JPIP = _JPIP_DEFLATED | {"1.2.840.10008.1.2.4.94", "1.2.840.10008.1.2.4.204"}
_DEFLATED = _JPIP_DEFLATED | {DEFLATED_LITTLE}
_ENCAPSULATED_UNCOMPRESSED = "1.2.840.10008.1.2.1.98"
_NATIVE = _IMPLICIT | _DEFLATED | _JPIP | {EXPLICIT_LITTLE, EXPLICIT_BIG}
_JPEG_PROCESSES = tuple(f"1.2.840.10008.1.2.4.{number}" for number in (*range(50, 67), 70, 80, 81))
_JPEG_2000 = tuple(f"1.2.840.10008.1.2.4.{number}" for number in (90, 91, 92, 93, 201, 202, 203))
_JPEG_XL = tuple(f"1.2.840.10008.1.2.4.{number}" for number in (110, 111, 112))
_VIDEO_NUMBERS = (
    *("100", "100.1", "101", "101.1", "102", "102.1", "103", "103.1", "104", "104.1"),
    *("105", "105.1", "106", "106.1", "107", "108"),
)
_VIDEO = frozenset(f"1.2.840.10008.1.2.4.{number}" for number in _VIDEO_NUMBERS)
_MULTI_COMPONENT = frozenset({"1.2.840.10008.1.2.4.92", "1.2.840.10008.1.2.4.93"})
_FRAMES = frozenset({*_JPEG_PROCESSES, *_JPEG_2000, *_JPEG_XL, RLE_LOSSLESS, DEFLATED_IMAGE_FRAME})
_ENCAPSULATED = _VIDEO | _FRAMES | {_ENCAPSULATED_UNCOMPRESSED}


@dataclass(frozen=True, slots=True)
class Syntax:
    """What the layout of a data set depends on."""

    uid: str
    is_implicit: bool
    is_big_endian: bool
    is_deflated: bool  # the whole data set, not only its frames
    may_be_native: bool
    may_be_encapsulated: bool
    is_video: bool  # one stream holds all frames
    is_frame_apart: bool  # each frame has fragments of its own
    is_known: bool


def syntax(uid: str) -> Syntax:
    """Return the layout of a transfer syntax. An unknown one is explicit little endian (PS3.5 §10)."""
    is_known = uid in _NATIVE or uid in _ENCAPSULATED
    return Syntax(
        uid=uid,
        is_implicit=uid in _IMPLICIT,
        is_big_endian=uid == EXPLICIT_BIG,
        is_deflated=uid in _DEFLATED,
        may_be_native=uid in _NATIVE or not is_known,
        may_be_encapsulated=uid in _ENCAPSULATED or not is_known,
        is_video=uid in _VIDEO,
        is_frame_apart=is_known and uid not in _VIDEO and uid not in _MULTI_COMPONENT,
        is_known=is_known,
    )
