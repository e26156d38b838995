"""WADO-RS: what a viewer fetches when a series is opened."""

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from statistics import median

from tests.bench import images, storing
from tests.bench.client import Client, Server, at_once
from tests.bench.machine import metered, wait_until_rests
from tests.bench.report import Goal, Row, Side, Unit
from tests.bench.sizes import Bench

FRAME = 'multipart/related; type="application/octet-stream"; transfer-syntax=*'
METADATA = "application/dicom+json"
AT_A_TIME = 6
_READS = 10
_WARM_UP = 12


def metadata(bench: Bench) -> Iterator[Row]:
    """Read the metadata of a series again and again, once it has been read before."""
    series = _stored(bench)
    sides = []
    for server in bench.servers:
        wait_until_rests(server)
        client = server.connect()
        client.get(series.path + "/metadata", METADATA)
        with metered(server) as meter:
            took = [_milliseconds(client, series.path + "/metadata") for _ in range(_READS)]
        client.close()
        sides.append(Side(median(took), meter.known, _READS))
    work = f"metadata of a series of {len(series.sop_uids)} instances, read again, median"
    yield bench.row(work, Unit.MILLISECONDS, sides, Goal(times=5))


def frames(bench: Bench) -> Iterator[Row]:
    """Read every frame of a series, a few at a time, some rounds over."""
    series = _stored(bench)
    jobs = [partial(_frame, path=f"{series.path}/instances/{uid}/frames/1") for uid in series.sop_uids]
    sides = []
    for server in bench.servers:
        wait_until_rests(server)
        at_once(server, jobs[:_WARM_UP], clients=AT_A_TIME)
        sides.append(_rounds(server, jobs, bench.size.rounds))
    work = f"{len(jobs)} frames of 512 KiB, {AT_A_TIME} at a time, median of {bench.size.rounds} rounds"
    yield bench.row(work, Unit.RATE, sides, Goal(times=1.5))


def _rounds(server: Server, jobs: Sequence[Callable[[Client], int]], rounds: int) -> Side:
    rates = []
    with metered(server) as meter:
        for _ in range(rounds):
            started = time.perf_counter()
            sizes = at_once(server, jobs, clients=AT_A_TIME)
            rates.append(len(jobs) / (time.perf_counter() - started))
            assert min(sizes) >= 512 * 1024
    return Side(median(rates), meter.known, rounds * len(jobs))


def _frame(client: Client, *, path: str) -> int:
    return len(client.get(path, FRAME))


def _milliseconds(client: Client, path: str) -> float:
    started = time.perf_counter()
    client.get(path, METADATA)
    return 1000 * (time.perf_counter() - started)


def _stored(bench: Bench) -> images.Series:
    """Return a series that every server holds, stored now unless earlier work did."""
    if bench.stored is None:
        bench.stored = images.ct_series(80, slices=bench.size.series)
        for server in bench.servers:
            storing.store(server, bench.stored)
    return bench.stored
