"""Pixel data and what describes it."""

import struct
from functools import partial

from pacs.dicom.reasons import Reason
from tests import dicom_files as make
from tests.odd_files.odd_file import OddFile

_PIXELS = 0x7FE00010
_JPEG = b"\xff\xd8\xff\xe0" + bytes(10) + b"\xff\xd9"


def _us(tag: int, number: int) -> bytes:
    return make.element(tag, "US", struct.pack("<H", number))


def _described(tag: int, number: int) -> bytes:
    return make.small({tag: _us(tag, number)})


def _frames(text: bytes, pixels: bytes = b"\1\2\3\4") -> bytes:
    return make.small({
        0x00280008: make.element(0x00280008, "IS", make.even(text)),
        _PIXELS: make.element(_PIXELS, "OW", pixels),
    })  # fmt: skip


def _native(value: bytes) -> bytes:
    return make.small({_PIXELS: make.element(_PIXELS, "OW", value)})


def _encapsulated(
    *fragments: bytes, table: bytes = b"", frames: int = 1, end: bytes = make.SEQUENCE_END,
    syntax: str = make.JPEG_BASELINE, extended: tuple[bytes, bytes] | None = None,
) -> bytes:  # fmt: skip
    value = make.item(table) + b"".join(make.item(fragment) for fragment in fragments) + end
    changes: dict[int, bytes | None] = {
        0x00280008: make.element(0x00280008, "IS", make.even(str(frames).encode())),
        _PIXELS: make.element(_PIXELS, "OB", value, length=make.UNDEFINED),
    }
    if extended:
        changes[0x7FE00001] = make.element(0x7FE00001, "OV", extended[0])
        changes[0x7FE00002] = make.element(0x7FE00002, "OV", extended[1])
    return make.small(changes, syntax=syntax)


def _longs(*numbers: int) -> bytes:
    return struct.pack(f"<{len(numbers)}L", *numbers)


def _quads(*numbers: int) -> bytes:
    return struct.pack(f"<{len(numbers)}Q", *numbers)


def _float(tag: int, vr: str, value: bytes, bits: int) -> dict[int, bytes | None]:
    return {tag: make.element(tag, vr, value), 0x00280100: _us(0x00280100, bits), _PIXELS: None}


def _palette(entries: int, size: int) -> bytes:
    changes: dict[int, bytes | None] = {0x00280004: make.element(0x00280004, "CS", b"PALETTE COLOR ")}
    for tag in (0x00281101, 0x00281102, 0x00281103):
        changes[tag] = make.element(tag, "US", struct.pack("<3H", entries, 0, 8))
        changes[tag + 0x100] = make.element(tag + 0x100, "OW", bytes(size))
    return make.small(changes)


_NO_BITS: dict[int, bytes | None] = {0x00280101: None, 0x00280102: None}


def _with_bits(bits: int) -> bytes:
    return make.small({0x00280100: _us(0x00280100, bits), **_NO_BITS})


_BITMAP = {0x00280100: _us(0x00280100, 1), 0x00280101: _us(0x00280101, 1), 0x00280102: _us(0x00280102, 0)}
_WIDE = {0x00280010: _us(0x00280010, 65535), 0x00280011: _us(0x00280011, 65535)}
_COLOUR = {0x00280002: _us(0x00280002, 3)}

FILES = (
    OddFile("rows-0", "An image without height", Reason.PIXEL_DESCRIPTION, lambda: _described(0x00280010, 0)),
    OddFile("columns-0", "An image without width", Reason.PIXEL_DESCRIPTION, lambda: _described(0x00280011, 0)),
    OddFile("rows-absent", "Pixels of unknown height", Reason.PIXEL_DESCRIPTION,
            lambda: make.small({0x00280010: None})),
    OddFile("rows-long", "Rows as UL: overflowed a known reader", Reason.PIXEL_DESCRIPTION,
            lambda: make.small({0x00280010: make.element(0x00280010, "UL", b"\2\0\0\0")})),
    OddFile("rows-twice", "Two heights", Reason.PIXEL_DESCRIPTION,
            lambda: make.small({0x00280010: make.element(0x00280010, "US", b"\2\0\2\0")})),
    OddFile("rows-65535", "4 gigapixels in 4 bytes", Reason.PIXEL_LENGTH, lambda: make.small(dict(_WIDE))),
    OddFile("product-2^64", "A product that overflows 64 bits", Reason.PIXEL_LENGTH, lambda: make.small(
        {**_WIDE, **_COLOUR, 0x00280008: make.element(0x00280008, "IS", b"1000000 ")})),
    *(OddFile(f"bits-{bits}", "Bits that no image has", Reason.PIXEL_DESCRIPTION,
              partial(_with_bits, bits))
      for bits in (0, 7, 12, 65, 65535)),
    OddFile("bits-stored-9", "More bits stored than there are", Reason.PIXEL_DESCRIPTION,
            lambda: _described(0x00280101, 9)),
    OddFile("samples-0", "No samples", Reason.PIXEL_DESCRIPTION, lambda: _described(0x00280002, 0)),
    OddFile("samples-255", "255 samples", Reason.PIXEL_DESCRIPTION, lambda: _described(0x00280002, 255)),
    *(OddFile(f"frames-{name}", "A number of frames that is none", Reason.FRAME_COUNT,
              partial(_frames, text))
      for name, text in (("0", b"0"), ("minus", b"-1"), ("text", b"1A"), ("two", b"1\\2"), ("float", b"1.0"))),
    OddFile("frames-2^31", "More frames than are taken", Reason.TOO_MANY_FRAMES, lambda: _frames(b"2147483647")),
    OddFile("frames-999999", "A million frames in 4 bytes", Reason.PIXEL_LENGTH, lambda: _frames(b"999999")),
    OddFile("frames-empty", "Number of Frames without value", None, lambda: _frames(b"")),
    OddFile("pixels-short", "Two bytes short", Reason.PIXEL_LENGTH, lambda: _native(b"\1\2")),
    OddFile("pixels-long", "Two bytes long", Reason.PIXEL_LENGTH, lambda: _native(b"\1\2\3\4\5\6")),
    OddFile("pixels-odd", "Padded to an even length", None, lambda: make.small(
        {0x00280010: _us(0x00280010, 1), 0x00280011: _us(0x00280011, 3)})),
    OddFile("pixels-odd-unpadded", "Not padded", None, lambda: make.small(
        {0x00280010: _us(0x00280010, 1), 0x00280011: _us(0x00280011, 3),
         _PIXELS: make.element(_PIXELS, "OW", b"\1\2\3")})),
    OddFile("pixels-empty", "Pixel Data without value", Reason.PIXEL_LENGTH, lambda: _native(b"")),
    OddFile("pixels-absent", "A description without pixels", Reason.PIXELS_MISSING,
            lambda: make.small({_PIXELS: None})),
    OddFile("pixels-twice", "Pixel Data twice", Reason.DUPLICATE_TAG,
            lambda: make.small() + make.element(_PIXELS, "OW", b"\1\2\3\4")),
    OddFile("pixels-two-kinds", "Integer and float pixels", Reason.PIXELS_AMBIGUOUS, lambda: make.small(
        {0x7FE00008: make.element(0x7FE00008, "OF", bytes(16))})),
    OddFile("float", "Float pixels", None,
            lambda: make.small(_float(0x7FE00008, "OF", bytes(16), 32) | _NO_BITS)),
    OddFile("double", "Double pixels", None,
            lambda: make.small(_float(0x7FE00009, "OD", bytes(32), 64) | _NO_BITS)),
    OddFile("float-16", "Float pixels of 16 bits", Reason.PIXEL_DESCRIPTION,
            lambda: make.small(_float(0x7FE00008, "OF", bytes(8), 16) | _NO_BITS)),
    OddFile("float-short", "Float pixels, one short", Reason.PIXEL_LENGTH,
            lambda: make.small(_float(0x7FE00008, "OF", bytes(12), 32) | _NO_BITS)),
    OddFile("bitmap", "One bit a pixel, packed and padded", None, lambda: make.small(
        {**_BITMAP, _PIXELS: make.element(_PIXELS, "OW", b"\5\0")})),
    OddFile("bitmap-long", "One byte a pixel said to be one bit", Reason.PIXEL_LENGTH,
            lambda: make.small(dict(_BITMAP))),
    OddFile("ybr-422", "Two samples a pixel", None, lambda: make.small(
        {**_COLOUR, 0x00280004: make.element(0x00280004, "CS", b"YBR_FULL_422"),
         _PIXELS: make.element(_PIXELS, "OB", bytes(8))})),
    OddFile("ybr-422-full", "Three samples a pixel said to be two", Reason.PIXEL_LENGTH, lambda: make.small(
        {**_COLOUR, 0x00280004: make.element(0x00280004, "CS", b"YBR_FULL_422"),
         _PIXELS: make.element(_PIXELS, "OB", bytes(12))})),
    OddFile("palette", "A good palette", None, lambda: _palette(4, 4)),
    OddFile("palette-short", "A palette shorter than it says", Reason.PIXEL_DESCRIPTION, lambda: _palette(4, 2)),
    OddFile("palette-0", "65,536 entries by the number 0, two there", Reason.PIXEL_DESCRIPTION,
            lambda: _palette(0, 2)),
    OddFile("palette-large", "A palette too large to keep", None, lambda: _palette(0, 131_072)),
    OddFile("native-in-jpeg", "Raw pixels in a compressed syntax", Reason.PIXEL_ENCODING,
            lambda: make.small(syntax=make.JPEG_BASELINE)),
    OddFile("jpeg-in-native", "Compressed pixels in a raw syntax", Reason.PIXEL_ENCODING,
            lambda: _encapsulated(_JPEG, syntax=make.EXPLICIT_LITTLE)),
    OddFile("jpeg", "A good one", None, lambda: _encapsulated(_JPEG)),
    OddFile("jpeg-cut", "No delimiter at the end", Reason.TRUNCATED, lambda: _encapsulated(_JPEG, end=b"")),
    OddFile("jpeg-cut-in-delimiter", "Half a delimiter at the end", Reason.TRUNCATED,
            lambda: _encapsulated(_JPEG, end=make.SEQUENCE_END[:4])),
    OddFile("jpeg-end-with-length", "A delimiter that has a length", Reason.UNBALANCED,
            lambda: _encapsulated(_JPEG, end=make.bare(0xFFFEE0DD, length=4))),
    OddFile("jpeg-no-fragments", "Only an offset table", Reason.FRAMES_MISSING, _encapsulated),
    OddFile("jpeg-no-table", "Not even that", Reason.FRAMES_MISSING, lambda: make.small(
        {_PIXELS: make.element(_PIXELS, "OB", make.SEQUENCE_END, length=make.UNDEFINED)},
        syntax=make.JPEG_BASELINE)),
    OddFile("jpeg-frame-missing", "Two fragments for three frames", Reason.FRAMES_MISSING,
            lambda: _encapsulated(_JPEG, _JPEG, frames=3)),
    OddFile("jpeg-open-fragment", "A fragment without length", Reason.UNBALANCED,
            lambda: _encapsulated(_JPEG, end=make.item(length=make.UNDEFINED))),
    OddFile("jpeg-element-inside", "An element between fragments", Reason.UNBALANCED,
            lambda: _encapsulated(_JPEG, end=make.element(0x00100010, "PN", b"a "))),
    OddFile("jpeg-empty-fragments", "100,000 fragments of nothing", None,
            lambda: _encapsulated(_JPEG, *[b""] * 100_000)),
    OddFile("table", "A good offset table", None,
            lambda: _encapsulated(_JPEG, _JPEG, table=_longs(0, 24), frames=2)),
    OddFile("table-outside", "Points behind the pixels", Reason.OFFSET_TABLE,
            lambda: _encapsulated(_JPEG, _JPEG, table=_longs(0, 4000), frames=2)),
    OddFile("table-inside", "Points into a fragment", Reason.OFFSET_TABLE,
            lambda: _encapsulated(_JPEG, _JPEG, table=_longs(0, 25), frames=2)),
    OddFile("table-backwards", "Runs backwards", Reason.OFFSET_TABLE,
            lambda: _encapsulated(_JPEG, _JPEG, table=_longs(24, 0), frames=2)),
    OddFile("table-equal", "Two frames in one place", Reason.OFFSET_TABLE,
            lambda: _encapsulated(_JPEG, _JPEG, table=_longs(0, 0), frames=2)),
    OddFile("table-short", "One entry for two frames", Reason.OFFSET_TABLE,
            lambda: _encapsulated(_JPEG, _JPEG, table=_longs(0), frames=2)),
    OddFile("table-ragged", "Not a multiple of four", Reason.OFFSET_TABLE,
            lambda: _encapsulated(_JPEG, table=b"\0" * 6)),
    OddFile("table-5mb", "An offset table without end", Reason.OFFSET_TABLE,
            lambda: _encapsulated(_JPEG, table=bytes(5_000_000))),
    OddFile("extended", "A good extended offset table", None, lambda: _encapsulated(
        _JPEG, _JPEG, frames=2, extended=(_quads(0, 24), _quads(16, 15)))),
    OddFile("extended-wrong", "An extended table that misses", Reason.OFFSET_TABLE, lambda: _encapsulated(
        _JPEG, _JPEG, frames=2, extended=(_quads(0, 2**63), _quads(16, 16)))),
    OddFile("extended-too-long", "A frame longer than its fragment", Reason.OFFSET_TABLE,
            lambda: _encapsulated(_JPEG, frames=1, extended=(_quads(0), _quads(17)))),
    OddFile("extended-too-short", "A frame much shorter than its fragment", Reason.OFFSET_TABLE,
            lambda: _encapsulated(_JPEG, frames=1, extended=(_quads(0), _quads(13)))),
    OddFile("extended-ragged", "Not a multiple of eight", Reason.OFFSET_TABLE,
            lambda: _encapsulated(_JPEG, frames=1, extended=(b"\0" * 12, b"\0" * 12))),
    OddFile("both-tables", "Basic and extended table", Reason.OFFSET_TABLE, lambda: _encapsulated(
        _JPEG, table=_longs(0), frames=1, extended=(_quads(0), _quads(16)))),
    OddFile("jpeg-delimiter-inside", "Delimiter bytes inside a fragment", None,
            lambda: _encapsulated(_JPEG + make.SEQUENCE_END + b"\xff\xd9")),
)  # fmt: skip
