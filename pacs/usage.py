"""What a clinic stores, and what a study holds: the counters that lists and bills read.

`plain_bytes` and `instance_count` count what is stored, also what is in the bin; `study_count` what lists show.
"""

from collections.abc import Iterable

from django.db.models import F

from pacs.models import Series, Study, UsageCounter


def add(*, plain_bytes: int = 0, instances: int = 0, studies: int = 0) -> None:
    """Change the clinic's counter; among the last statements before commit, just before the audit event."""
    changed = UsageCounter.objects.update(
        plain_bytes=F("plain_bytes") + plain_bytes,
        instance_count=F("instance_count") + instances,
        study_count=F("study_count") + studies,
    )
    if not changed:
        UsageCounter.objects.create(plain_bytes=plain_bytes, instance_count=instances, study_count=studies)


def recount(study: Study) -> None:
    """Set a locked study's counts and modalities from its series that are not in the bin; does not save."""
    fields = ("tenant_id", "study_id", "instance_count", "plain_bytes", "modality")
    sum_up(study, Series.objects.filter(study_id=study.pk, binned_at=None).only(*fields))


def sum_up(study: Study, series: Iterable[Series]) -> None:
    """Set a study's counts and modalities from these series; does not save."""
    rows = list(series)
    modalities = sorted({row.modality for row in rows if row.modality})
    study.series_count = len(rows)
    study.instance_count = sum(row.instance_count for row in rows)
    study.plain_bytes = sum(row.plain_bytes for row in rows)
    study.modalities = ("\\" + "\\".join(modalities) + "\\")[:255] if modalities else ""


COUNTED = ["series_count", "instance_count", "plain_bytes", "modalities"]
"""The fields that `recount` sets."""
