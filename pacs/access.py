"""The only way to a clinic's images for an actor. What is absent, binned or not theirs raises NotFound, alike.

The clinic is the scope that the door entered; here stands what the actor may see within it.
"""

from collections.abc import Sequence

from django.db.models import QuerySet

from pacs.models import HeldFile, Instance, Series, Study
from tenants.permissions import Actor, Permission, require

_FOR_READING = (
    *("sop_uid", "transfer_syntax_uid", "rows", "plain_size", "layout", "frame_index", "has_active_preamble"),
    *("blob__header", "blob__sealed_size", "series__series_uid", "series__modality", "study__study_uid"),
)
"""What giving away a frame needs: each column that is left out shortens the query of the busiest address."""


class NotFound(Exception):
    """Absent, in the bin, or not for this actor."""


def studies(actor: Actor) -> QuerySet[Study]:
    """Return the studies that the actor may find."""
    require(actor, Permission.STUDY_SEARCH)
    return Study.objects.filter(binned_at=None)


def series(actor: Actor) -> QuerySet[Series]:
    """Return the series that the actor may find."""
    require(actor, Permission.STUDY_SEARCH)
    return Series.objects.filter(binned_at=None, study__binned_at=None)


def instances(actor: Actor) -> QuerySet[Instance]:
    """Return the instances that the actor may find."""
    require(actor, Permission.STUDY_SEARCH)
    return Instance.objects.filter(series__binned_at=None, study__binned_at=None)


def get_study(actor: Actor, study_uid: str) -> Study:
    """Return one study that the actor may read; raises NotFound."""
    require(actor, Permission.STUDY_READ)
    study = Study.objects.filter(study_uid=study_uid, binned_at=None).first()
    if study is None:
        raise NotFound
    return study


def get_series(actor: Actor, study_uid: str, series_uid: str) -> Series:
    """Return one series that the actor may read, with its study; raises NotFound."""
    require(actor, Permission.STUDY_READ)
    found = (
        Series.objects.filter(
            study__study_uid=study_uid, series_uid=series_uid, binned_at=None, study__binned_at=None
        )
        .select_related("study")
        .first()
    )
    if found is None:
        raise NotFound
    return found


def get_instance(actor: Actor, study_uid: str, series_uid: str, sop_uid: str) -> Instance:
    """Return one instance that the actor may read, with its blob, series and study; raises NotFound."""
    require(actor, Permission.STUDY_READ)
    try:
        return (
            Instance.objects.select_related("blob", "series", "study")
            .only(*_FOR_READING)
            .get(
                sop_uid=sop_uid,
                series__series_uid=series_uid,
                study__study_uid=study_uid,
                series__binned_at=None,
                study__binned_at=None,
            )
        )
    except Instance.DoesNotExist as error:
        raise NotFound from error


def series_of(actor: Actor, study: Study) -> Sequence[Series]:
    """Return the readable series of a study, in viewing order."""
    require(actor, Permission.STUDY_READ)
    rows = Series.objects.filter(study=study, binned_at=None)
    return list(rows.order_by("series_number", "series_uid"))


def instances_of(actor: Actor, study: Study, only: Series | None = None) -> QuerySet[Instance]:
    """Return the readable instances of a study, or of one series, in viewing order."""
    require(actor, Permission.STUDY_READ)
    rows = Instance.objects.filter(study=study, series__binned_at=None)
    if only is not None:
        rows = rows.filter(series=only)
    return rows.order_by("series__series_number", "series__series_uid", "instance_number", "sop_uid")


def held_files(actor: Actor) -> QuerySet[HeldFile]:
    """Return the files that wait for a person's decision."""
    require(actor, Permission.ATTENTION_DECIDE)
    return HeldFile.objects.all()
