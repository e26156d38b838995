"""A multi-frame image of 1 GiB leaves in every form, and the web worker stays below 300 MiB."""

import hashlib
import http.client
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydicom import Dataset

from pacs.ingest.index import Arrival
from pacs.ingest.receive import Incoming
from pacs.ingest.settle import settle
from tenants import entry
from tenants.permissions import system_actor
from tests.conftest import NOW, Clinic, make_clinic
from tests.dicom_files import image, uid, written
from tests.servers.live import LiveServer, forget_peak, live_process, peak_bytes

pytestmark = [pytest.mark.db, pytest.mark.long]
LIMIT = 300 * 2**20
FRAMES, FRAME = 2048, 1024 * 256 * 2
ROOT = f"/studies/{uid(1)}/series/{uid(2)}"


def pieces(count: int) -> Iterator[bytes]:
    """Yield a file whose frames are each filled with their number."""
    head = written(_described(count))
    yield head[: -4 - FRAME] + (count * FRAME).to_bytes(4, "little")
    for number in range(count):
        yield number.to_bytes(2, "little") * (FRAME // 2)


def _described(count: int) -> Dataset:
    ds = image()
    ds.Rows, ds.Columns, ds.NumberOfFrames = 1024, 256, count
    ds.PixelData = bytes(FRAME)
    return ds


def store(clinic: Clinic, count: int) -> tuple[int, str]:
    """Store the image piece by piece; returns size and digest of its file."""
    size, digest = 0, hashlib.sha256()
    with entry.enter(clinic.tenant):
        incoming = Incoming()
        for piece in pieces(count):
            incoming.feed(piece)
            size += len(piece)
            digest.update(piece)
        (outcome,) = settle([incoming.finish()], Arrival(system_actor("tests"), NOW))
    assert outcome.status == "stored"
    return size, digest.hexdigest()


@pytest.fixture
def clinic(committed: None) -> Clinic:
    return make_clinic("north", "alice")


@pytest.fixture
def server(clinic: Clinic, tmp_path: Path) -> Iterator[LiveServer]:
    with live_process(tmp_path, workers=1) as running:
        yield running


@pytest.fixture
def take(server: LiveServer, clinic: Clinic) -> Callable[[str, str], tuple[int, str]]:
    """Return a function that retrieves something; it answers with size and digest, and checks the worker's memory."""

    def retrieve(path: str, accept: str) -> tuple[int, str]:
        (worker,) = server.workers()
        forget_peak(worker)
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
        headers = {"Authorization": f"Bearer {clinic.api_key}", "Accept": accept}
        connection.request("GET", f"{clinic.root}/dicom-web{path}", headers=headers)
        answer = connection.getresponse()
        size, digest = 0, hashlib.sha256()
        while chunk := answer.read(1 << 20):
            size += len(chunk)
            digest.update(chunk)
        assert answer.status == 200
        assert peak_bytes(worker) < LIMIT
        return size, digest.hexdigest()

    return retrieve


def test_it_leaves_in_every_form(clinic: Clinic, take: Callable[[str, str], tuple[int, str]]) -> None:
    file = store(clinic, FRAMES)
    instance = f"{ROOT}/instances/{uid(1001)}"
    pixels = FRAMES * FRAME
    assert take(instance, "application/dicom; transfer-syntax=*") == file
    assert take(f"/studies/{uid(1)}", 'multipart/related; type="application/dicom"')[0] > pixels
    assert take(f"{ROOT}", "application/zip")[0] > 0
    assert take(f"{instance}/bulk/7FE00010", "*/*")[0] == pixels
    every = ",".join(str(number) for number in range(1, 1001))
    assert take(f"{instance}/frames/{every}", "*/*")[0] > 1000 * FRAME
    assert take(f"{instance}/metadata", "*/*")[0] > 0
