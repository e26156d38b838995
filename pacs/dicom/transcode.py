"""Stored frames and instances in another transfer syntax.

Targets are the two uncompressed little endian syntaxes: what every receiver must take (PS3.5 §10.1, PS3.18
§8.7.3.5). Nothing is compressed here, so nothing is lost that was not lost before.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from types import MappingProxyType

from pydicom import Dataset

from pacs.dicom.codings import DECODABLE, is_one_value
from pacs.dicom.decode_jobs import DecodeJob
from pacs.dicom.decode_pool import DecoderPool
from pacs.dicom.frame_format import DecodeFailed, Failure, FrameFormat, frame_format, pixel_keyword
from pacs.dicom.plain_elements import element_header, swapped_words, written
from pacs.dicom.syntaxes import EXPLICIT_LITTLE, IMPLICIT_LITTLE

TARGETS: Mapping[str, frozenset[str]] = MappingProxyType(
    {source: frozenset((EXPLICIT_LITTLE, IMPLICIT_LITTLE)) - {source} for source in DECODABLE}
)
"""Into which other syntaxes the instances of each can be brought. What is not here is given as it is
stored.
"""

IMPLEMENTATION_CLASS_UID = "2.25.182357306951936217310279466042385318754"

_PIXEL_TAGS = {"PixelData": 0x7FE00010, "FloatPixelData": 0x7FE00008, "DoubleFloatPixelData": 0x7FE00009}
_PIXEL_VRS = {"FloatPixelData": "OF", "DoubleFloatPixelData": "OD"}
_REPLACED = frozenset((*_PIXEL_TAGS.values(), 0x7FE00001, 0x7FE00002, 0x7FE00003))  # and the offset tables
_PHOTOMETRIC_INTERPRETATION = 0x00280004
_LONGEST_VALUE = 0xFFFFFFFE


@dataclass(frozen=True)
class NativeFrame:
    """One frame in little endian without compression. `photometric` is its Photometric Interpretation now."""

    data: bytes
    photometric: str


@dataclass(frozen=True, kw_only=True)
class Instance:
    """A stored instance as it is read: the data set without pixels and group 0002, then the frames."""

    header: Dataset
    transfer_syntax: str
    frame_count: int
    frames: Iterable[bytes]
    vr: str = "OW"  # of Pixel Data


def native_frame(
    pool: DecoderPool,
    header: Dataset,
    frame: bytes | memoryview,
    *,
    transfer_syntax: str,
    index: int = 0,
    vr: str = "OW",
) -> NativeFrame:
    """Return the frame `index` (from 0) as Explicit VR Little Endian has it. Raises as `render_frame`."""
    return _native(pool, frame_format(header, transfer_syntax, index=index, vr=vr), frame)


def _native(pool: DecoderPool, form: FrameFormat, frame: bytes | memoryview) -> NativeFrame:
    if not is_one_value(form.transfer_syntax) or (form.bits_allocated == 1 and form.first_bit):
        answer = pool.run(DecodeJob(form), frame)
        return NativeFrame(answer.data, str(answer.facts["photometric"]))
    start = 1 if form.odd_start else 0
    if form.word_bytes > 1:
        frame = swapped_words(frame[: len(frame) - len(frame) % form.word_bytes], form.word_bytes)
    data = bytes(frame[start : start + form.native_bytes])
    if len(data) < form.native_bytes:
        raise DecodeFailed(Failure.DAMAGED, f"{len(data)} bytes of {form.native_bytes}")
    return NativeFrame(data, form.photometric)


def transcoded(pool: DecoderPool, instance: Instance, *, target: str) -> Iterator[bytes]:
    """Yield a whole file in `target`, frame by frame; at most two frames are held.

    The data set is written anew: values byte for byte, sequences with defined lengths, group lengths left
    out. Errors of the first frame and of the attributes are raised before anything is yielded.
    """
    if target not in TARGETS.get(instance.transfer_syntax, ()):
        raise DecodeFailed(Failure.SYNTAX, instance.transfer_syntax[:64])
    if instance.frame_count:
        yield from _with_pixels(pool, instance, target)
    else:
        yield _meta(instance.header, target)
        yield _dataset(instance.header, target, 0, 0xFFFFFFFF)


def _with_pixels(pool: DecoderPool, instance: Instance, target: str) -> Iterator[bytes]:
    form = frame_format(instance.header, instance.transfer_syntax, vr=instance.vr)
    header, frames = instance.header, _native_frames(pool, instance)
    first = next(frames)
    keyword = pixel_keyword(header)
    tag, length = _PIXEL_TAGS[keyword], _value_length(form, first, instance.frame_count)
    header = _described(header, form, first)
    before = _dataset(header, target, 0, tag)
    yield _meta(header, target)
    yield before
    vr = _PIXEL_VRS.get(keyword) or ("OW" if form.bits_allocated > 8 or instance.vr == "OW" else "OB")
    yield element_header(tag, vr, length + length % 2, is_implicit=target == IMPLICIT_LITTLE)
    yield from _packed(form, first, frames)
    if length % 2:
        yield b"\0"
    yield _dataset(header, target, tag, 0xFFFFFFFF)


def _native_frames(pool: DecoderPool, instance: Instance) -> Iterator[NativeFrame]:
    index = -1
    for index, frame in enumerate(instance.frames):
        form = frame_format(instance.header, instance.transfer_syntax, index=index, vr=instance.vr)
        yield _native(pool, form, frame)
    if index + 1 != instance.frame_count:
        raise DecodeFailed(Failure.ATTRIBUTES, f"{index + 1} frames of {instance.frame_count}")


def _value_length(form: FrameFormat, first: NativeFrame, count: int) -> int:
    length = (
        (form.pixels * form.samples * count + 7) // 8 if form.bits_allocated == 1 else len(first.data) * count
    )
    if length > _LONGEST_VALUE:  # PS3.5 §7.1.2: longer pixels need fragments
        raise DecodeFailed(Failure.TOO_LARGE, f"{length} bytes")
    return length


def _packed(form: FrameFormat, first: NativeFrame, frames: Iterator[NativeFrame]) -> Iterator[bytes]:
    """Join frames; those of single bits follow each other without a gap (PS3.5 §8.1.1)."""
    frame_bits = form.pixels * form.samples
    if form.bits_allocated > 1 or frame_bits % 8 == 0:
        yield first.data
        yield from (frame.data for frame in frames)
        return
    carried, count = 0, 0
    for frame in chain((first,), frames):
        carried |= (int.from_bytes(frame.data, "little") & (1 << frame_bits) - 1) << count
        count += frame_bits
        whole = count // 8
        yield (carried & (1 << 8 * whole) - 1).to_bytes(whole, "little")
        carried, count = carried >> 8 * whole, count % 8
    if count:
        yield carried.to_bytes(1, "little")


def _described(header: Dataset, form: FrameFormat, first: NativeFrame) -> Dataset:
    """Return the data set with what decoding changed. The rest, Lossy Image Compression with it, stays."""
    described = Dataset({tag: header.get_item(tag) for tag in header.keys()})  # noqa: SIM118  # values stay raw
    if first.photometric != form.photometric:
        described.add_new(_PHOTOMETRIC_INTERPRETATION, "CS", first.photometric)  # the element is shared
    if form.samples > 1 and "PlanarConfiguration" not in described:
        described.PlanarConfiguration = 0
    return described


def _meta(header: Dataset, target: str) -> bytes:
    meta = Dataset()
    meta.add_new(0x00020001, "OB", b"\0\1")
    meta.add_new(0x00020002, "UI", header.get("SOPClassUID") or "")
    meta.add_new(0x00020003, "UI", header.get("SOPInstanceUID") or "")
    meta.add_new(0x00020010, "UI", target)
    meta.add_new(0x00020012, "UI", IMPLEMENTATION_CLASS_UID)
    group = written(meta, is_implicit=False, is_signed=False)
    length = element_header(0x00020000, "UL", 4, is_implicit=False) + len(group).to_bytes(4, "little")
    return b"\0" * 128 + b"DICM" + length + group


def _dataset(header: Dataset, target: str, after: int, before: int) -> bytes:
    """Encode the elements between two tags, without pixels and their tables."""
    return written(
        header,
        is_implicit=target == IMPLICIT_LITTLE,
        is_signed=header.get("PixelRepresentation") == 1,
        keep=lambda tag: after < tag < before and tag > 0x0002FFFF and tag not in _REPLACED,
    )
