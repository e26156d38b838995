"""How the bytes of one frame are to be read: the Image Pixel module (PS3.3 C.7.6.3) as plain values."""

from dataclasses import dataclass
from enum import StrEnum

from pydicom import Dataset
from pydicom.uid import ExplicitVRBigEndian

from pacs.dicom.codings import DECODABLE, is_one_value, is_video

MAX_FRAME_BYTES = 512 << 20

_PIXEL_KEYWORDS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
_FLOAT_BITS = {"FloatPixelData": 32, "DoubleFloatPixelData": 64}
_BITS_ALLOCATED = (1, 8, 16, 32, 64)


class Failure(StrEnum):
    """Why a frame could not be decoded."""

    ATTRIBUTES = "attributes"  # Rows, Columns, … absent, contradictory or impossible
    SYNTAX = "syntax"  # no decoder for this transfer syntax
    MISMATCH = "mismatch"  # the compressed stream contradicts the attributes
    DAMAGED = "damaged"  # the stream or the native bytes cannot be decoded
    TOO_LARGE = "too-large"  # decoded frame or answer above the limit
    MEMORY = "memory"
    TIMEOUT = "timeout"
    CRASHED = "crashed"


class DecodeFailed(Exception):
    """A frame could not be decoded; `reason` says why, `detail` holds figures only, never patient data."""

    def __init__(self, reason: Failure, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


class NotRenderable(Exception):
    """The object has no image to draw: `reason` is "no-pixels" or "video"."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, kw_only=True)
class FrameFormat:
    """All that a decoder must know of one frame, beside its bytes."""

    transfer_syntax: str
    rows: int
    columns: int
    samples: int
    bits_allocated: int
    bits_stored: int
    high_bit: int
    signed: bool
    photometric: str
    planar: bool
    floating: bool
    word_bytes: (
        int  # whose bytes are reversed, in big endian; else 1 (PS3.5 §6.2, A.3: OW has words of 16 bits)
    )
    first_bit: int  # where a bit-packed native frame starts in its first byte (PS3.5 §8.1.1)
    odd_start: bool  # the frame starts in the middle of such a word

    @property
    def pixels(self) -> int:
        return self.rows * self.columns

    @property
    def sample_bytes(self) -> int:
        return max(1, self.bits_allocated // 8)

    @property
    def decoded_bytes(self) -> int:
        """The size of the frame once decoded, one byte a sample where bits are packed."""
        return self.pixels * self.samples * self.sample_bytes

    @property
    def native_bytes(self) -> int:
        """The size of the frame as native syntaxes hold it, from the first byte that it touches."""
        if self.bits_allocated == 1:
            return (self.first_bit + self.pixels * self.samples + 7) // 8
        return self.pixels * 2 * self.sample_bytes if self.is_subsampled else self.decoded_bytes

    @property
    def is_subsampled(self) -> bool:
        """Whether two pixels share their colour in native form (PS3.3 C.7.6.3.1.2)."""
        return self.samples == 3 and self.photometric in ("YBR_FULL_422", "YBR_PARTIAL_422")

    def span(self, offset: int, length: int) -> tuple[int, int]:
        """Return offset and length to read for a frame that lies there in the value: whole swapped words."""
        if self.word_bytes == 1 or self.sample_bytes > 1:
            return offset, length
        start, stop = offset - offset % 2, offset + length + (offset + length) % 2
        return start, stop - start


def frame_format(header: Dataset, transfer_syntax: str, *, index: int = 0, vr: str = "OW") -> FrameFormat:
    """Read the Image Pixel module of `header` for the frame `index` (from 0).

    `header` may lack the pixel element itself; `vr` is that of Pixel Data then. Raises NotRenderable for an
    object without pixels and for video, DecodeFailed where the attributes make no image or one above
    MAX_FRAME_BYTES.
    """
    if is_video(transfer_syntax):
        raise NotRenderable("video")
    if "Rows" not in header and "Columns" not in header:
        raise NotRenderable("no-pixels")
    if transfer_syntax not in DECODABLE:
        raise DecodeFailed(Failure.SYNTAX, transfer_syntax[:64])
    form = _read(header, transfer_syntax, index, vr)
    _check(form)
    return form


def pixel_keyword(header: Dataset) -> str:
    """The element that holds, or after its removal held, the pixels."""
    present = [keyword for keyword in _PIXEL_KEYWORDS if keyword in header]
    if present:
        return present[0]
    if "BitsStored" in header:
        return "PixelData"
    # Float pixels come without Bits Stored (PS3.3 C.7.6.24, C.7.6.25).
    return "DoubleFloatPixelData" if header.get("BitsAllocated") == 64 else "FloatPixelData"


def _read(header: Dataset, transfer_syntax: str, index: int, vr: str) -> FrameFormat:
    keyword = pixel_keyword(header)
    rows, columns = _number(header, "Rows"), _number(header, "Columns")
    samples = _number(header, "SamplesPerPixel", default=1)
    allocated = _number(header, "BitsAllocated", default=_FLOAT_BITS.get(keyword))
    stored = _number(header, "BitsStored", default=allocated)
    vr = header["PixelData"].VR if "PixelData" in header else vr
    word_bytes = _word_bytes(transfer_syntax, keyword, allocated, vr)
    return FrameFormat(
        transfer_syntax=transfer_syntax,
        rows=rows,
        columns=columns,
        samples=samples,
        bits_allocated=allocated,
        bits_stored=stored,
        high_bit=_number(header, "HighBit", default=stored - 1),
        signed=_number(header, "PixelRepresentation", default=0) == 1,
        photometric=_photometric(header, samples),
        planar=samples > 1 and _number(header, "PlanarConfiguration", default=0) == 1,
        floating=keyword in _FLOAT_BITS,
        word_bytes=word_bytes,
        first_bit=(index * rows * columns * samples) % 8
        if allocated == 1 and is_one_value(transfer_syntax)
        else 0,
        odd_start=allocated == 8 and word_bytes == 2 and (index * rows * columns * samples) % 2 == 1,
    )


def _word_bytes(transfer_syntax: str, keyword: str, allocated: int, vr: str) -> int:
    if transfer_syntax != ExplicitVRBigEndian or allocated == 1:
        return 1
    if keyword in _FLOAT_BITS:
        return allocated // 8
    return 1 if vr == "OB" else 2


def _number(header: Dataset, keyword: str, *, default: int | None = None) -> int:
    try:
        value = header.get(keyword)
    except (ValueError, TypeError, OverflowError) as error:
        raise DecodeFailed(Failure.ATTRIBUTES, keyword) from error
    if value is None or value == "":
        value = default
    if not isinstance(value, int):
        raise DecodeFailed(Failure.ATTRIBUTES, keyword)
    return value


def _photometric(header: Dataset, samples: int) -> str:
    value = header.get("PhotometricInterpretation")
    if isinstance(value, str) and value.strip():
        return value.strip().upper()[:16]
    return "MONOCHROME2" if samples == 1 else "RGB"


def _check(form: FrameFormat) -> None:
    if not (1 <= form.rows <= 65535 and 1 <= form.columns <= 65535):
        raise DecodeFailed(Failure.ATTRIBUTES, f"{form.rows} × {form.columns}")
    if form.samples not in (1, 3) or form.bits_allocated not in _BITS_ALLOCATED:
        raise DecodeFailed(Failure.ATTRIBUTES, f"{form.samples} samples, {form.bits_allocated} bits")
    if not form.bits_stored - 1 <= form.high_bit < form.bits_allocated or form.bits_stored < 1:
        raise DecodeFailed(Failure.ATTRIBUTES, f"bits {form.bits_stored}, high bit {form.high_bit}")
    if form.decoded_bytes > MAX_FRAME_BYTES:
        raise DecodeFailed(Failure.TOO_LARGE, f"{form.decoded_bytes} bytes")
