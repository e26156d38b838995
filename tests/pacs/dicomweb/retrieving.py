"""Asking for images over WADO-RS, and taking the answers apart."""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from django.http.response import HttpResponseBase
from django.test import Client
from pydicom import Dataset

from pacs.dicomweb.multipart import boundary_of, read_parts
from pacs.models import Instance
from tenants import entry
from tests.conftest import SHARED, Clinic
from tests.dicom_files import image, written
from tests.pacs.arrivals import arrive

DICOM = 'multipart/related; type="application/dicom"'
ANY_SYNTAX = 'multipart/related; type="application/dicom"; transfer-syntax=*'
OHIF_FRAMES = "multipart/related; type=application/octet-stream; transfer-syntax=*"


@dataclass(frozen=True)
class Stored:
    """One stored instance, by its addresses."""

    root: str
    study_uid: str
    series_uid: str
    sop_uid: str
    row: Instance

    @property
    def study(self) -> str:
        return f"{self.root}/studies/{self.study_uid}"

    @property
    def series(self) -> str:
        return f"{self.study}/series/{self.series_uid}"

    @property
    def instance(self) -> str:
        return f"{self.series}/instances/{self.sop_uid}"


def store(clinic: Clinic, *files: bytes) -> list[Stored]:
    """Store files by the ingest, and see that all were taken; returns all the clinic has, in order of number."""
    outcomes = arrive(clinic, *files)
    assert [(outcome.status, outcome.reason) for outcome in outcomes] == [("stored", "")] * len(files)
    with entry.enter(clinic.tenant):
        rows = Instance.objects.select_related("study", "series", "blob").order_by(
            "instance_number", "sop_uid"
        )
        return [
            Stored(f"{clinic.root}/dicom-web", row.study.study_uid, row.series.series_uid, row.sop_uid, row)
            for row in rows
        ]


def store_images(clinic: Clinic, *images: Dataset) -> list[Stored]:
    """Store made images in explicit little endian."""
    return store(clinic, *(written(ds) for ds in images))


def store_one(clinic: Clinic, data: bytes | None = None) -> Stored:
    """Store one file; a small image where none is given."""
    return store(clinic, written(image()) if data is None else data)[-1]


def shared(path: str) -> bytes:
    """Return one file of the public data."""
    return (SHARED / "data" / "dicom" / path).read_bytes()


def shared_files(pattern: str) -> list[bytes]:
    """Return files of the public data, in order."""
    found: Sequence[Path] = sorted((SHARED / "data" / "dicom").glob(pattern))
    return [path.read_bytes() for path in found if path.is_file()]


def get(client: Client, path: str, accept: str = "", **headers: str) -> HttpResponseBase:
    """Ask for a path."""
    given = {"accept": accept} if accept else {}
    return client.get(
        path, headers=given | {name.replace("_", "-"): value for name, value in headers.items()}
    )


def body_of(response: HttpResponseBase) -> bytes:
    """Return the whole body, as long as it was announced to be."""
    body = b"".join(response)
    assert response.get("Content-Length", str(len(body))) == str(len(body))
    return body


def parts_of(response: HttpResponseBase) -> list[tuple[str, bytes]]:
    """Return type and body of each part of a multipart answer."""
    boundary = boundary_of(response["Content-Type"])
    found = read_parts(BytesIO(body_of(response)).read, boundary)
    return [(part.content_type, b"".join(part.chunks())) for part in found]
