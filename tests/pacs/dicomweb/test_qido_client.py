"""A third party's client, unchanged, searches over a real connection."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from dicomweb_client.api import DICOMwebClient

from tests import factories
from tests.conftest import make_clinic
from tests.servers.live import live_server

pytestmark = pytest.mark.db


@pytest.fixture
def client(committed: None, tmp_path: Path) -> Iterator[DICOMwebClient]:
    clinic = make_clinic("north", "alice")
    for number in range(1, 4):
        study = factories.make_study(
            clinic.tenant, study_uid=f"1.2.{number}", patient_name=f"Doe^Jane {number}"
        )
        series = factories.make_series(study, series_uid=f"1.2.{number}.1")
        factories.make_instance(series, sop_uid=f"1.2.{number}.1.1")
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {clinic.api_key}"
    with live_server(tmp_path, workers=1) as address:
        yield DICOMwebClient(f"{address}{clinic.root}/dicom-web", session=session)


def test_it_finds_studies_series_and_instances(client: DICOMwebClient) -> None:
    studies = client.search_for_studies(search_filters={"PatientName": "doe*"}, fields=["PatientAge"])
    assert [row["0020000D"]["Value"] for row in studies] == [["1.2.3"], ["1.2.2"], ["1.2.1"]]
    [series] = client.search_for_series("1.2.2")
    assert series["0020000E"]["Value"] == ["1.2.2.1"]
    [instance] = client.search_for_instances("1.2.2", "1.2.2.1")
    assert instance["00080018"]["Value"] == ["1.2.2.1.1"]
    assert len(client.search_for_instances(search_filters={"Rows": 512})) == 3
    assert client.search_for_studies(search_filters={"PatientID": "nobody"}) == []


def test_it_walks_through_pages(client: DICOMwebClient) -> None:
    pages = [client.search_for_studies(limit=2, offset=offset) for offset in (0, 2, 4)]
    assert [len(page) for page in pages] == [2, 1, 0]
