"""STOW-RS: large slices a few at a time, and many small studies one by one."""

import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from tests.bench import images
from tests.bench.client import Client, Server, WrongAnswer, at_once
from tests.bench.machine import metered, wait_until_rests
from tests.bench.report import Goal, Row, Side, Unit
from tests.bench.sizes import Bench

TOGETHER = 20
_REFERENCED = "00081199"


def stow(bench: Bench) -> Iterator[Row]:
    """Store CT slices of 512 KiB, 20 a request, by one client and by four."""
    size = bench.size
    for clients, mark, goal in ((1, 20, Goal(times=3)), (4, 40, None)):
        series = [
            images.ct_series(mark + number, slices=size.series)
            for number in range(size.slices // size.series)
        ]
        warm = [images.ct_series(mark + 19, slices=TOGETHER).files]
        files = [file for one in series for file in one.files]
        work = f"STOW {len(files)} CT slices of 512 KiB, {TOGETHER} a request, {_clients(clients)}"
        yield _compared(bench, work, files, warm=warm, together=TOGETHER, clients=clients, goal=goal)
        bench.stored = series[0]


def studies(bench: Bench) -> Iterator[Row]:
    """Store small studies of one instance, each in a request of its own."""
    files = images.small_studies(60, count=bench.size.studies)
    warm = [[file] for file in images.small_studies(61, count=20)]
    work = f"STOW {len(files)} one-instance studies, 2 clients"
    yield _compared(bench, work, files, warm=warm, together=1, clients=2, goal=Goal(times=1.3))


def store(server: Server, series: images.Series) -> None:
    """Store a series that other work reads."""
    at_once(server, _requests(series.files, TOGETHER), clients=1)


def _compared(
    bench: Bench,
    work: str,
    files: Sequence[bytes],
    *,
    warm: Sequence[Sequence[bytes]],
    together: int,
    clients: int,
    goal: Goal | None,
) -> Row:
    requests = _requests(files, together)
    sides: list[Side] = []
    for server in bench.servers:
        at_once(server, [_request(some) for some in warm], clients=1)
        wait_until_rests(server)
        with metered(server) as meter:
            answers = at_once(server, requests, clients=clients)
        _check(answers, len(files))
        sides.append(Side(len(files) / meter.known.seconds, meter.known, len(files)))
    return bench.row(work, Unit.RATE, sides, goal)


def _requests(files: Sequence[bytes], together: int) -> list[Callable[[Client], bytes]]:
    return [
        _request(files[start : start + together], path="/studies") for start in range(0, len(files), together)
    ]


def _request(files: Sequence[bytes], path: str = "/studies") -> Callable[[Client], bytes]:
    body = images.body(files)
    return partial(_post, path=path, body=body)


def _post(client: Client, *, path: str, body: bytes) -> bytes:
    return client.post(path, body, images.CONTENT_TYPE)


def _check(answers: Sequence[bytes], count: int) -> None:
    """Make sure that every instance was stored, once the clock has stopped."""
    stored = sum(len(json.loads(answer)[_REFERENCED]["Value"]) for answer in answers)
    if stored != count:
        raise WrongAnswer(200, f"{stored} of {count} stored".encode())


def _clients(count: int) -> str:
    return "1 client" if count == 1 else f"{count} clients"
