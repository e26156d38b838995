"""The header is read without the pixels, in few ranges."""

import pytest

from pacs.dicom.header import header_bytes, read_header, read_header_tree
from pacs.dicom.layout import Layout
from pacs.dicom.scan import scan_bytes
from tests import dicom_files as make

EVERY_SYNTAX = (make.EXPLICIT_LITTLE, make.IMPLICIT_LITTLE, make.EXPLICIT_BIG, make.DEFLATED)


def _with_tail(syntax: str) -> bytes:
    ds = make.image(rows=64, columns=64)
    ds.DataSetTrailingPadding = bytes(8)
    return make.written(ds, syntax)


def _parts(data: bytes, layout: Layout) -> list[bytes]:
    return [data[start : start + length] for start, length in layout.header_ranges]


@pytest.mark.parametrize("syntax", EVERY_SYNTAX)
def test_has_everything_but_the_pixels(syntax: str) -> None:
    data = _with_tail(syntax)
    layout = scan_bytes(data).layout
    ds = read_header(_parts(data, layout), layout)
    assert (ds.PatientName, ds.Rows, ds.DataSetTrailingPadding) == ("Curie^Marie", 64, bytes(8))
    assert "PixelData" not in ds
    assert ds.file_meta.TransferSyntaxUID == syntax


def test_takes_two_ranges_that_leave_the_pixels_out() -> None:
    data = _with_tail(make.EXPLICIT_LITTLE)
    layout = scan_bytes(data).layout
    assert len(layout.header_ranges) == 2
    assert sum(length for _, length in layout.header_ranges) == len(data) - 12 - 64 * 64 * 2


def test_takes_one_range_when_pixels_are_last() -> None:
    layout = scan_bytes(make.written(make.image())).layout
    assert len(layout.header_ranges) == 1


def test_large_values_are_left_out_too() -> None:
    large: dict[int, bytes | None] = {
        0x00291010: make.element(0x00291010, "OB", b"x" * 70_000),
        0x00291011: make.element(0x00291011, "OB", b"y" * 70_000),
    }
    data = make.small(large)
    layout = scan_bytes(data).layout
    assert len(header_bytes(_parts(data, layout), layout)) < 1000
    assert [element.tag for element in read_header_tree(_parts(data, layout), layout)] == sorted(
        make.elements().keys() - {0x7FE00010}
    )


def test_a_large_value_leaves_a_deflated_header_too() -> None:
    changes: dict[int, bytes | None] = {0x00291010: make.element(0x00291010, "OB", b"x" * 700_000)}
    data = make.file_of(make.deflated(b"".join(make.elements(changes).values())), syntax=make.DEFLATED)
    layout = scan_bytes(data).layout
    assert header_bytes([data], layout) == b"".join(make.elements({0x7FE00010: None}).values())


@pytest.mark.parametrize("syntax", EVERY_SYNTAX)
def test_the_layout_survives_its_binary_form(syntax: str) -> None:
    layout = scan_bytes(_with_tail(syntax)).layout
    assert Layout.from_bytes(layout.to_bytes()) == layout


@pytest.mark.parametrize("cut", [1, 30])
def test_a_layout_of_a_wrong_size_is_not_read(cut: int) -> None:
    packed = scan_bytes(make.small()).layout.to_bytes()
    with pytest.raises(ValueError, match="version 1"):
        Layout.from_bytes(packed[:-cut])
