"""WADO-RS for metadata: the header of each instance, from the series' blob or read on the spot, alike."""

import gzip
import json
from unittest.mock import patch

import pytest
from django.test import Client

from pacs.derived.build import build_series
from pacs.models import Series
from pacs.retrieve import metadata
from tenants import entry
from tests.conftest import NOW, Clinic
from tests.dicom_files import image, uid, written
from tests.pacs.arrivals import slice_of
from tests.pacs.dicomweb.retrieving import Stored, body_of, get, parts_of, store, store_images

pytestmark = pytest.mark.db
JSON = "application/dicom+json"
XML = 'multipart/related; type="application/dicom+xml"'


def build(clinic: Clinic) -> None:
    """Make the blobs of every series of the clinic."""
    with entry.enter(clinic.tenant):
        for series_id in Series.objects.values_list("pk", flat=True):
            assert build_series(series_id, now=NOW)


def three(clinic: Clinic) -> list[Stored]:
    """Store two series of one study: an image, and two."""
    return store_images(
        clinic, slice_of(number=1), slice_of(series=3, number=2), slice_of(series=3, number=3)
    )


def test_an_instance_is_described_in_json(clinic: Clinic, modality: Client) -> None:
    found = three(clinic)[0]
    answer = get(modality, f"{found.instance}/metadata", JSON)
    (model,) = json.loads(body_of(answer))
    assert answer["Content-Type"] == JSON
    assert model["00100010"] == {"vr": "PN", "Value": [{"Alphabetic": "Curie^Marie"}]}
    assert model["00280010"] == {"vr": "US", "Value": [4]}
    assert model["7FE00010"] == {"vr": "OW", "BulkDataURI": f"{found.instance}/bulk/7FE00010"}


@pytest.mark.parametrize("is_built", [False, True])
@pytest.mark.parametrize("codings", ["", "gzip, deflate, br"])
def test_series_and_study_list_their_instances(
    clinic: Clinic, modality: Client, is_built: bool, codings: str
) -> None:
    found = three(clinic)
    if is_built:
        build(clinic)
    singles = [json.loads(body_of(get(modality, f"{one.instance}/metadata", JSON)))[0] for one in found]
    for path, expected in ((found[0].study, singles), (found[1].series, singles[1:])):
        answer = get(modality, f"{path}/metadata", JSON, accept_encoding=codings)
        body = gzip.decompress(body_of(answer)) if codings else body_of(answer)
        assert answer.get("Content-Encoding", "") == ("gzip" if codings else "")
        assert json.loads(body) == expected


def test_a_built_series_reads_no_instance(clinic: Clinic, modality: Client) -> None:
    found = three(clinic)[1]
    build(clinic)
    with patch.object(metadata, "opened", side_effect=AssertionError):
        assert len(json.loads(body_of(get(modality, f"{found.series}/metadata", JSON)))) == 2


def test_a_series_that_has_grown_is_read_on_the_spot(clinic: Clinic, modality: Client) -> None:
    found = three(clinic)[1]
    build(clinic)
    store(clinic, written(slice_of(series=3, number=4)))
    models = json.loads(body_of(get(modality, f"{found.series}/metadata", JSON)))
    assert [model["00200013"]["Value"][0] for model in models] == [2, 3, 4]


def test_a_blob_of_an_unknown_form_is_passed_over(clinic: Clinic, modality: Client) -> None:
    found = three(clinic)[1]
    with patch("pacs.derived.build.FORM", b"series metadata 0\n"):
        build(clinic)
    assert len(json.loads(body_of(get(modality, f"{found.series}/metadata", JSON)))) == 2


def test_addresses_in_a_blob_follow_the_root(clinic: Clinic, modality: Client) -> None:
    """The clinic is renamed: what was built before leads to its new address."""
    found = three(clinic)[1]
    build(clinic)
    clinic.tenant.slug = "north-two"
    clinic.tenant.save()
    path = found.series.replace("/c/north/", "/c/north-two/")
    models = json.loads(body_of(get(modality, f"{path}/metadata", JSON)))
    uris = [model["7FE00010"]["BulkDataURI"] for model in models]
    assert uris == [f"{path}/instances/{uid(1000 + n)}/bulk/7FE00010" for n in (2, 3)]
    assert get(modality, uris[0]).status_code == 200


def test_what_a_file_says_cannot_forge_an_address(clinic: Clinic, modality: Client) -> None:
    forged = '","BulkDataURI":"root:/elsewhere'
    found = store_images(clinic, slice_of(ImageComments=forged))[0]
    build(clinic)
    (model,) = json.loads(body_of(get(modality, f"{found.series}/metadata", JSON)))
    assert model["00204000"] == {"vr": "LT", "Value": [forged]}


@pytest.mark.parametrize("is_built", [False, True])
def test_metadata_come_as_xml_too(clinic: Clinic, modality: Client, is_built: bool) -> None:
    found = three(clinic)
    if is_built:
        build(clinic)
    for path, count in ((found[0].study, 3), (found[1].series, 2), (found[1].instance, 1)):
        sent = parts_of(get(modality, f"{path}/metadata", XML))
        assert [kind for kind, _ in sent] == ["application/dicom+xml"] * count
    assert f'<BulkData uri="{found[1].instance}/bulk/7FE00010"/>'.encode() in sent[0][1]


def test_known_metadata_are_not_sent_again(clinic: Clinic, modality: Client) -> None:
    found = three(clinic)[1]
    for path in (found.study, found.series, found.instance):
        first = get(modality, f"{path}/metadata", JSON)
        assert get(modality, f"{path}/metadata", JSON, if_none_match=first["ETag"]).status_code == 304
        assert get(modality, f"{path}/metadata", XML, if_none_match=first["ETag"]).status_code == 200
    tag = get(modality, f"{found.series}/metadata", JSON)["ETag"]
    build(clinic)
    assert get(modality, f"{found.series}/metadata", JSON, if_none_match=tag).status_code == 304
    store(clinic, written(slice_of(series=3, number=4)))
    assert get(modality, f"{found.series}/metadata", JSON, if_none_match=tag).status_code == 200


def test_a_mixed_wish_list_is_understood(clinic: Clinic, modality: Client) -> None:
    found = three(clinic)[0]
    accept = (
        "multipart/related; type=application/octet-stream; transfer-syntax=*, application/dicom+json;q=0.9"
    )
    assert get(modality, f"{found.series}/metadata", accept)["Content-Type"] == JSON
    assert get(modality, f"{found.series}/metadata", "image/png").status_code == 406


def test_a_large_series_comes_in_pieces(clinic: Clinic, modality: Client) -> None:
    found = store(clinic, *(written(image(number=number)) for number in range(1, 131)))
    on_the_spot = json.loads(body_of(get(modality, f"{found[0].series}/metadata", JSON)))
    build(clinic)
    built = json.loads(body_of(get(modality, f"{found[0].series}/metadata", JSON)))
    assert built == on_the_spot
    assert [model["00080018"]["Value"][0] for model in built] == [uid(1000 + n) for n in range(1, 131)]
