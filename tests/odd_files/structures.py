"""Elements, sequences and lengths."""

import struct

from pacs.dicom.reasons import Reason
from tests import dicom_files as make
from tests.odd_files.odd_file import OddFile

_SEQUENCE = 0x00081115


def _adding(*added: bytes) -> bytes:
    """Return the small image with elements of group 0009 put in their place."""
    return make.small({0x00090010: make.element(0x00090010, "LO", b"ODD ") + b"".join(added)})


def _sequence(value: bytes, *, length: int | None = None) -> bytes:
    return make.small({_SEQUENCE: make.element(_SEQUENCE, "SQ", value, length=length)})


def _nested(depth: int, *, is_open: bool) -> bytes:
    value = b""
    for _ in range(depth):
        if is_open:
            inner = make.item(value + make.ITEM_END, length=make.UNDEFINED) + make.SEQUENCE_END
            value = make.element(_SEQUENCE, "SQ", inner, length=make.UNDEFINED)
        else:
            value = make.element(_SEQUENCE, "SQ", make.item(value))
    return make.small({_SEQUENCE: value})


def _deep(depth: int) -> bytes:
    opening = make.element(_SEQUENCE, "SQ", length=make.UNDEFINED) + make.item(length=make.UNDEFINED)
    return make.small({_SEQUENCE: opening * depth})


def _hidden_nesting(depth: int) -> bytes:
    """Nest inside a UN of defined length, where readers look that know the attribute as a sequence."""
    value = b""
    for _ in range(depth):
        value = make.bare(_SEQUENCE, make.item(value))
    return make.small({_SEQUENCE: make.element(_SEQUENCE, "UN", value)})


def _icon() -> bytes:
    pixels = make.item(b"") + make.item(b"\xff\xd8\xff\xd9") + make.SEQUENCE_END
    icon = make.element(0x7FE00010, "OB", pixels, length=make.UNDEFINED)
    return make.element(0x00090101, "SQ", make.item(icon))


_OPEN = {"length": make.UNDEFINED}
_UN_SEQUENCE = make.item(make.bare(0x00081150, b"1.2\0")) + make.SEQUENCE_END

FILES = (
    OddFile("length-beyond", "An element longer than the file", Reason.TRUNCATED,
            lambda: _adding(make.element(0x00091001, "OB", b"xx", length=1 << 30))),
    OddFile("length-odd-huge", "Length FFFFFFFE", Reason.TRUNCATED,
            lambda: _adding(make.element(0x00091001, "OB", length=0xFFFFFFFE))),
    OddFile("length-beyond-item", "An element longer than its item", Reason.LENGTH_BEYOND_END,
            lambda: _sequence(make.item(make.element(0x00081150, "UI", b"1.2\0", length=40)))),
    OddFile("item-beyond-sequence", "An item longer than its sequence", Reason.LENGTH_BEYOND_END,
            lambda: _sequence(make.item(b"", length=400))),
    OddFile("endless-text", "Undefined length on a text", Reason.UNDEFINED_LENGTH,
            lambda: _adding(make.element(0x00091001, "UT", b"", **_OPEN))),
    OddFile("vr-future", "A VR that no version has yet, long form as promised", None,
            lambda: _adding(struct.pack("<HH2sHL", 9, 0x1001, b"ZZ", 0, 2) + b"ab")),
    OddFile("vr-lower", "A VR in lower case", Reason.UNKNOWN_VR,
            lambda: _adding(make.element(0x00091001, "ui", b"1.2\0"))),
    OddFile("vr-zero", "Zeros for a VR", Reason.UNKNOWN_VR,
            lambda: _adding(make.element(0x00091001, "\0\0", b"ab"))),
    OddFile("implicit-as-explicit", "Declared explicit, written implicit", Reason.UNKNOWN_VR,
            lambda: make.file_of(make.bare(0x00080016, b"1.2.840.10008.5.1.4.1.1.2\0"))),
    OddFile("explicit-as-implicit", "Declared implicit, written explicit", Reason.TRUNCATED,
            lambda: make.small(syntax=make.IMPLICIT_LITTLE)),
    OddFile("big-as-little", "Declared big endian, written little", Reason.TRUNCATED,
            lambda: make.small(syntax=make.EXPLICIT_BIG)),
    OddFile("un-with-items", "A sequence hides in UN of undefined length", None,
            lambda: _adding(make.element(0x00091001, "UN", _UN_SEQUENCE, **_OPEN))),
    OddFile("un-known", "A known sequence stored as UN", None,
            lambda: make.small({_SEQUENCE: make.element(_SEQUENCE, "UN", _UN_SEQUENCE[:-8])})),
    OddFile("un-known-junk", "A known sequence stored as UN that is none", None,
            lambda: make.small({_SEQUENCE: make.element(_SEQUENCE, "UN", b"junk" * 5)})),
    OddFile("un-nested-2000", "Nesting where only some readers look", None, lambda: _hidden_nesting(2000)),
    OddFile("descending", "A tag smaller than the one before", Reason.TAG_ORDER,
            lambda: _adding(make.element(0x00090011, "LO", b"a "), make.element(0x00090010, "LO", b"b "))),
    OddFile("duplicate", "The same tag twice", Reason.DUPLICATE_TAG,
            lambda: _adding(make.element(0x00090010, "LO", b"TWO "))),
    OddFile("group-0000", "A command group inside a data set", Reason.FORBIDDEN_TAG,
            lambda: make.file_of(make.element(0x00000100, "US", b"\1\0"))),
    OddFile("group-ffff", "A group that cannot be", Reason.TRAILING_BYTES,
            lambda: make.small({0xFFFF0001: make.element(0xFFFF0001, "OB", b"ab")})),
    OddFile("stray-item", "An item outside a sequence", Reason.UNBALANCED, lambda: _adding(make.item(b""))),
    OddFile("stray-item-end", "A delimiter without its item", Reason.UNBALANCED, lambda: _adding(make.ITEM_END)),
    OddFile("stray-sequence-end", "A delimiter without its sequence", Reason.UNBALANCED,
            lambda: _adding(make.SEQUENCE_END)),
    OddFile("item-end-in-defined", "A delimiter in an item of defined length", Reason.UNBALANCED,
            lambda: _sequence(make.item(make.ITEM_END))),
    OddFile("sequence-end-in-defined", "A delimiter in a sequence of defined length", Reason.UNBALANCED,
            lambda: _sequence(make.item(b"") + make.SEQUENCE_END)),
    OddFile("item-end-with-length", "A delimiter that has a length", Reason.UNBALANCED,
            lambda: _sequence(make.item(make.bare(0xFFFEE00D, b"ab"), **_OPEN) + make.SEQUENCE_END, **_OPEN)),
    OddFile("item-without-end", "An open item in a closed sequence", Reason.UNBALANCED,
            lambda: _sequence(make.item(make.element(0x00081150, "UI", b"1.2\0"), **_OPEN))),
    OddFile("sequence-without-end", "An open sequence runs into the data set", Reason.UNBALANCED,
            lambda: _sequence(make.item(b""), **_OPEN)),
    OddFile("element-for-item", "An element where an item must be", Reason.UNBALANCED,
            lambda: _sequence(make.element(0x00081150, "UI", b"1.2\0"))),
    OddFile("nested-32", "As deep as is taken", None, lambda: _nested(32, is_open=True)),
    OddFile("nested-33", "One deeper", Reason.NESTED_TOO_DEEP, lambda: _nested(33, is_open=True)),
    OddFile("nested-33-defined", "One deeper, by lengths", Reason.NESTED_TOO_DEEP,
            lambda: _nested(33, is_open=False)),
    OddFile("nested-300", "Breaks a reader that recurses", Reason.NESTED_TOO_DEEP,
            lambda: _nested(300, is_open=True)),
    OddFile("nested-100000", "Breaks a stack", Reason.NESTED_TOO_DEEP, lambda: _deep(100_000)),
    OddFile("empty-items", "100,000 items of nothing", None, lambda: _sequence(make.item(b"") * 100_000)),
    OddFile("private-without-creator", "A private element nobody owns", None,
            lambda: make.small({0x00091001: make.element(0x00091001, "LO", b"x ")})),
    OddFile("private-blocks", "20,000 private groups", None, lambda: make.small(
        {tag: make.element(tag, "LO", b"A ") for tag in range(0x00290010, 0x00290010 + 20_000 * 0x20000, 0x20000)
         if tag < 0x7FE00010})),
    OddFile("icon", "Fragments inside a sequence", None, lambda: _adding(_icon())),
    OddFile("padding", "Data Set Trailing Padding", None,
            lambda: make.small({0xFFFCFFFC: make.element(0xFFFCFFFC, "OB", bytes(64))})),
    OddFile("zeros-behind", "Zeros after the last element", Reason.TRAILING_BYTES,
            lambda: make.small() + bytes(512)),
    OddFile("text-behind", "Text after the last element", Reason.TRAILING_BYTES,
            lambda: make.small() + b"and now for something completely different"),
    OddFile("three-bytes-behind", "Less than a header after the last element", Reason.TRAILING_BYTES,
            lambda: make.small() + b"abc"),
    OddFile("private-1gb", "A private value said to be 1 GB", Reason.TRUNCATED,
            lambda: _adding(make.element(0x00091001, "UT", b"x" * 1000, length=1 << 30))),
)  # fmt: skip
