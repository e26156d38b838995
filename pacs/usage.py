"""What a clinic stores, and what a study holds: the counters that lists and bills read.

`plain_bytes` and `instance_count` count what is stored, also what is in the bin; `study_count` what lists show.
"""

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
    rows = list(
        Series.objects.filter(study_id=study.pk, binned_at=None).values_list(
            "instance_count", "plain_bytes", "modality"
        )
    )
    modalities = sorted({modality for _, _, modality in rows if modality})
    study.series_count = len(rows)
    study.instance_count = sum(count for count, _, _ in rows)
    study.plain_bytes = sum(size for _, size, _ in rows)
    study.modalities = ("\\" + "\\".join(modalities) + "\\")[:255] if modalities else ""


COUNTED = ["series_count", "instance_count", "plain_bytes", "modalities"]
"""The fields that `recount` sets."""
