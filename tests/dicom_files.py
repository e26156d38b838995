"""Small synthetic DICOM files for everyone's tests: whole ones by pydicom, odd ones byte by byte."""

import struct
import zlib
from collections.abc import Mapping, Sequence
from io import BytesIO

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.filewriter import dcmwrite
from pydicom.uid import UID, ExplicitVRLittleEndian

CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
COMPREHENSIVE_SR = "1.2.840.10008.5.1.4.1.1.88.33"
ENCAPSULATED_PDF = "1.2.840.10008.5.1.4.1.1.104.1"
EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
IMPLICIT_LITTLE = "1.2.840.10008.1.2"
EXPLICIT_BIG = "1.2.840.10008.1.2.2"
DEFLATED = "1.2.840.10008.1.2.1.99"
JPEG_BASELINE = "1.2.840.10008.1.2.4.50"
RLE = "1.2.840.10008.1.2.5"
MPEG4 = "1.2.840.10008.1.2.4.102"

UNDEFINED = 0xFFFFFFFF
_LONG_VRS = frozenset(["OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"])


def uid(number: int) -> str:
    """Return a valid UID that is the same each time."""
    return f"2.25.{10**20 + number}"


def image(*, number: int = 1, rows: int = 4, columns: int = 4, frames: int = 1) -> Dataset:
    """Return a CT image with fictional values and 16-bit pixels that count upwards."""
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    ds.SOPClassUID = CT_IMAGE
    ds.SOPInstanceUID = uid(1000 + number)
    ds.StudyDate, ds.StudyTime = "20240229", "101112.5"
    ds.AccessionNumber = "A1"
    ds.Modality = "CT"
    ds.ReferringPhysicianName = "Hahn^Otto"
    ds.StudyDescription = "Head"
    ds.PatientName = "Curie^Marie"
    ds.PatientID = "P1"
    ds.PatientBirthDate = "18671107"
    ds.PatientSex = "F"
    ds.SliceThickness = "1.5"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = uid(1), uid(2)
    ds.StudyID, ds.SeriesNumber, ds.InstanceNumber = "1", 1, number
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    if frames > 1:
        ds.NumberOfFrames = frames
    ds.Rows, ds.Columns = rows, columns
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 0
    words = rows * columns * frames
    ds.PixelData = struct.pack(f"<{words}H", *(at & 0xFFFF for at in range(words)))
    ds["PixelData"].VR = "OW"
    return ds


def compressed(fragments: Sequence[bytes], *, frames: int = 1, has_table: bool = False) -> Dataset:
    """Return an 8-bit image that holds these fragments, which nothing decodes."""
    ds = image(frames=frames)
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = 8, 8, 7
    ds.PixelData = encapsulate(list(fragments), has_bot=has_table)
    ds["PixelData"].VR = "OB"
    ds["PixelData"].is_undefined_length = True
    return ds


def written(ds: Dataset, syntax: str = ExplicitVRLittleEndian) -> bytes:
    """Return the file (PS3.10) of a data set, in a syntax that needs no encoding of pixels."""
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = UID(syntax)
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    file = BytesIO()
    dcmwrite(file, ds, enforce_file_format=True, implicit_vr=None, little_endian=None)
    return file.getvalue()


def element(tag: int, vr: str, value: bytes = b"", *, length: int | None = None) -> bytes:
    """Return one element, explicit little endian. `length` may lie."""
    told = len(value) if length is None else length
    head = struct.pack("<HH2s", tag >> 16, tag & 0xFFFF, vr.encode())
    if vr in _LONG_VRS or not vr.isupper():
        return head + struct.pack("<HL", 0, told) + value
    return head + struct.pack("<H", told) + value


def bare(tag: int, value: bytes = b"", *, length: int | None = None) -> bytes:
    """Return one element, implicit little endian, or an item or delimiter."""
    return struct.pack("<HHL", tag >> 16, tag & 0xFFFF, len(value) if length is None else length) + value


def item(value: bytes = b"", *, length: int | None = None) -> bytes:
    """Return an item."""
    return bare(0xFFFEE000, value, length=length)


ITEM_END = bare(0xFFFEE00D)
SEQUENCE_END = bare(0xFFFEE0DD)


def even(value: bytes, padding: bytes = b" ") -> bytes:
    """Return a value padded to an even length."""
    return value + padding * (len(value) % 2)


def file_of(
    data_set: bytes,
    *,
    syntax: str = EXPLICIT_LITTLE,
    preamble: bytes = bytes(128),
    instance: str = uid(1001),
    sop_class: str = CT_IMAGE,
) -> bytes:
    """Return a file with a proper meta header around the bytes of a data set."""
    meta = element(0x00020001, "OB", b"\0\1")
    meta += element(0x00020002, "UI", even(sop_class.encode(), b"\0"))
    meta += element(0x00020003, "UI", even(instance.encode(), b"\0"))
    meta += element(0x00020010, "UI", even(syntax.encode(), b"\0"))
    meta = element(0x00020000, "UL", struct.pack("<L", len(meta))) + meta
    return preamble.ljust(128, b"\0") + b"DICM" + meta + data_set


def deflated(data_set: bytes) -> bytes:
    """Return a data set as the deflated syntax has it."""
    return even(deflated_unpadded(data_set), b"\0")


def deflated_unpadded(data_set: bytes) -> bytes:
    """Return the deflated stream alone."""
    deflater = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return deflater.compress(data_set) + deflater.flush()


def elements(changes: Mapping[int, bytes | None] | None = None) -> dict[int, bytes]:
    """Return the elements of a 2x2 8-bit image by tag, some replaced or (None) taken away."""
    plain = {
        0x00080016: element(0x00080016, "UI", even(CT_IMAGE.encode(), b"\0")),
        0x00080018: element(0x00080018, "UI", even(uid(1001).encode(), b"\0")),
        0x00080060: element(0x00080060, "CS", b"CT"),
        0x00100010: element(0x00100010, "PN", b"Curie^Marie "),
        0x00100020: element(0x00100020, "LO", b"P1"),
        0x00180050: element(0x00180050, "DS", b"1.50"),
        0x0020000D: element(0x0020000D, "UI", even(uid(1).encode(), b"\0")),
        0x0020000E: element(0x0020000E, "UI", even(uid(2).encode(), b"\0")),
        0x00200013: element(0x00200013, "IS", b"1 "),
        0x00280002: element(0x00280002, "US", b"\1\0"),
        0x00280004: element(0x00280004, "CS", b"MONOCHROME2 "),
        0x00280010: element(0x00280010, "US", b"\2\0"),
        0x00280011: element(0x00280011, "US", b"\2\0"),
        0x00280100: element(0x00280100, "US", b"\x08\0"),
        0x00280101: element(0x00280101, "US", b"\x08\0"),
        0x00280102: element(0x00280102, "US", b"\7\0"),
        0x00280103: element(0x00280103, "US", b"\0\0"),
        0x7FE00010: element(0x7FE00010, "OW", b"\1\2\3\4"),
    }
    merged = {**plain, **(changes or {})}
    return {tag: merged[tag] or b"" for tag in sorted(merged)}


def small(changes: Mapping[int, bytes | None] | None = None, *, syntax: str = EXPLICIT_LITTLE) -> bytes:
    """Return the file of `elements`: valid but for the changes."""
    return file_of(b"".join(elements(changes).values()), syntax=syntax)


def in_pieces(data: bytes, size: int) -> Sequence[bytes]:
    """Return a file cut into chunks of this size."""
    return [data[start : start + size] for start in range(0, len(data), size)]
