"""Metadata and thumbnail of a series: made whole, swapped in once, and nothing left behind."""

import gzip
import json
from io import BytesIO
from unittest.mock import patch

import pytest
from django.db import OperationalError
from PIL import Image

from pacs.derived import build
from pacs.dicom.decode_pool import PoolBusy
from pacs.models import Blob, Outbox, Series
from pacs.retrieve.metadata import FORM
from pacs.storage.disk import DiskStore
from pacs.storage.placement import primary_store
from pacs.storage.sealed import SealedReader
from tenants import entry
from tests.conftest import NOW, Clinic
from tests.dicom_files import image, uid, written
from tests.pacs.arrivals import slice_of
from tests.pacs.dicomweb.retrieving import store, store_images
from tests.pacs.dicomweb.test_wado_bulkdata import document

pytestmark = pytest.mark.db


def make(clinic: Clinic) -> Series:
    """Build the only series; returns its row afterwards."""
    with entry.enter(clinic.tenant):
        assert build.build_series(Series.objects.get().pk, now=NOW)
        return Series.objects.select_related("metadata_blob", "thumbnail_blob").get()


def opened(clinic: Clinic, blob: Blob | None) -> bytes:
    assert blob is not None
    with entry.enter(clinic.tenant):
        return b"".join(SealedReader(blob).whole())


def in_store(clinic: Clinic) -> set[object]:
    return {key.object_id for key in primary_store().keys(clinic.tenant.id)}


def test_the_metadata_are_all_headers_one_a_line(clinic: Clinic) -> None:
    store_images(clinic, *(slice_of(number=number) for number in (2, 1, 3)))
    series = make(clinic)
    text = gzip.decompress(opened(clinic, series.metadata_blob))
    assert text.startswith(FORM)
    models = json.loads(b"[" + text.removeprefix(FORM) + b"]")
    assert [model["00080018"]["Value"][0] for model in models] == [uid(1001), uid(1002), uid(1003)]
    assert text.count(b"\n") == 4
    assert series.metadata_blob is not None
    assert (series.metadata_version, series.metadata_blob.kind) == (series.version, Blob.Kind.METADATA)


def test_the_metadata_name_neither_clinic_nor_host(clinic: Clinic) -> None:
    store_images(clinic, slice_of())
    text = gzip.decompress(opened(clinic, make(clinic).metadata_blob))
    assert b"north" not in text
    assert b"://" not in text


def test_no_pixel_is_read_for_the_metadata(clinic: Clinic) -> None:
    store_images(clinic, image(rows=1000, columns=1000, frames=3))
    read = DiskStore.read
    with (
        patch.object(DiskStore, "read", autospec=True, side_effect=read) as reads,
        patch.object(build, "_write_thumbnail", return_value=None),
    ):
        make(clinic)
    assert sum(call.args[3] for call in reads.call_args_list) < 200_000


def test_the_thumbnail_is_the_middle_image(clinic: Clinic) -> None:
    store_images(
        clinic, *(slice_of(number=number, Rows=2, Columns=8) for number in (1, 3)), slice_of(number=2)
    )
    series = make(clinic)
    assert series.thumbnail_blob is not None
    picture = Image.open(BytesIO(opened(clinic, series.thumbnail_blob)))
    assert (picture.format, picture.size, series.thumbnail_blob.kind) == ("JPEG", (4, 4), Blob.Kind.DERIVED)


def test_a_series_without_pixels_has_no_thumbnail(clinic: Clinic) -> None:
    store_images(clinic, document())
    series = make(clinic)
    assert (series.thumbnail_blob, series.metadata_version) == (None, 1)


def test_building_twice_makes_nothing_new(clinic: Clinic) -> None:
    store_images(clinic, slice_of())
    first = make(clinic)
    blobs = in_store(clinic)
    again = make(clinic)
    assert (again.metadata_blob_id, in_store(clinic)) == (first.metadata_blob_id, blobs)


def test_what_is_replaced_is_queued_for_removal(clinic: Clinic) -> None:
    store_images(clinic, slice_of())
    old = make(clinic)
    store(clinic, written(slice_of(number=2)))
    new = make(clinic)
    queued = Outbox.objects.filter(topic=Outbox.Topic.DELETE)
    assert {row.object_id for row in queued} == {old.metadata_blob_id, old.thumbnail_blob_id}
    assert {row.due_at for row in queued} == {NOW + build.OLD_BLOBS_STAY}
    assert {new.metadata_blob_id, new.thumbnail_blob_id}.isdisjoint(row.object_id for row in queued)


def test_a_series_that_grows_meanwhile_keeps_what_it_has(clinic: Clinic) -> None:
    store_images(clinic, slice_of())
    old = make(clinic)
    store(clinic, written(slice_of(number=2)))
    before = in_store(clinic)

    def grow(ids: object) -> None:
        Series.objects.update(version=99)

    with entry.enter(clinic.tenant):
        with patch.object(build, "_write_thumbnail", side_effect=grow):
            assert not build.build_series(old.pk, now=NOW)
        series = Series.objects.get()
    assert (series.metadata_blob_id, series.metadata_version) == (old.metadata_blob_id, 1)
    assert in_store(clinic) == before


def test_two_beside_each_other_leave_one_set_of_blobs(clinic: Clinic) -> None:
    store_images(clinic, slice_of())
    write = build._write_thumbnail
    inner: list[bool] = []

    def also_elsewhere(ids: object) -> object:
        if not inner:
            inner.append(True)
            assert build.build_series(Series.objects.get().pk, now=NOW)
        return write(ids)  # type: ignore[arg-type]  # passed on as it came

    with entry.enter(clinic.tenant):
        with patch.object(build, "_write_thumbnail", side_effect=also_elsewhere):
            assert not build.build_series(Series.objects.get().pk, now=NOW)
        series = Series.objects.get()
        rows = set(Blob.objects.exclude(kind=Blob.Kind.INSTANCE).values_list("pk", flat=True))
    assert rows == {series.metadata_blob_id, series.thumbnail_blob_id}
    assert len(in_store(clinic)) == 3


def test_a_failure_leaves_the_series_as_it_was(clinic: Clinic) -> None:
    store_images(clinic, slice_of())
    before = in_store(clinic)
    with entry.enter(clinic.tenant):
        with patch.object(build, "draw_small", side_effect=PoolBusy), pytest.raises(PoolBusy):
            build.build_series(Series.objects.get().pk, now=NOW)
        series = Series.objects.get()
    assert (series.metadata_version, series.metadata_blob_id) == (0, None)
    assert in_store(clinic) == before


def test_blobs_of_a_commit_that_may_have_happened_stay(clinic: Clinic) -> None:
    store_images(clinic, slice_of())
    swap = build._swap

    def swap_unheard(*args: object) -> None:
        swap(*args)  # type: ignore[arg-type]  # passed on as they came
        raise OperationalError("server closed the connection")

    with entry.enter(clinic.tenant):
        with patch.object(build, "_swap", swap_unheard), pytest.raises(OperationalError):
            build.build_series(Series.objects.get().pk, now=NOW)
        series = Series.objects.get()
    assert series.metadata_version == series.version
    assert {series.metadata_blob_id, series.thumbnail_blob_id} <= in_store(clinic)


def test_a_series_that_is_gone_needs_nothing(clinic: Clinic) -> None:
    with entry.enter(clinic.tenant):
        assert build.build_series(clinic.tenant.id, now=NOW)
