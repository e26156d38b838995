"""One function per way of compression: the bytes of a frame in, its samples out. Runs inside a decoder
process.

Every function returns samples of the precision that the stream announces, colour by pixel, and how their
colours are to be read. The shape was compared with the attributes before (`codestream.py`).
"""

import io
import zlib

import gdcm
import jpeg_ls
import numpy as np
import numpy.typing as npt
import openjpeg.utils
from PIL import Image
from pydicom.uid import JPEGExtended12Bit

from pacs.dicom.codestream import Shape, rle_segments
from pacs.dicom.frame_format import DecodeFailed, Failure, FrameFormat

Samples = npt.NDArray[np.generic]

Image.MAX_IMAGE_PIXELS = (
    None  # the size was compared with the attributes; Pillow's own limit would warn on mammograms
)
_RGB_IDS = ((82, 71, 66), (114, 103, 98))  # "RGB", "rgb"
_END_OF_IMAGE = b"\xff\xd9"
_JFIF_PROCESSES = (0xC0, 0xC1, 0xC2)  # baseline, extended sequential, progressive: what libjpeg reads


def inflate(frame: memoryview, size: int) -> bytes:
    """Inflate a frame of Deflated Image Frame Compression (PS3.5 A.4.11), never beyond `size` bytes."""
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(frame, size)
    except zlib.error as error:
        raise DecodeFailed(Failure.DAMAGED, "deflate") from error


def decode_rle(form: FrameFormat, frame: memoryview) -> Samples:
    """PS3.5 annex G. A plane is unpacked as one line, for runs cross rows in old files."""
    planes = [_unpack(form.pixels, frame[start:stop]) for start, stop in rle_segments(form, frame)]
    width = form.sample_bytes
    samples = np.empty((form.pixels, form.samples, width), dtype="u1")
    for number, plane in enumerate(planes):
        samples[:, number // width, width - 1 - number % width] = plane
    return samples.reshape(-1).view(f"<u{width}")


def _unpack(pixels: int, segment: memoryview) -> npt.NDArray[np.uint8]:
    image = Image.frombytes("L", (pixels, 1), bytes(segment), "packbits", "L")
    return np.frombuffer(image.tobytes(), dtype="u1")


def decode_jpeg(form: FrameFormat, frame: memoryview, shape: Shape) -> tuple[Samples, str]:
    """ITU-T T.81: 8-bit DCT by libjpeg, the 12-bit and lossless processes by GDCM."""
    if shape.precision == 8 and shape.frame_marker in _JFIF_PROCESSES:
        return _libjpeg(form, frame, shape)
    buffer = _gdcm_image(form, frame).GetBuffer()
    if buffer is None:
        raise DecodeFailed(Failure.DAMAGED, "JPEG")
    return np.frombuffer(
        buffer.encode("utf-8", "surrogateescape"), f"<u{form.sample_bytes}"
    ), form.photometric


def _libjpeg(form: FrameFormat, frame: memoryview, shape: Shape) -> tuple[Samples, str]:
    image = Image.open(io.BytesIO(frame), formats=("JPEG",))
    if form.samples == 1:
        return np.asarray(image).reshape(-1), form.photometric
    # libjpeg guesses the colours of a stream without markers; the attributes know them (PS3.5 §8.2.1).
    coded = "YCbCr" if _is_ybr(form, shape) else "RGB"
    image.tile = [tile._replace(args=("RGB", coded)) for tile in image.tile]
    return np.asarray(image).reshape(-1), "RGB"


def _is_ybr(form: FrameFormat, shape: Shape) -> bool:
    if shape.component_ids in _RGB_IDS:
        return False
    if shape.jfif:
        return True
    if shape.adobe_transform is not None:
        return shape.adobe_transform == 1
    return form.photometric.startswith("YBR")


def _gdcm_image(form: FrameFormat, frame: memoryview) -> gdcm.Image:
    fragment = gdcm.Fragment()
    fragment.SetByteStringValue(bytes(frame))
    fragments = gdcm.SequenceOfFragments.New()
    fragments.AddFragment(fragment)
    element = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010))
    element.SetValue(fragments.__ref__())
    image = gdcm.Image()
    image.SetNumberOfDimensions(2)
    image.SetDimensions((form.columns, form.rows, 1))
    image.SetDataElement(element)
    colours = gdcm.PhotometricInterpretation.GetPIType(form.photometric)
    image.SetPhotometricInterpretation(gdcm.PhotometricInterpretation(colours))
    # One codec serves every process: the stream, not the UID, tells it which.
    syntax = gdcm.TransferSyntax.GetTSType(str(JPEGExtended12Bit))
    image.SetTransferSyntax(gdcm.TransferSyntax(syntax))
    image.SetPixelFormat(
        gdcm.PixelFormat(form.samples, form.bits_allocated, form.bits_stored, form.high_bit, int(form.signed))
    )
    return image


def decode_jpeg_ls(form: FrameFormat, frame: memoryview) -> Samples:
    """ITU-T T.87, in all three ways of interleaving."""
    # CharLS reads on beyond a stream that was cut, for seconds: an end mark of our own stops it.
    decoded, info = jpeg_ls.decode_pixel_data(bytes(frame) + _END_OF_IMAGE)
    samples = np.frombuffer(decoded, "u1" if info["bits_per_sample"] <= 8 else "<u2")
    if form.samples > 1 and info["interleave_mode"] == 0:
        return np.ascontiguousarray(samples.reshape(form.samples, -1).T).reshape(-1)
    return samples


def decode_jpeg_2000(frame: memoryview, shape: Shape) -> Samples:
    """ITU-T T.800 and T.814. Colour transforms of the stream (RCT, ICT) are undone by OpenJPEG."""
    width = 1 if shape.precision <= 8 else 2 if shape.precision <= 16 else 4
    return np.frombuffer(openjpeg.utils.decode_pixel_data(bytes(frame), version=2), f"<u{width}")
