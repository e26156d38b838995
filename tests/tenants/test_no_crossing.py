"""Threads of two clinics on shared connections, in every way of asking: no answer ever shows the other clinic."""

import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import Queue

import pytest
from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from pacs.models import Study
from tenants import entry
from tests.tenants.conftest import Holding
from tests.tenants.rows import studies_seen_by_raw_sql

pytestmark = pytest.mark.usefixtures("committed")


def _plainly(held: Holding, other: Holding) -> Iterator[list[uuid.UUID]]:
    yield studies_seen_by_raw_sql()


def _in_a_transaction(held: Holding, other: Holding) -> Iterator[list[uuid.UUID]]:
    with transaction.atomic():
        yield studies_seen_by_raw_sql()
        yield studies_seen_by_raw_sql()


def _around_a_rolled_back_savepoint(held: Holding, other: Holding) -> Iterator[list[uuid.UUID]]:
    with transaction.atomic():
        try:
            with transaction.atomic():
                yield studies_seen_by_raw_sql()
                raise RuntimeError
        except RuntimeError:
            yield studies_seen_by_raw_sql()


def _around_an_exception(held: Holding, other: Holding) -> Iterator[list[uuid.UUID]]:
    try:
        with transaction.atomic():
            yield studies_seen_by_raw_sql()
            raise RuntimeError
    except RuntimeError:
        yield studies_seen_by_raw_sql()


def _around_another_clinic(held: Holding, other: Holding) -> Iterator[list[uuid.UUID]]:
    with transaction.atomic():
        yield studies_seen_by_raw_sql()
        with entry.enter(other.clinic.tenant):
            assert studies_seen_by_raw_sql() == [other.study.pk]
        yield studies_seen_by_raw_sql()


def _by_a_server_side_cursor(held: Holding, other: Holding) -> Iterator[list[uuid.UUID]]:
    yield list(Study.objects.values_list("pk", flat=True).iterator(chunk_size=1))


WAYS: list[Callable[[Holding, Holding], Iterator[list[uuid.UUID]]]] = [
    _plainly,
    _in_a_transaction,
    _around_a_rolled_back_savepoint,
    _around_an_exception,
    _around_another_clinic,
    _by_a_server_side_cursor,
]


@pytest.mark.parametrize(
    "rounds", [60, pytest.param(800, marks=[pytest.mark.long, pytest.mark.timeout(1800)])]
)
def test_threads_on_pooled_connections_never_cross(north: Holding, south: Holding, rounds: int) -> None:
    """Eight threads take turns on four connections; a round is 16 questions, each with one right answer."""
    pool: Queue[BaseDatabaseWrapper] = Queue()
    for _ in range(4):
        pooled = connections.create_connection("default")
        pooled.inc_thread_sharing()
        pool.put(pooled)
    asked = [0]
    counting = threading.Lock()

    def work(number: int) -> list[str]:
        crossings, questions = [], 0
        for turn in range(rounds):
            held, other = (north, south) if (number + turn) % 2 else (south, north)
            for way in WAYS:
                connections["default"] = pooled = pool.get()
                try:
                    with entry.enter(held.clinic.tenant):
                        answers = list(way(held, other))
                    answers_outside = studies_seen_by_raw_sql()
                finally:
                    del connections["default"]
                    pool.put(pooled)
                questions += len(answers) + 1
                if any(answer != [held.study.pk] for answer in answers) or answers_outside:
                    crossings.append(way.__name__)
        with counting:
            asked[0] += questions
        return crossings

    with ThreadPoolExecutor(8) as threads:
        crossings = [crossing for found in threads.map(work, range(8)) for crossing in found]
    while not pool.empty():
        pool.get().close()
    assert crossings == []
    assert asked[0] == rounds * 8 * 16
