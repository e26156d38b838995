"""Frames of an instance: as stored, or decoded to what Explicit VR Little Endian holds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pacs.dicom.codings import DECODABLE, Coding, is_one_value
from pacs.dicom.frames import FrameKind, first_bit
from pacs.dicom.transcode import native_frame
from pacs.retrieve.decoding import pool
from pacs.retrieve.opened import OpenedInstance


@dataclass(frozen=True, slots=True)
class FrameForms:
    """How the frames of an instance can be had. Native ones of little endian are decoded as they lie."""

    is_decodable: bool
    is_stored_decoded: bool


def forms(transfer_syntax_uid: str) -> FrameForms:
    """Return in which forms the frames of a transfer syntax can be had."""
    known = DECODABLE.get(transfer_syntax_uid)
    if known is None:
        return FrameForms(is_decodable=False, is_stored_decoded=False)
    is_native = known.coding is Coding.NATIVE and not known.is_big_endian
    return FrameForms(is_decodable=True, is_stored_decoded=is_native)


def stored_frames(instance: OpenedInstance, numbers: Sequence[int]) -> Iterator[bytes]:
    """Yield frames, counted from 1, in the transfer syntax of the file, each in one ranged read."""
    for number in numbers:
        yield instance.frame(number)


def decoded_frames(instance: OpenedInstance, numbers: Sequence[int]) -> Iterator[bytes]:
    """Yield frames, counted from 1, as Explicit VR Little Endian has them. Raises DecodeFailed, PoolBusy."""
    if all(lies_decoded(instance, number) for number in numbers):
        yield from stored_frames(instance, numbers)
        return
    header = instance.header()
    for number in numbers:
        yield native_frame(
            pool(),
            header,
            instance.frame(number),
            transfer_syntax=instance.transfer_syntax_uid,
            index=number - 1,
            vr=instance.pixel_vr,
        ).data


def lies_decoded(instance: OpenedInstance, number: int) -> bool:
    """Return whether the stored bytes are the decoded ones: little endian, and beginning with a whole byte."""
    is_native = forms(instance.transfer_syntax_uid).is_stored_decoded
    is_aligned = instance.frames.kind is not FrameKind.NATIVE or first_bit(instance.frames, number) == 0
    return is_native and is_aligned and is_one_value(instance.transfer_syntax_uid)
