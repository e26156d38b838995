"""What is damaged, lies or would grow beyond reason ends as a typed error, quickly and outside this
program.
"""

import resource
import struct
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset
from pydicom.uid import JPEG2000Lossless, JPEGBaseline8Bit, JPEGLSLossless, RLELossless

from pacs.dicom.decode_jobs import DecodeJob
from pacs.dicom.decode_pool import DecoderPool
from pacs.dicom.frame_format import DecodeFailed, Failure, NotRenderable, frame_format
from pacs.dicom.render import render_frame
from pacs.dicom.view import View
from tests.pacs.dicom.images import LITTLE, compressed, file_of, header, read

SHARED = Path(__file__).resolve().parents[4] / "shared"
BROKEN = SHARED / "data" / "dicom" / "broken"
BYTES = header(8, 8)
EXPECTED = {
    "image/jpeg": 26,
    "attributes": 2,  # Rows is 0, Rows and Columns have two values
    "damaged": 4,
    "mismatch": 1,
    "too-large": 1,
    "no-pixels": 1,
    "unreadable: AttributeError": 11,
    "unreadable: ValueError": 1,
}


def failure(pool: DecoderPool, ds: Dataset, frame: bytes, syntax: str) -> Failure:
    began = time.monotonic()
    with pytest.raises(DecodeFailed) as failed:
        pool.run(DecodeJob(frame_format(ds, syntax)), frame)
    assert time.monotonic() - began < 5
    return failed.value.reason


def siz(width: int, height: int, *, tile: tuple[int, int] | None = None, components: int = 1) -> bytes:
    """The start of a JPEG 2000 codestream that announces an image (ITU-T T.800 A.5.1)."""
    tile = tile or (width, height)
    body = (
        struct.pack(">H8LH", 0, width, height, 0, 0, *tile, 0, 0, components) + b"\x07\x01\x01" * components
    )
    return b"\xff\x4f\xff\x51" + struct.pack(">H", len(body) + 2) + body + b"\xff\xd9"


def sof(rows: int, columns: int, *, components: int = 1, precision: int = 8, marker: int = 0xC0) -> bytes:
    """A JPEG stream that ends after its frame header (ITU-T T.81 B.2.2)."""
    body = struct.pack(">BHHB", precision, rows, columns, components) + b"\x01\x11\x00" * components
    return b"\xff\xd8\xff" + bytes([marker]) + struct.pack(">H", len(body) + 2) + body + b"\xff\xd9"


def rle(*segments: bytes, count: int | None = None, first: int = 64) -> bytes:
    offsets = [first]
    for segment in segments[:-1]:
        offsets.append(offsets[-1] + len(segment))
    table = struct.pack("<L", len(segments) if count is None else count) + struct.pack(
        f"<{len(offsets)}L", *offsets
    )
    return table.ljust(64, b"\0") + b"".join(segments)


@pytest.mark.parametrize(
    ("syntax", "frame"),
    [
        (JPEG2000Lossless, siz(60000, 60000)),
        (JPEG2000Lossless, siz(8, 8, tile=(1, 1), components=16384)),
        (JPEG2000Lossless, siz(2**32 - 1, 8)),
        (JPEGBaseline8Bit, sof(65500, 65500)),
        (JPEGBaseline8Bit, sof(8, 8, components=3)),
        (JPEGBaseline8Bit, sof(8, 8, precision=12)),
        (JPEGBaseline8Bit, sof(0, 8)),
        (JPEGLSLossless, sof(60000, 60000, marker=0xF7)),
        (RLELossless, rle(b"\x81\0" * 32, b"\x81\0" * 32)),
        (RLELossless, rle(b"\x81\0", count=2**32 - 1)),
    ],
)
def test_a_stream_that_contradicts_its_attributes_is_refused(
    pool: DecoderPool, syntax: str, frame: bytes
) -> None:
    assert failure(pool, BYTES, frame, syntax) is Failure.MISMATCH


def test_more_tiles_than_can_be_numbered_are_refused(pool: DecoderPool) -> None:
    frame = siz(1024, 1024, tile=(1, 1))
    assert failure(pool, header(1024, 1024), frame, JPEG2000Lossless) is Failure.MISMATCH


@pytest.mark.parametrize(
    ("syntax", "frame"),
    [
        (JPEG2000Lossless, siz(8, 8)),
        (JPEG2000Lossless, b"\xff\x4f\xff\x51"),
        (JPEG2000Lossless, siz(8, 8, tile=(0, 8))),
        (JPEG2000Lossless, b"\0\0\0\x0cjP  \r\n\x87\n" + b"\0\0\0\x08free" * 9),
        (JPEGBaseline8Bit, sof(8, 8)),
        (JPEGBaseline8Bit, b"\xff\xd8\xff\xc0\0"),
        (JPEGBaseline8Bit, b"\xff\xd8" + b"\xff\xfe\0\2" * 1000),
        (JPEGLSLossless, sof(8, 8, marker=0xF7)),
        (RLELossless, b"\1\0\0\0"),
        (RLELossless, rle(b"\x81\0" * 32, first=9000)),
        (RLELossless, rle(b"")),
        (RLELossless, rle(b"\x7f\0")),
        (LITTLE, bytes(63)),
        ("1.2.840.10008.1.2.8.1", b"\xff\xff\xff"),
        ("1.2.840.10008.1.2.8.1", b""),
        (JPEG2000Lossless, b""),
    ],
)
def test_a_damaged_stream_is_said_to_be_damaged(pool: DecoderPool, syntax: str, frame: bytes) -> None:
    assert failure(pool, BYTES, frame, syntax) is Failure.DAMAGED


def test_a_run_length_bomb_is_refused_before_it_grows(pool: DecoderPool) -> None:
    with pytest.raises(DecodeFailed) as refused:
        frame_format(header(30000, 30000), RLELossless)
    assert refused.value.reason is Failure.TOO_LARGE
    assert failure(pool, header(20000, 20000), rle(b"\x81\0" * 1000), RLELossless) is Failure.DAMAGED


def test_a_deflated_frame_is_inflated_to_its_size_and_no_further(pool: DecoderPool) -> None:
    squeezed = zlib.compressobj(wbits=-15)
    bomb = squeezed.compress(bytes(200 << 20)) + squeezed.flush()
    form = frame_format(BYTES, "1.2.840.10008.1.2.8.1")
    assert pool.run(DecodeJob(form), bomb).data == bytes(64)


@pytest.mark.parametrize(
    "attributes",
    [
        {"Rows": 0},
        {"Rows": None},
        {"Columns": 0},
        {"SamplesPerPixel": 255},
        {"SamplesPerPixel": 0},
        {"BitsAllocated": 12},
        {"BitsAllocated": 128},
        {"BitsStored": 0},
        {"BitsStored": 9},
        {"HighBit": 9},
        {"HighBit": 3},
    ],
)
def test_attributes_that_make_no_image_are_refused(attributes: dict[str, object]) -> None:
    ds = header(8, 8)
    for keyword, value in attributes.items():
        setattr(ds, keyword, value)
    with pytest.raises(DecodeFailed) as refused:
        frame_format(ds, LITTLE)
    assert refused.value.reason is Failure.ATTRIBUTES


def test_rows_as_text_are_refused() -> None:
    ds = header(8, 8)
    ds.add_new("Rows", "UN", b"\x08\x00")
    ds["Rows"].VR = "LO"
    with pytest.raises(DecodeFailed) as refused:
        frame_format(ds, LITTLE)
    assert refused.value.reason is Failure.ATTRIBUTES


def test_the_largest_rows_and_columns_are_refused_at_once() -> None:
    with pytest.raises(DecodeFailed) as refused:
        frame_format(header(65535, 65535), LITTLE)
    assert refused.value.reason is Failure.TOO_LARGE


@pytest.mark.parametrize("syntax", [JPEG2000Lossless, JPEGLSLossless, RLELossless])
def test_a_stream_cut_anywhere_gives_a_picture_or_a_typed_error(pool: DecoderPool, syntax: str) -> None:
    noise = np.random.default_rng(2).integers(0, 255, (32, 32)).astype("u1")
    file = read(compressed(file_of(header(32, 32), noise), syntax))
    whole = file.frame(0)
    outcomes = [tried(pool, file.header, whole[:length], syntax) for length in range(0, len(whole), 37)]
    assert set(outcomes) <= {"damaged", "mismatch", "crashed", "image/jpeg"}
    assert outcomes[0] == "damaged"
    assert tried(pool, file.header, whole, syntax) == "image/jpeg"


def tried(pool: DecoderPool, ds: Dataset, frame: bytes, syntax: str) -> str:
    began = time.monotonic()
    try:
        outcome = render_frame(pool, ds, frame, transfer_syntax=syntax, view=View()).media_type
    except (DecodeFailed, NotRenderable) as error:
        outcome = str(error.reason)
    assert time.monotonic() - began < 5
    return outcome


def test_a_video_has_no_frame_to_draw(pool: DecoderPool) -> None:
    with pytest.raises(NotRenderable) as refused:
        render_frame(pool, header(8, 8), b"", transfer_syntax="1.2.840.10008.1.2.4.102", view=View())
    assert refused.value.reason == "video"


def test_an_unknown_syntax_is_said_to_be_unknown(pool: DecoderPool) -> None:
    with pytest.raises(DecodeFailed) as refused:
        render_frame(pool, header(8, 8), b"", transfer_syntax="1.2.3", view=View())
    assert refused.value.reason is Failure.SYNTAX


@pytest.mark.shared
def test_every_broken_file_gives_pictures_or_typed_errors(pool: DecoderPool) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    outcomes = Counter(outcome for path in sorted(BROKEN.iterdir()) for outcome in _outcomes(pool, path))
    assert outcomes == EXPECTED
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 << 10  # KiB


def _outcomes(pool: DecoderPool, path: Path) -> Iterator[str]:
    """Try the first frames of a file. Files that pydicom cannot even read are left to the scan."""
    try:
        file = read(path)
        frames = [file.frame(index) for index in range(min(file.frame_count, 3))]
    except DecodeFailed as error:
        yield str(error.reason)
    except NotRenderable:
        yield "no-pixels"
    except Exception as error:
        yield f"unreadable: {type(error).__name__}"
    else:
        for frame in frames:
            yield tried(pool, file.header, frame, file.transfer_syntax)
