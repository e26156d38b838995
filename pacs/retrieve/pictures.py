"""Pictures of instances: drawn frames, and small ones that stand for a series."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydicom import Dataset

from pacs import access
from pacs.dicom.frame_format import DecodeFailed, NotRenderable
from pacs.dicom.frames import FrameKind
from pacs.dicom.render import Picture, render_frame
from pacs.dicom.view import View, thumbnail_view
from pacs.models import Instance, Series, Study
from pacs.retrieve.decoding import pool
from pacs.retrieve.opened import OpenedInstance
from pacs.storage.sealed import SealedReader
from tenants.permissions import Actor


class NoPicture(Exception):
    """There is nothing to draw; carries the modality, for an icon in its place."""

    def __init__(self, modality: str) -> None:
        super().__init__(modality)
        self.modality = modality


@dataclass(frozen=True, slots=True)
class Drawable:
    """An instance whose header was read, so that each of its frames costs one read."""

    instance: OpenedInstance
    header: Dataset

    def draw(self, number: int, view: View) -> Picture:
        """Draw a frame, counted from 1. Raises as `check`, and BadParameter, DecodeFailed, PoolBusy."""
        self.check([number])
        return render_frame(
            pool(),
            self.header,
            self.instance.frame(number),
            transfer_syntax=self.instance.transfer_syntax_uid,
            view=view,
            index=number - 1,
            vr=self.instance.pixel_vr,
        )

    def check(self, numbers: Sequence[int]) -> None:
        """Raise NotRenderable where there are no pixels, NoSuchFrame where there are not these frames."""
        if self.instance.frames.kind is FrameKind.NONE:
            raise NotRenderable("no-pixels")
        self.instance.check_frames(numbers)

    @property
    def representative(self) -> int:
        """The number of the frame that stands for all: the one the file names, else the middle one."""
        count = max(self.instance.frame_count, 1)
        named = self.header.get("RepresentativeFrameNumber")
        return named if isinstance(named, int) and 1 <= named <= count else (count + 1) // 2


def drawable(instance: OpenedInstance) -> Drawable:
    """Read what drawing needs beside the frames."""
    return Drawable(instance, instance.header())


def draw_small(instance: OpenedInstance, view: View | None = None) -> Picture:
    """Draw the frame that stands for an instance, small. Raises as `Drawable.draw` does."""
    source = drawable(instance)
    return source.draw(source.representative, view or thumbnail_view())


def middle_instance(actor: Actor, study: Study, only: Series | None = None) -> Instance:
    """Return the instance that stands for a study or a series; raises NotFound where there is none."""
    with_pixels = access.instances_of(actor, study, only).filter(rows__gt=0)
    rows = with_pixels if with_pixels.exists() else access.instances_of(actor, study, only)
    if only is None:
        first = rows.first()
        rows = rows.filter(series_id=first.series_id) if first is not None else rows
    count = rows.count()
    if not count:
        raise access.NotFound
    return rows.select_related("blob", "series").defer("attributes")[count // 2]


def series_thumbnail(actor: Actor, series: Series) -> bytes:
    """Return the small JPEG of a series: the stored one, else drawn now. Raises NoPicture, PoolBusy, NotFound."""
    if series.metadata_version == series.version:
        if series.thumbnail_blob is None:
            raise NoPicture(series.modality)
        reader = SealedReader(series.thumbnail_blob)
        return reader.read(0, reader.plain_size)
    return instance_thumbnail(middle_instance(actor, series.study, series))


def instance_thumbnail(row: Instance, view: View | None = None) -> bytes:
    """Draw an instance small. Raises NoPicture, BadParameter, PoolBusy."""
    try:
        return draw_small(OpenedInstance(row), view).data
    except (NotRenderable, DecodeFailed) as error:
        raise NoPicture(row.series.modality) from error


def telling_series(actor: Actor, study: Study) -> Series:
    """Return the series that stands for a study: the first with a picture; raises NotFound where there is none."""
    found = access.series_of(actor, study)
    if not found:
        raise access.NotFound
    pictured = [series for series in found if series.thumbnail_blob_id is not None]
    chosen = pictured[0] if pictured else found[0]
    chosen.study = study
    return chosen
