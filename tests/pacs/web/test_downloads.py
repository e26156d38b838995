"""Several studies as one ZIP from the list."""

import io
import zipfile

import pytest
from django.http import StreamingHttpResponse
from django.test import Client

from tenants.models import Role
from tests.conftest import Clinic, make_member, signed_in
from tests.dicom_files import uid, written
from tests.pacs.arrivals import slice_of, stored
from tests.pacs.web.reading_pages import notice, trail

pytestmark = pytest.mark.db
ADDRESS = "/c/north/studies/download"
ONE, OTHER = slice_of(), slice_of(study=5, series=6, number=7)


@pytest.fixture
def north(clinic: Clinic) -> Clinic:
    """A clinic with two studies of one image each."""
    stored(clinic, ONE, OTHER)
    return clinic


def test_it_holds_every_image_bit_for_bit(north: Clinic, alice: Client) -> None:
    before = trail(north)
    answer = alice.post(ADDRESS, {"study": [uid(1), uid(5)]})
    assert isinstance(answer, StreamingHttpResponse)
    assert trail(north)[len(before) :] == ["study-downloaded", "study-downloaded"]
    archive = zipfile.ZipFile(io.BytesIO(b"".join(answer)))
    assert archive.testzip() is None
    assert [archive.read(name) for name in archive.namelist()] == [written(ONE), written(OTHER)]
    assert answer["Content-Disposition"] == 'attachment; filename="studies.zip"'


@pytest.mark.parametrize("count", [0, 51])
def test_none_and_too_many_are_refused(north: Clinic, alice: Client, count: int) -> None:
    before = trail(north)
    assert alice.post(ADDRESS, {"study": [uid(1)] * count}).status_code == 303
    assert trail(north) == before
    assert notice(alice.get("/c/north/studies/")) == "Select between 1 and 50 studies to download."


def test_with_an_absent_study_none_is_sent(north: Clinic, alice: Client) -> None:
    before = trail(north)
    assert alice.post(ADDRESS, {"study": [uid(1), uid(9)]}).status_code == 404
    assert trail(north) == before


def test_who_sees_no_images_gets_none(north: Clinic) -> None:
    before = trail(north)
    member = signed_in(make_member(north, "ada", Role.AUDITOR))
    assert member.post(ADDRESS, {"study": uid(1)}).status_code == 403
    assert trail(north) == before
