"""WADO-RS for bulk data: every address that metadata give leads to its value, also inside sequences."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from pydicom import Dataset, dcmread
from pydicom.filebase import DicomBytesIO
from pydicom.sequence import Sequence

from pacs.dicom.syntaxes import EXPLICIT_BIG, IMPLICIT_LITTLE
from tests.conftest import Clinic
from tests.dicom_files import DEFLATED, ENCAPSULATED_PDF, MPEG4, compressed, image, written
from tests.pacs.dicomweb.retrieving import Stored, body_of, get, parts_of, shared, store_images, store_one

pytestmark = pytest.mark.db
OCTETS = "application/octet-stream"
OHIF_PDF = 'multipart/related; type="application/pdf", multipart/related; type="application/octet-stream"'
PDF = b"%PDF-1.7 " + bytes(range(256)) * 300
VALUE = bytes(range(256)) * 8


def document(mime_type: str = "application/pdf", content: bytes = PDF) -> Dataset:
    """Return an object that holds a document."""
    ds = image()
    for keyword in ("PixelData", "Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit"):
        delattr(ds, keyword)
    ds.SOPClassUID, ds.Modality = ENCAPSULATED_PDF, "DOC"
    ds.EncapsulatedDocument = content + b"\0" * (len(content) % 2)
    ds.MIMETypeOfEncapsulatedDocument = mime_type
    return ds


def video() -> tuple[Dataset, bytes]:
    """Return a video in three fragments, and its stream."""
    fragments = [bytes([number]) * (1000 + 2 * number) for number in (1, 2, 3)]
    return compressed(fragments, frames=25), b"".join(fragments)


def addresses(model: dict[str, Any]) -> Iterator[str]:
    """Yield every BulkDataURI of a data set."""
    for element in model.values():
        if "BulkDataURI" in element:
            yield element["BulkDataURI"]
        if element["vr"] == "SQ":
            for item in element.get("Value", []):
                yield from addresses(item)


def uris(client: Client, found: Stored) -> list[str]:
    return list(addresses(json.loads(body_of(get(client, f"{found.instance}/metadata")))[0]))


@pytest.mark.parametrize("syntax", [IMPLICIT_LITTLE, EXPLICIT_BIG, DEFLATED])
def test_values_in_sequences_lie_where_the_metadata_say(
    clinic: Clinic, modality: Client, syntax: str
) -> None:
    item, ds = Dataset(), image()
    item.add_new(0x00091010, "OB", VALUE)
    item.add_new(0x00090010, "LO", "TESTS")
    outer = Dataset()
    outer.ReferencedImageSequence = Sequence([Dataset(), item])
    ds.SourceImageSequence = Sequence([outer])
    if syntax == IMPLICIT_LITTLE:
        item[0x00091010].VR = "UN"
    found = store_one(clinic, written(ds, syntax))
    inside, _ = uris(client=modality, found=found)
    assert inside == f"{found.instance}/bulk/00082112/0/00081140/1/00091010"
    answer = get(modality, inside)
    assert (answer["Content-Type"], body_of(answer)) == (OCTETS, VALUE)
    assert parts_of(get(modality, inside, f"multipart/related; type={OCTETS}")) == [(OCTETS, VALUE)]


def test_words_of_a_big_endian_file_are_turned_round(clinic: Clinic, modality: Client) -> None:
    ds = image(rows=200, columns=200)
    little = ds.PixelData
    ds.PixelData = b"".join(little[at : at + 2][::-1] for at in range(0, len(little), 2))
    found = store_one(clinic, written(ds, EXPLICIT_BIG))
    path = f"{found.instance}/bulk/7FE00010"
    assert body_of(get(modality, path)) == little
    assert body_of(get(modality, path, range="bytes=3-70001")) == little[3:70002]


def test_native_pixels_are_one_value(clinic: Clinic, modality: Client) -> None:
    found = store_images(clinic, image(frames=3))[0]
    assert body_of(get(modality, f"{found.instance}/bulk/7FE00010")) == image(frames=3).PixelData


def test_compressed_pixels_are_given_frame_by_frame(clinic: Clinic, modality: Client) -> None:
    fragments = [b"\xff\xd8one\xff\xd9\0", b"\xff\xd8two\xff\xd9\0"]
    found = store_one(clinic, written(compressed(fragments, frames=2), "1.2.840.10008.1.2.4.50"))
    sent = parts_of(get(modality, f"{found.instance}/bulk/7FE00010"))
    assert sent == [("image/jpeg; transfer-syntax=1.2.840.10008.1.2.4.50", body) for body in fragments]


@pytest.mark.shared
def test_the_waveforms_of_an_ecg_come_whole(clinic: Clinic, modality: Client) -> None:
    data = shared("studies/ecg/waveform_ecg.dcm")
    found = store_one(clinic, data)
    waveforms = dcmread(DicomBytesIO(data)).WaveformSequence
    paths = uris(modality, found)
    assert paths == [f"{found.instance}/bulk/54000100/{at}/54001010" for at in range(len(waveforms))]
    assert [body_of(get(modality, path)) for path in paths] == [one.WaveformData for one in waveforms]


def test_a_pdf_is_a_pdf(clinic: Clinic, modality: Client) -> None:
    found = store_images(clinic, document())[0]
    path = f"{found.instance}/bulk/00420011"
    assert uris(modality, found) == [path]
    answer = get(modality, path)
    assert (answer["Content-Type"], body_of(answer)) == ("application/pdf", PDF + b"\0")
    assert (answer["Content-Disposition"], answer["X-Content-Type-Options"]) == ("attachment", "nosniff")
    assert parts_of(get(modality, path, OHIF_PDF)) == [("application/pdf", PDF + b"\0")]
    assert get(modality, path, OCTETS)["Content-Type"] == OCTETS


@pytest.mark.parametrize("mime_type", ["text/html", "image/svg+xml", "text/xml", "application/pdf; x=1"])
def test_other_documents_are_octets(clinic: Clinic, modality: Client, mime_type: str) -> None:
    found = store_images(clinic, document(mime_type, b"<script>alert(1)</script>" * 100))[0]
    path = f"{found.instance}/bulk/00420011"
    for accept in ("", "*/*", OCTETS):
        answer = get(modality, path, accept)
        assert (answer["Content-Type"], answer["Content-Disposition"]) == (OCTETS, "attachment")
    assert get(modality, path, mime_type).status_code == 406


def test_a_video_is_one_stream_in_any_range(clinic: Clinic, modality: Client) -> None:
    ds, stream = video()
    found = store_one(clinic, written(ds, MPEG4))
    path = f"{found.instance}/bulk/7FE00010"
    whole = get(modality, path)
    assert (whole["Content-Type"], whole["Accept-Ranges"], body_of(whole)) == ("video/mp4", "bytes", stream)
    for asked, (start, stop) in {
        "bytes=990-2100": (990, 2101),
        "bytes=-5": (len(stream) - 5, len(stream)),
    }.items():
        answer = get(modality, path, range=asked)
        assert (answer.status_code, body_of(answer)) == (206, stream[start:stop])
        assert answer["Content-Range"] == f"bytes {start}-{stop - 1}/{len(stream)}"


def test_a_range_behind_the_end_is_refused(clinic: Clinic, modality: Client) -> None:
    ds, stream = video()
    found = store_one(clinic, written(ds, MPEG4))
    answer = get(modality, f"{found.instance}/bulk/7FE00010", range=f"bytes={len(stream)}-")
    assert (answer.status_code, answer["Content-Range"], body_of(answer)) == (
        416,
        f"bytes */{len(stream)}",
        b"",
    )


def test_a_range_of_something_older_gets_the_whole(clinic: Clinic, modality: Client) -> None:
    ds, stream = video()
    found = store_one(clinic, written(ds, MPEG4))
    path = f"{found.instance}/bulk/7FE00010"
    tag = get(modality, path)["ETag"]
    assert get(modality, path, range="bytes=0-9", if_range=tag).status_code == 206
    assert body_of(get(modality, path, range="bytes=0-9", if_range='"older"')) == stream


@pytest.mark.parametrize(
    "path", ["00420011", "7FE00010/0/00080018", "..", "7fe00010", "00080018/x", "x" * 3000]
)
def test_an_address_of_nothing_is_not_found(clinic: Clinic, modality: Client, path: str) -> None:
    found = store_images(clinic, image())[0]
    assert get(modality, f"{found.instance}/bulk/{path}").status_code == 404


def test_a_known_value_is_not_sent_again(clinic: Clinic, modality: Client) -> None:
    found = store_images(clinic, document())[0]
    path = f"{found.instance}/bulk/00420011"
    tag = get(modality, path)["ETag"]
    assert get(modality, path, if_none_match=tag).status_code == 304
    assert get(modality, path, OCTETS, if_none_match=tag).status_code == 200
