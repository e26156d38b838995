"""QIDO-RS: the study list, beside Orthanc's, and in an archive that no clinic outgrows."""

import calendar
import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from statistics import median
from urllib.parse import quote

from tests.bench.client import Client, Server
from tests.bench.machine import metered, wait_until_rests
from tests.bench.report import Goal, Row, Side, Unit
from tests.bench.sizes import Bench

JSON = "application/dicom+json"
_WARM_UP = 5
Found = dict[str, dict[str, list[object]]]


def qido(bench: Bench) -> Iterator[Row]:
    """Ask for 50 studies. Orthanc holds what the works before stored: rows alone cannot be put into it."""
    product, size = bench.product, bench.size
    product.add_studies(product.clinic, size.listed)
    medians, slowest = [], []
    for server in bench.servers:
        wait_until_rests(server)
        took, side = _asked(server, ["/studies?limit=50"] * size.queries)
        medians.append(side)
        slowest.append(Side(percentile(took, 95)))
    work = f"QIDO studies?limit=50 of {size.listed} studies{_held(bench)}, "
    yield bench.row(work + "median", Unit.MILLISECONDS, medians, Goal(times=15))
    yield bench.row(work + "95th percentile", Unit.MILLISECONDS, slowest)


def million(bench: Bench) -> Iterator[Row]:
    """Ask a very large archive in every way that a study list has."""
    product, size = bench.product, bench.size
    product.add_studies(product.archive, size.archive)
    server = product.archive.server
    wait_until_rests(server)
    samples = _samples(server, size.archive, size.queries)
    for kind, query in KINDS.items():
        took, side = _asked(server, [f"/studies?limit=50{query(sample)}" for sample in samples])
        worst = Side(percentile(took, 95), side.cost, side.units)
        yield Row(
            f"QIDO of {size.archive} studies: {kind}, 95th percentile",
            Unit.MILLISECONDS,
            worst,
            goal=Goal(at_most=50),
        )


KINDS: dict[str, Callable[[Found], str]] = {
    "newest 50": lambda study: "",
    "by name, start": lambda study: f"&PatientName={quote(_name(study).partition('^')[0])}*",
    "by name, anywhere": lambda study: f"&PatientName=*{quote(_name(study)[1:6])}*",
    "by ID": lambda study: f"&PatientID={_value(study, '00100020')}",
    "by accession number": lambda study: f"&AccessionNumber={_value(study, '00080050')}",
    "by a day": lambda study: f"&StudyDate={_value(study, '00080020')}",
    "by a month": lambda study: f"&StudyDate={_month(_value(study, '00080020'))}",
    "by modality": lambda study: f"&ModalitiesInStudy={_value(study, '00080061')}",
    "by a rare modality": lambda study: "&ModalitiesInStudy=ECG",
    "by name and modality": lambda study: (
        f"&PatientName={quote(_name(study)[:3])}*&ModalitiesInStudy={_value(study, '00080061')}"
    ),
}


def percentile(values: Sequence[float], percent: int) -> float:
    """Return the value that so many percent of the values do not exceed."""
    return sorted(values)[math.ceil(len(values) * percent / 100) - 1]


def _asked(server: Server, paths: Sequence[str]) -> tuple[list[float], Side]:
    """Ask one after the other; returns the milliseconds of each, and their median with its cost."""
    client = server.connect()
    for path in paths[:_WARM_UP]:
        client.get(path, JSON)
    with metered(server) as meter:
        took = [_milliseconds(client, path) for path in paths]
    client.close()
    return took, Side(median(took), meter.known, len(paths))


def _milliseconds(client: Client, path: str) -> float:
    started = time.perf_counter()
    client.get(path, JSON)
    return 1000 * (time.perf_counter() - started)


def _held(bench: Bench) -> str:
    if bench.orthanc is None:
        return ""
    client = bench.orthanc.connect()
    count = len(json.loads(client.get("/studies", JSON)))
    client.close()
    return f" (Orthanc: {count})"


def _samples(server: Server, studies: int, count: int) -> list[Found]:
    """Return studies from all over the archive, whose values are then asked for."""
    client = server.connect()
    places = [studies * number // count for number in range(count)]
    found = [json.loads(client.get(f"/studies?limit=1&offset={place}", JSON))[0] for place in places]
    client.close()
    return found


def _value(study: Found, tag: str) -> str:
    return str(study[tag]["Value"][0])


def _name(study: Found) -> str:
    name = study["00100010"]["Value"][0]
    assert isinstance(name, dict)
    return str(name["Alphabetic"])


def _month(day: str) -> str:
    last = calendar.monthrange(int(day[:4]), int(day[4:6]))[1]
    return f"{day[:6]}01-{day[:6]}{last}"
