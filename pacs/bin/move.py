"""Into the bin and out of it. What lies there is found by nobody, keeps its bytes, and can come back.

A study whose last series is thrown away goes as a whole, so that no list ever shows an empty one. Every function
raises NotPermitted for an actor without the right, and NotFound for what is not there (any more). Locks: the study.
"""

from datetime import datetime

from django.db import transaction

from pacs import usage
from pacs.access import NotFound
from pacs.bin.period import kept_since
from pacs.events import SERIES_BINNED, SERIES_RESTORED, STUDY_BINNED, STUDY_RESTORED
from pacs.models import Series, Study
from tenants.audit.record import Subject, record
from tenants.events import Event
from tenants.permissions import Actor, Permission, require


def bin_study(actor: Actor, study_uid: str, *, now: datetime) -> Study:
    """Move a study to the bin."""
    require(actor, Permission.STUDY_DELETE)
    with transaction.atomic(durable=True):
        study = _shown(study_uid)
        _bin_whole(study, actor, now)
    return study


def bin_series(actor: Actor, study_uid: str, series_uid: str, *, now: datetime) -> Study | Series:
    """Move a series to the bin, or with its last series the study; returns what lies there now."""
    require(actor, Permission.STUDY_DELETE)
    with transaction.atomic(durable=True):
        study = _shown(study_uid)
        shown = list(Series.objects.filter(study=study, binned_at=None).order_by("id"))
        series = next((row for row in shown if row.series_uid == series_uid), None)
        if series is None:
            raise NotFound
        if len(shown) == 1:
            _bin_whole(study, actor, now)
            return study
        series.binned_at, series.binned_by = now, actor.name[:200]
        _save_series(series, study)
        _record(actor, SERIES_BINNED, study, series, now)
    return series


def restore_study(actor: Actor, study_uid: str, *, now: datetime) -> Study:
    """Bring a study back, without those of its series that were thrown away before."""
    require(actor, Permission.STUDY_DELETE)
    with transaction.atomic(durable=True):
        study = (
            Study.objects.select_for_update()
            .filter(study_uid=study_uid, binned_at__gt=kept_since(now))
            .first()
        )
        if study is None:
            raise NotFound
        study.binned_at, study.binned_by = None, ""
        usage.recount(study)
        study.save(update_fields=["binned_at", "binned_by", *usage.COUNTED])
        usage.add(studies=1)
        _record(actor, STUDY_RESTORED, study, None, now)
    return study


def restore_series(actor: Actor, study_uid: str, series_uid: str, *, now: datetime) -> Series:
    """Bring a series back into its study; one whose study lies in the bin itself comes after the study."""
    require(actor, Permission.STUDY_DELETE)
    with transaction.atomic(durable=True):
        study = _shown(study_uid)
        series = Series.objects.filter(
            study=study, series_uid=series_uid, binned_at__gt=kept_since(now)
        ).first()
        if series is None:
            raise NotFound
        series.binned_at, series.binned_by = None, ""
        _save_series(series, study)
        _record(actor, SERIES_RESTORED, study, series, now)
    return series


def _shown(study_uid: str) -> Study:
    """Lock a study that is not in the bin; whoever waited for the lock sees what the other did."""
    study = Study.objects.select_for_update().filter(study_uid=study_uid, binned_at=None).first()
    if study is None:
        raise NotFound
    return study


def _bin_whole(study: Study, actor: Actor, now: datetime) -> None:
    study.binned_at, study.binned_by = now, actor.name[:200]
    study.save(update_fields=["binned_at", "binned_by"])
    usage.add(studies=-1)
    _record(actor, STUDY_BINNED, study, None, now)


def _save_series(series: Series, study: Study) -> None:
    series.save(update_fields=["binned_at", "binned_by"])
    usage.recount(study)
    study.save(update_fields=usage.COUNTED)


def _record(actor: Actor, event: Event, study: Study, series: Series | None, now: datetime) -> None:
    moved = study if series is None else series
    counts = {"instances": moved.instance_count, "bytes": moved.plain_bytes}
    details = {"study": study.study_uid} | ({"series": series.series_uid} if series is not None else {})
    kind = "study" if series is None else "series"
    record(actor, event, Subject(kind, str(moved.pk), counts), at=now, details=details)
