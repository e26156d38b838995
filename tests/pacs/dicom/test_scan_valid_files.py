"""Real files: every valid one is taken, every other one gets the verdict that a person would give."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest
from pydicom.data import get_testdata_files

from pacs.dicom.dicom_json import header_json
from pacs.dicom.index import index
from pacs.dicom.reasons import Refused
from pacs.dicom.scan import Scan, scan_bytes

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data" / "dicom"

TAKEN_OF_THE_BROKEN = {
    *("GDCMJ2K_TextGBR.dcm", "J2K_pixelrep_mismatch.dcm", "JPEG2000-embedded-sequence-delimiter.dcm"),
    *("bad-dates.dcm", "control-chars-name.dcm", "deflate-high-ratio.dcm", "empty-patient-id.dcm"),
    *("explicit_VR-UN.dcm", "huge-patient-name.dcm", "meta-uid-differs.dcm", "no-patient-id.dcm"),
    *(
        "preamble-html.dcm",
        "preamble-mz.dcm",
        "reportsi_with_empty_number_tags.dcm",
        "sql-and-formula-text.dcm",
    ),
    *("unknown-sop-class.dcm", "xss-patient-name.dcm"),
}
REFUSED_FOR = {
    **dict.fromkeys(("3gb-bulk-data-truncated.dcm", "MR_truncated.dcm", "cut-in-header.dcm"), "truncated"),
    **dict.fromkeys(("cut-in-meta.dcm", "cut-in-pixels.dcm", "only-preamble.dcm"), "truncated"),
    **dict.fromkeys(("emri_small_jpeg_2k_lossless_too_short.dcm", "rtplan_truncated.dcm"), "truncated"),
    **dict.fromkeys(("DICOMDIR-bigEnd", "DICOMDIR-empty.dcm"), "is-directory"),
    **dict.fromkeys(("DICOMDIR-nooffset", "DICOMDIR-nopatient"), "is-directory"),
    **dict.fromkeys(("ExplVR_BigEndNoMeta.dcm", "ExplVR_LitEndNoMeta.dcm", "rtstruct.dcm"), "not-dicom"),
    **dict.fromkeys(("png-renamed.dcm", "text-renamed.dcm"), "not-dicom"),
    **dict.fromkeys(("MR_small_padded.dcm", "frames-million.dcm", "rows-65535.dcm"), "pixel-length"),
    **dict.fromkeys(("UN_sequence.dcm", "empty_charset_LEI.dcm", "no-series-uid.dcm"), "uid-missing"),
    **dict.fromkeys(("no-sop-instance-uid.dcm", "no-study-uid.dcm", "priv_SQ.dcm"), "uid-missing"),
    "no_meta_group_length.dcm": "uid-missing",
    **dict.fromkeys(("bad_sequence.dcm", "uid-bad-chars.dcm", "uid-leading-zero.dcm"), "uid-invalid"),
    "uid-too-long.dcm": "uid-invalid",
    **dict.fromkeys(("dicm-then-random.dcm", "no_preamble_dicm_in_data.dcm"), "meta-broken"),
    "meta_missing_tsyntax.dcm": "no-transfer-syntax",
    "badVR.dcm": "frame-count",
    "rows-zero.dcm": "pixel-description",
    "nested-100.dcm": "nested-too-deep",
    "nested_priv_SQ.dcm": "forbidden-tag",
    "trailing-garbage.dcm": "trailing-bytes",
    "empty.dcm": "empty",
}


def _rows() -> list[dict[str, str]]:
    with (SHARED / "index.csv").open() as lines:
        return list(csv.DictReader(lines))


def _valid() -> Iterator[Path]:
    for row in _rows():
        if row["sop_uid"] and not row["path"].startswith(("broken/", "non-dicom/")):
            yield SHARED / row["path"]


def _verdict(path: Path) -> str:
    try:
        scan_bytes(path.read_bytes())
    except Refused as refused:
        return str(refused.reason)
    return "taken"


def _told(scan: Scan, data: bytes) -> None:
    found = index(scan)
    json.dumps([found.patient, found.study, found.series, found.instance], allow_nan=False)
    parts = [data[start : start + length] for start, length in scan.layout.header_ranges]
    model = header_json(
        parts, scan.layout, bulk_root="/b", study_uid=scan.study_uid, series_uid=scan.series_uid
    )
    json.dumps(model, allow_nan=False)


@pytest.mark.shared
def test_every_valid_file_is_taken() -> None:
    verdicts = {path: _verdict(path) for path in _valid()}
    assert len(verdicts) == 637
    assert {path.name: verdict for path, verdict in verdicts.items() if verdict != "taken"} == {}


@pytest.mark.shared
def test_every_broken_file_gets_its_verdict() -> None:
    expected = {**REFUSED_FOR, **dict.fromkeys(TAKEN_OF_THE_BROKEN, "taken")}
    assert {path.name: _verdict(path) for path in (SHARED / "broken").iterdir()} == expected


@pytest.mark.shared
def test_no_other_file_is_taken_for_dicom() -> None:
    verdicts = {path.name: _verdict(path) for path in (SHARED / "non-dicom").iterdir()}
    assert {name for name, verdict in verdicts.items() if verdict != "not-dicom"} == {"zero-bytes.bin"}
    assert verdicts["zero-bytes.bin"] == "empty"


@pytest.mark.shared
def test_every_valid_file_is_indexed_and_told() -> None:
    for path in _valid():
        data = path.read_bytes()
        _told(scan_bytes(data), data)


def test_no_file_of_pydicom_crashes_the_scan() -> None:
    taken = 0
    for name in get_testdata_files():
        path = Path(name)
        if path.is_file() and path.stat().st_size < 5_000_000:
            data = path.read_bytes()
            try:
                scan = scan_bytes(data)
            except Refused:
                continue
            _told(scan, data)
            taken += 1
            assert scan.sop_instance_uid == pydicom.dcmread(path).SOPInstanceUID
    assert taken > 60
