"""Uploads that break HTTP or multipart: each is refused for what it is, and nothing is half stored."""

import gzip
import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.acceptance.house import House, rows, wait_until_rested
from tests.acceptance.stowing import BOUNDARY, CONTENT_TYPE, END, body, parts
from tests.acceptance.wire import break_off, chunked, get, head, headers_of, post, slowly, talk
from tests.conftest import Clinic
from tests.dicom_files import image, written
from tests.servers.live import LiveServer, live_process

pytestmark = pytest.mark.usefixtures("harmless")
IMAGE = written(image(rows=64, columns=64))


@pytest.fixture(scope="module")
def server(house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A web server that waits two seconds for the next byte, and not a minute."""
    folder = tmp_path_factory.mktemp("web")
    with live_process(folder, configuration="tests.servers.impatient") as running:
        yield running


def multipart(boundary: str) -> str:
    return f'multipart/related; type="application/dicom"; boundary={boundary}'


# The shape of the body


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (parts(IMAGE)[:-40], CONTENT_TYPE),
        (b"--" + b"x" * 10_000 + b"\r\n\r\n", multipart("x" * 10_000)),
        (f"--{BOUNDARY}\r\nX-Long: ".encode() + b"a" * 2**20 + b"\r\n\r\n" + END, CONTENT_TYPE),
        (f"--{BOUNDARY}\r\nContent-Type: {multipart('inner')}\r\n\r\n".encode() + END, CONTENT_TYPE),
        (f"--{BOUNDARY}\r\nContent-Type application/dicom\r\n\r\n".encode() + END, CONTENT_TYPE),
        (f"--{BOUNDARY}\r\n\r\n\r\n".encode() * 10_000 + END, CONTENT_TYPE),
        (b"no boundary at all" * 10_000, CONTENT_TYPE),
        (b"", CONTENT_TYPE),
        (body(IMAGE), 'multipart/related; type="application/dicom"'),
    ],
    ids=[
        "no-end", "long-boundary", "long-part-header", "nested", "header-without-colon", "empty-parts",
        "no-boundary", "nothing", "boundary-missing",
    ],
)  # fmt: skip
def test_a_body_of_the_wrong_shape_is_refused(
    server: LiveServer, clinic: Clinic, content: bytes, kind: str
) -> None:
    before = rows(clinic)
    assert post(server, clinic, content, Content_Type=kind).status in (400, 431)  # 431: the head is too long
    assert rows(clinic) == before


@pytest.mark.parametrize(
    "kind",
    [
        'multipart/related; type="application/dicom+json"; boundary=' + BOUNDARY,
        "application/dicom+json",
        "application/json",
        "text/html",
        "multipart/form-data; boundary=" + BOUNDARY,
        "application/x-www-form-urlencoded",
        "",
        "\x00",
        multipart('"not closed'),
    ],
)
def test_other_types_of_body_are_refused(server: LiveServer, clinic: Clinic, kind: str) -> None:
    bulk = [{"7FE00010": {"vr": "OW", "BulkDataURI": "http://169.254.169.254/"}}]
    before = rows(clinic)
    answer = post(server, clinic, json.dumps(bulk).encode(), Content_Type=kind)
    assert answer.status in ((400,) if "\x00" in kind else (415,)), answer
    assert rows(clinic) == before


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "GZIP", "identity, gzip", "x"])
def test_packed_bodies_are_refused_and_never_unpacked(
    server: LiveServer, clinic: Clinic, coding: str
) -> None:
    before = rows(clinic)
    answer = post(server, clinic, gzip.compress(bytes(2**24)), Content_Encoding=coding)
    assert (answer.status, answer.headers["Accept-Encoding"]) == (415, "identity")
    assert rows(clinic) == before


def test_a_chunked_body_is_taken(server: LiveServer, clinic: Clinic) -> None:
    whole = body(written(image(number=11)))
    pieces = [whole[start : start + 333] for start in range(0, len(whole), 333)]
    headers = headers_of(clinic, Transfer_Encoding="chunked")
    path = f"{clinic.root}/dicom-web/studies"
    before = rows(clinic)["Instance"]
    assert talk(server, [head("POST", path, headers), chunked(*pieces)]).status == 200
    assert rows(clinic)["Instance"] == before + 1


@pytest.mark.parametrize("chunks", [b"zz\r\nabc\r\n", b"-5\r\nabc\r\n", b"ffffffffffffffff\r\nabc"])
def test_broken_chunks_are_refused(server: LiveServer, clinic: Clinic, chunks: bytes) -> None:
    headers = headers_of(clinic, Transfer_Encoding="chunked")
    request = [head("POST", f"{clinic.root}/dicom-web/studies", headers), chunks]
    assert talk(server, request, ends=True).status in (0, 400)


def test_chunks_and_a_length_together_are_refused(server: LiveServer, clinic: Clinic) -> None:
    """Two servers that read it differently would see different requests (RFC 9112 §6.1)."""
    headers = headers_of(clinic, Transfer_Encoding="chunked", Content_Length="5")
    request = [head("POST", f"{clinic.root}/dicom-web/studies", headers), chunked(body(IMAGE))]
    assert talk(server, request).status == 400


# Lengths that lie, lines that break, senders that sleep


def test_a_length_that_is_too_short_cuts_the_body(server: LiveServer, clinic: Clinic) -> None:
    whole = body(written(image(number=12)))
    before = rows(clinic)
    assert post(server, clinic, whole, Content_Length=str(len(whole) // 2)).status == 400
    assert rows(clinic) == before


def test_a_length_that_is_too_long_is_waited_for_and_given_up(server: LiveServer, clinic: Clinic) -> None:
    whole = parts(written(image(number=13)))
    before = rows(clinic)
    answer = post(server, clinic, whole, Content_Length=str(len(whole) + 1000))
    assert answer.status == 408
    assert rows(clinic) == before


@pytest.mark.parametrize("length", ["-1", "1e3", "9" * 30, "5, 6", "0x10"])
def test_a_length_that_is_no_number_is_refused(server: LiveServer, clinic: Clinic, length: str) -> None:
    assert post(server, clinic, b"", Content_Length=length).status in (400, 408, 413)


@pytest.mark.parametrize("tenth", range(1, 10))
def test_a_sender_that_vanishes_leaves_nothing_behind(server: LiveServer, clinic: Clinic, tenth: int) -> None:
    whole = body(written(image(number=20, rows=512, columns=512)))
    headers = headers_of(clinic, Content_Length=str(len(whole)))
    before = rows(clinic)
    request = head("POST", f"{clinic.root}/dicom-web/studies", headers)
    break_off(server, request + whole[: len(whole) * tenth // 10])
    wait_until_rested(clinic)
    assert rows(clinic) == before


def test_what_came_whole_before_the_line_broke_is_stored(server: LiveServer, clinic: Clinic) -> None:
    whole = body(written(image(number=31)), written(image(number=32)))
    headers = headers_of(clinic, Content_Length=str(len(whole)))
    before = rows(clinic)["Instance"]
    break_off(server, head("POST", f"{clinic.root}/dicom-web/studies", headers) + whole[:-100])
    deadline = time.monotonic() + 10
    while rows(clinic)["Instance"] == before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert rows(clinic)["Instance"] == before + 1


def test_a_sender_that_sleeps_is_cut_off(server: LiveServer, clinic: Clinic) -> None:
    whole = body(written(image(number=33)))
    headers = headers_of(clinic, Content_Length=str(len(whole)))
    before, started = rows(clinic), time.monotonic()
    request = head("POST", f"{clinic.root}/dicom-web/studies", headers) + whole[:100]
    answer = talk(server, [request])
    assert answer.status == 408
    assert 1.5 < time.monotonic() - started < 10
    assert rows(clinic) == before


def test_others_are_served_while_some_sleep(server: LiveServer, clinic: Clinic) -> None:
    """More sleep than the server has threads: they are cut off, and then it is the next one's turn."""
    headers = headers_of(clinic, Content_Length="100000")
    request = head("POST", f"{clinic.root}/dicom-web/studies", headers)
    with ExitStack() as lines:
        for _ in range(12):
            line = lines.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            line.sendall(request)
        started = time.monotonic()
        assert get(server, clinic, "studies?limit=1").status == 200
        assert time.monotonic() - started < 10


def test_slow_bytes_are_a_body_all_the_same(server: LiveServer, clinic: Clinic) -> None:
    whole = body(written(image(number=41)))
    headers = headers_of(clinic, Content_Length=str(len(whole)))
    request = head("POST", f"{clinic.root}/dicom-web/studies", headers)
    answer = talk(server, [request, *slowly(whole, pause=0, step=1000)])
    assert answer.status == 200
