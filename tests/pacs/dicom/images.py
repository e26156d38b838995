"""Images for tests: made here from nothing, or read from a file as the archive reads it."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydicom import Dataset, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import get_frame
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, JPEG2000Lossless, JPEGLSLossless, RLELossless

from pacs.dicom.codings import is_one_value
from pacs.dicom.frame_format import frame_format, pixel_keyword
from pacs.dicom.sameness import ComparedFile

_ENCODERS = {
    str(RLELossless): "pydicom",
    str(JPEGLSLossless): "pyjpegls",
    str(JPEG2000Lossless): "pylibjpeg",
}
LITTLE = str(ExplicitVRLittleEndian)


def header(rows: int, columns: int, *, bits: int = 8, **attributes: object) -> Dataset:
    """The attributes of an unsigned grey image without its pixels."""
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID = CTImageStorage, "1.2.3.4"
    ds.Rows, ds.Columns, ds.SamplesPerPixel = rows, columns, 1
    ds.PhotometricInterpretation = "MONOCHROME2"
    ds.BitsAllocated = 8 if bits <= 8 else 16 if bits <= 16 else 32
    ds.BitsStored, ds.HighBit, ds.PixelRepresentation = bits, bits - 1, 0
    for keyword, value in attributes.items():
        setattr(ds, keyword, value)
    return ds


def colour_header(rows: int, columns: int, photometric: str = "RGB", *, planar: int = 0) -> Dataset:
    """The attributes of an 8-bit colour image without its pixels."""
    return header(
        rows, columns, SamplesPerPixel=3, PhotometricInterpretation=photometric, PlanarConfiguration=planar
    )


def file_of(ds: Dataset, pixels: npt.NDArray[np.generic]) -> bytes:
    """A whole file in Explicit VR Little Endian."""
    copy = Dataset()
    copy.update(ds)
    copy.file_meta = FileMetaDataset()
    copy.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    copy.PixelData = pixels.tobytes() + b"\0" * (pixels.nbytes % 2)
    copy["PixelData"].VR = "OB" if ds.BitsAllocated <= 8 else "OW"
    buffer = BytesIO()
    copy.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def compressed(file: bytes, syntax: str) -> bytes:
    """The same file in another syntax, written by pydicom, attributes otherwise untouched."""
    ds = dcmread(BytesIO(file), force=True)
    ds.compress(syntax, generate_instance_uid=False, encoding_plugin=_ENCODERS[syntax])
    buffer = BytesIO()
    ds.save_as(buffer)
    return buffer.getvalue()


def read(source: Path | bytes) -> ComparedFile:
    """Read a file as the archive would: data set without pixels, frames one by one."""
    ds = dcmread(BytesIO(source) if isinstance(source, bytes) else source, force=True)
    syntax, keyword = str(ds.file_meta.TransferSyntaxUID), pixel_keyword(ds)
    kept = Dataset({tag: ds.get_item(tag) for tag in list(ds.keys()) if ds.get_item(tag) is not None})
    if keyword not in ds:
        return ComparedFile(header=kept, transfer_syntax=syntax, frame_count=0, frame=lambda _: b"")
    count, element = int(ds.get("NumberOfFrames") or 1), ds[keyword]
    del kept[element.tag]
    frame = _native(kept, syntax, element.value, str(element.VR))
    if not is_one_value(syntax):
        frame = _fragmented(element.value, count)
    return ComparedFile(
        header=kept, transfer_syntax=syntax, frame_count=count, frame=frame, vr=str(element.VR)
    )


def _fragmented(value: bytes, count: int) -> Callable[[int], bytes]:
    return lambda index: get_frame(value, index, number_of_frames=count)


def _native(ds: Dataset, syntax: str, value: bytes, vr: str) -> Callable[[int], bytes]:
    def frame(index: int) -> bytes:
        form = frame_format(ds, syntax, index=index, vr=vr)
        bits = form.pixels * form.samples if form.bits_allocated == 1 else form.native_bytes * 8
        start, stop = index * bits // 8, -(-(index + 1) * bits // 8)
        offset, length = form.span(start, stop - start)
        return value[offset : offset + length]

    return frame
