"""What a compressed frame says of itself, read from its first bytes and compared before anything is
allocated.

A few hundred bytes may announce an image of gigabytes; a decoder would believe them.
"""

import struct
from dataclasses import dataclass
from itertools import pairwise

from pacs.dicom.codings import DECODABLE, Coding
from pacs.dicom.frame_format import DecodeFailed, Failure, FrameFormat

MAX_TILES = 65535  # ITU-T T.800 A.4.2: a tile's number has 16 bits
MAX_SEGMENTS = 15  # PS3.5 G.5
_RLE_HEADER = 64
_RLE_GAIN = 64  # PS3.5 G.3.1: two bytes become at most 128
_JP2_SIGNATURE = b"\x00\x00\x00\x0cjP  \r\n\x87\n"
_NO_LENGTH = frozenset((0x01, 0xD8, *range(0xD0, 0xD8)))  # TEM, SOI and RSTn stand alone
_FRAME_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC} | {0xF7}  # SOFn; DHT, JPG, DAC are none


@dataclass(frozen=True)
class Shape:
    """The image that a stream announces."""

    rows: int
    columns: int
    components: int
    precision: int
    signed: bool = False
    frame_marker: int = 0  # JPEG: the second byte of SOFn
    component_ids: tuple[int, ...] = ()
    adobe_transform: int | None = None
    jfif: bool = False


def check_stream(form: FrameFormat, frame: memoryview) -> Shape | None:
    """Refuse a compressed frame that contradicts its attributes; return what it announces.

    Native, RLE and deflated frames announce no size, so what their length allows is compared.
    """
    coding = DECODABLE[form.transfer_syntax].coding
    if coding is Coding.RLE:
        rle_segments(form, frame)
    if coding in (Coding.NATIVE, Coding.RLE, Coding.DEFLATED):
        return None
    shape = jpeg_2000_shape(frame) if coding is Coding.JPEG_2000 else jpeg_shape(frame)
    _compare(form, shape)
    return shape


def _compare(form: FrameFormat, shape: Shape) -> None:
    if (shape.rows, shape.columns) != (form.rows, form.columns):
        raise DecodeFailed(
            Failure.MISMATCH, f"{shape.rows} × {shape.columns}, not {form.rows} × {form.columns}"
        )
    if shape.components != form.samples:
        raise DecodeFailed(Failure.MISMATCH, f"{shape.components} components, not {form.samples}")
    if not 1 <= shape.precision <= form.bits_allocated:
        raise DecodeFailed(Failure.MISMATCH, f"{shape.precision} bits in {form.bits_allocated}")


def rle_segments(form: FrameFormat, frame: memoryview) -> tuple[tuple[int, int], ...]:
    """Return start and end of each byte plane (PS3.5 G.5), most significant first, sample by sample."""
    if len(frame) < _RLE_HEADER:
        raise DecodeFailed(Failure.DAMAGED, "RLE header")
    count, *offsets = struct.unpack_from("<16L", frame)
    if count != form.samples * form.sample_bytes or count > MAX_SEGMENTS:
        raise DecodeFailed(Failure.MISMATCH, f"{count} RLE segments")
    edges = [*offsets[:count], len(frame)]
    if edges[0] < _RLE_HEADER or any(a > b for a, b in pairwise(edges)):
        raise DecodeFailed(Failure.DAMAGED, "RLE offsets")
    if any((b - a) * _RLE_GAIN < form.pixels for a, b in pairwise(edges)):
        raise DecodeFailed(Failure.DAMAGED, "RLE segment too short for its pixels")
    return tuple(pairwise(edges))


def jpeg_2000_shape(frame: memoryview) -> Shape:
    """Read SIZ (ITU-T T.800 A.5.1), also inside a JP2 file, which PS3.5 A.4.4 forbids and senders use."""
    start = _codestream_start(frame)
    if bytes(frame[start : start + 4]) != b"\xff\x4f\xff\x51" or len(frame) < start + 42:
        raise DecodeFailed(Failure.DAMAGED, "no SIZ")
    width, height, x0, y0, tile_width, tile_height, tile_x, tile_y, components = struct.unpack_from(
        ">8LH", frame, start + 8
    )
    if not (x0 < width and y0 < height and tile_width and tile_height and components):
        raise DecodeFailed(Failure.DAMAGED, "SIZ")
    tiles = -((tile_x - width) // tile_width) * -((tile_y - height) // tile_height)
    if not 0 < tiles <= MAX_TILES:
        raise DecodeFailed(Failure.MISMATCH, f"{tiles} tiles")
    depth = max(frame[start + 42 : start + 42 + 3 * components : 3], default=0, key=lambda size: size & 0x7F)
    return Shape(height - y0, width - x0, components, (depth & 0x7F) + 1, signed=bool(depth & 0x80))


def _codestream_start(frame: memoryview) -> int:
    """Find the contiguous codestream box of a JP2 file (ITU-T T.800 I.5.4); 0 for a bare codestream."""
    if bytes(frame[:12]) != _JP2_SIGNATURE:
        return 0
    position = 0
    while position + 8 <= len(frame):
        size, kind = struct.unpack_from(">L4s", frame, position)
        if kind == b"jp2c":
            return position + (16 if size == 1 else 8)
        if size < 8:  # 0 is "to the end", 1 a 64-bit length: neither belongs before the codestream
            break
        position += size
    raise DecodeFailed(Failure.DAMAGED, "JP2 without codestream")


def jpeg_shape(frame: memoryview) -> Shape:
    """Read frame header and colour markers of JPEG and JPEG-LS (ITU-T T.81 B.2.2, T.87 C.2.2)."""
    if bytes(frame[:2]) != b"\xff\xd8":
        raise DecodeFailed(Failure.DAMAGED, "no SOI")
    position, adobe, jfif = 2, None, False
    while position + 4 <= len(frame):
        if frame[position] != 0xFF:
            break
        marker = frame[position + 1]
        if marker == 0xFF or marker in _NO_LENGTH:
            position += 1 if marker == 0xFF else 2
            continue
        length = struct.unpack_from(">H", frame, position + 2)[0]
        body = frame[position + 4 : position + 2 + length]
        if marker in _FRAME_MARKERS:
            return _frame_header(marker, body, adobe, jfif)
        adobe = body[11] if marker == 0xEE and bytes(body[:5]) == b"Adobe" and len(body) > 11 else adobe
        jfif = jfif or (marker == 0xE0 and bytes(body[:4]) == b"JFIF")
        position += 2 + length
    raise DecodeFailed(Failure.DAMAGED, "no SOF")


def _frame_header(marker: int, body: memoryview, adobe: int | None, jfif: bool) -> Shape:
    if len(body) < 6 or len(body) < 6 + 3 * body[5]:
        raise DecodeFailed(Failure.DAMAGED, "SOF")
    precision, rows, columns, components = struct.unpack_from(">BHHB", body)
    ids = tuple(body[6 : 6 + 3 * components : 3])
    return Shape(
        rows,
        columns,
        components,
        precision,
        False,
        marker,
        component_ids=ids,
        adobe_transform=adobe,
        jfif=jfif,
    )
