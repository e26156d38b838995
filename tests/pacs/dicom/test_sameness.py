"""One image is one image, however it was encoded; one changed attribute or pixel makes another."""

from copy import deepcopy
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.dataelem import RawDataElement
from pydicom.sequence import Sequence
from pydicom.tag import Tag
from pydicom.uid import (
    JPEG2000Lossless,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from pacs.dicom.attributes_compared import Difference
from pacs.dicom.decode_pool import DecoderPool
from pacs.dicom.sameness import MOST_DIFFERENCES, ComparedFile, Different, How, Same, same_image
from tests.pacs.dicom.images import LITTLE, compressed, file_of, header, read

NOISE = np.random.default_rng(7).integers(0, 4096, (64, 66)).astype("<u2")


def image(**attributes: object) -> bytes:
    return file_of(header(64, 66, bits=12, PatientName="Doe^Jane", **attributes), NOISE)


def compared(pool: DecoderPool, first: bytes, second: bytes) -> Same | Different:
    return same_image(pool, read(first), read(second))


def differing(verdict: Same | Different) -> list[str]:
    return [difference.name for difference in verdict.differing] if isinstance(verdict, Different) else []


@pytest.mark.parametrize("syntax", [JPEG2000Lossless, JPEGLSLossless, RLELossless])
def test_another_lossless_syntax_is_the_same_image(pool: DecoderPool, syntax: str) -> None:
    assert compared(pool, image(), compressed(image(), syntax)) == Same(How.DECODED_FRAMES)


def test_equal_stored_frames_need_no_decoding(pool: DecoderPool) -> None:
    lossy = replace(read(compressed(image(), JPEGLSLossless)), transfer_syntax=str(JPEGLSNearLossless))
    assert same_image(pool, lossy, lossy) == Same(How.STORED_FRAMES)


def test_documents_are_compared_by_their_attributes(pool: DecoderPool) -> None:
    ds = Dataset()
    ds.TextValue = "words"
    file = ComparedFile(header=ds, transfer_syntax=LITTLE, frame_count=0, frame=lambda _: b"")
    assert same_image(pool, file, file) == Same(How.ATTRIBUTES)


def test_values_left_out_of_the_header_are_compared_by_their_digest(pool: DecoderPool) -> None:
    file = read(image())
    document = replace(file, large={0x00420011: b"\1" * 32})
    assert same_image(pool, document, document) == Same(How.STORED_FRAMES)
    assert differing(same_image(pool, document, file)) == ["(0042,0011)"]
    assert differing(same_image(pool, document, replace(file, large={0x00420011: b"\2" * 32}))) == [
        "(0042,0011)"
    ]


@pytest.mark.parametrize(
    ("tag", "vr", "first", "second"),
    [
        (0x00080080, "LO", b"Clinic", b"Clinic \0"),
        (0x00080018, "UI", b"1.2.3\0", b"1.2.3 "),
        (0x00080008, "CS", b"ORIGINAL\\PRIMARY", b"ORIGINAL \\PRIMARY "),
        (0x00100010, "PN", b"Doe^Jane^^^", b"Doe^Jane=="),
        (0x00280030, "DS", b"0.5\\1.000 ", b".5\\1"),
        (0x00080000, "UL", b"\1\0\0\0", b"\2\0\0\0"),
        (0xFFFCFFFC, "OB", b"\0\0", b"\0\0\0\0"),
        (0x00091001, "OB", b"abc", b"abc\0"),
    ],
)
def test_padding_and_lengths_make_no_difference(
    pool: DecoderPool, tag: int, vr: str, first: bytes, second: bytes
) -> None:
    assert isinstance(same_image(pool, _with_raw(tag, vr, first), _with_raw(tag, vr, second)), Same)


@pytest.mark.parametrize(
    ("tag", "vr", "value"),
    [
        (0x00100010, "PN", b"Doe^Jane"),
        (0x00280010, "US", b"\x40\0"),
        (0x00091001, "LO", b"private "),
        (0x00091001, "FD", bytes(8)),
    ],
)
def test_a_value_of_unknown_vr_is_the_same_value(pool: DecoderPool, tag: int, vr: str, value: bytes) -> None:
    assert isinstance(same_image(pool, _with_raw(tag, vr, value), _with_raw(tag, "UN", value)), Same)


def _with_raw(tag: int, vr: str, value: bytes) -> ComparedFile:
    file = read(image())
    file.header.add_new(0x00090010, "LO", "A MAKER")
    file.header._dict[Tag(tag)] = RawDataElement(Tag(tag), vr, len(value), value, 0, False, True)
    return file


def test_a_sequence_stored_as_unknown_is_the_same_sequence(pool: DecoderPool) -> None:
    item = Dataset()
    item.ScheduledProcedureStepID = "S1"
    known, unknown = (
        read(image()),
        _with_raw(0x00091001, "UN", b"\xfe\xff\0\xe0\x0a\0\0\0\x40\0\x09\0\2\0\0\0S1"),
    )
    known.header.add_new(0x00090010, "LO", "A MAKER")
    known.header.add_new(0x00091001, "SQ", Sequence([item]))
    assert isinstance(same_image(pool, known, unknown), Same)
    item.ScheduledProcedureStepID = "S2"
    assert isinstance(same_image(pool, known, unknown), Different)


def test_private_blocks_may_be_reserved_elsewhere(pool: DecoderPool) -> None:
    def with_blocks(*creators: str) -> bytes:
        ds = header(64, 66, bits=12)
        for creator in creators:
            ds.private_block(0x0009, creator, create=True).add_new(1, "LO", f"of {creator}")
        return file_of(ds, NOISE)

    assert isinstance(compared(pool, with_blocks("A", "B"), with_blocks("B", "A")), Same)
    verdict = compared(pool, with_blocks("A", "B"), with_blocks("A", "C"))
    assert differing(verdict) == ["(0009,B,01)", "(0009,C,01)"]


def test_text_in_another_character_set_is_the_same_text(pool: DecoderPool) -> None:
    latin = image(SpecificCharacterSet="ISO_IR 100", InstitutionName="Clínica Ñandú")
    unicode = image(SpecificCharacterSet="ISO_IR 192", InstitutionName="Clínica Ñandú")
    other = image(SpecificCharacterSet="ISO_IR 192", InstitutionName="Clínica Nandú")
    assert isinstance(compared(pool, latin, unicode), Same)
    assert differing(compared(pool, latin, other)) == ["InstitutionName"]


def test_text_that_cannot_be_decoded_is_never_taken_for_equal(pool: DecoderPool) -> None:
    file = image(SpecificCharacterSet="ISO_IR 192", InstitutionName="xx")
    damaged = [file.replace(b"LO\2\0xx", b"LO\2\0" + text) for text in (b"\xff\xfe", b"\xfd\xfc")]
    assert differing(compared(pool, *damaged)) == ["InstitutionName"]
    assert isinstance(compared(pool, damaged[0], damaged[0]), Same)


def test_a_note_on_lossless_compression_makes_no_difference(pool: DecoderPool) -> None:
    note = "Lossless JPEG compression, selection value 1, point transform 0, compression ratio 2.7"
    assert isinstance(compared(pool, image(), image(DerivationDescription=note)), Same)
    told = image(DerivationDescription="cropped")
    assert isinstance(compared(pool, told, image(DerivationDescription=f"{note} [cropped]")), Same)
    assert differing(compared(pool, told, image(DerivationDescription=note))) == ["DerivationDescription"]


def test_one_changed_pixel_is_another_image(pool: DecoderPool) -> None:
    changed = NOISE.copy()
    changed[63, 65] ^= 1
    ds = header(64, 66, bits=12, PatientName="Doe^Jane")
    for second in (file_of(ds, changed), compressed(file_of(ds, changed), RLELossless)):
        assert differing(compared(pool, image(), second)) == ["PixelData, frame 1"]


def test_bits_that_compression_drops_make_another_image(pool: DecoderPool) -> None:
    ds = header(64, 66, bits=12, PatientName="Doe^Jane")
    verdict = compared(pool, image(), file_of(ds, NOISE | 0x8000))
    assert isinstance(verdict, Different)
    (difference,) = verdict.differing
    assert difference.name == "PixelData, frame 1"
    assert (difference.first[:7], difference.second[:7]) == ("sha256:", "sha256:")


def test_a_sign_may_be_extended_or_not(pool: DecoderPool) -> None:
    ds = header(64, 66, bits=12, PixelRepresentation=1)
    extended = np.left_shift(NOISE.view("<i2"), 4) >> 4
    assert extended.min() < 0
    assert isinstance(compared(pool, file_of(ds, NOISE), file_of(ds, extended)), Same)
    assert isinstance(
        compared(pool, file_of(ds, NOISE), compressed(file_of(ds, extended), RLELossless)), Same
    )


def test_compression_with_loss_makes_another_image(pool: DecoderPool) -> None:
    lossy = replace(read(compressed(image(), JPEGLSLossless)), transfer_syntax=str(JPEGLSNearLossless))
    verdict = same_image(pool, read(image()), lossy)
    assert verdict == Different((Difference("PixelData, frame 1", LITTLE, str(JPEGLSNearLossless)),))


def test_frames_that_cannot_be_decoded_prove_nothing(pool: DecoderPool) -> None:
    file = read(compressed(image(), RLELossless))
    broken = replace(file, frame=lambda _: b"broken")
    assert differing(same_image(pool, broken, read(image()))) == ["PixelData, frame 1"]


def test_differences_are_told_in_words_with_both_values(pool: DecoderPool) -> None:
    item, other = Dataset(), Dataset()
    item.ScheduledProcedureStepID, other.ScheduledProcedureStepID = "S1", "S2"
    first = image(PatientID="7", RequestAttributesSequence=Sequence([item]), InstanceNumber=1)
    second = image(RequestAttributesSequence=Sequence([other]), InstanceNumber=1, SeriesNumber=4)
    assert compared(pool, first, second) == Different(
        (
            Difference("PatientID", "7", ""),
            Difference("SeriesNumber", "", "4"),
            Difference("RequestAttributesSequence[1].ScheduledProcedureStepID", "S1", "S2"),
        )
    )


def test_only_so_many_differences_are_told_and_none_at_length(pool: DecoderPool) -> None:
    ds = header(64, 66, bits=12, PatientName="Doe^Jane")
    for number in range(1, 40):
        ds.add_new(0x00090000 + 0x1000 + number, "LO", "x" * 64 + str(number))
    verdict = compared(pool, image(), file_of(ds, NOISE))
    assert isinstance(verdict, Different)
    assert len(verdict.differing) == MOST_DIFFERENCES
    assert max(len(difference.second) for difference in verdict.differing) == 64


@pytest.mark.parametrize(
    "keyword", ["Rows", "NumberOfFrames", "PixelRepresentation", "PhotometricInterpretation"]
)
def test_what_describes_the_pixels_is_compared_too(pool: DecoderPool, keyword: str) -> None:
    file = read(image())
    changed = replace(file, header=deepcopy(file.header))
    setattr(changed.header, keyword, "MONOCHROME1" if keyword.startswith("Photo") else 1)
    if keyword == "NumberOfFrames":
        changed = replace(changed, frame_count=2)
        assert "NumberOfFrames" in differing(same_image(pool, file, changed))
    else:
        assert differing(same_image(pool, file, changed)) == [keyword]


def test_icons_are_compressed_with_their_image(pool: DecoderPool) -> None:
    def with_icon(syntax: str, first_pixel: int) -> ComparedFile:
        pixels = np.arange(4096, dtype="u2").astype("u1").reshape(64, 64)
        pixels[0, 0] = first_pixel
        icon_file = file_of(header(64, 64), pixels)
        icon_file = icon_file if syntax == LITTLE else compressed(icon_file, syntax)
        icon = dcmread(BytesIO(icon_file))
        del icon.SOPClassUID, icon.SOPInstanceUID
        outer = read(image() if syntax == LITTLE else compressed(image(), syntax))
        outer.header.IconImageSequence = Sequence([Dataset(icon._dict)])
        return outer

    assert isinstance(same_image(pool, with_icon(LITTLE, 9), with_icon(RLELossless, 9)), Same)
    verdict = same_image(pool, with_icon(LITTLE, 9), with_icon(RLELossless, 8))
    assert differing(verdict) == ["IconImageSequence[1].PixelData"]
