"""How the values of a frame become grey levels or colours: what the attributes say, as plain values.

PS3.3 C.11.1 (Modality LUT), C.11.2 (VOI LUT), C.7.6.3 (palettes, padding), C.7.6.16.2.9 and .10 (the same
for each frame), C.7.6.19 (supplemental palette). What is absent or makes no sense is left out: an image is
then drawn with the range of its own values.
"""

import math
import sys
from array import array
from dataclasses import dataclass
from enum import StrEnum

from pydicom import Dataset

from pacs.dicom.codings import DECODABLE
from pacs.dicom.frame_format import FrameFormat
from pacs.dicom.palette import expanded_segments

_UNREADABLE = (ValueError, TypeError, OverflowError, NotImplementedError)
_COLOURS = ("Red", "Green", "Blue")


class WindowFunction(StrEnum):
    """PS3.3 C.11.2.1.2 and C.11.2.1.3."""

    LINEAR = "LINEAR"
    LINEAR_EXACT = "LINEAR_EXACT"
    SIGMOID = "SIGMOID"


@dataclass(frozen=True)
class Window:
    """A range of values after the Modality LUT, spread over black to white."""

    center: float
    width: float
    function: WindowFunction = WindowFunction.LINEAR

    @property
    def is_valid(self) -> bool:
        least = 1.0 if self.function is WindowFunction.LINEAR else sys.float_info.min
        return math.isfinite(self.center) and math.isfinite(self.width) and self.width >= least


@dataclass(frozen=True)
class Table:
    """A lookup table: 16-bit entries in this machine's order for the values from `first` on."""

    first: int
    bits: int
    entries: bytes


@dataclass(frozen=True, kw_only=True)
class Look:
    """The way from stored values to the display, in the order it is gone."""

    slope: float = 1.0
    intercept: float = 0.0
    modality_table: Table | None = None
    voi_table: Table | None = None
    window: Window | None = None
    padding: tuple[int, int] | None = None  # stored values, both ends included
    is_inverted: bool = False
    palette: tuple[Table, Table, Table] | None = None
    palette_is_supplement: bool = False  # values below its first stay grey (PS3.3 C.7.6.19)


def frame_look(header: Dataset, form: FrameFormat, *, index: int = 0) -> Look:
    """Read how the frame `index` (from 0) of this object is to be shown."""
    voi = _macro(header, index, "FrameVOILUTSequence")
    transformation = _macro(header, index, "PixelValueTransformationSequence")
    slope = _number(transformation, "RescaleSlope")
    return Look(
        slope=1.0 if slope is None else slope,
        intercept=_number(transformation, "RescaleIntercept") or 0.0,
        modality_table=_sequence_table(header, "ModalityLUTSequence", form),
        voi_table=_sequence_table(voi, "VOILUTSequence", form),
        window=_window(voi),
        padding=_padding(header),
        is_inverted=form.photometric == "MONOCHROME1" or header.get("PresentationLUTShape") == "INVERSE",
        palette=_palette(header, form),
        palette_is_supplement=form.photometric != "PALETTE COLOR",
    )


def _macro(header: Dataset, index: int, keyword: str) -> Dataset:
    """Return the functional group of this frame, else the shared one, else the object itself."""
    for groups, number in (
        ("PerFrameFunctionalGroupsSequence", index),
        ("SharedFunctionalGroupsSequence", 0),
    ):
        group = _item(header, groups, number)
        item = None if group is None else _item(group, keyword, 0)
        if item is not None:
            return item
    return header


def _item(dataset: Dataset, keyword: str, number: int) -> Dataset | None:
    try:
        sequence = dataset.get(keyword)
        item = sequence[number] if sequence else None
    except (*_UNREADABLE, IndexError, KeyError):
        return None
    return item if isinstance(item, Dataset) else None


def _number(dataset: Dataset, keyword: str) -> float | None:
    try:
        value = dataset.get(keyword)
        if isinstance(value, list) or (hasattr(value, "__iter__") and not isinstance(value, str)):
            value = next(iter(value), None)
        number = float(value) if value is not None else math.nan
    except _UNREADABLE:
        return None
    return number if math.isfinite(number) else None


def _window(dataset: Dataset) -> Window | None:
    center, width = _number(dataset, "WindowCenter"), _number(dataset, "WindowWidth")
    if center is None or width is None:
        return None
    name = str(dataset.get("VOILUTFunction") or "")
    function = WindowFunction(name) if name in WindowFunction.__members__ else WindowFunction.LINEAR
    window = Window(center, width, function)
    return window if window.is_valid else None


def _padding(header: Dataset) -> tuple[int, int] | None:
    value = _number(header, "PixelPaddingValue")
    if value is None:
        return None
    limit = _number(header, "PixelPaddingRangeLimit")
    ends = sorted((int(value), int(value if limit is None else limit)))
    return ends[0], ends[1]


def _sequence_table(dataset: Dataset, keyword: str, form: FrameFormat) -> Table | None:
    item = _item(dataset, keyword, 0)
    return None if item is None else _table(item, "LUTDescriptor", "LUTData", form)


def _palette(header: Dataset, form: FrameFormat) -> tuple[Table, Table, Table] | None:
    """Return the palette where it is to be used: for PALETTE COLOR, and as a supplement to grey values."""
    is_supplement = header.get("PixelPresentation") in ("COLOR", "MIXED") and form.samples == 1
    if form.photometric != "PALETTE COLOR" and not is_supplement:
        return None
    red, green, blue = (_colour_table(header, colour, form) for colour in _COLOURS)
    return (red, green, blue) if red and green and blue else None


def _colour_table(header: Dataset, colour: str, form: FrameFormat) -> Table | None:
    descriptor = f"{colour}PaletteColorLookupTableDescriptor"
    table = _table(header, descriptor, f"{colour}PaletteColorLookupTableData", form)
    if table is not None:
        return table
    segmented = _table(header, descriptor, f"Segmented{colour}PaletteColorLookupTableData", form)
    if segmented is None:
        return None
    entries = expanded_segments(array("H", segmented.entries))
    return Table(segmented.first, segmented.bits, entries.tobytes()) if entries else None


def _table(dataset: Dataset, descriptor: str, data: str, form: FrameFormat) -> Table | None:
    try:
        length, first, bits = (int(number) for number in dataset.get(descriptor) or ())
        value = dataset.get(data)
        words = _words(value, length or 65536, is_big_endian=DECODABLE[form.transfer_syntax].is_big_endian)
    except _UNREADABLE:
        return None
    if not words or not 1 <= bits <= 16:
        return None
    # US in a file whose values are signed: the descriptor's VR is a guess of whoever wrote it (PS3.3
    # C.11.1.1.1).
    first = first - 65536 if form.signed and first > 32767 else first
    return Table(first, bits, words.tobytes())


def _words(value: object, length: int, *, is_big_endian: bool) -> "array[int]":
    if isinstance(value, bytes):
        if length <= len(value) < 2 * length and len(value) - length <= 1:  # two 8-bit entries in each word
            return array("H", value[:length] if not is_big_endian else _swapped(value)[:length])
        words = array("H", value[: len(value) & ~1])
        if is_big_endian != (sys.byteorder == "big"):
            words.byteswap()
        return words
    if isinstance(value, int):
        return array("H", [value & 0xFFFF])
    return array("H", [int(entry) & 0xFFFF for entry in value]) if hasattr(value, "__iter__") else array("H")


def _swapped(value: bytes) -> bytes:
    words = array("H", value[: len(value) & ~1])
    words.byteswap()
    return words.tobytes()
