"""Requests that break HTTP, multipart or DICOMweb: each is refused for what it is, and nothing is half stored."""

import gzip
import json
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack

import pytest

from tests.acceptance.house import House, require_consistent, require_nothing_unfinished, rows
from tests.acceptance.stowing import BOUNDARY, CONTENT_TYPE, END, body, parts
from tests.acceptance.wire import Answer, break_off, chunked, head, slowly, talk
from tests.conftest import Clinic
from tests.dicom_files import image, written
from tests.servers.live import LiveServer, live_process

pytestmark = pytest.mark.xdist_group("hostile-http")
IMAGE = written(image(rows=64, columns=64))


@pytest.fixture(scope="module")
def server(house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A web server that waits two seconds for the next byte, and not a minute."""
    folder = tmp_path_factory.mktemp("web")
    with live_process(folder, configuration="tests.servers.impatient") as running:
        yield running


@pytest.fixture
def clinic(house: House) -> Clinic:
    return house.first


@pytest.fixture(autouse=True)
def harmless(clinic: Clinic, server: LiveServer) -> Iterator[None]:
    """No test of this module may cost a worker, or leave anything behind that does not fit together."""
    workers = server.workers()
    yield
    wait_until_rested(clinic)
    assert server.workers() == workers
    require_consistent(clinic)


def wait_until_rested(clinic: Clinic) -> None:
    """A broken connection is noticed a moment later than it breaks."""
    deadline = time.monotonic() + 10
    while True:
        try:
            require_nothing_unfinished()
        except AssertionError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


def headers_of(clinic: Clinic, **changed: str) -> dict[str, str]:
    named = {name.replace("_", "-"): value for name, value in changed.items()}
    usual = {"Host": "127.0.0.1", "Authorization": f"Bearer {clinic.api_key}", "Content-Type": CONTENT_TYPE}
    return {**usual, "Connection": "close", **named}


def post(server: LiveServer, clinic: Clinic, content: bytes, **changed: str) -> Answer:
    """Store with a body of any shape."""
    headers = {"Content-Length": str(len(content)), **headers_of(clinic, **changed)}
    return talk(server, [head("POST", f"{clinic.root}/dicom-web/studies", headers), content])


def get(server: LiveServer, clinic: Clinic, path: str, **changed: str) -> Answer:
    headers = {"Accept": "*/*", **headers_of(clinic, **changed)}
    return talk(server, [head("GET", f"{clinic.root}/dicom-web/{path}", headers)])


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


# Addresses, headers and parameters

HOSTILE_UIDS = [
    "..", "../../etc/passwd", "%2e%2e", "%2e%2e%2f%2e%2e", "..%5c..", "%00", "1.2%00.3", "1" * 4096, "%0d%0aX:1",
    "1.2.3%0a", "%ff%fe", "'%20OR%201=1--", "%7B%7B7*7%7D%7D", "-1", "1..2", "%D9%A1.%D9%A2", "con", "1.2.3%20",
]  # fmt: skip
PLACES = [
    "studies/{}", "studies/{}/metadata", "studies/{}/series", "studies/{}/series/1.2", "studies/1.2/series/{}",
    "studies/1.2/series/1.3/instances/{}", "studies/1.2/series/1.3/instances/{}/frames/1",
    "studies/1.2/series/1.3/instances/1.4/frames/{}", "studies/1.2/series/1.3/instances/1.4/bulk/{}",
    "studies/{}/rendered", "studies/{}/thumbnail", "beside/{}/studies",
]  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_hostile_uids_in_an_address_are_not_found(server: LiveServer, clinic: Clinic, place: str) -> None:
    answers = {uid: get(server, clinic, place.format(uid)).status for uid in HOSTILE_UIDS}
    allowed = {200, 400, 404} if place.startswith("beside/") or place.endswith("}/series") else {400, 404}
    assert {uid: status for uid, status in answers.items() if status not in allowed} == {}


@pytest.mark.parametrize("uid", HOSTILE_UIDS)
def test_nothing_is_stored_under_a_hostile_study_uid(server: LiveServer, clinic: Clinic, uid: str) -> None:
    content, before = body(written(image(number=40))), rows(clinic)["Instance"]
    headers = headers_of(clinic, Content_Length=str(len(content)))
    answer = talk(server, [head("POST", f"{clinic.root}/dicom-web/studies/{uid}", headers), content])
    assert answer.status in (400, 404, 405, 409), answer
    assert rows(clinic)["Instance"] == before


@pytest.mark.parametrize(
    "changed",
    [{"Host": "evil.example"}, {"X_Forwarded_Host": "evil.example"}, {"Accept": "*/*\tSet-Cookie: a=b"}],
)
@pytest.mark.parametrize(
    "path", ["studies?accept=application/dicom%2Bjson%0d%0aSet-Cookie:a=b", "studies?limit=1"]
)
def test_nothing_of_a_request_becomes_a_header(
    server: LiveServer, clinic: Clinic, changed: Mapping[str, str], path: str
) -> None:
    answer = get(server, clinic, path, **changed)
    assert answer.status in (200, 204, 400, 406)
    told = {name.lower(): value for name, value in answer.headers.items()}
    assert "set-cookie" not in told
    assert "evil" not in str(told)


@pytest.mark.parametrize(
    "query",
    [
        "limit=-1", "limit=1e9", "limit=", "limit=99999999999999999999", "limit=1&limit=2", "offset=-1", "offset=x",
        "&".join(["includefield=00100010"] * 300),
        "StudyDate=99999999", "StudyDate=20240101-20230101-20220101", "fuzzymatching=maybe",
        "StudyInstanceUID=1.2%00.3",
    ],
)  # fmt: skip
def test_searches_that_mean_nothing_are_refused(server: LiveServer, clinic: Clinic, query: str) -> None:
    assert get(server, clinic, f"studies?{query}").status == 400, query


@pytest.mark.parametrize(
    "query",
    [
        "PatientName=%00", "PatientName=%ff%fe", "PatientName=" + "*" * 4000, "PatientName=%27%3BDROP%20TABLE",
        "PatientID=%25%5F%5C", "PatientName=%F0%9F%92%A9", "limit=1000000000", "includefield=all",
        "includefield=" + ",".join(["00100010"] * 700), "00100020=*",
    ],
)  # fmt: skip
def test_odd_searches_are_answered(server: LiveServer, clinic: Clinic, query: str) -> None:
    assert get(server, clinic, f"studies?{query}").status in (200, 204, 400), query


def test_a_request_line_without_end_is_refused(server: LiveServer, clinic: Clinic) -> None:
    assert get(server, clinic, "studies?PatientName=" + "x" * 20_000).status in (0, 400, 414)


def test_slow_bytes_are_a_body_all_the_same(server: LiveServer, clinic: Clinic) -> None:
    whole = body(written(image(number=41)))
    headers = headers_of(clinic, Content_Length=str(len(whole)))
    request = head("POST", f"{clinic.root}/dicom-web/studies", headers)
    answer = talk(server, [request, *slowly(whole, pause=0, step=1000)])
    assert answer.status == 200
