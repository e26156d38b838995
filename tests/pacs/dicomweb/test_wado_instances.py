"""WADO-RS for studies, series and instances: the stored bytes come back, or Explicit VR Little Endian."""

import hashlib
import zipfile
from io import BytesIO

import pytest
from django.test import Client
from pydicom import dcmread

from pacs.dicom.syntaxes import EXPLICIT_LITTLE, IMPLICIT_LITTLE
from tests.conftest import Clinic
from tests.dicom_files import DEFLATED, image, uid, written
from tests.pacs.arrivals import slice_of
from tests.pacs.dicom.images import compressed
from tests.pacs.dicomweb.retrieving import (
    ANY_SYNTAX,
    DICOM,
    body_of,
    get,
    parts_of,
    shared,
    store,
    store_images,
    store_one,
)

pytestmark = pytest.mark.db
RLE = "1.2.840.10008.1.2.5"


@pytest.mark.parametrize("syntax", [EXPLICIT_LITTLE, IMPLICIT_LITTLE, DEFLATED])
def test_an_instance_comes_back_bit_for_bit(clinic: Clinic, modality: Client, syntax: str) -> None:
    data = written(image(), syntax)
    answer = get(modality, store_one(clinic, data).instance, ANY_SYNTAX)
    assert parts_of(answer) == [(f"application/dicom; transfer-syntax={syntax}", data)]


def test_an_instance_can_be_had_without_multipart(clinic: Clinic, modality: Client) -> None:
    data = written(image())
    answer = get(modality, store_one(clinic, data).instance, "application/dicom")
    assert answer["Content-Type"] == f"application/dicom; transfer-syntax={EXPLICIT_LITTLE}"
    assert answer["Content-Disposition"] == 'attachment; filename="image.dcm"'
    assert body_of(answer) == data


def test_whoever_names_no_form_gets_the_stored_bytes(clinic: Clinic, modality: Client) -> None:
    data = written(image(), IMPLICIT_LITTLE)
    found = store_one(clinic, data)
    assert parts_of(get(modality, found.instance))[0][1] == data
    assert parts_of(get(modality, found.instance, "*/*"))[0][1] == data
    assert parts_of(get(modality, found.study, "*/*"))[0][1] == data


def test_a_type_without_a_syntax_means_explicit_little_endian(clinic: Clinic, modality: Client) -> None:
    plain = image(rows=16, columns=16)
    data = compressed(written(plain), RLE)
    found = store_one(clinic, data)
    ((kind, body),) = parts_of(get(modality, found.instance, DICOM))
    assert kind == f"application/dicom; transfer-syntax={EXPLICIT_LITTLE}"
    ds = dcmread(BytesIO(body))
    assert ds.file_meta.TransferSyntaxUID == EXPLICIT_LITTLE
    assert ds.PixelData == plain.PixelData
    assert ds.PatientName == "Curie^Marie"


def test_values_beside_the_pixels_survive_transcoding_however_large(clinic: Clinic, modality: Client) -> None:
    ds = image()
    ds.add_new(0x00091010, "OB", bytes(range(256)) * 1024)
    ds.add_new(0x00090010, "LO", "TESTS")
    found = store_one(clinic, written(ds, IMPLICIT_LITTLE))
    sent = dcmread(BytesIO(body_of(get(modality, found.instance, "application/dicom"))))
    assert bytes(sent[0x00091010].value) == bytes(range(256)) * 1024


@pytest.mark.shared
def test_lossy_pixels_are_decoded_only_by_name(clinic: Clinic, modality: Client) -> None:
    data = shared("transfer-syntaxes/SC_rgb_small_odd_jpeg.dcm")
    found = store_one(clinic, data)
    assert parts_of(get(modality, found.instance, DICOM))[0][1] == data
    named = f"application/dicom; transfer-syntax={EXPLICIT_LITTLE}"
    decoded = dcmread(BytesIO(body_of(get(modality, found.instance, named))))
    assert decoded.file_meta.TransferSyntaxUID == EXPLICIT_LITTLE
    assert decoded.pixel_array.shape == (3, 3, 3)
    assert decoded.LossyImageCompression == "01"


@pytest.mark.shared
def test_what_nothing_decodes_is_refused_in_another_syntax(clinic: Clinic, modality: Client) -> None:
    found = store_one(clinic, shared("transfer-syntaxes/video-mpeg4-avc.dcm"))
    named = f"application/dicom; transfer-syntax={EXPLICIT_LITTLE}"
    assert get(modality, found.instance, named).status_code == 406
    assert get(modality, found.instance, ANY_SYNTAX).status_code == 200


def test_a_preamble_that_could_be_run_is_zeroed_on_the_way_out(clinic: Clinic, modality: Client) -> None:
    data = b"MZ" + written(image())[2:]
    found = store_one(clinic, data)
    sent = body_of(get(modality, found.instance, f"application/dicom; transfer-syntax={EXPLICIT_LITTLE}"))
    assert sent == bytes(128) + data[128:]
    assert bytes(found.row.dataset_sha256) == hashlib.sha256(data[-len(data) + 132 :][_meta(data) :]).digest()


def _meta(data: bytes) -> int:
    """Return how long group 0002 is, from the end of the prefix."""
    return 12 + int.from_bytes(data[140:144], "little")


def test_a_study_holds_all_of_its_series(clinic: Clinic, modality: Client) -> None:
    images = [slice_of(series=2, number=1), slice_of(series=3, number=2), slice_of(series=3, number=3)]
    found = store_images(clinic, *images)[0]
    sent = [body for _, body in parts_of(get(modality, found.study, ANY_SYNTAX))]
    assert sent == [written(ds) for ds in images]
    series = [body for _, body in parts_of(get(modality, found.series, ANY_SYNTAX))]
    assert series == [written(images[0])]


def test_a_set_in_the_default_syntax_is_transcoded_where_need_be(clinic: Clinic, modality: Client) -> None:
    first, second = image(number=1, rows=16, columns=16), image(number=2)
    found = store(clinic, compressed(written(first), RLE), written(second, IMPLICIT_LITTLE))[0]
    parts = parts_of(get(modality, found.study, DICOM))
    assert {kind for kind, _ in parts} == {f"application/dicom; transfer-syntax={EXPLICIT_LITTLE}"}
    assert [dcmread(BytesIO(body)).PixelData for _, body in parts] == [first.PixelData, second.PixelData]


def test_a_set_comes_as_one_zip_under_our_own_names(clinic: Clinic, modality: Client) -> None:
    images = [slice_of(series=2, number=1), slice_of(series=3, number=2), slice_of(series=3, number=3)]
    found = store_images(clinic, *images)[0]
    answer = get(modality, f"{found.study}?accept=application/zip")
    assert answer["Content-Type"] == "application/zip"
    with zipfile.ZipFile(BytesIO(body_of(answer))) as archive:
        assert archive.namelist() == [
            "series-001/image-00001.dcm",
            "series-002/image-00001.dcm",
            "series-002/image-00002.dcm",
        ]
        assert [archive.read(name) for name in archive.namelist()] == [written(ds) for ds in images]


def test_what_is_known_is_not_sent_again(clinic: Clinic, modality: Client) -> None:
    found = store_one(clinic)
    for path in (found.study, found.series, found.instance):
        first = get(modality, path, ANY_SYNTAX)
        body_of(first)
        assert first["Cache-Control"] == "private, no-cache"
        again = get(modality, path, ANY_SYNTAX, if_none_match=first["ETag"])
        assert (again.status_code, body_of(again), again["ETag"]) == (304, b"", first["ETag"])


def test_equal_tags_mean_equal_bytes(clinic: Clinic, modality: Client) -> None:
    found = store_one(clinic)
    first, second = (get(modality, found.instance, ANY_SYNTAX) for _ in range(2))
    assert (first["ETag"], body_of(first)) == (second["ETag"], body_of(second))
    assert get(modality, found.instance, "application/dicom")["ETag"] != first["ETag"]


def test_a_new_image_changes_the_tag_of_its_study(clinic: Clinic, modality: Client) -> None:
    first = get(modality, store_one(clinic).study, ANY_SYNTAX)["ETag"]
    found = store_one(clinic, written(image(number=2)))
    assert get(modality, found.study, ANY_SYNTAX, if_none_match=first).status_code == 200


def test_a_head_says_what_a_get_would_send(clinic: Clinic, modality: Client) -> None:
    found = store_one(clinic)
    full = get(modality, found.instance, ANY_SYNTAX)
    head = modality.head(found.instance, headers={"accept": ANY_SYNTAX})
    assert (head.status_code, head.content) == (200, b"")
    assert {name: head[name] for name in ("Content-Length", "Content-Type", "ETag")} == {
        name: full[name] for name in ("Content-Length", "Content-Type", "ETag")
    }
    assert int(head["Content-Length"]) == len(body_of(full))


def test_absent_and_another_clinics_look_the_same(
    clinic: Clinic, other_clinic: Clinic, modality: Client
) -> None:
    found = store_one(clinic)
    store_one(other_clinic, written(slice_of(study=7, series=8, number=9)))
    for path in (
        found.study.replace(uid(1), uid(7)),
        found.series.replace(uid(1), uid(7)).replace(uid(2), uid(8)),
        f"{found.series}/instances/{uid(1009)}",
        f"{found.study}/series/{uid(8)}/instances/{found.sop_uid}",
    ):
        answer = get(modality, path)
        assert (answer.status_code, body_of(answer)) == (404, b"There is no such object here.\n")


def test_a_uid_with_other_characters_leads_nowhere(clinic: Clinic, modality: Client) -> None:
    assert get(modality, f"{store_one(clinic).study}%00").status_code == 404


def test_an_unknown_type_is_refused_with_a_sentence(clinic: Clinic, modality: Client) -> None:
    answer = get(modality, store_one(clinic).instance, "image/webp")
    assert (answer.status_code, body_of(answer)) == (406, b"None of the accepted media types can be sent.\n")


def test_the_query_goes_before_the_header(clinic: Clinic, modality: Client) -> None:
    path = f"{store_one(clinic).instance}?accept=application/dicom"
    answer = get(modality, path, "text/html,*/*;q=0.5")
    assert answer["Content-Type"].startswith("application/dicom;")


def test_other_methods_are_told_which_there_are(clinic: Clinic, modality: Client) -> None:
    found = store_one(clinic)
    assert modality.options(found.instance).status_code == 200
    assert modality.put(found.instance).status_code == 405
    assert "GET" in modality.put(found.instance)["Allow"]
