"""From the bytes of one stored frame to its samples. Runs inside a decoder process (`decode_pool.py`)."""

from dataclasses import dataclass

import numpy as np

from pacs.dicom import codecs
from pacs.dicom.codecs import Samples
from pacs.dicom.codestream import Shape, check_stream
from pacs.dicom.codings import DECODABLE, Coding
from pacs.dicom.frame_format import DecodeFailed, Failure, FrameFormat

_UNDONE = {"YBR_RCT": "RGB", "YBR_ICT": "RGB"}


@dataclass(frozen=True)
class Decoded:
    """The samples of one frame: rows × columns, or rows × columns × 3 (colour by pixel).

    Native frames keep the bits beyond Bits Stored; compressed ones are extended to Bits Allocated.
    """

    samples: Samples
    photometric: str


def decode(form: FrameFormat, frame: memoryview) -> Decoded:
    """Decode one frame, after its header was compared with the attributes. Raises DecodeFailed."""
    shape = check_stream(form, frame)
    coding = DECODABLE[form.transfer_syntax].coding
    try:
        if coding is Coding.DEFLATED:
            return _native(form, memoryview(codecs.inflate(frame, form.native_bytes)))
        if coding is Coding.NATIVE:
            return _native(form, frame)
        return _compressed(form, frame, coding, shape)
    except (DecodeFailed, MemoryError):
        raise
    except Exception as error:  # decoders raise whatever they like; a process of its own contains the rest
        raise DecodeFailed(Failure.DAMAGED, type(error).__name__) from error


def stored_values(form: FrameFormat, samples: Samples) -> Samples:
    """Keep Bits Stored alone: what old files hold beside them is no part of the image (PS3.5 §8.1.2)."""
    if form.floating or form.bits_allocated in (form.bits_stored, 1):
        return samples
    above = form.bits_allocated - 1 - form.high_bit
    moved = np.left_shift(samples, above)
    values: Samples = np.right_shift(moved, form.bits_allocated - form.bits_stored)
    return values


def _native(form: FrameFormat, frame: memoryview) -> Decoded:
    needed = form.native_bytes
    if form.word_bytes > 1:
        frame = _reversed_words(form, frame)
    if len(frame) < needed:
        raise DecodeFailed(Failure.DAMAGED, f"{len(frame)} bytes of {needed}")
    if form.bits_allocated == 1:
        bits = np.unpackbits(np.frombuffer(frame[:needed], "u1"), bitorder="little")
        return Decoded(
            _shaped(form, bits[form.first_bit : form.first_bit + form.pixels * form.samples]),
            form.photometric,
        )
    samples = np.frombuffer(frame[:needed], _dtype(form).newbyteorder("<"))
    if form.is_subsampled:
        return Decoded(_shaped(form, _expand_422(samples)), form.photometric.replace("_422", ""))
    return Decoded(_shaped(form, samples, planar=form.planar), form.photometric)


def _reversed_words(form: FrameFormat, frame: memoryview) -> memoryview:
    """Undo big endian. A frame that starts or ends within a word is given with all of that word."""
    if len(frame) % form.word_bytes:
        raise DecodeFailed(Failure.DAMAGED, f"{len(frame)} bytes of words")
    words = np.frombuffer(frame, f"u{form.word_bytes}").byteswap()
    return memoryview(words.tobytes())[1 if form.odd_start else 0 :]


def _dtype(form: FrameFormat) -> np.dtype[np.generic]:
    return np.dtype(f"{'f' if form.floating else 'i' if form.signed else 'u'}{form.sample_bytes}")


def _expand_422(samples: Samples) -> Samples:
    """Y1 Y2 Cb Cr becomes Y1 Cb Cr Y2 Cb Cr (PS3.3 C.7.6.3.1.2)."""
    quads = samples.reshape(-1, 4)
    return quads[:, (0, 2, 3, 1, 2, 3)].reshape(-1)


def _shaped(form: FrameFormat, samples: Samples, *, planar: bool = False) -> Samples:
    if samples.size < form.pixels * form.samples:
        raise DecodeFailed(Failure.DAMAGED, f"{samples.size} samples of {form.pixels * form.samples}")
    samples = samples[: form.pixels * form.samples]
    if form.samples == 1:
        return samples.reshape(form.rows, form.columns)
    if planar:
        return samples.reshape(form.samples, form.rows, form.columns).transpose(1, 2, 0)
    return samples.reshape(form.rows, form.columns, form.samples)


def _compressed(form: FrameFormat, frame: memoryview, coding: Coding, shape: Shape | None) -> Decoded:
    photometric = _UNDONE.get(form.photometric, form.photometric.replace("_422", ""))
    if coding is Coding.RLE or shape is None:
        return Decoded(_shaped(form, codecs.decode_rle(form, frame).view(_dtype(form))), photometric)
    if coding is Coding.JPEG_LS:
        samples = codecs.decode_jpeg_ls(form, frame)
    elif coding is Coding.JPEG_2000:
        samples = codecs.decode_jpeg_2000(frame, shape)
    else:
        samples, photometric = codecs.decode_jpeg(form, frame, shape)
    return Decoded(_shaped(form, _extended(form, samples, shape)), photometric)


def _extended(form: FrameFormat, samples: Samples, shape: Shape) -> Samples:
    """Bring samples of the stream's precision to Bits Allocated, with the sign that the attributes say.

    JPEG and JPEG-LS streams know no sign, and JPEG 2000 streams are met whose sign contradicts the
    attributes: the bits are right, their reading is not.
    """
    width = form.sample_bytes
    if not form.signed:
        unsigned: Samples = samples.astype(f"<u{width}", copy=False)
        return unsigned & (2**shape.precision - 1) if shape.signed else unsigned
    if shape.signed:
        return samples.view(f"<i{samples.itemsize}").astype(f"<i{width}", copy=False)
    spare = 8 * width - shape.precision
    moved = np.left_shift(samples.astype(f"<i{width}"), spare)
    extended: Samples = np.right_shift(moved, spare)
    return extended
