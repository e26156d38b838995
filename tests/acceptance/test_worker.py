"""A real worker makes metadata and thumbnails, whatever becomes of it or of the broker: the row is the queue."""

import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import requests
from django.db.models import F
from django.utils import timezone
from redis import Redis

from pacs.models import Outbox, Series
from tenants import entry
from tests.acceptance.house import House
from tests.acceptance.stowing import CONTENT_TYPE, body, send
from tests.conftest import Clinic, with_key
from tests.dicom_files import image, uid, written
from tests.servers.live import live_process
from tests.servers.worker import RABBITMQ, end_at_once, rabbitmq_host, redis_server, worker


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a name that is short enough for a socket in it."""
    path = Path(tempfile.mkdtemp(prefix="w"))
    yield path
    shutil.rmtree(path)


@pytest.fixture
def clinic(house: House) -> Iterator[Clinic]:
    """Each test finds a clinic in which nothing waits."""
    yield house.first
    Outbox.objects.filter(is_done=False).update(is_done=True)


def series(first: int, count: int) -> list[bytes]:
    """Return series of one image each."""
    files = []
    for number in range(first, first + count):
        ds = image(number=number, rows=64, columns=64)
        ds.StudyInstanceUID, ds.SeriesInstanceUID = uid(70_000 + first), uid(80_000 + number)
        files.append(written(ds))
    return files


def made(clinic: Clinic, first: int, count: int) -> int:
    """Return how many of these series have metadata of their latest version, and a thumbnail."""
    uids = [uid(80_000 + number) for number in range(first, first + count)]
    with entry.enter(clinic.tenant):
        ready = Series.objects.filter(series_uid__in=uids, metadata_version=F("version"))
        return ready.exclude(metadata_blob=None).exclude(thumbnail_blob=None).count()


def wait_until(is_so: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def require_work_on_a_nudge(clinic: Clinic, folder: Path, broker: str, first: int) -> None:
    """What the web server says on the broker starts the work: this worker has no clock."""
    headers = {"Authorization": f"Bearer {clinic.api_key}", "Content-Type": CONTENT_TYPE}
    with (
        live_process(folder, workers=1, environment={"BROKER_URL": broker}) as server,
        worker(folder, broker, has_clock=False),
    ):
        address = f"{server.url}{clinic.root}/dicom-web/studies"
        answer = requests.post(address, data=body(*series(first, 3)), headers=headers, timeout=60)
        assert answer.status_code == 200
        wait_until(lambda: made(clinic, first, 3) == 3, 60)


def test_a_nudge_over_redis_starts_the_work(clinic: Clinic, folder: Path) -> None:
    with redis_server(folder) as broker:
        require_work_on_a_nudge(clinic, folder, broker, 100)


def test_a_nudge_over_rabbitmq_starts_the_work(clinic: Clinic, folder: Path) -> None:
    with socket.socket() as probe:
        if probe.connect_ex(RABBITMQ) != 0:
            pytest.skip("needs RabbitMQ on this machine")
    with rabbitmq_host() as broker:
        require_work_on_a_nudge(clinic, folder, broker, 200)


def test_what_a_killed_worker_left_is_done_by_the_next(clinic: Clinic, folder: Path) -> None:
    """It dies in the middle, and all that the broker knew is lost: the sweep of the next worker finds the rows."""
    send(with_key(clinic.api_key), clinic, *series(300, 40))
    with redis_server(folder) as broker:
        with worker(folder, broker, has_clock=True) as first:
            wait_until(lambda: made(clinic, 300, 40) > 0, 60)
            end_at_once(first)
        done = made(clinic, 300, 40)
        assert 0 < done < 40
        Redis(unix_socket_path=str(folder / "s")).flushall()
        _let_leases_end()
        with worker(folder, broker, has_clock=True):
            wait_until(lambda: made(clinic, 300, 40) == 40, 60)


def _let_leases_end() -> None:
    """Do as if the six minutes were over, after which anybody may take what a dead worker held."""
    past = timezone.now() - timedelta(seconds=1)
    Outbox.objects.filter(is_done=False).exclude(lease_until=None).update(lease_until=past, due_at=past)
