"""Into the bin and back: what lists show, what is counted, what the trail says, and who may."""

from datetime import timedelta

import pytest

from pacs.access import NotFound
from pacs.bin.move import bin_series, bin_study, restore_series, restore_study
from pacs.models import Instance, Series, Study, UsageCounter
from tenants import entry
from tenants.models import AuditEvent, Role
from tenants.permissions import Actor, NotPermitted, of_roles
from tests.conftest import NOW, Clinic
from tests.dicom_files import uid
from tests.pacs.arrivals import slice_of, stored

pytestmark = pytest.mark.db
BOB = Actor(kind="member", id="bob", name="Bob", permissions=of_roles([Role.RADIOLOGIST]))
DAY = timedelta(days=1)


@pytest.fixture
def north(clinic: Clinic) -> Clinic:
    """A clinic with a study of two series: two images and one."""
    stored(clinic, slice_of(number=1), slice_of(number=2), slice_of(number=3, series=3))
    return clinic


def shown(clinic: Clinic) -> tuple[int, int, int, int]:
    """Return the studies that lists count, and series, images and bytes of the first, 0 when none is shown."""
    with entry.enter(clinic.tenant):
        study = Study.objects.filter(binned_at=None).first()
        counts = (study.series_count, study.instance_count, study.plain_bytes) if study else (0, 0, 0)
        return UsageCounter.objects.get().study_count, *counts


def events(clinic: Clinic) -> list[str]:
    with entry.enter(clinic.tenant):
        return list(AuditEvent.objects.order_by("seq").values_list("subtype", flat=True))


def test_a_study_in_the_bin_is_shown_and_counted_nowhere(north: Clinic) -> None:
    before = shown(north)
    with entry.enter(north.tenant):
        bin_study(BOB, uid(1), now=NOW)
        row = Study.objects.get()
    assert (before[0], shown(north)) == (1, (0, 0, 0, 0))
    assert (row.binned_at, row.binned_by) == (NOW, "Bob")


def test_what_is_in_the_bin_is_still_stored(north: Clinic) -> None:
    with entry.enter(north.tenant):
        before = UsageCounter.objects.values_list("plain_bytes", "instance_count").get()
        bin_study(BOB, uid(1), now=NOW)
        assert UsageCounter.objects.values_list("plain_bytes", "instance_count").get() == before
        assert (Instance.objects.count(), before[1]) == (3, 3)


def test_a_restored_study_is_as_it_was(north: Clinic) -> None:
    before = shown(north)
    with entry.enter(north.tenant):
        bin_study(BOB, uid(1), now=NOW)
        restore_study(BOB, uid(1), now=NOW + DAY)
        row = Study.objects.get()
    assert shown(north) == before
    assert (row.binned_at, row.binned_by) == (None, "")


def test_a_series_in_the_bin_is_not_counted_with_its_study(north: Clinic) -> None:
    with entry.enter(north.tenant):
        kept = Series.objects.get(series_uid=uid(3))
        bin_series(BOB, uid(1), uid(2), now=NOW)
    assert shown(north) == (1, 1, 1, kept.plain_bytes)


def test_the_last_series_takes_its_study_along(north: Clinic) -> None:
    with entry.enter(north.tenant):
        bin_series(BOB, uid(1), uid(2), now=NOW)
        moved = bin_series(BOB, uid(1), uid(3), now=NOW)
    assert isinstance(moved, Study)
    assert shown(north) == (0, 0, 0, 0)


def test_a_restored_study_comes_without_the_series_that_went_before(north: Clinic) -> None:
    with entry.enter(north.tenant):
        bin_series(BOB, uid(1), uid(2), now=NOW)
        bin_series(BOB, uid(1), uid(3), now=NOW)
        restore_study(BOB, uid(1), now=NOW)
        assert list(Series.objects.filter(binned_at=None).values_list("series_uid", flat=True)) == [uid(3)]
    assert shown(north)[:3] == (1, 1, 1)


def test_a_restored_series_is_counted_again(north: Clinic) -> None:
    before = shown(north)
    with entry.enter(north.tenant):
        bin_series(BOB, uid(1), uid(2), now=NOW)
        restore_series(BOB, uid(1), uid(2), now=NOW)
    assert shown(north) == before


def test_a_series_does_not_come_back_before_its_study(north: Clinic) -> None:
    with entry.enter(north.tenant):
        bin_series(BOB, uid(1), uid(2), now=NOW)
        bin_study(BOB, uid(1), now=NOW)
        with pytest.raises(NotFound):
            restore_series(BOB, uid(1), uid(2), now=NOW)
        restore_study(BOB, uid(1), now=NOW)
        restore_series(BOB, uid(1), uid(2), now=NOW)
    assert shown(north)[:3] == (1, 2, 3)


def test_after_thirty_days_nothing_comes_back(north: Clinic) -> None:
    with entry.enter(north.tenant):
        bin_study(BOB, uid(1), now=NOW)
        with pytest.raises(NotFound):
            restore_study(BOB, uid(1), now=NOW + 30 * DAY)
        restore_study(BOB, uid(1), now=NOW + 30 * DAY - timedelta(seconds=1))
    assert shown(north)[0] == 1


@pytest.mark.parametrize("absent", [uid(9), ""])
def test_what_is_not_there_is_not_moved(north: Clinic, absent: str) -> None:
    before, trail = shown(north), events(north)
    with entry.enter(north.tenant):
        for move in (bin_study, restore_study):
            with pytest.raises(NotFound):
                move(BOB, absent, now=NOW)
        for move_series in (bin_series, restore_series):
            with pytest.raises(NotFound):
                move_series(BOB, uid(1), absent, now=NOW)
    assert (shown(north), events(north)) == (before, trail)


def test_moving_twice_is_refused_and_counted_once(north: Clinic) -> None:
    with entry.enter(north.tenant):
        bin_study(BOB, uid(1), now=NOW)
        with pytest.raises(NotFound):
            bin_study(BOB, uid(1), now=NOW)
        restore_study(BOB, uid(1), now=NOW)
        with pytest.raises(NotFound):
            restore_study(BOB, uid(1), now=NOW)
    assert shown(north)[0] == 1


@pytest.mark.parametrize("role", [Role.TECHNICIAN, Role.RECEPTION, Role.REFERRING_PHYSICIAN, Role.AUDITOR])
def test_who_may_not_delete_changes_nothing(north: Clinic, role: Role) -> None:
    actor = Actor(kind="member", id="x", name="x", permissions=of_roles([role]))
    before, trail = shown(north), events(north)
    with entry.enter(north.tenant):
        for move in (bin_study, restore_study):
            with pytest.raises(NotPermitted):
                move(actor, uid(1), now=NOW)
        for move_series in (bin_series, restore_series):
            with pytest.raises(NotPermitted):
                move_series(actor, uid(1), uid(2), now=NOW)
    assert (shown(north), events(north)) == (before, trail)


def test_each_move_leaves_one_event(north: Clinic) -> None:
    before = len(events(north))
    with entry.enter(north.tenant):
        bin_series(BOB, uid(1), uid(2), now=NOW)
        restore_series(BOB, uid(1), uid(2), now=NOW)
        bin_study(BOB, uid(1), now=NOW)
        restore_study(BOB, uid(1), now=NOW)
    assert events(north)[before:] == ["series-binned", "series-restored", "study-binned", "study-restored"]


def test_an_image_that_arrives_again_brings_its_study_back(north: Clinic) -> None:
    before = shown(north)
    with entry.enter(north.tenant):
        bin_study(BOB, uid(1), now=NOW)
    stored(north, slice_of(number=4))
    assert (shown(north)[:3], before[:3]) == ((1, 2, 4), (1, 2, 3))


def test_another_clinic_moves_nothing(north: Clinic, other_clinic: Clinic) -> None:
    before = shown(north)
    with entry.enter(other_clinic.tenant), pytest.raises(NotFound):
        bin_study(BOB, uid(1), now=NOW)
    assert shown(north) == before
