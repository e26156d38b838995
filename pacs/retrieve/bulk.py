"""One value of an instance, addressed as its metadata address it (pacs/dicom/dicom_json.py), in any range."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pacs.dicom.dicom_json import BulkValue, NoSuchValue, find_bulk
from pacs.dicom.findings import PIXEL_DATA
from pacs.dicom.frames import FrameKind, frame_ranges
from pacs.dicom.layout import LargeValue
from pacs.dicom.plain_elements import swapped_words
from pacs.dicom.syntaxes import EXPLICIT_BIG, syntax
from pacs.retrieve.opened import OpenedInstance

_ENCAPSULATED_DOCUMENT = "00420011"
_MIME_TYPE = "00420012"
_WORD_BYTES = {"OW": 2, "OF": 4, "OL": 4, "OD": 8, "OV": 8}


@dataclass(frozen=True, slots=True)
class Value:
    """A value's size in bytes and its bytes [start, stop), little endian whatever the file is."""

    size: int
    stream: Callable[[int, int], Iterator[bytes]]
    is_pdf: bool = False
    is_video: bool = False


def is_in_frames(instance: OpenedInstance, path: str) -> bool:
    """Return whether the path names pixels that lie in fragments, so that they are given frame by frame."""
    is_apart = instance.frames.kind is FrameKind.FRAGMENTS
    return is_apart and path == f"{PIXEL_DATA:08X}"


def find_value(instance: OpenedInstance, path: str) -> Value:
    """Return the value at a path. Raises NoSuchValue."""
    if instance.frames.kind is FrameKind.STREAM and path == f"{PIXEL_DATA:08X}":
        return stream_of_frames(instance)
    found = find_bulk(instance.header_parts(), instance.layout, path)
    width = _WORD_BYTES.get(found.vr, 1) if instance.transfer_syntax_uid == EXPLICIT_BIG else 1
    value = _placed(instance, found.place) if found.place is not None else _held(found)
    value = _swapped(value, width) if width > 1 and value.size % width == 0 else value
    is_pdf = path == _ENCAPSULATED_DOCUMENT and mime_type(instance) == "application/pdf"
    return Value(value.size, value.stream, is_pdf)


def stream_of_frames(instance: OpenedInstance) -> Value:
    """Return the one stream that holds all frames, such as a video, without what divides its fragments."""
    ranges = frame_ranges(instance.frames, 1)

    def stream(start: int, stop: int) -> Iterator[bytes]:
        at = 0
        for offset, length in ranges:
            first, last = max(start - at, 0), min(stop - at, length)
            if first < last:
                yield from instance.stream(offset + first, offset + last)
            at += length

    is_video = syntax(instance.transfer_syntax_uid).is_video
    return Value(sum(length for _, length in ranges), stream, is_video=is_video)


def mime_type(instance: OpenedInstance) -> str:
    """Return the type that an encapsulated document says it has, empty for other objects."""
    try:
        found = find_bulk(instance.header_parts(), instance.layout, _MIME_TYPE)
    except NoSuchValue:
        return ""
    return (found.value or b"").decode("latin-1").strip(" \0").lower()


def _held(found: BulkValue) -> Value:
    data = found.value or b""
    return Value(len(data), lambda start, stop: iter((data[start:stop],)))


def _placed(instance: OpenedInstance, place: LargeValue) -> Value:
    return Value(place.length, lambda start, stop: instance.stream(place.offset + start, place.offset + stop))


def _swapped(value: Value, width: int) -> Value:
    """Return the value with the bytes of each word in reverse order; ranges may begin inside a word."""

    def stream(start: int, stop: int) -> Iterator[bytes]:
        first, last = start - start % width, stop + -stop % width
        at, rest = first, b""
        for piece in value.stream(first, last):
            data = rest + piece
            whole = len(data) - len(data) % width
            words, rest = swapped_words(data[:whole], width), data[whole:]
            yield words[max(start - at, 0) : stop - at]
            at += whole

    return Value(value.size, stream)
