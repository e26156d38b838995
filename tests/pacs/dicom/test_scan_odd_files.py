"""Every odd file gets its verdict, quickly, however it arrives, and an accepted one can be indexed and shown."""

import json
import time

import pytest

from pacs.dicom.dicom_json import header_json
from pacs.dicom.index import index
from pacs.dicom.native_model import native_model
from pacs.dicom.reasons import Reason, Refused
from pacs.dicom.scan import Scanner, scan_bytes
from tests.dicom_files import in_pieces
from tests.odd_files import ODD_FILES
from tests.odd_files.odd_file import OddFile

pytestmark = pytest.mark.parametrize("odd", ODD_FILES, ids=lambda odd: odd.name)


def _verdict(data: bytes, size: int) -> Reason | None:
    scanner = Scanner()
    try:
        for piece in in_pieces(data, size):
            scanner.feed(piece)
        scanner.finish()
    except Refused as refused:
        return refused.reason
    return None


def test_gets_its_verdict_within_five_seconds(odd: OddFile) -> None:
    data = odd.build()
    start = time.perf_counter()
    assert _verdict(data, max(1, len(data))) == odd.verdict
    assert time.perf_counter() - start < 5


def test_gets_the_same_verdict_in_small_pieces(odd: OddFile) -> None:
    data = odd.build()
    assert _verdict(data, 7 if len(data) < 50_000 else 4099) == odd.verdict


def test_is_indexed_and_told_if_it_is_taken(odd: OddFile) -> None:
    if odd.verdict is not None:
        return
    data = odd.build()
    scan = scan_bytes(data)
    found = index(scan)
    json.dumps([found.study, found.series, found.instance], allow_nan=False).encode()
    parts = [data[start : start + length] for start, length in scan.layout.header_ranges]
    model = header_json(
        parts, scan.layout, bulk_root="/b", study_uid=scan.study_uid, series_uid=scan.series_uid
    )
    json.dumps(model, allow_nan=False).encode()
    native_model(model)
