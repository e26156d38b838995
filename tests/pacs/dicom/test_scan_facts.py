"""What a scan says of a good file."""

import hashlib
import tracemalloc

import pytest

from pacs.dicom.identity import Oddity
from pacs.dicom.layout import LargeValue, PixelKind
from pacs.dicom.meta import Preamble
from pacs.dicom.reasons import Reason, Refused
from pacs.dicom.scan import Scanner, scan_bytes
from tests import dicom_files as make

EVERY_NATIVE_SYNTAX = (make.EXPLICIT_LITTLE, make.IMPLICIT_LITTLE, make.EXPLICIT_BIG, make.DEFLATED)


@pytest.mark.parametrize("syntax", EVERY_NATIVE_SYNTAX)
def test_names_the_instance_in_every_native_syntax(syntax: str) -> None:
    scan = scan_bytes(make.written(make.image(number=7), syntax))
    assert (scan.transfer_syntax_uid, scan.sop_class_uid) == (syntax, make.CT_IMAGE)
    assert (scan.sop_instance_uid, scan.study_uid, scan.series_uid) == (
        make.uid(1007),
        make.uid(1),
        make.uid(2),
    )
    assert (scan.pixels.rows, scan.pixels.columns, scan.pixels.bits_allocated) == (4, 4, 16)
    assert scan.pixels.photometric_interpretation == "MONOCHROME2"
    assert scan.oddities == frozenset()


def test_offsets_point_at_the_pixels() -> None:
    data = make.written(make.image())
    pixels = scan_bytes(data).pixels
    assert data[pixels.element_offset :][:4] == b"\xe0\x7f\x10\x00"
    assert data[pixels.offset : pixels.end_offset] == bytes(byte for at in range(16) for byte in (at, 0))
    assert (pixels.kind, pixels.end_offset) == (PixelKind.NATIVE, len(data))


def test_offsets_of_fragments_reach_past_the_delimiter() -> None:
    data = make.written(make.compressed([b"\xff\xd8\xff\xd9"]), make.JPEG_BASELINE)
    pixels = scan_bytes(data).pixels
    assert (pixels.kind, pixels.end_offset) == (PixelKind.ENCAPSULATED, len(data))
    assert data[pixels.offset :][:4] == b"\xfe\xff\x00\xe0"


def test_digest_covers_the_bytes_after_the_meta_header() -> None:
    data = make.written(make.image())
    scan = scan_bytes(data)
    assert data[scan.dataset_offset :][:4] == b"\x08\x00\x05\x00"
    assert scan.dataset_sha256 == hashlib.sha256(data[scan.dataset_offset :]).digest()
    assert scan.size == len(data)


@pytest.mark.parametrize("size", [1, 2, 3, 11, 500, 65536])
@pytest.mark.parametrize("syntax", [*EVERY_NATIVE_SYNTAX, make.JPEG_BASELINE])
def test_size_of_chunks_changes_nothing(size: int, syntax: str) -> None:
    is_native = syntax in EVERY_NATIVE_SYNTAX
    data = make.written(make.image() if is_native else make.compressed([b"\xff\xd8\xff\xd9"]), syntax)
    scanner = Scanner()
    for piece in make.in_pieces(data, size):
        scanner.feed(bytearray(piece))
    assert scanner.finish() == scan_bytes(data)


def test_keeps_wanted_values_as_they_are() -> None:
    values = scan_bytes(make.small()).values
    assert values[0x00100010] == ("PN", b"Curie^Marie ")
    assert 0x7FE00010 not in values


def test_implicit_values_have_the_vr_of_the_dictionary() -> None:
    values = scan_bytes(make.written(make.image(), make.IMPLICIT_LITTLE)).values
    assert values[0x00100010] == ("PN", b"Curie^Marie ")
    assert values[0x00280010] == ("US", b"\4\0")


def test_keeps_a_small_wanted_sequence_whole() -> None:
    request = make.item(make.element(0x00400009, "SH", b"S1"))
    for value, length in ((request, None), (request + make.SEQUENCE_END, make.UNDEFINED)):
        changed = {0x00400275: make.element(0x00400275, "SQ", value, length=length)}
        assert scan_bytes(make.small(changed)).values[0x00400275] == ("SQ", request)


def test_a_large_sequence_is_walked_but_not_kept() -> None:
    items = make.item(make.element(0x00400009, "SH", b"S1")) * 5000
    changed = {0x00400275: make.element(0x00400275, "SQ", items + make.SEQUENCE_END, length=make.UNDEFINED)}
    assert 0x00400275 not in scan_bytes(make.small(changed)).values


def test_remembers_where_a_large_value_lies() -> None:
    data = make.small({0x00291010: make.element(0x00291010, "OB", b"x" * 70_000)})
    (large,) = scan_bytes(data).layout.large
    assert large == LargeValue(0x00291010, "OB", large.element_offset, large.element_offset + 12, 70_000)
    assert data[large.offset : large.end_offset] == b"x" * 70_000


@pytest.mark.parametrize(
    ("start", "preamble"),
    [
        *(
            (b"", Preamble.ZERO),
            (b"II*\0", Preamble.TIFF),
            (b"MZ", Preamble.WINDOWS_PROGRAM),
            (b"PK\3\4", Preamble.ZIP),
        ),
        *((b"\x7fELF", Preamble.ELF), (b" <html>", Preamble.MARKUP), (b"#!", Preamble.SCRIPT)),
        *((b"\xca\xfe\xba\xbe", Preamble.MACH_O), (b"x%PDF", Preamble.PDF), (b"hello", Preamble.OTHER)),
    ],
)
def test_says_what_the_preamble_looks_like(start: bytes, preamble: Preamble) -> None:
    data = start.ljust(128, b"\0") + make.small()[128:]
    found = scan_bytes(data).preamble
    assert found is preamble
    assert found.is_suspicious == (preamble not in (Preamble.ZERO, Preamble.TIFF, Preamble.OTHER))


def test_a_meta_header_of_another_instance_is_odd_and_loses() -> None:
    scan = scan_bytes(make.file_of(b"".join(make.elements().values()), instance=make.uid(5)))
    assert scan.oddities == {Oddity.META_UID_DIFFERS}
    assert scan.sop_instance_uid == make.uid(1001)


def test_a_picture_without_study_gets_one_of_its_own_each_time_the_same() -> None:
    scans = [scan_bytes(make.small({0x0020000D: None, 0x0020000E: None})) for _ in range(2)]
    assert scans[0].oddities == {Oddity.NO_STUDY_UID}
    assert scans[0].study_uid == scans[1].study_uid != scans[0].series_uid
    assert scans[0].study_uid.startswith("2.25.")


def test_a_refused_file_still_tells_its_claims() -> None:
    scanner = Scanner()
    with pytest.raises(Refused) as refused:
        scanner.feed(make.small() + b"behind it all")
    assert refused.value.reason is Reason.TRAILING_BYTES
    claims = scanner.claimed()
    assert (claims.sop_class_uid, claims.sop_instance_uid) == (make.CT_IMAGE, make.uid(1001))
    assert (claims.study_uid, claims.series_uid) == (make.uid(1), make.uid(2))


def test_claims_come_from_the_meta_header_when_the_data_set_has_none() -> None:
    scanner = Scanner()
    scanner.feed(make.file_of(b""))
    with pytest.raises(Refused):
        scanner.finish()
    assert scanner.claimed().sop_instance_uid == make.uid(1001)


def test_memory_does_not_grow_with_the_file() -> None:
    size = 192 << 20
    wide = {tag: make.element(tag, "US", b"\x00\x20") for tag in (0x00280010, 0x00280011)}
    frames = make.element(0x00280008, "IS", b"3 ")
    pixels = make.element(0x7FE00010, "OW", length=size)
    head = make.file_of(b"".join(make.elements({**wide, 0x00280008: frames, 0x7FE00010: pixels}).values()))
    chunk = bytes(1 << 20)
    tracemalloc.start()
    scanner = Scanner()
    scanner.feed(head)
    for _ in range(size >> 20):
        scanner.feed(chunk)
    assert scanner.finish().frames.number_of_frames == 3
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()
