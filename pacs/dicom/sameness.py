"""Whether two files hold one image: equal attributes and equal pixels, however each was encoded.

A file that came through another door or archive may differ in transfer syntax, group lengths, padding, VRs,
the way lengths are written, character sets and places of private blocks, and is the same image. Compression
with loss makes another image. Whoever calls has compared the bytes of both data sets before.
"""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pydicom import DataElement, Dataset
from pydicom.dataelem import RawDataElement
from pydicom.encaps import get_frame

from pacs.dicom.attributes_compared import Difference, compare_attributes
from pacs.dicom.codings import DECODABLE, is_one_value
from pacs.dicom.decode_jobs import DigestJob
from pacs.dicom.decode_pool import DecoderPool
from pacs.dicom.frame_format import DecodeFailed, NotRenderable, frame_format
from pacs.dicom.syntaxes import EXPLICIT_LITTLE


class How(StrEnum):
    """What was found equal."""

    ATTRIBUTES = "attributes"  # neither has pixels
    STORED_FRAMES = "stored-frames"  # the frames' bytes are equal, compressed or not
    DECODED_FRAMES = "decoded-frames"


@dataclass(frozen=True)
class Same:
    """Both are one image."""

    how: How


@dataclass(frozen=True)
class Different:
    """They differ. At most MOST_DIFFERENCES are told, with values that may name a patient."""

    differing: tuple[Difference, ...]


@dataclass(frozen=True, kw_only=True)
class ComparedFile:
    """One side of a comparison, read piece by piece."""

    header: Dataset  # without group 0002 and pixels
    transfer_syntax: str
    frame_count: int
    frame: Callable[[int], bytes]  # the stored bytes of a frame, counted from 0
    vr: str = "OW"  # of Pixel Data
    large: Mapping[int, bytes] = field(default_factory=dict)  # SHA-256 of values left out of `header`, by tag


MOST_DIFFERENCES = 20
_UNDEFINED = 0xFFFFFFFF


def same_image(pool: DecoderPool, first: ComparedFile, second: ComparedFile) -> Same | Different:
    """Decide whether two files hold one image. Reads frame after frame, one of each. Raises PoolBusy."""
    differing = compare_attributes(
        first.header,
        second.header,
        are_pixels_alike=lambda ours, theirs: _are_icons_alike(pool, (first, ours), (second, theirs)),
        most=MOST_DIFFERENCES,
    )
    differing += _large_values(first, second)
    if first.frame_count != second.frame_count:
        differing.append(Difference("NumberOfFrames", str(first.frame_count), str(second.frame_count)))
    if differing:
        return Different(tuple(differing[:MOST_DIFFERENCES]))
    return _same_frames(pool, first, second) if first.frame_count else Same(How.ATTRIBUTES)


def _are_icons_alike(
    pool: DecoderPool, first: tuple[ComparedFile, Dataset], second: tuple[ComparedFile, Dataset]
) -> bool:
    """Compare the images that items hold: an icon is compressed with the image it belongs to."""
    # Equal bytes are equal also where whoever compressed the image forgot its icon.
    if _icon_value(first[1]) == _icon_value(second[1]):
        return True
    ours, theirs = _icon(*first), _icon(*second)
    return ours is not None and theirs is not None and isinstance(_same_frames(pool, ours, theirs), Same)


def _icon_value(item: Dataset) -> object:
    element = item.get_item("PixelData")
    return element and element.value


def _icon(side: ComparedFile, item: Dataset) -> ComparedFile | None:
    """Return the one frame of an item with pixels, None where it has none that can be found."""
    element = item.get_item("PixelData")
    if element is None or not isinstance(element.value, bytes):
        return None
    frame, syntax = element.value, side.transfer_syntax
    if _is_encapsulated(element):
        try:
            frame = get_frame(frame, 0, number_of_frames=1)
        except (ValueError, struct.error):
            return None
    elif not is_one_value(syntax):
        syntax = EXPLICIT_LITTLE
    vr = str(element.VR or "OW")
    return ComparedFile(header=item, transfer_syntax=syntax, frame_count=1, frame=lambda _: frame, vr=vr)


def _is_encapsulated(element: DataElement | RawDataElement) -> bool:
    if isinstance(element, RawDataElement):
        return element.length == _UNDEFINED
    return element.is_undefined_length


def _large_values(first: ComparedFile, second: ComparedFile) -> list[Difference]:
    return [
        Difference(f"({tag >> 16:04X},{tag & 0xFFFF:04X})", _digest(first, tag), _digest(second, tag))
        for tag in sorted({*first.large, *second.large})
        if first.large.get(tag) != second.large.get(tag)
    ]


def _digest(side: ComparedFile, tag: int) -> str:
    return side.large[tag].hex()[:16] if tag in side.large else ""


def _same_frames(pool: DecoderPool, first: ComparedFile, second: ComparedFile) -> Same | Different:
    how = How.STORED_FRAMES
    for index in range(first.frame_count):
        pair = first.frame(index), second.frame(index)
        if _are_stored_alike(first, second, pair):
            continue
        how = How.DECODED_FRAMES
        if not (_is_lossless(first) and _is_lossless(second)):
            return _different_pixels(index, first.transfer_syntax, second.transfer_syntax)
        told = _digest_of(pool, first, index, pair[0]), _digest_of(pool, second, index, pair[1])
        if told[0] != told[1] or not told[0].startswith("sha256:"):
            return _different_pixels(index, *told)
    return Same(how)


def _are_stored_alike(first: ComparedFile, second: ComparedFile, pair: tuple[bytes, bytes]) -> bool:
    """Compare stored bytes, but for the NUL that makes a fragment even."""
    if first.transfer_syntax != second.transfer_syntax:
        return False
    if first.vr != second.vr and is_one_value(
        first.transfer_syntax
    ):  # of fragments it is always OB, if said or not
        return False
    shorter, longer = sorted(pair, key=len)
    return longer in (shorter, shorter + b"\0") and _colours(first) == _colours(second)


def _colours(side: ComparedFile) -> tuple[object, object]:
    return side.header.get("PhotometricInterpretation"), side.header.get("PlanarConfiguration")


def _is_lossless(side: ComparedFile) -> bool:
    known = DECODABLE.get(side.transfer_syntax)
    return known is not None and known.is_lossless


def _digest_of(pool: DecoderPool, side: ComparedFile, index: int, frame: bytes) -> str:
    """Return the digest of a frame, or why there is none: then nothing proves that it is the same."""
    try:
        form = frame_format(side.header, side.transfer_syntax, index=index, vr=side.vr)
        return "sha256:" + pool.run(DigestJob(form), frame).data.hex()
    except DecodeFailed as error:
        return f"{error.reason}"
    except NotRenderable as error:
        return error.reason


def _different_pixels(index: int, first: str, second: str) -> Different:
    return Different((Difference(f"PixelData, frame {index + 1}", first[:64], second[:64]),))
