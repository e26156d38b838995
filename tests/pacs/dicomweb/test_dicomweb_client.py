"""A third party's client, unchanged, against the product behind gunicorn: it stores, searches and retrieves."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from io import BytesIO
from pathlib import Path

import pytest
from dicomweb_client.api import DICOMwebClient
from dicomweb_client.session_utils import create_session
from pydicom import Dataset, dcmread

from tests.conftest import Clinic, make_clinic
from tests.dicom_files import image, uid, written
from tests.pacs.arrivals import slice_of
from tests.pacs.dicom.images import compressed
from tests.pacs.dicomweb.retrieving import shared, shared_files
from tests.pacs.dicomweb.test_wado_bulkdata import PDF, document
from tests.servers.live import live_server

pytestmark = pytest.mark.db
RLE = "1.2.840.10008.1.2.5"


@pytest.fixture
def clinic(committed: None) -> Clinic:
    # A slug of its own: the server remembers a clinic for a second, and each test begins with an empty database.
    return make_clinic(f"north-{uuid.uuid4().hex[:8]}", "alice")


@pytest.fixture(scope="module")
def started() -> Iterator[Callable[[Path], str]]:
    """Start the server once, with the first test: before that there is no clinic and so no key."""
    with ExitStack() as stack:
        yield cache(lambda folder: stack.enter_context(live_server(folder, workers=1)))


@pytest.fixture
def address(clinic: Clinic, started: Callable[[Path], str], tmp_path_factory: pytest.TempPathFactory) -> str:
    return started(tmp_path_factory.getbasetemp())


@pytest.fixture
def client(address: str, clinic: Clinic) -> DICOMwebClient:
    session = create_session()
    session.headers["Authorization"] = f"Bearer {clinic.api_key}"
    return DICOMwebClient(f"{address}{clinic.root}/dicom-web", session=session)


def file_of(ds: Dataset) -> Dataset:
    """Return a data set with its file meta, as the client wants it."""
    return dcmread(BytesIO(written(ds)))


def test_what_it_stores_it_finds_and_gets_back(client: DICOMwebClient) -> None:
    images = [slice_of(series=2, number=1), slice_of(series=3, number=2), slice_of(series=3, number=3)]
    answer = client.store_instances([file_of(ds) for ds in images])
    assert [item.ReferencedSOPInstanceUID for item in answer.ReferencedSOPSequence] == [
        ds.SOPInstanceUID for ds in images
    ]
    (study,) = client.search_for_studies(search_filters={"PatientName": "curie*"})
    assert study["0020000D"]["Value"] == [uid(1)]
    assert len(client.search_for_series(uid(1))) == 2
    assert len(client.search_for_instances(uid(1), uid(3), fields=["Rows"])) == 2
    assert client.retrieve_study(uid(1)) == [file_of(ds) for ds in images]
    assert client.retrieve_series(uid(1), uid(3)) == [file_of(ds) for ds in images[1:]]
    assert client.retrieve_instance(uid(1), uid(2), uid(1001)) == file_of(images[0])


def test_it_reads_metadata_and_their_bulk_data(client: DICOMwebClient, address: str) -> None:
    client.store_instances([file_of(image(frames=3))])
    (by_instance,) = [client.retrieve_instance_metadata(uid(1), uid(2), uid(1001))]
    assert client.retrieve_series_metadata(uid(1), uid(2)) == [by_instance]
    assert client.retrieve_study_metadata(uid(1)) == [by_instance]
    place = by_instance["7FE00010"]["BulkDataURI"]
    assert client.retrieve_bulkdata(address + place) == [image(frames=3).PixelData]
    part = client.retrieve_bulkdata(
        address + place, media_types=("application/octet-stream",), byte_range=(10, 19)
    )
    assert part in ([image(frames=3).PixelData[10:20]], [image(frames=3).PixelData])


def test_it_reads_frames_stored_and_decoded(client: DICOMwebClient) -> None:
    plain = image(rows=16, columns=16)
    stored = dcmread(BytesIO(compressed(written(plain), RLE)))
    client.store_instances([stored])
    decoded = client.retrieve_instance_frames(
        uid(1), uid(2), uid(1001), [1], media_types=("application/octet-stream",)
    )
    assert decoded == [plain.PixelData]
    as_stored = client.retrieve_instance_frames(
        uid(1), uid(2), uid(1001), [1], media_types=(("image/dicom-rle", RLE),)
    )
    assert as_stored[0] != plain.PixelData


def test_it_sees_pictures(client: DICOMwebClient) -> None:
    client.store_instances([file_of(image(frames=3))])
    picture = client.retrieve_instance_rendered(uid(1), uid(2), uid(1001), media_types=("image/png",))
    assert picture.startswith(b"\x89PNG")
    frame = client.retrieve_instance_frames_rendered(
        uid(1), uid(2), uid(1001), [2], media_types=("image/jpeg",)
    )
    assert frame.startswith(b"\xff\xd8")


def test_it_opens_a_document(client: DICOMwebClient) -> None:
    client.store_instances([file_of(document())])
    found = client.retrieve_instance_rendered(uid(1), uid(2), uid(1001), media_types=("application/pdf",))
    assert found == PDF + b"\0"


def test_it_takes_a_study_in_a_stream(client: DICOMwebClient) -> None:
    images = [slice_of(number=number) for number in range(1, 31)]
    client.store_instances([file_of(ds) for ds in images])
    names = [ds.SOPInstanceUID for ds in client.iter_study(uid(1))]
    assert names == [ds.SOPInstanceUID for ds in images]


@pytest.mark.shared
def test_a_real_series_goes_there_and_back(client: DICOMwebClient) -> None:
    files = shared_files("studies/ct-head-phantom/2-brain-5mm-j2k/*")
    client.store_instances([dcmread(BytesIO(data)) for data in files])
    first = dcmread(BytesIO(files[0]))
    place = (first.StudyInstanceUID, first.SeriesInstanceUID)
    assert len(client.retrieve_series_metadata(*place)) == len(files) == 28
    back = client.retrieve_instance(*place, first.SOPInstanceUID)
    assert back.PixelData == first.PixelData
    assert back.file_meta.TransferSyntaxUID == first.file_meta.TransferSyntaxUID
    explicit = client.retrieve_series(*place)
    assert {ds.file_meta.TransferSyntaxUID for ds in explicit} == {"1.2.840.10008.1.2.1"}


@pytest.mark.shared
def test_a_cine_is_read_frame_by_frame(client: DICOMwebClient) -> None:
    ds = dcmread(BytesIO(shared("studies/us-echo-cine/examples_ybr_color.dcm")))
    client.store_instances([ds])
    frames = client.retrieve_instance_frames(
        *(ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID),
        list(range(1, 31)),
        media_types=(("image/jpeg", "1.2.840.10008.1.2.4.50"),),
    )
    assert [frame[:2] for frame in frames] == [b"\xff\xd8"] * 30
