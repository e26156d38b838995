"""What can be asked of a decoder process, as plain values that cross its pipe."""

from dataclasses import dataclass

from pacs.dicom.frame_format import FrameFormat
from pacs.dicom.look import Look
from pacs.dicom.view import View


@dataclass(frozen=True)
class DecodeJob:
    """Decode the frame to native little endian bytes, colours in the order that the attributes say. Fact:
    `photometric`.
    """

    form: FrameFormat


@dataclass(frozen=True)
class DigestJob:
    """Answer the SHA-256 of the frame's samples, alike in every lossless syntax (`decode_worker.digest`)."""

    form: FrameFormat


@dataclass(frozen=True)
class RenderJob:
    """Draw the frame. Facts: `width` and `height`."""

    form: FrameFormat
    look: Look
    view: View


Job = DecodeJob | DigestJob | RenderJob


@dataclass(frozen=True)
class Answer:
    """Small facts and bytes."""

    facts: dict[str, int | str]
    data: bytes
