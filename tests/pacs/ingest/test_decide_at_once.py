"""Two people decide about one file at once: one of them does, the other is told."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from pacs.ingest import decide
from pacs.ingest.decide import AlreadyDecided, CannotReplace
from pacs.models import HeldFile, Instance, UsageCounter
from pacs.storage.sealed import SealedReader
from tenants import entry
from tests.conftest import Clinic, make_clinic
from tests.pacs.arrivals import arrive, slice_of, stored
from tests.pacs.ingest.test_decide import BOB, FIRST, LATER, SECOND

pytestmark = pytest.mark.db


@pytest.fixture
def north(committed: None) -> Clinic:
    """A clinic with one image, and another that waits because it bears the same UID."""
    clinic = make_clinic("north", "alice")
    stored(clinic, slice_of())
    arrive(clinic, SECOND)
    return clinic


def decided(clinic: Clinic, *decisions: Callable[..., object]) -> list[bool]:
    """Decide about the only file, each in a thread of its own; returns who did."""
    barrier = Barrier(len(decisions))
    with entry.enter(clinic.tenant):
        file = HeldFile.objects.get().id

    def run(decision: Callable[..., object]) -> bool:
        try:
            with entry.enter(clinic.tenant):
                barrier.wait()
                decision(BOB, file, now=LATER)
        except (AlreadyDecided, CannotReplace):
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(len(decisions)) as pool:
        return list(pool.map(run, decisions))


def test_one_of_two_accepts_and_both_versions_are_kept(north: Clinic) -> None:
    assert sorted(decided(north, decide.accept, decide.accept)) == [False, True]
    with entry.enter(north.tenant):
        stored_blob = Instance.objects.select_related("blob").get().blob
        replaced = HeldFile.objects.select_related("blob").get(state="replaced").blob
        assert replaced is not None
        contents = [b"".join(SealedReader(blob).whole()) for blob in (stored_blob, replaced)]
        usage = UsageCounter.objects.get()
    assert contents == [SECOND, FIRST]
    assert (usage.plain_bytes, usage.instance_count) == (len(SECOND), 1)


def test_a_file_is_either_accepted_or_discarded(north: Clinic) -> None:
    results = decided(north, decide.accept, decide.discard)
    assert sorted(results) == [False, True]
    with entry.enter(north.tenant):
        states = sorted(HeldFile.objects.values_list("state", flat=True))
    assert states == (["accepted", "replaced"] if results[0] else ["discarded"])
