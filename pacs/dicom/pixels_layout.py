"""Check the pixel element against the attributes that describe it (PS3.3 C.7.6.3, PS3.5 §8)."""

import re
from collections.abc import Mapping
from typing import Literal

from pacs.dicom.elements import ElementWalker
from pacs.dicom.findings import DOUBLE_PIXEL_DATA, FLOAT_PIXEL_DATA, PIXEL_DATA, PixelElement
from pacs.dicom.frames import FrameIndex, FrameKind, index_fragments, index_native
from pacs.dicom.headers import UNDEFINED
from pacs.dicom.layout import PixelKind, Pixels
from pacs.dicom.limits import Limits
from pacs.dicom.reasons import Reason, Refused
from pacs.dicom.syntaxes import Syntax

SAMPLES_PER_PIXEL = 0x00280002
PHOTOMETRIC_INTERPRETATION = 0x00280004
PLANAR_CONFIGURATION = 0x00280006
NUMBER_OF_FRAMES = 0x00280008
ROWS = 0x00280010
COLUMNS = 0x00280011
BITS_ALLOCATED = 0x00280100
BITS_STORED = 0x00280101
HIGH_BIT = 0x00280102
PIXEL_REPRESENTATION = 0x00280103
PALETTE_DESCRIPTORS = (0x00281101, 0x00281102, 0x00281103)  # their tables lie 0100 higher
WANTED = frozenset(
    {
        *(SAMPLES_PER_PIXEL, PHOTOMETRIC_INTERPRETATION, PLANAR_CONFIGURATION, NUMBER_OF_FRAMES),
        *(ROWS, COLUMNS, BITS_ALLOCATED, BITS_STORED, HIGH_BIT, PIXEL_REPRESENTATION),
        *PALETTE_DESCRIPTORS,
        *(tag + 0x100 for tag in PALETTE_DESCRIPTORS),
    }
)

Values = Mapping[int, tuple[str, bytes]]

_WHOLE_NUMBER = re.compile(rb"\+?[0-9]{1,12}")
_BITS_ALLOCATED = frozenset({1, *range(8, 72, 8)})
_MOST_SAMPLES = 4
_FLOATS = {FLOAT_PIXEL_DATA: (PixelKind.FLOAT, 32), DOUBLE_PIXEL_DATA: (PixelKind.DOUBLE, 64)}
_SUBSAMPLED = {
    "YBR_FULL_422": (2, 1),
    "YBR_PARTIAL_422": (2, 1),
    "YBR_PARTIAL_420": (3, 2),
}  # samples a pixel


def check_pixels(
    walker: ElementWalker, values: Values, *, syntax: Syntax, limits: Limits
) -> tuple[Pixels, FrameIndex]:
    """Return the layout of the pixels and the places of the frames. Raises Refused where they disagree."""
    elements = walker.findings.pixel_elements
    if not elements:
        size = walker.total
        return Pixels(PixelKind.NONE, size, size, size), FrameIndex(FrameKind.NONE)
    if len(elements) > 1:
        raise Refused(Reason.PIXELS_AMBIGUOUS, elements=len(elements))
    order: Literal["big", "little"] = "big" if syntax.is_big_endian else "little"
    pixels = _describe(elements[0], values, order=order, end=_end(elements[0], walker), limits=limits)
    if pixels.kind is not PixelKind.ENCAPSULATED:
        return pixels, _native_frames(pixels, syntax)
    if not syntax.may_be_encapsulated:
        raise Refused(Reason.PIXEL_ENCODING, encapsulated=1)
    frames = index_fragments(
        walker.fragments,
        number_of_frames=pixels.number_of_frames,
        syntax=syntax,
        extended=walker.findings.offset_tables,
    )
    return pixels, frames


def frame_bits(pixels: Pixels) -> int:
    """Return how many bits a frame takes in native form (PS3.5 §8.1.1, §8.2.1; PS3.3 C.7.6.3.1.2)."""
    samples, pixels_for = _SUBSAMPLED.get(pixels.photometric_interpretation, (pixels.samples_per_pixel, 1))
    return pixels.rows * pixels.columns * samples * pixels.bits_allocated // pixels_for


def _end(element: PixelElement, walker: ElementWalker) -> int:
    return walker.pixel_end if element.length == UNDEFINED else element.offset + element.length


def _describe(
    element: PixelElement, values: Values, *, order: Literal["big", "little"], end: int, limits: Limits
) -> Pixels:
    kind, float_bits = _FLOATS.get(element.tag, (PixelKind.NATIVE, 0))
    if element.tag == PIXEL_DATA and element.length == UNDEFINED:
        kind = PixelKind.ENCAPSULATED

    def number(tag: int, low: int, high: int, default: int | None = None) -> int:
        return _number(values, tag, order, range(low, high + 1), default)

    bits = number(BITS_ALLOCATED, 1, 64, float_bits or None)
    if bits not in _BITS_ALLOCATED or (float_bits and bits != float_bits):
        raise Refused(Reason.PIXEL_DESCRIPTION, tag=f"{BITS_ALLOCATED:08X}")
    stored = number(BITS_STORED, 1, bits, bits)
    _check_palette(values, order)
    return Pixels(
        kind=kind,
        element_offset=element.element_offset,
        offset=element.offset,
        end_offset=end,
        tag=element.tag,
        vr=element.vr,
        rows=number(ROWS, 1, 0xFFFF),
        columns=number(COLUMNS, 1, 0xFFFF),
        samples_per_pixel=number(SAMPLES_PER_PIXEL, 1, _MOST_SAMPLES, 1),
        bits_allocated=bits,
        bits_stored=stored,
        high_bit=number(HIGH_BIT, 0, bits - 1, stored - 1),
        pixel_representation=number(PIXEL_REPRESENTATION, 0, 1, 0),
        planar_configuration=number(PLANAR_CONFIGURATION, 0, 1, 0),
        number_of_frames=_number_of_frames(values, limits),
        photometric_interpretation=_code(values, PHOTOMETRIC_INTERPRETATION),
    )


def _check_palette(values: Values, order: Literal["big", "little"]) -> None:
    """Refuse a look-up table shorter than its descriptor says: readers run past it (PS3.3 C.7.6.3.1.5)."""
    if _code(values, PHOTOMETRIC_INTERPRETATION) != "PALETTE COLOR":
        return
    for tag in PALETTE_DESCRIPTORS:
        descriptor, table = values.get(tag, ("US", b""))[1], values.get(tag + 0x100)
        entries = int.from_bytes(descriptor[:2], order) or 1 << 16
        if table is not None and (len(descriptor) != 6 or len(table[1]) < entries):
            raise Refused(Reason.PIXEL_DESCRIPTION, tag=f"{tag:08X}", entries=entries)


def _number(
    values: Values, tag: int, order: Literal["big", "little"], allowed: range, default: int | None
) -> int:
    vr, raw = values.get(tag, ("US", b""))
    if not raw and default is not None:
        return default
    found = int.from_bytes(raw, order)
    if vr != "US" or len(raw) != 2 or found not in allowed:
        raise Refused(Reason.PIXEL_DESCRIPTION, tag=f"{tag:08X}", found=found if len(raw) <= 8 else -1)
    return found


def _number_of_frames(values: Values, limits: Limits) -> int:
    raw = values.get(NUMBER_OF_FRAMES, ("IS", b""))[1].strip(b" \0")
    if not raw:
        return 1
    if not _WHOLE_NUMBER.fullmatch(raw) or int(raw) < 1:
        raise Refused(Reason.FRAME_COUNT)
    if int(raw) > limits.frames:
        raise Refused(Reason.TOO_MANY_FRAMES, frames=int(raw), limit=limits.frames)
    return int(raw)


def _code(values: Values, tag: int) -> str:
    return values.get(tag, ("CS", b""))[1].strip(b" \0").decode("latin-1")


def _native_frames(pixels: Pixels, syntax: Syntax) -> FrameIndex:
    if not syntax.may_be_native:
        raise Refused(Reason.PIXEL_ENCODING, encapsulated=0)
    bits = frame_bits(pixels)
    expected = (bits * pixels.number_of_frames + 7) // 8
    if pixels.length not in (expected, expected + expected % 2):
        raise Refused(Reason.PIXEL_LENGTH, expected=expected, found=pixels.length)
    return index_native(offset=pixels.offset, frame_bits=bits, number_of_frames=pixels.number_of_frames)
