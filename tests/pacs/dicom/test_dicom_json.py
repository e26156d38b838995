"""Headers in the DICOM JSON Model."""

import json
import logging
import struct
from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset

from pacs.dicom.dicom_json import BulkValue, JsonObject, NoSuchValue, find_bulk, header_json
from pacs.dicom.layout import Layout
from pacs.dicom.reasons import Refused
from pacs.dicom.scan import scan_bytes
from tests import dicom_files as make

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data" / "dicom"
ROOT = "/c/x/dicom-web/studies/1/series/2/instances/3/bulk"


def _parts(data: bytes) -> tuple[list[bytes], Layout]:
    layout = Layout.from_bytes(scan_bytes(data).layout.to_bytes())
    return [data[start : start + length] for start, length in layout.header_ranges], layout


def _json(data: bytes, *, inline_limit: int = 1024) -> JsonObject:
    parts, layout = _parts(data)
    uids = {"study_uid": make.uid(1), "series_uid": make.uid(2)}
    model = header_json(parts, layout, bulk_root=ROOT, inline_limit=inline_limit, **uids)
    assert list(model) == sorted(model)
    json.dumps(model, allow_nan=False)
    return model


def _with(tag: int, vr: str, value: bytes) -> JsonObject:
    return _json(make.small({tag: make.element(tag, vr, value)}))


def _value(tag: int, vr: str, value: bytes) -> object:
    element = _with(tag, vr, value)[f"{tag:08X}"]
    assert isinstance(element, dict)
    assert element["vr"] == vr
    return element.get("Value")


@pytest.mark.parametrize(
    ("vr", "raw", "value"),
    [
        ("AE", b"PACS  ", ["PACS"]),
        ("AS", b"045Y", ["045Y"]),
        ("AT", b"\x10\x00\x20\x00\xe0\x7f\x10\x00", ["00100020", "7FE00010"]),
        ("CS", b"A\\\\B ", ["A", None, "B"]),
        ("DA", b"20240229", ["20240229"]),
        ("DS", b"1.5\\-2e3\\.5 ", [1.5, -2000.0, 0.5]),
        ("DS", b"1e400\\NaN\\1,5 ", ["1e400", "NaN", "1,5"]),
        ("DT", b"20240229101112.5+0100 ", ["20240229101112.5+0100"]),
        ("FD", struct.pack("<3d", 1.5, float("inf"), float("nan")), [1.5, "inf", "NaN"]),
        ("FL", struct.pack("<2f", 0.5, float("-inf")), [0.5, "-inf"]),
        ("IS", b"+12\\-7\\ 3", [12, -7, 3]),
        ("IS", b"1.0\\1A", [1, "1A"]),
        ("LO", b"a\\b\0", ["a", "b"]),
        ("LT", b"one\\line\r\ntwo ", ["one\\line\r\ntwo"]),
        ("SH", b"x\1y\x7f ", ["xy"]),
        ("SL", struct.pack("<l", -5), [-5]),
        ("SS", struct.pack("<2h", -5, 5), [-5, 5]),
        ("ST", b"a\\b ", ["a\\b"]),
        ("SV", struct.pack("<q", -(2**62)), [-(2**62)]),
        ("TM", b"101112.5", ["101112.5"]),
        ("UC", b"a\\b ", ["a", "b"]),
        ("UI", b"1.2\\1.3\0", ["1.2", "1.3"]),
        ("UL", struct.pack("<L", 2**32 - 1), [2**32 - 1]),
        ("UR", b"http://a\\b", ["http://a\\b"]),
        ("US", struct.pack("<2H", 1, 65535), [1, 65535]),
        ("UT", b"long text ", ["long text"]),
        ("UV", struct.pack("<Q", 2**63), [2**63]),
        ("PN", b"Doe^J=X=Y\\\\Roe ", [{"Alphabetic": "Doe^J", "Ideographic": "X", "Phonetic": "Y"}, None]),
    ],
)
def test_each_vr_has_its_form(vr: str, raw: bytes, value: list[object]) -> None:
    expected = [*value, {"Alphabetic": "Roe"}] if vr == "PN" else value
    assert _value(0x00091010, vr, raw) == expected


@pytest.mark.parametrize("vr", ["CS", "DS", "PN", "US", "LT", "OB", "SQ", "AT"])
def test_an_empty_element_has_only_its_vr(vr: str) -> None:
    assert _with(0x00091010, vr, b"")["00091010"] == ({"vr": vr, "Value": []} if vr == "SQ" else {"vr": vr})


def test_a_ragged_number_is_left_out() -> None:
    assert _value(0x00091010, "US", b"\1\0\2\0") == [1, 2]
    assert _value(0x00091010, "FD", b"\1\0") is None


def test_a_small_binary_value_is_inline() -> None:
    assert _with(0x00091010, "OB", b"\0\1\2\3")["00091010"] == {"vr": "OB", "InlineBinary": "AAECAw=="}


def test_pixels_and_large_values_are_addressed() -> None:
    model = _json(make.small({0x00291010: make.element(0x00291010, "OB", b"x" * 70_000)}))
    assert model["7FE00010"] == {"vr": "OW", "BulkDataURI": f"{ROOT}/7FE00010"}
    assert model["00291010"] == {"vr": "OB", "BulkDataURI": f"{ROOT}/00291010"}


def _waveform(samples: bytes) -> bytes:
    waveform = make.element(0x54001010, "OW", samples)
    items = make.item(make.element(0x54000004, "CS", b"A ")) + make.item(waveform)
    return make.small({0x54000100: make.element(0x54000100, "SQ", items)})


def test_bulk_inside_a_sequence_is_addressed_by_item() -> None:
    parts, layout = _parts(_waveform(b"ab" * 600))
    model = _json(_waveform(b"ab" * 600))["54000100"]
    assert isinstance(model, dict)
    items = model["Value"]
    assert isinstance(items, list)
    assert items[1] == {"54001010": {"vr": "OW", "BulkDataURI": f"{ROOT}/54000100/1/54001010"}}
    assert find_bulk(parts, layout, "54000100/1/54001010") == BulkValue("OW", b"ab" * 600, None)


def test_bulk_at_the_limit_is_inline() -> None:
    model = _json(make.small({0x00091010: make.element(0x00091010, "OB", bytes(1024))}))
    assert isinstance(model["00091010"], dict)
    assert "InlineBinary" in model["00091010"]


def test_bulk_that_was_left_out_is_found_by_its_place() -> None:
    data = make.small({0x00291010: make.element(0x00291010, "OB", b"x" * 70_000)})
    found = find_bulk(*_parts(data), "00291010")
    assert found.value is None
    assert found.place is not None
    assert data[found.place.offset : found.place.end_offset] == b"x" * 70_000


@pytest.mark.parametrize(
    "path",
    [
        *(
            "",
            "7FE0001",
            "7fe00010",
            "../7FE00010",
            "7FE00010/",
            "7FE00010/0",
            "00091010",
            "54000100/2/54001010",
        ),
        *(
            "54000100/0/54001010",
            "54000100",
            "54000100/1/54001010/0/54001010",
            "0" * 8 + "/1" * 99,
            "００１００００１",
        ),
    ],
)
def test_a_path_that_names_nothing_is_told_so(path: str) -> None:
    with pytest.raises(NoSuchValue):
        find_bulk(*_parts(_waveform(b"ab" * 600)), path)


def test_group_lengths_and_padding_are_left_out() -> None:
    changes: dict[int, bytes | None] = {
        0x00090000: make.element(0x00090000, "UL", b"\0\0\0\0"),
        0xFFFCFFFC: make.element(0xFFFCFFFC, "OB", bytes(8)),
    }
    assert _json(make.small(changes)).keys() == _json(make.small()).keys()


def test_the_character_set_is_that_of_json() -> None:
    ds = make.image()
    ds.SpecificCharacterSet = "ISO_IR 100"
    ds.PatientName = "Müller^Jörg"
    model = _json(make.written(ds))
    assert model["00080005"] == {"vr": "CS", "Value": ["ISO_IR 192"]}
    assert model["00100010"] == {"vr": "PN", "Value": [{"Alphabetic": "Müller^Jörg"}]}


def test_an_item_may_have_a_character_set_of_its_own() -> None:
    ds = make.image()
    other = Dataset()
    other.SpecificCharacterSet = "ISO_IR 144"
    other.PatientID = "Люкceмбypг"
    ds.OtherPatientIDsSequence = [other]
    assert "Люкceмбypг" in json.dumps(_json(make.written(ds)), ensure_ascii=False)


def test_an_item_inherits_the_character_set() -> None:
    ds, other = make.image(), Dataset()
    other.PatientID = "Žižková"
    ds.OtherPatientIDsSequence = [other]
    assert "Žižková" in json.dumps(_json(make.written(ds)), ensure_ascii=False)


def test_uids_of_a_file_without_study_are_filled_in() -> None:
    model = _json(make.small({0x0020000D: None, 0x0020000E: None}))
    assert model["0020000D"] == {"vr": "UI", "Value": [make.uid(1)]}
    assert model["0020000E"] == {"vr": "UI", "Value": [make.uid(2)]}


def test_a_known_attribute_stored_as_un_gets_its_vr() -> None:
    items = make.item(make.bare(0x00081150, b"1.2\0"))
    model = _json(make.small({0x00081115: make.element(0x00081115, "UN", items)}))
    assert model["00081115"] == {"vr": "SQ", "Value": [{"00081150": {"vr": "UI", "Value": ["1.2"]}}]}


def test_junk_in_un_stays_binary() -> None:
    model = _json(make.small({0x00081115: make.element(0x00081115, "UN", b"junk")}))
    assert model["00081115"] == {"vr": "UN", "InlineBinary": "anVuaw=="}


@pytest.mark.parametrize("syntax", [make.IMPLICIT_LITTLE, make.EXPLICIT_BIG, make.DEFLATED])
def test_every_syntax_tells_the_same(syntax: str) -> None:
    ds = make.image()
    ds.SmallestImagePixelValue = 3
    ds.add_new(0x00191001, "LO", "unknown to dictionaries")
    plain, other = _json(make.written(ds)), _json(make.written(ds, syntax))
    for private in (plain, other):
        private.pop("00191001")
    assert other == plain


def _unpadded(value: object) -> object:
    if isinstance(value, dict):
        return {name: _unpadded(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_unpadded(inner) for inner in value]
    return value.rstrip() if isinstance(value, str) else value


def _real() -> Iterator[Path]:
    for path in sorted(SHARED.glob("transfer-syntaxes/*.dcm")) + sorted(SHARED.glob("charsets/*.dcm")):
        if "jpegls-rgb" not in path.name and "SQEncoding" not in path.name:
            yield path


@pytest.mark.shared
def test_real_files_tell_what_pydicom_tells(caplog: pytest.LogCaptureFixture) -> None:
    """But for the character set, padding inside, and UN in big endian, which pydicom turns the wrong way."""
    caplog.set_level(logging.CRITICAL)
    compared = 0
    for path in _real():
        ours = _json(path.read_bytes(), inline_limit=1 << 30)
        theirs = json.loads(json.dumps(pydicom.dcmread(path).to_json_dict()).replace('""', "null"))
        for name in ours.keys() & theirs.keys() - {"00080005", "7FE00010"}:
            if "big-endian" in path.name or "explicit-be" in path.name:
                continue
            assert ours[name] == _unpadded(theirs[name]), (path.name, name)
            compared += 1
    assert compared > 5000


def test_a_header_that_nobody_could_read_is_told_so() -> None:
    items = make.item() * 400_000
    data = make.small({0x00081115: make.element(0x00081115, "SQ", items)})
    with pytest.raises(Refused, match="too-many-elements"):
        _json(data)
