"""Damaged, unusual and hostile files over HTTP: each gets a definite answer, and none does harm.

They go one by one to a web server that runs as a process of its own, so that a crash would be seen.
"""

import http.client
import json
from collections import Counter
from dataclasses import dataclass

import pytest

from pacs.ingest.sentences import sentence
from tests.acceptance.house import House, require_consistent, require_nothing_unfinished, rows
from tests.acceptance.pack import bad_files
from tests.acceptance.stowing import CONTENT_TYPE, Verdict, body, verdicts
from tests.conftest import Clinic
from tests.dicom_files import uid
from tests.odd_files import ODD_FILES
from tests.servers.live import LiveServer, forget_peak, peak_bytes, processor_seconds, resident_bytes

SECONDS_AT_MOST = 5.0
GROWTH_AT_MOST = 256 * 2**20
CONFLICT = 0x0111
COMMON_UID = uid(1001).encode()


@dataclass(frozen=True)
class Sent:
    """A file's answer, and the processor time that it cost."""

    name: str
    http_status: int
    verdict: Verdict
    seconds: float


@dataclass(frozen=True)
class Run:
    """All the answers, and the server's processes before and after."""

    clinic: Clinic
    sent: list[Sent]
    workers_before: list[int]
    workers_after: list[int]
    growth: int


@pytest.fixture(scope="module")
def odd(house: House, server: LiveServer) -> Run:
    """The files that the tests build themselves: as they are, most with one UID, then each with a UID of its own."""
    built = [(file.name, file.build()) for file in ODD_FILES]
    apart = [(name, data.replace(COMMON_UID, _own_uid(at))) for at, (name, data) in enumerate(built)]
    return _run(server, house.first, built + apart)


def _own_uid(number: int) -> bytes:
    return uid(2000 + number).encode()


@pytest.fixture(scope="module")
def pack(house: House, server: LiveServer) -> Run:
    """The broken files of the public data, and those that are no DICOM."""
    return _run(server, house.second, [(file.path, file.read()) for file in bad_files()])


def _run(server: LiveServer, clinic: Clinic, files: list[tuple[str, bytes]]) -> Run:
    _send(server, clinic, "warm-up", b"no image")
    before = server.workers()
    held = {worker: resident_bytes(worker) for worker in before}
    for worker in before:
        forget_peak(worker)
    sent = [_send(server, clinic, name, data) for name, data in files]
    growth = max(peak_bytes(worker) - held[worker] for worker in before)
    return Run(clinic, sent, before, server.workers(), growth)


def _send(server: LiveServer, clinic: Clinic, name: str, data: bytes) -> Sent:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    headers = {"Authorization": f"Bearer {clinic.api_key}", "Content-Type": CONTENT_TYPE}
    started = processor_seconds(server.master)
    connection.request("POST", f"{clinic.root}/dicom-web/studies", body(data), headers)
    answer = connection.getresponse()
    content = answer.read()
    seconds = processor_seconds(server.master) - started
    connection.close()
    is_definite = answer.status in (200, 202, 409)
    [verdict] = verdicts(json.loads(content)) if is_definite else [Verdict("none")]
    return Sent(name, answer.status, verdict, seconds)


def _require_harmless(run: Run) -> None:
    assert [one.name for one in run.sent if one.verdict.status == "none"] == []
    assert run.workers_after == run.workers_before
    assert [one.name for one in run.sent if one.seconds > SECONDS_AT_MOST] == []
    assert run.growth <= GROWTH_AT_MOST, run.growth
    require_consistent(run.clinic)
    require_nothing_unfinished()


def test_odd_files_get_the_verdict_of_their_story(odd: Run) -> None:
    for file, one in zip(ODD_FILES * 2, odd.sent, strict=True):
        assert one.verdict.status != "none", one
        if file.verdict is not None:
            assert (one.http_status, one.verdict.sentence) == (409, sentence(file.verdict)), file.name
        elif one.verdict.status == "refused":
            assert one.verdict.code == CONFLICT, file.name


def test_odd_files_that_may_be_taken_are_taken(odd: Run) -> None:
    """With a UID of its own each is stored; three that are deflated keep the common UID."""
    apart = zip(ODD_FILES, odd.sent[len(ODD_FILES) :], strict=True)
    statuses = Counter(one.verdict.status for file, one in apart if file.verdict is None)
    assert statuses == {"stored": 117, "same": 3}


def test_odd_files_do_no_harm(odd: Run) -> None:
    _require_harmless(odd)


@pytest.mark.shared
def test_every_broken_file_is_stored_or_refused_with_a_reason(pack: Run) -> None:
    for one in pack.sent:
        if one.verdict.status == "refused":
            assert one.http_status == 409, one
            assert one.verdict.code != 0, one
            assert one.verdict.sentence, one
    assert len(pack.sent) == 74


@pytest.mark.shared
def test_what_is_no_dicom_is_refused_and_nothing_of_it_is_kept(pack: Run, house: House) -> None:
    answers = {one.name: one.verdict for one in pack.sent if one.name.startswith("non-dicom/")}
    told = Counter((verdict.status, verdict.sentence) for verdict in answers.values())
    assert told == {
        ("refused", "This is not a DICOM file."): 16,
        ("refused", "The file is empty."): 1,
    }


@pytest.mark.shared
def test_broken_files_do_no_harm(pack: Run) -> None:
    _require_harmless(pack)


@pytest.mark.shared
def test_a_broken_file_is_stored_or_held_or_no_dicom(pack: Run) -> None:
    """Nothing is answered and forgotten: what is not stored waits for a person, unless it is no DICOM at all."""
    counts = rows(pack.clinic)
    stored = sum(one.verdict.status == "stored" for one in pack.sent)
    assert (counts["Instance"], counts["Blob"]) == (stored, stored + counts["HeldFile"])
    assert counts["stored"] == counts["Blob"]
