"""Other people's encoders on other people's images: none makes a conflict, and no change is overlooked."""

import faulthandler
import multiprocessing
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import gdcm
import pytest
from pydicom import DataElement, Dataset, dcmread
from pydicom.uid import ImplicitVRLittleEndian, JPEG2000Lossless, JPEGLSLossless, RLELossless

from pacs.dicom.codings import DECODABLE, is_one_value
from pacs.dicom.decode_pool import DecoderPool
from pacs.dicom.sameness import Same, same_image
from tests.pacs.dicom.images import compressed, read

SHARED = Path(__file__).resolve().parents[4] / "shared"
PACK = SHARED / "data" / "dicom"

Recode = Callable[[bytes, Path], bytes]


def _dcmtk(*command: str) -> Recode:
    def recode(file: bytes, folder: Path) -> bytes:
        (folder / "in.dcm").write_bytes(file)
        subprocess.run(
            [*command, folder / "in.dcm", folder / "out.dcm"], check=True, capture_output=True, timeout=60
        )
        return (folder / "out.dcm").read_bytes()

    return recode


def _pydicom(syntax: str) -> Recode:
    return lambda file, _: compressed(file, syntax)


def _pydicom_rewritten(file: bytes, _: Path) -> bytes:
    ds, buffer = dcmread(BytesIO(file), force=True), BytesIO()
    if not is_one_value(str(ds.file_meta.TransferSyntaxUID)):
        raise ValueError("compressed")
    ds.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    assert all(element.VR for element in ds.iterall())  # every value decoded, and encoded again below
    ds.save_as(buffer, implicit_vr=True, little_endian=True)
    return buffer.getvalue()


def _gdcm(name: int) -> Recode:
    """GDCM's encoder on the original's attributes: its own writer adds some that were not there."""

    def recode(file: bytes, folder: Path) -> bytes:
        if dcmread(BytesIO(file), force=True).get("BitsAllocated") not in (8, 16):
            raise ValueError("GDCM writes streams of 1 and 32 bits that it cannot read itself")
        (folder / "in.dcm").write_bytes(file)
        child = multiprocessing.get_context("fork").Process(target=_encode, args=(folder, name))
        child.start()
        child.join()
        if child.exitcode:
            raise ValueError("not for GDCM")
        return _transplanted(file, folder / "out.dcm")

    return recode


def _encode(folder: Path, name: int) -> None:
    """Runs in a process of its own: GDCM aborts on some images."""
    faulthandler.disable()
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    reader, change, writer = gdcm.ImageReader(), gdcm.ImageChangeTransferSyntax(), gdcm.ImageWriter()
    reader.SetFileName(str(folder / "in.dcm"))
    change.SetTransferSyntax(gdcm.TransferSyntax(name))
    is_done = reader.Read()
    if is_done:
        change.SetInput(reader.GetImage())
        is_done = change.Change()
    if is_done:
        writer.SetFileName(str(folder / "out.dcm"))
        writer.SetFile(reader.GetFile())
        writer.SetImage(change.GetOutput())
        is_done = writer.Write()
    os._exit(0 if is_done else 1)


def _transplanted(file: bytes, encoded: Path) -> bytes:
    ds, donor, buffer = dcmread(BytesIO(file), force=True), dcmread(encoded), BytesIO()
    for keyword in ("PixelData", "PhotometricInterpretation", "PlanarConfiguration"):
        if keyword in donor:
            ds[keyword] = donor[keyword]
    ds.file_meta.TransferSyntaxUID = donor.file_meta.TransferSyntaxUID
    ds.save_as(buffer, implicit_vr=False, little_endian=True)
    return buffer.getvalue()


# Each with the number of files of the pack that it takes.
ENCODERS: dict[str, tuple[Recode, int]] = {
    "dcmconv +ti": (_dcmtk("dcmconv", "+ti"), 63),
    "dcmconv +tb": (_dcmtk("dcmconv", "+tb"), 63),
    "dcmconv +td": (_dcmtk("dcmconv", "+td"), 63),
    "dcmconv +te -e -g": (_dcmtk("dcmconv", "+te", "-e", "-g"), 63),
    "dcmcrle": (_dcmtk("dcmcrle"), 59),
    "dcmcjpls": (_dcmtk("dcmcjpls"), 57),
    "dcmcjpeg": (_dcmtk("dcmcjpeg", "+e1"), 61),
    "dcmdjpeg": (_dcmtk("dcmdjpeg", "+cn"), 67),
    "dcmdjpls": (_dcmtk("dcmdjpls"), 68),
    "dcmdrle": (_dcmtk("dcmdrle"), 68),
    "pydicom RLE": (_pydicom(RLELossless), 44),
    "pydicom JPEG-LS": (_pydicom(JPEGLSLossless), 43),
    "pydicom JPEG 2000": (_pydicom(JPEG2000Lossless), 43),
    "pydicom implicit": (_pydicom_rewritten, 59),
    "GDCM JPEG lossless": (_gdcm(gdcm.TransferSyntax.JPEGLosslessProcess14_1), 62),
    "GDCM JPEG 2000": (_gdcm(gdcm.TransferSyntax.JPEG2000Lossless), 62),
    "GDCM JPEG-LS": (_gdcm(gdcm.TransferSyntax.JPEGLSLossless), 63),
}


def _pack() -> Iterator[Path]:
    """One file of each folder of the studies, and all of every other folder that can be read and is
    lossless.
    """
    seen = set()
    for path in sorted(
        (*PACK.glob("transfer-syntaxes/*"), *PACK.glob("charsets/*"), *PACK.glob("studies/**/*.dcm"))
    ):
        if "studies" in path.parts and path.parent in seen:
            continue
        seen.add(path.parent)
        try:
            file = read(path)
        except (AttributeError, KeyError):
            continue
        known = DECODABLE.get(file.transfer_syntax)
        if known is not None and known.is_lossless:
            yield path


@pytest.mark.shared
@pytest.mark.parametrize("encoder", ENCODERS)
def test_no_encoder_makes_a_false_conflict(pool: DecoderPool, tmp_path: Path, encoder: str) -> None:
    recode, expected = ENCODERS[encoder]
    if encoder.startswith("dcm") and shutil.which(encoder.split(maxsplit=1)[0]) is None:
        pytest.skip("needs DCMTK")
    false, count = [], 0
    for path in _pack():
        file = path.read_bytes()
        try:
            recoded = recode(file, tmp_path)
        except (
            subprocess.CalledProcessError,
            ValueError,
            RuntimeError,
            AttributeError,
            NotImplementedError,
            KeyError,
        ):
            continue  # not every encoder takes every image
        count += 1
        if not isinstance(verdict := same_image(pool, read(file), read(recoded)), Same):
            false.append((path.name, verdict))
    assert false == []
    assert count == expected


@pytest.mark.shared
def test_one_changed_attribute_or_pixel_is_never_overlooked(pool: DecoderPool, tmp_path: Path) -> None:
    overlooked, count = [], 0
    for path in _pack():
        file = read(path)
        other = read(path)
        for element in _changeable(other.header):
            kept = element.value
            element.value = _changed(element)
            if isinstance(same_image(pool, file, other), Same):
                overlooked.append((path.name, element.keyword))
            element.value = kept
            count += 1
        if is_one_value(file.transfer_syntax) and file.frame_count:
            flipped = replace(file, frame=_with_first_bit_flipped(file.frame))
            if isinstance(same_image(pool, file, flipped), Same):
                overlooked.append((path.name, "PixelData"))
            count += 1
    assert overlooked == []
    assert count == 825


def _with_first_bit_flipped(frame: Callable[[int], bytes]) -> Callable[[int], bytes]:
    def flipped(index: int) -> bytes:
        stored = frame(index)
        return stored if index else bytes([stored[0] ^ 1]) + stored[1:]

    return flipped


_OF_ENCODING = (0x00080005, 0x00280006)  # Specific Character Set, Planar Configuration


def _changeable(ds: Dataset) -> Iterator[DataElement]:
    """Text and whole numbers of all levels, every seventh."""
    texts = ("LO", "SH", "CS", "DA", "IS", "US", "PN", "UI", "LT")
    plain = (
        e for e in ds.iterall() if e.VR in texts and e.VM == 1 and e.tag.element and e.tag not in _OF_ENCODING
    )
    for number, element in enumerate(plain):
        if number % 7 == 0 and not element.tag.is_private_creator:
            yield element


def _changed(element: DataElement) -> object:
    if element.VR == "US":
        return (element.value + 1) % 65536
    return int(element.value) + 1 if element.VR == "IS" else f"{element.value}1"
