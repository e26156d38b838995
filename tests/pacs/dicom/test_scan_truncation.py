"""A file that was cut is refused, wherever the standard lets one know."""

import csv
from pathlib import Path

import pytest

from pacs.dicom.reasons import Refused
from pacs.dicom.scan import scan_bytes
from tests import dicom_files as make

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data" / "dicom"


def _accepted_cuts(data: bytes, cuts: range | list[int]) -> list[int]:
    accepted = []
    for cut in cuts:
        try:
            scan_bytes(data[:cut])
        except Refused:
            continue
        accepted.append(cut)
    return accepted


@pytest.mark.parametrize(
    "syntax", [make.EXPLICIT_LITTLE, make.IMPLICIT_LITTLE, make.EXPLICIT_BIG, make.DEFLATED]
)
def test_every_cut_of_an_image_is_refused(syntax: str) -> None:
    data = make.written(make.image(), syntax)
    whole = [len(data)] if data[-1] or syntax != make.DEFLATED else [len(data) - 1, len(data)]
    assert _accepted_cuts(data, range(len(data) + 1)) == whole


@pytest.mark.parametrize("syntax", [make.JPEG_BASELINE, make.RLE, make.MPEG4])
def test_every_cut_of_fragments_is_refused(syntax: str) -> None:
    data = make.written(make.compressed([b"\xff\xd8\xff\xd9", b"\xff\xd8\xff\xd9"], frames=2), syntax)
    assert _accepted_cuts(data, range(len(data) + 1)) == [len(data)]


def test_a_cut_bare_header_is_refused_once_it_tells_of_an_image() -> None:
    """Without acquisition attributes only a cut right behind the series or instance number goes unseen."""
    data = make.small({0x00180050: None})
    unseen = [data.index(b"\x20\x00\x13\x00IS"), data.index(b"\x28\x00\x02\x00US")]
    assert _accepted_cuts(data, range(len(data))) == unseen


def test_a_document_is_whole_only_with_its_type() -> None:
    known = {tag: raw for tag, raw in make.elements().items() if tag < 0x00280000}
    known[0x00080016] = make.element(0x00080016, "UI", make.even(make.ENCAPSULATED_PDF.encode(), b"\0"))
    known[0x00420011] = make.element(0x00420011, "OB", b"%PDF")
    known[0x00420012] = make.element(0x00420012, "LO", b"application/pdf ")
    data = make.file_of(b"".join(known[tag] for tag in sorted(known)))
    assert _accepted_cuts(data, range(len(data) + 1)) == [len(data)]


def _samples() -> list[str]:
    """Return one file of each transfer syntax and of each kind without pixels."""
    first: dict[str, str] = {}
    with (SHARED / "index.csv").open() as lines:
        for row in csv.DictReader(lines):
            if row["sop_uid"] and not row["path"].startswith(("broken/", "non-dicom/")):
                first.setdefault(row["transfer_syntax"], row["path"])
    without_pixels = ("encapsulated-pdf/report.dcm", "ecg/waveform_ecg.dcm", "sr-reports/reportsi.dcm")
    return [*first.values(), *(f"studies/{name}" for name in without_pixels)]


@pytest.mark.shared
@pytest.mark.parametrize("points", [20, pytest.param(200, marks=pytest.mark.long)])
def test_every_cut_of_real_files_is_refused(points: int) -> None:
    samples = _samples()
    assert len(samples) >= 20
    for path in samples:
        data = (SHARED / path).read_bytes()
        assert _accepted_cuts(data, [len(data) * at // points for at in range(points)]) == [], path
