"""Frames become pictures as PS3.3 C.11 and PS3.18 §8.3.5.1 say, value by value."""

import io
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from pydicom import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import EncapsulatedPDFStorage

from pacs.dicom.decode_pool import DecoderPool
from pacs.dicom.frame_format import NotRenderable
from pacs.dicom.look import Window, WindowFunction
from pacs.dicom.render import Picture, render_frame
from pacs.dicom.view import (
    BadParameter,
    MediaType,
    View,
    Viewport,
    parse_viewport,
    thumbnail_view,
)
from tests.pacs.dicom.images import LITTLE, colour_header, header

Pixels = npt.NDArray[np.generic]
Drawn = Callable[..., list[int]]


def item(**attributes: object) -> Dataset:
    ds = Dataset()
    for keyword, value in attributes.items():
        setattr(ds, keyword, value)
    return ds


def picture(
    pool: DecoderPool, ds: Dataset, pixels: Pixels | bytes, *, index: int = 0, view: View | None = None
) -> Picture:
    frame = pixels if isinstance(pixels, bytes) else pixels.tobytes()
    view = view or View(media_type=MediaType.PNG)
    return render_frame(pool, ds, frame, transfer_syntax=LITTLE, view=view, index=index)


@pytest.fixture
def drawn(pool: DecoderPool) -> Drawn:
    """The levels of a frame drawn as PNG, in one row; colours follow each other."""

    def levels(
        ds: Dataset, pixels: Pixels | bytes, *, index: int = 0, window: Window | None = None
    ) -> list[int]:
        view = View(media_type=MediaType.PNG, window=window)
        data = picture(pool, ds, pixels, index=index, view=view).data
        return np.asarray(Image.open(io.BytesIO(data))).reshape(-1).tolist()

    return levels


def row(*values: float, dtype: str = "u1") -> Pixels:
    return np.array(values, dtype=dtype)


def test_without_a_window_the_values_fill_the_range(drawn: Drawn) -> None:
    assert drawn(header(1, 3, bits=16), row(1000, 1500, 2000, dtype="<u2")) == [0, 128, 255]


def test_an_empty_image_is_black(drawn: Drawn) -> None:
    assert drawn(header(1, 3), row(9, 9, 9)) == [0, 0, 0]


@pytest.mark.parametrize(
    ("function", "levels"),
    [
        ("LINEAR", [0, 0, 129, 255, 255]),
        ("LINEAR_EXACT", [0, 0, 128, 252, 255]),
        ("SIGMOID", [5, 30, 128, 224, 250]),
    ],
)
def test_each_window_function_has_its_own_curve(drawn: Drawn, function: str, levels: list[int]) -> None:
    window = Window(100, 100, WindowFunction(function))
    assert drawn(header(1, 5), row(0, 50, 100, 149, 200), window=window) == levels


def test_a_window_of_width_one_is_a_threshold(drawn: Drawn) -> None:
    assert drawn(header(1, 3), row(99, 100, 101), window=Window(100, 1)) == [0, 255, 255]


def test_the_objects_first_window_is_the_default(drawn: Drawn) -> None:
    ds = header(1, 3, WindowCenter=[100, 5], WindowWidth=[101, 5])
    assert drawn(ds, row(49, 99, 150)) == [0, 126, 255]


def test_a_window_asked_for_wins_over_the_objects_own(drawn: Drawn) -> None:
    ds = header(1, 2, WindowCenter=100, WindowWidth=100)
    assert drawn(ds, row(9, 10), window=Window(10, 1)) == [0, 255]


@pytest.mark.parametrize(("center", "width"), [(100, 0), ("", ""), (100, -5), ("", 5)])
def test_a_window_that_makes_no_sense_is_ignored(drawn: Drawn, center: object, width: object) -> None:
    assert drawn(header(1, 2, WindowCenter=center, WindowWidth=width), row(3, 4)) == [0, 255]


def test_windows_speak_of_values_after_rescaling(drawn: Drawn) -> None:
    ds = header(1, 2, bits=16, RescaleSlope=2, RescaleIntercept=-1024)
    assert drawn(ds, row(511, 512, dtype="<u2"), window=Window(0, 1)) == [0, 255]


def test_a_modality_lut_replaces_rescaling(drawn: Drawn) -> None:
    lut = item(LUTDescriptor=[3, 10, 8], LUTData=np.array([7, 90, 3], "<u2").tobytes())
    lut["LUTData"].VR = "OW"
    ds = header(1, 4, ModalityLUTSequence=Sequence([lut]))
    assert drawn(ds, row(10, 11, 12, 200), window=Window(90, 1)) == [0, 255, 0, 0]


def test_a_voi_lut_shapes_the_greys(drawn: Drawn) -> None:
    lut = item(LUTDescriptor=[3, 1, 12], LUTData=[0, 4095, 2048])
    lut["LUTData"].VR = "US"
    ds = header(1, 5, VOILUTSequence=Sequence([lut]), WindowCenter=1, WindowWidth=1)
    assert drawn(ds, row(0, 1, 2, 3, 9)) == [0, 0, 255, 128, 128]


def test_monochrome1_is_drawn_inverted(drawn: Drawn) -> None:
    assert drawn(header(1, 2, PhotometricInterpretation="MONOCHROME1"), row(0, 100)) == [255, 0]


def test_padding_leaves_the_range_alone(drawn: Drawn) -> None:
    ds = header(1, 4, PixelPaddingValue=250, PixelPaddingRangeLimit=255)
    assert drawn(ds, row(0, 100, 250, 255)) == [0, 255, 0, 0]


def test_padding_is_black_also_where_low_values_are_white(drawn: Drawn) -> None:
    ds = header(1, 3, PhotometricInterpretation="MONOCHROME1", PixelPaddingValue=0)
    assert drawn(ds, row(0, 50, 100)) == [0, 255, 0]


def test_signed_values_keep_their_sign(drawn: Drawn) -> None:
    ds = header(1, 3, bits=16, PixelRepresentation=1)
    assert drawn(ds, row(-100, 0, 100, dtype="<i2")) == [0, 128, 255]


def test_bits_beside_the_stored_ones_are_no_part_of_the_image(drawn: Drawn) -> None:
    ds = header(1, 3, bits=12, PixelRepresentation=1)
    assert drawn(ds, row(0xF800, 0xA000, 0x37FF, dtype="<u2")) == [0, 128, 255]


def test_bits_stored_above_the_low_ones_are_moved_down(drawn: Drawn) -> None:
    ds = header(1, 2, bits=12, HighBit=15)
    assert drawn(ds, row(0x0010, 0x0020, dtype="<u2"), window=Window(2, 1)) == [0, 255]


def test_single_bits_start_where_the_frame_before_ended(drawn: Drawn) -> None:
    ds = header(1, 3, BitsAllocated=1, BitsStored=1, HighBit=0, NumberOfFrames=2)
    assert drawn(ds, bytes([0b00101111]), index=1) == [255, 0, 255]


def test_values_that_are_no_number_are_black(drawn: Drawn) -> None:
    ds = header(1, 4, BitsAllocated=32)
    del ds.BitsStored, ds.HighBit
    assert drawn(ds, row(1.5, float("nan"), 2.5, float("inf"), dtype="<f4")) == [0, 0, 255, 0]


def test_wide_integers_are_drawn_too(drawn: Drawn) -> None:
    assert drawn(header(1, 3, bits=32), row(0, 2**31, 2**32 - 1, dtype="<u4")) == [0, 128, 255]


def test_a_palette_gives_the_colours(drawn: Drawn) -> None:
    ds = _palette_header(1, 3)
    assert drawn(ds, row(4, 5, 6)) == [0, 16, 32, 255, 0, 1, 255, 0, 1]


def test_a_supplemental_palette_colours_only_what_it_maps(drawn: Drawn) -> None:
    ds = _palette_header(1, 4)
    ds.PhotometricInterpretation, ds.PixelPresentation = "MONOCHROME2", "COLOR"
    levels = drawn(ds, row(0, 3, 4, 5), window=Window(3, 1))
    assert levels == [0, 0, 0, 255, 255, 255, 0, 16, 32, 255, 0, 1]


def _palette_header(rows: int, columns: int) -> Dataset:
    ds = header(rows, columns, PhotometricInterpretation="PALETTE COLOR")
    for colour, entries in {"Red": (0, 65535), "Green": (4096, 0), "Blue": (8192, 256)}.items():
        setattr(ds, f"{colour}PaletteColorLookupTableDescriptor", [2, 4, 16])
        setattr(ds, f"{colour}PaletteColorLookupTableData", np.array(entries, "<u2").tobytes())
    return ds


def test_a_segmented_palette_is_expanded(drawn: Drawn) -> None:
    ds = header(1, 5, PhotometricInterpretation="PALETTE COLOR")
    segments = np.array([0, 1, 0, 1, 4, 400], "<u2").tobytes()  # one entry, then four up to 400
    for colour in ("Red", "Green", "Blue"):
        setattr(ds, f"{colour}PaletteColorLookupTableDescriptor", [5, 0, 8])
        setattr(ds, f"Segmented{colour}PaletteColorLookupTableData", segments)
    assert drawn(ds, row(0, 1, 2, 1, 0))[::3] == [0, 100, 200, 100, 0]


def test_colours_by_pixel_and_by_plane_are_the_same_picture(drawn: Drawn) -> None:
    pixels = np.arange(12, dtype="u1").reshape(2, 2, 3)
    planes = np.ascontiguousarray(pixels.transpose(2, 0, 1))
    assert drawn(colour_header(2, 2), pixels) == list(range(12))
    assert drawn(colour_header(2, 2, planar=1), planes) == list(range(12))


@pytest.mark.parametrize(
    ("photometric", "values"),
    [
        ("YBR_FULL", (76, 85, 255)),
        ("YBR_FULL_422", (76, 76, 85, 255)),
        ("YBR_PARTIAL_422", (81, 81, 90, 240)),
    ],
)
def test_red_is_red_in_every_colour_space(drawn: Drawn, photometric: str, values: tuple[int, ...]) -> None:
    wanted = np.array([254, 0, 0] * 2)
    pixels = row(*values) if len(values) == 4 else row(*values, *values)
    assert np.abs(np.array(drawn(colour_header(1, 2, photometric), pixels)) - wanted).max() <= 1


def test_windows_do_nothing_to_colours(drawn: Drawn) -> None:
    assert drawn(colour_header(1, 1), row(10, 20, 30), window=Window(10, 1)) == [10, 20, 30]


def test_sixteen_bit_colours_are_brought_to_eight(drawn: Drawn) -> None:
    ds = colour_header(1, 1)
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = 16, 12, 11
    assert drawn(ds, row(0, 2048, 4095, dtype="<u2")) == [0, 128, 255]


def test_each_frame_has_its_own_window_and_slope(drawn: Drawn) -> None:
    def group(center: float) -> Dataset:
        return item(FrameVOILUTSequence=Sequence([item(WindowCenter=center, WindowWidth=1)]))

    ds = header(1, 2, NumberOfFrames=2)
    ds.PerFrameFunctionalGroupsSequence = Sequence([group(20), group(40)])
    shared = item(RescaleSlope=2, RescaleIntercept=0)
    ds.SharedFunctionalGroupsSequence = Sequence([item(PixelValueTransformationSequence=Sequence([shared]))])
    assert drawn(ds, row(10, 20)) == [255, 255]
    assert drawn(ds, row(10, 20), index=1) == [0, 255]


def test_a_jpeg_is_a_jpeg_of_the_frames_size(pool: DecoderPool) -> None:
    drawn = picture(pool, header(20, 30), bytes(600), view=View(quality=50))
    assert (drawn.media_type, drawn.width, drawn.height) == ("image/jpeg", 30, 20)
    assert Image.open(io.BytesIO(drawn.data)).format == "JPEG"


def test_quality_changes_the_size_of_a_jpeg(pool: DecoderPool) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (64, 64)).astype("u1")
    sizes = [len(picture(pool, header(64, 64), noise, view=View(quality=q)).data) for q in (10, 95)]
    assert sizes[0] * 3 < sizes[1]


@pytest.mark.parametrize(
    ("rows", "columns", "size"), [(300, 600, (128, 64)), (600, 300, (64, 128)), (40, 50, (50, 40))]
)
def test_a_thumbnail_fits_its_box_and_is_never_enlarged(
    pool: DecoderPool, rows: int, columns: int, size: tuple[int, int]
) -> None:
    drawn = picture(pool, header(rows, columns), bytes(rows * columns), view=thumbnail_view())
    assert (drawn.width, drawn.height) == size


@pytest.mark.parametrize(
    ("text", "size", "corner"),
    [
        ("8,8", (8, 4), 0),
        ("2,2,,,,", (2, 1), 33),
        ("2,2,2,0,2,2", (2, 2), 200),
        ("4,2,0,0,-4,2", (4, 2), 255),
        ("4,2,0,0,4,-2", (4, 2), 40),
    ],
)
def test_a_viewport_shows_a_region_scaled_and_flipped(
    pool: DecoderPool, text: str, size: tuple[int, int], corner: int
) -> None:
    pixels = np.array([[0, 0, 200, 255], [40, 40, 200, 255]], "u1")
    view = View(
        media_type=MediaType.PNG,
        window=Window(127.5, 255, WindowFunction.LINEAR_EXACT),
        viewport=parse_viewport(text),
    )
    drawn = picture(pool, header(2, 4), pixels, view=view)
    assert (drawn.width, drawn.height) == size
    level = Image.open(io.BytesIO(drawn.data)).getpixel((0, 0))
    assert isinstance(level, int)
    assert abs(level - corner) <= 6


@pytest.mark.parametrize("region", [(3, 0, 4, 2), (0, 0, 5, 2), (-1, 0, 2, 2), (0, 2, 1, 1)])
def test_a_region_beyond_the_frame_is_a_bad_parameter(pool: DecoderPool, region: tuple[float, ...]) -> None:
    with pytest.raises(BadParameter):
        picture(pool, header(2, 4), bytes(8), view=View(viewport=Viewport(10, 10, *region)))


def test_a_document_has_no_picture(pool: DecoderPool) -> None:
    with pytest.raises(NotRenderable) as refused:
        picture(pool, item(SOPClassUID=EncapsulatedPDFStorage), b"")
    assert refused.value.reason == "no-pixels"
