"""Stored instances come out uncompressed with the same values, text byte for byte."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.sequence import Sequence
from pydicom.uid import JPEG2000Lossless, JPEGLSLossless, RLELossless

from pacs.dicom.codings import DECODABLE
from pacs.dicom.decode_pool import DecoderPool
from pacs.dicom.frame_format import DecodeFailed, Failure
from pacs.dicom.sameness import ComparedFile, Same, same_image
from pacs.dicom.syntaxes import EXPLICIT_LITTLE, IMPLICIT_LITTLE
from pacs.dicom.transcode import TARGETS, Instance, native_frame, transcoded
from tests.pacs.dicom.images import LITTLE, colour_header, compressed, file_of, header, read

SHARED = Path(__file__).resolve().parents[4] / "shared"
SYNTAXES = SHARED / "data" / "dicom" / "transfer-syntaxes"
STUDIES = SHARED / "data" / "dicom" / "studies"
NOISE = np.random.default_rng(3).integers(0, 4096, (64, 66)).astype("<u2")


def whole(pool: DecoderPool, file: ComparedFile, target: str = EXPLICIT_LITTLE) -> bytes:
    frames = (file.frame(index) for index in range(file.frame_count))
    instance = Instance(
        header=file.header,
        transfer_syntax=file.transfer_syntax,
        frame_count=file.frame_count,
        frames=frames,
        vr=file.vr,
    )
    return b"".join(transcoded(pool, instance, target=target))


def test_every_decodable_syntax_has_both_targets_but_itself() -> None:
    assert set(TARGETS) == set(DECODABLE)
    for source, targets in TARGETS.items():
        assert targets == {EXPLICIT_LITTLE, IMPLICIT_LITTLE} - {source}


@pytest.mark.parametrize("syntax", [JPEG2000Lossless, JPEGLSLossless, RLELossless])
def test_a_compressed_frame_comes_out_as_it_went_in(pool: DecoderPool, syntax: str) -> None:
    file = read(compressed(file_of(header(64, 66, bits=12), NOISE), syntax))
    frame = native_frame(pool, file.header, file.frame(0), transfer_syntax=syntax)
    assert frame.data == NOISE.tobytes()
    assert frame.photometric == "MONOCHROME2"


@pytest.mark.parametrize("target", [EXPLICIT_LITTLE, IMPLICIT_LITTLE])
def test_a_whole_instance_keeps_its_attributes(pool: DecoderPool, target: str) -> None:
    ds = header(64, 66, bits=12, PatientName="Doe^Jane", LossyImageCompression="01")
    ds.LossyImageCompressionRatio = "7.5"
    ds.RequestAttributesSequence = Sequence([Dataset()])
    ds.RequestAttributesSequence[0].ScheduledProcedureStepID = "S1"
    block = ds.private_block(0x0019, "A MAKER", create=True)
    block.add_new(1, "FD", 1.5)
    out = dcmread(BytesIO(whole(pool, read(compressed(file_of(ds, NOISE), RLELossless)), target)))
    assert out.file_meta.TransferSyntaxUID == target
    assert out.file_meta.MediaStorageSOPInstanceUID == "1.2.3.4"
    assert out.RequestAttributesSequence[0].ScheduledProcedureStepID == "S1"
    assert (out.PatientName, out.LossyImageCompression, out.LossyImageCompressionRatio) == (
        "Doe^Jane",
        "01",
        7.5,
    )
    assert bytes(out.PixelData) == NOISE.tobytes()
    assert out["PixelData"].VR == "OW"
    assert (0x0019, 0x1001) in out


def test_text_that_cannot_be_decoded_stays_byte_for_byte(pool: DecoderPool) -> None:
    ds = header(2, 2, SpecificCharacterSet="ISO_IR 192")
    ds.add_new("PatientName", "PN", b"")
    file = file_of(ds, np.zeros((2, 2), "u1")).replace(
        b"\x10\x00\x10\x00PN\0\0", b"\x10\x00\x10\x00PN\2\0\xff\xfe"
    )
    out = whole(pool, read(file), IMPLICIT_LITTLE)
    assert b"\x10\x00\x10\x00\2\0\0\0\xff\xfe" in out


def test_an_odd_frame_is_padded_once(pool: DecoderPool) -> None:
    pixels = np.arange(27, dtype="u1").reshape(3, 3, 3)
    file = read(compressed(file_of(colour_header(3, 3), pixels), RLELossless))
    out = dcmread(BytesIO(whole(pool, file)))
    assert bytes(out.PixelData) == pixels.tobytes() + b"\0"


def test_colours_keep_the_order_that_the_attributes_say(pool: DecoderPool) -> None:
    pixels = np.random.default_rng(6).integers(0, 255, (64, 64, 3)).astype("u1")
    file = read(compressed(file_of(colour_header(64, 64), pixels), JPEGLSLossless))
    by_plane = Dataset()
    by_plane.update(file.header)
    by_plane.PlanarConfiguration = 1
    frame = native_frame(pool, by_plane, file.frame(0), transfer_syntax=JPEGLSLossless)
    assert frame.data == pixels.transpose(2, 0, 1).tobytes()


def test_colours_that_jpeg_2000_transformed_are_red_green_blue_again(pool: DecoderPool) -> None:
    pixels = np.random.default_rng(4).integers(0, 255, (64, 64, 3)).astype("u1")
    file = read(compressed(file_of(colour_header(64, 64), pixels), JPEG2000Lossless))
    file.header.PhotometricInterpretation = "YBR_RCT"
    out = dcmread(BytesIO(whole(pool, file)))
    assert out.PhotometricInterpretation == "RGB"
    assert (out.pixel_array == dcmread(BytesIO(file_of(colour_header(64, 64), pixels))).pixel_array).all()
    assert file.header.PhotometricInterpretation == "YBR_RCT"


def test_frames_of_single_bits_follow_each_other_without_a_gap(pool: DecoderPool) -> None:
    ds = header(3, 5, BitsAllocated=1, BitsStored=1, HighBit=0, NumberOfFrames=3)
    bits = np.random.default_rng(5).integers(0, 2, 45).astype("u1")
    packed = np.packbits(bits, bitorder="little")
    file = read(file_of(ds, packed))
    out = dcmread(BytesIO(whole(pool, file, IMPLICIT_LITTLE)))
    assert bytes(out.PixelData) == packed.tobytes()


def test_a_frame_missing_at_the_end_is_no_whole_instance(pool: DecoderPool) -> None:
    ds = header(2, 2, NumberOfFrames=2)
    instance = Instance(header=ds, transfer_syntax=LITTLE, frame_count=2, frames=[b"abcd"])
    with pytest.raises(DecodeFailed) as refused:
        b"".join(transcoded(pool, instance, target=IMPLICIT_LITTLE))
    assert refused.value.reason is Failure.ATTRIBUTES


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.4.102", "1.2.3", LITTLE])
def test_what_is_not_in_the_table_is_refused_before_the_first_byte(pool: DecoderPool, syntax: str) -> None:
    instance = Instance(header=header(2, 2), transfer_syntax=syntax, frame_count=1, frames=[bytes(4)])
    with pytest.raises(DecodeFailed) as refused:
        next(transcoded(pool, instance, target=EXPLICIT_LITTLE))
    assert refused.value.reason is Failure.SYNTAX


def test_a_first_frame_that_fails_stops_everything_before_the_first_byte(pool: DecoderPool) -> None:
    instance = Instance(header=header(2, 2), transfer_syntax=RLELossless, frame_count=1, frames=[b"no"])
    with pytest.raises(DecodeFailed):
        next(transcoded(pool, instance, target=EXPLICIT_LITTLE))


def test_more_than_one_value_can_hold_is_refused(pool: DecoderPool) -> None:
    ds = header(1024, 1024, NumberOfFrames=4096)
    instance = Instance(header=ds, transfer_syntax=LITTLE, frame_count=4096, frames=[bytes(1 << 20)])
    with pytest.raises(DecodeFailed) as refused:
        next(transcoded(pool, instance, target=IMPLICIT_LITTLE))
    assert refused.value.reason is Failure.TOO_LARGE


def test_an_instance_without_pixels_is_written_anew(pool: DecoderPool) -> None:
    ds = Dataset()
    ds.SOPInstanceUID, ds.TextValue = "1.2.3", "words"
    instance = Instance(header=ds, transfer_syntax=LITTLE, frame_count=0, frames=[])
    out = dcmread(BytesIO(b"".join(transcoded(pool, instance, target=IMPLICIT_LITTLE))))
    assert out.TextValue == "words"


def test_a_frame_in_fragments_of_plain_bytes_needs_no_decoder_of_its_own(pool: DecoderPool) -> None:
    frames = [bytes(range(16)), bytes(range(16, 32))]
    frame = native_frame(pool, header(4, 4), frames[1], transfer_syntax="1.2.840.10008.1.2.1.98", index=1)
    assert frame.data == frames[1]


@pytest.mark.shared
@pytest.mark.parametrize("target", [EXPLICIT_LITTLE, IMPLICIT_LITTLE])
def test_every_lossless_syntax_of_the_pack_comes_out_the_same_image(pool: DecoderPool, target: str) -> None:
    told = {}
    for path in sorted(SYNTAXES.iterdir()):
        file = read(path)
        known = DECODABLE.get(file.transfer_syntax)
        if known is None or not known.is_lossless or file.transfer_syntax == target:
            continue
        told[path.name] = same_image(pool, file, read(whole(pool, read(path), target)))
    assert [name for name, verdict in told.items() if not isinstance(verdict, Same)] == []
    assert len(told) == (22 if target == EXPLICIT_LITTLE else 24)


@pytest.mark.shared
def test_lossy_frames_come_out_as_pydicom_decodes_them(pool: DecoderPool) -> None:
    compared = 0
    for path in (*sorted(SYNTAXES.glob("*.dcm")), *sorted((STUDIES / "us-echo-cine").glob("*.dcm"))):
        file = read(path)
        if file.transfer_syntax not in (
            "1.2.840.10008.1.2.4.50",
            "1.2.840.10008.1.2.4.91",
            "1.2.840.10008.1.2.4.81",
        ):
            continue
        out = dcmread(BytesIO(whole(pool, read(path))))
        assert (out.pixel_array == dcmread(path, force=True).pixel_array).all(), path.name
        assert not out.PhotometricInterpretation.startswith("YBR"), path.name
        compared += 1
    assert compared == 11
