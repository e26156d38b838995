"""Decisions that are refused: nothing changes, nothing is left behind, and nobody of another clinic decides."""

import hashlib
from collections.abc import Callable
from datetime import timedelta

import pytest

from pacs.bin.empty import empty
from pacs.bin.move import bin_study
from pacs.ingest import decide
from pacs.ingest.decide import AlreadyDecided, CannotReplace, WhyNot
from pacs.limits import QuotaExceeded
from tenants import entry
from tenants.models import Role, Tenant
from tenants.permissions import Actor, NotPermitted, of_roles
from tests.conftest import NOW, Clinic
from tests.dicom_files import uid, written
from tests.pacs.arrivals import arrive, slice_of, stored
from tests.pacs.ingest.test_decide import BOB, CUT_OFF, FIRST, LATER, SECOND, held, state

pytestmark = pytest.mark.db


@pytest.fixture
def north(clinic: Clinic) -> Clinic:
    """A clinic with one image, and another that waits because it bears the same UID."""
    stored(clinic, slice_of())
    arrive(clinic, SECOND)
    return clinic


def test_a_full_clinic_takes_no_retried_file(north: Clinic) -> None:
    Tenant.objects.filter(pk=north.tenant.pk).update(storage_limit_bytes=len(FIRST))
    before = state(north)
    with entry.enter(north.tenant), pytest.raises(QuotaExceeded):
        decide.retry(BOB, held().id, now=LATER)
    assert state(north) == before


def refused(clinic: Clinic, file: bytes, why: WhyNot) -> None:
    """See that the only waiting file of these bytes cannot replace anything, and that nothing changes."""
    before = state(clinic)
    with entry.enter(clinic.tenant), pytest.raises(CannotReplace) as caught:
        decide.accept(BOB, held(plain_sha256=hashlib.sha256(file).digest()).id, now=LATER)
    assert (caught.value.reason, state(clinic)) == (why, before)


def test_a_damaged_file_replaces_nothing(north: Clinic) -> None:
    arrive(north, CUT_OFF)
    refused(north, CUT_OFF, WhyNot.NO_CONFLICT)


def test_a_file_of_another_series_replaces_nothing(north: Clinic) -> None:
    moved = written(slice_of(series=9))
    arrive(north, moved)
    refused(north, moved, WhyNot.OTHER_SERIES)


def test_nothing_in_the_bin_is_replaced(north: Clinic) -> None:
    with entry.enter(north.tenant):
        bin_study(BOB, uid(1), now=NOW)
    refused(north, SECOND, WhyNot.IN_BIN)


def test_what_was_erased_is_not_replaced(north: Clinic) -> None:
    with entry.enter(north.tenant):
        bin_study(BOB, uid(1), now=NOW)
        empty(NOW + timedelta(days=30), 100)
    refused(north, SECOND, WhyNot.NOTHING_STORED)


@pytest.mark.parametrize("decision", [decide.accept, decide.discard, decide.retry, decide.take_back])
def test_nobody_decides_twice(north: Clinic, decision: Callable[..., object]) -> None:
    with entry.enter(north.tenant):
        file = held().id
        decide.accept(BOB, file, now=LATER)
    before = state(north)
    with entry.enter(north.tenant), pytest.raises(AlreadyDecided):
        decision(BOB, file, now=LATER)
    assert state(north) == before


@pytest.mark.parametrize("decision", [decide.accept, decide.discard, decide.retry, decide.take_back])
@pytest.mark.parametrize("role", [Role.RECEPTION, Role.REFERRING_PHYSICIAN, Role.IT])
def test_who_may_not_decide_changes_nothing(
    north: Clinic, decision: Callable[..., object], role: Role
) -> None:
    actor = Actor(kind="member", id="x", name="x", permissions=of_roles([role]))
    before = state(north)
    with entry.enter(north.tenant), pytest.raises(NotPermitted):
        decision(actor, held().id, now=LATER)
    assert state(north) == before


@pytest.mark.parametrize("decision", [decide.accept, decide.discard, decide.retry, decide.take_back])
def test_another_clinic_decides_nothing(
    north: Clinic, other_clinic: Clinic, decision: Callable[..., object]
) -> None:
    before = state(north)
    with entry.enter(north.tenant):
        file = held().id
    with entry.enter(other_clinic.tenant), pytest.raises(AlreadyDecided):
        decision(BOB, file, now=LATER)
    assert state(north) == before
