"""One frame is one range, whatever the file tells about its fragments."""

import struct

import pytest

from pacs.dicom.frames import FrameIndex, FrameKind, NoSuchFrame, first_bit, frame_ranges, index_native
from pacs.dicom.scan import scan_bytes
from tests import dicom_files as make

_START, _MIDDLE, _END = b"\xff\xd8\xff\xe0start!", b"middle of it", b"the end!\xff\xd9"


def _frames(data: bytes, count: int) -> list[bytes]:
    index = FrameIndex.from_bytes(scan_bytes(data).frames.to_bytes())
    pieces = (frame_ranges(index, number) for number in range(1, count + 1))
    return [b"".join(data[at : at + length] for at, length in ranges) for ranges in pieces]


def _file(
    fragments: list[bytes], *, frames: int, table: bytes = b"", syntax: str = make.JPEG_BASELINE
) -> bytes:
    value = make.item(table) + b"".join(map(make.item, fragments)) + make.SEQUENCE_END
    changes: dict[int, bytes | None] = {
        0x00280008: make.element(0x00280008, "IS", make.even(str(frames).encode())),
        0x7FE00010: make.element(0x7FE00010, "OB", value, length=make.UNDEFINED),
    }
    return make.small(changes, syntax=syntax)


def test_native_frames_follow_each_other() -> None:
    data = make.written(make.image(frames=3))
    whole = data[-96:]
    assert _frames(data, 3) == [whole[:32], whole[32:64], whole[64:]]


def test_frames_of_single_bits_share_bytes() -> None:
    index = index_native(offset=100, frame_bits=9, number_of_frames=3)
    assert [frame_ranges(index, number) for number in (1, 2, 3)] == [[(100, 2)], [(101, 2)], [(102, 2)]]
    assert [first_bit(index, number) for number in (1, 2, 3)] == [0, 1, 2]


def test_one_fragment_a_frame_without_table() -> None:
    fragments = [b"aa", b"bbbb", b"cc"]
    assert _frames(_file(fragments, frames=3), 3) == fragments


def test_all_fragments_of_a_single_frame() -> None:
    assert _frames(_file([b"aa", b"bbbb", b"cc"], frames=1), 1) == [b"aabbbbcc"]


def test_offset_table_divides_fragments() -> None:
    data = _file([b"aa", b"bbbb", b"cc"], frames=2, table=struct.pack("<2L", 0, 22))
    assert _frames(data, 2) == [b"aabbbb", b"cc"]


def test_marks_divide_fragments_without_table() -> None:
    fragments = [_START, _MIDDLE, _END, _START, _END]
    assert _frames(_file(fragments, frames=2), 2) == [_START + _MIDDLE + _END, _START + _END]


def test_a_start_mark_amid_an_image_does_not_divide_it() -> None:
    fragments = [_START, _START, _END, _START, _END]
    assert _frames(_file(fragments, frames=2), 2) == [_START + _START + _END, _START + _END]


def test_a_padded_end_mark_still_ends_an_image() -> None:
    fragments = [_START, _START, _END + b"x\xff\xd9\0", _START, _END]
    assert _frames(_file(fragments, frames=2), 2)[1] == _START + _END


def test_fragments_that_no_rule_divides_are_one_stream() -> None:
    index = scan_bytes(_file([b"aa", b"bb", b"cc"], frames=2)).frames
    assert index.kind is FrameKind.STREAM


def test_video_is_one_stream() -> None:
    data = _file([b"mpeg", b"more"], frames=60, syntax=make.MPEG4)
    assert _frames(data, 1) == [b"mpegmore"]
    with pytest.raises(NoSuchFrame):
        frame_ranges(scan_bytes(data).frames, 2)


@pytest.mark.parametrize("number", [0, -1, 4])
def test_frames_outside_do_not_exist(number: int) -> None:
    with pytest.raises(NoSuchFrame):
        frame_ranges(scan_bytes(make.written(make.image(frames=3))).frames, number)


def test_an_instance_without_pixels_has_no_frame() -> None:
    with pytest.raises(NoSuchFrame):
        frame_ranges(FrameIndex(FrameKind.NONE), 1)


def test_a_million_frames_fit_a_column() -> None:
    data = _file([b"ab"] * 1_000_000, frames=1_000_000)
    packed = scan_bytes(data).frames.to_bytes()
    assert len(packed) == 32 + 4_000_000
    ((offset, length),) = frame_ranges(FrameIndex.from_bytes(packed), 1_000_000)
    assert data[offset : offset + length] == b"ab"
    assert offset == len(data) - 10


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-1], lambda data: b"\2" + data[1:], lambda data: data + b"\0"]
)
def test_another_version_or_size_is_not_read(damage: object) -> None:
    packed = scan_bytes(_file([b"aa", b"bb"], frames=2)).frames.to_bytes()
    assert callable(damage)
    with pytest.raises(ValueError, match="version 1"):
        FrameIndex.from_bytes(damage(packed))
