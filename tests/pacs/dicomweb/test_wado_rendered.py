"""Rendered resources and thumbnails: pictures for people, of anything that can be drawn."""

from io import BytesIO
from unittest.mock import patch

import pytest
from django.test import Client
from PIL import Image
from pydicom import Dataset

from pacs.derived.build import build_series
from pacs.models import Series
from pacs.retrieve import pictures
from tenants import entry
from tests.conftest import NOW, Clinic
from tests.dicom_files import COMPREHENSIVE_SR, MPEG4, compressed, image, written
from tests.pacs.arrivals import slice_of
from tests.pacs.dicomweb.retrieving import body_of, get, parts_of, shared, store_images, store_one
from tests.pacs.dicomweb.test_wado_bulkdata import PDF, document, video

pytestmark = pytest.mark.db
JPEG, PNG = "image/jpeg", "image/png"
FORMATS = {JPEG: "JPEG", PNG: "PNG"}


def drawn(data: bytes) -> Image.Image:
    return Image.open(BytesIO(data))


def report() -> Dataset:
    """Return an object without pixels."""
    ds = document()
    del ds.EncapsulatedDocument
    del ds.MIMETypeOfEncapsulatedDocument
    ds.SOPClassUID, ds.Modality, ds.VerificationFlag = COMPREHENSIVE_SR, "SR", "UNVERIFIED"
    ds.ContentSequence = [Dataset()]
    return ds


@pytest.mark.parametrize("accept", [JPEG, PNG])
@pytest.mark.parametrize("level", ["study", "series", "instance"])
def test_every_level_is_one_picture(clinic: Clinic, modality: Client, level: str, accept: str) -> None:
    found = store_images(clinic, image(rows=8, columns=6))[0]
    answer = get(modality, f"{getattr(found, level)}/rendered", accept)
    assert answer["Content-Type"] == accept
    assert (drawn(body_of(answer)).format, drawn(body_of(answer)).size) == (FORMATS[accept], (6, 8))


def test_a_series_in_multipart_is_every_image(clinic: Clinic, modality: Client) -> None:
    found = store_images(clinic, *(slice_of(number=number) for number in (1, 2, 3)))[0]
    sent = parts_of(get(modality, f"{found.series}/rendered", f'multipart/related; type="{PNG}"'))
    assert [(kind, drawn(body).size) for kind, body in sent] == [(PNG, (4, 4))] * 3


def test_frames_are_drawn_by_number(clinic: Clinic, modality: Client) -> None:
    found = store_images(clinic, image(frames=3))[0]
    path = f"{found.instance}/frames"
    one = get(modality, f"{path}/2/rendered?window=24,48", PNG)
    assert drawn(body_of(one)).size == (4, 4)
    several = parts_of(get(modality, f"{path}/3,2/rendered?window=24,48", f"multipart/related; type={PNG}"))
    assert [body == body_of(one) for _, body in several] == [False, True]
    assert get(modality, f"{path}/3,2/rendered", PNG).status_code == 406
    assert get(modality, f"{path}/4/rendered", PNG).status_code == 404


def test_the_window_decides_what_is_white(clinic: Clinic, modality: Client) -> None:
    found = store_images(clinic, image())[0]
    path = f"{found.instance}/rendered"
    dark = drawn(body_of(get(modality, f"{path}?window=1000,10,linear", PNG)))
    bright = drawn(body_of(get(modality, f"{path}?window=-1000,10,linear", PNG)))
    assert (dark.getextrema(), bright.getextrema()) == ((0, 0), (255, 255))


def test_the_viewport_decides_the_size(clinic: Clinic, modality: Client) -> None:
    found = store_images(clinic, image(rows=8, columns=6))[0]
    answer = get(modality, f"{found.instance}/rendered?viewport=60,80&quality=50&annotation=patient", JPEG)
    assert drawn(body_of(answer)).size == (60, 80)


@pytest.mark.parametrize("query", ["window=1", "viewport=0,1", "viewport=9,9,8,8,8,8", "quality=101"])
def test_a_parameter_that_makes_no_sense_is_refused(clinic: Clinic, modality: Client, query: str) -> None:
    found = store_images(clinic, image())[0]
    answer = get(modality, f"{found.instance}/rendered?{query}")
    name = query.partition("=")[0]
    assert (answer.status_code, body_of(answer)) == (
        400,
        f"The parameter {name} cannot be understood.\n".encode(),
    )


def test_a_picture_that_is_known_is_not_drawn_again(clinic: Clinic, modality: Client) -> None:
    found = store_images(clinic, image())[0]
    path = f"{found.instance}/rendered"
    tag = get(modality, path, PNG)["ETag"]
    with patch.object(pictures, "render_frame", side_effect=AssertionError):
        assert get(modality, path, PNG, if_none_match=tag).status_code == 304
    assert get(modality, f"{path}?window=8,8", PNG, if_none_match=tag).status_code == 200


def test_pixels_that_cannot_be_decoded_are_refused_with_the_reason(clinic: Clinic, modality: Client) -> None:
    broken = written(compressed([b"\xff\xd8 no image \xff\xd9 "]), "1.2.840.10008.1.2.4.50")
    answer = get(modality, f"{store_one(clinic, broken).instance}/rendered")
    assert answer.status_code == 406
    assert body_of(answer).startswith(b"The pixels cannot be decoded: ")


def test_an_object_without_pixels_has_no_picture_but_an_icon(clinic: Clinic, modality: Client) -> None:
    found = store_images(clinic, report())[0]
    answer = get(modality, f"{found.instance}/rendered")
    assert (answer.status_code, body_of(answer)) == (406, b"There is no image to draw: no-pixels.\n")
    for level in (found.study, found.series, found.instance):
        icon = get(modality, f"{level}/thumbnail")
        assert (icon["Content-Type"], drawn(body_of(icon)).size) == (JPEG, (128, 128))


def test_a_pdf_is_rendered_as_itself(clinic: Clinic, modality: Client) -> None:
    found = store_images(clinic, document())[0]
    answer = get(modality, f"{found.instance}/rendered")
    assert (answer["Content-Type"], answer["Content-Disposition"]) == ("application/pdf", "inline")
    assert body_of(answer) == PDF + b"\0"


def test_another_document_is_not_rendered(clinic: Clinic, modality: Client) -> None:
    found = store_images(clinic, document("text/html", b"<script>" * 1000))[0]
    assert get(modality, f"{found.instance}/rendered").status_code == 406


def test_a_video_is_rendered_as_itself_in_ranges(clinic: Clinic, modality: Client) -> None:
    ds, stream = video()
    found = store_one(clinic, written(ds, MPEG4))
    answer = get(modality, f"{found.instance}/rendered", "video/*;q=0.9, */*;q=0.1", range="bytes=10-19")
    assert (answer.status_code, answer["Content-Type"], body_of(answer)) == (206, "video/mp4", stream[10:20])
    assert drawn(body_of(get(modality, f"{found.instance}/thumbnail"))).size == (128, 128)


def test_a_stored_thumbnail_is_given_as_it_is(clinic: Clinic, modality: Client) -> None:
    found = store_images(clinic, *(slice_of(number=number) for number in (1, 2, 3)))[0]
    now = body_of(get(modality, f"{found.series}/thumbnail"))
    with entry.enter(clinic.tenant):
        assert build_series(Series.objects.get().pk, now=NOW)
    with patch.object(pictures, "render_frame", side_effect=AssertionError):
        for level in (found.study, found.series):
            assert body_of(get(modality, f"{level}/thumbnail")) == now


def test_a_viewer_asks_for_a_thumbnail_in_its_own_way(clinic: Clinic, modality: Client) -> None:
    found = store_images(clinic, image(frames=3))[0]
    accept = 'multipart/related; type="application/octet-stream"'
    for path in (found.instance, f"{found.instance}/frames/2"):
        answer = get(modality, f"{path}/thumbnail?accept=image%2Fjpeg", accept)
        assert (answer["Content-Type"], drawn(body_of(answer)).size) == (JPEG, (4, 4))
    assert get(modality, f"{found.instance}/frames/9/thumbnail").status_code == 404


def test_a_thumbnail_can_be_had_in_another_size(clinic: Clinic, modality: Client) -> None:
    found = store_images(clinic, image(rows=8, columns=8))[0]
    answer = get(modality, f"{found.series}/thumbnail?viewport=40,40")
    assert drawn(body_of(answer)).size == (40, 40)


@pytest.mark.shared
def test_a_palette_of_any_size_is_used(clinic: Clinic, modality: Client) -> None:
    found = store_one(clinic, shared("studies/us-burned-in-palette/gdcm-US-ALOKA-16.dcm"))
    picture = drawn(body_of(get(modality, f"{found.instance}/frames/1/rendered", PNG)))
    assert picture.mode == "RGB"
