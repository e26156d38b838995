"""Blobs that nothing refers to leave every store, however often that has to be tried."""

import hashlib
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

import pytest
from django.conf import settings
from django.test import override_settings

from pacs.bin.empty import empty
from pacs.bin.move import bin_study
from pacs.bin.remove import remove_blobs
from pacs.models import Blob, Instance, Outbox
from pacs.storage.addresses import storage_settings
from pacs.storage.disk import DiskStore
from pacs.storage.placement import primary_store, stores
from pacs.storage.store import BlobKey, StoreUnavailable
from tenants import entry
from tests.conftest import NOW, Clinic
from tests.dicom_files import uid
from tests.pacs.arrivals import slice_of, stored
from tests.pacs.bin.test_moving import BOB

pytestmark = pytest.mark.db
LATER = NOW + timedelta(days=30)


@pytest.fixture
def north(clinic: Clinic) -> Clinic:
    """A clinic whose study of two images was erased, beside one image that stays."""
    stored(clinic, slice_of(number=1), slice_of(number=2), slice_of(study=7, series=8, number=9))
    with entry.enter(clinic.tenant):
        bin_study(BOB, uid(1), now=NOW)
        empty(LATER, 1000)
    return clinic


@pytest.fixture
def backup(tmp_path: Path) -> Iterator[None]:
    """A second store."""
    both = settings.STORAGES | {"backup": storage_settings(f"file://{tmp_path}/backup")}
    with override_settings(STORAGES=both):
        yield


def kept(clinic: Clinic) -> tuple[int, int]:
    """Return how many blobs lie in the primary store, and how many rows of blobs there are."""
    with entry.enter(clinic.tenant):
        return len(list(primary_store().keys(clinic.tenant.id))), Blob.objects.count()


def waiting() -> list[Outbox]:
    return list(Outbox.objects.filter(topic="delete", is_done=False).order_by("id"))


def test_erased_images_leave_the_store_and_their_rows(north: Clinic) -> None:
    assert kept(north) == (3, 3)
    assert remove_blobs(LATER, 100) == 2
    assert (kept(north), waiting()) == ((1, 1), [])
    with entry.enter(north.tenant):
        assert Instance.objects.get().blob_id == next(iter(primary_store().keys(north.tenant.id))).object_id


def test_they_leave_every_store(clinic: Clinic, backup: None) -> None:
    stored(clinic, slice_of())
    with entry.enter(clinic.tenant):
        blob_id = Instance.objects.values_list("blob_id", flat=True).get()
        bin_study(BOB, uid(1), now=NOW)
        empty(LATER, 1000)
    key = BlobKey(clinic.tenant.id, blob_id)
    writer = stores()["backup"].create(key)
    writer.write(b"copy")
    writer.commit(hashlib.sha256(b"copy").digest())
    assert remove_blobs(LATER, 100) == 1
    assert [list(store.keys(clinic.tenant.id)) for store in stores().values()] == [[], []]


def test_a_second_run_finds_nothing(north: Clinic) -> None:
    remove_blobs(LATER, 100)
    assert remove_blobs(LATER + timedelta(days=1), 100) == 0


def test_a_limit_leaves_the_rest(north: Clinic) -> None:
    assert remove_blobs(LATER, 1) == 1
    assert (kept(north), len(waiting())) == ((2, 2), 1)


def test_a_store_that_does_not_answer_is_asked_again_later(north: Clinic) -> None:
    fault = StoreUnavailable("EIO", permanent=True)
    with patch.object(DiskStore, "delete", side_effect=fault):
        assert remove_blobs(LATER, 100) == 0
    assert {row.last_error for row in waiting()} == {"EIO"}
    assert {row.due_at > LATER for row in waiting()} == {True}
    assert remove_blobs(LATER, 100) == 0
    assert remove_blobs(LATER + timedelta(minutes=5), 100) == 2
    assert kept(north) == (1, 1)


def test_a_run_that_died_is_taken_over_when_its_lease_ends(north: Clinic) -> None:
    with patch.object(DiskStore, "delete", side_effect=MemoryError), pytest.raises(MemoryError):
        remove_blobs(LATER, 100)
    assert remove_blobs(LATER + timedelta(minutes=4), 100) == 0
    assert remove_blobs(LATER + timedelta(minutes=5), 100) == 2
    assert kept(north) == (1, 1)


def test_a_blob_that_an_image_refers_to_is_never_removed(north: Clinic) -> None:
    with entry.enter(north.tenant):
        used = Instance.objects.values_list("blob_id", flat=True).get()
    Outbox.objects.create(
        topic="delete", tenant_id=north.tenant.id, object_id=used, due_at=NOW, created_at=NOW
    )
    assert remove_blobs(LATER, 100) == 2
    assert kept(north) == (1, 1)
    assert Outbox.objects.get(object_id=used, topic="delete").last_error == "in-use"


def test_a_copy_that_nobody_began_is_withdrawn(north: Clinic) -> None:
    remove_blobs(LATER, 100)
    copies = Outbox.objects.filter(topic="copy").order_by("id")
    assert [copy.is_done for copy in copies] == [True, True, False]


def test_a_blob_is_not_removed_while_it_is_being_copied(north: Clinic) -> None:
    Outbox.objects.filter(topic="copy").update(lease_until=LATER + timedelta(minutes=1))
    assert remove_blobs(LATER, 100) == 0
    assert kept(north) == (3, 3)
    assert remove_blobs(LATER + timedelta(minutes=5), 100) == 2


def test_a_blob_without_a_row_leaves_the_store_all_the_same(clinic: Clinic) -> None:
    with entry.enter(clinic.tenant):
        Outbox.objects.create(
            topic="delete", tenant_id=clinic.tenant.id, object_id=uuid.uuid4(), due_at=NOW, created_at=NOW
        )
    assert remove_blobs(NOW, 100) == 1
