import uuid
from collections.abc import Iterable
from datetime import datetime

from django.db import models
from django.db.models import Q

from tenants.scope import current_tenant_id


class OutboxQuerySet(models.QuerySet["Outbox"]):
    """Work of every clinic; `queue` adds to that of the current one."""

    def queue(self, rows: Iterable["Outbox"]) -> None:
        """Ask for work, once however often it is asked for."""
        self.bulk_create(list(rows), ignore_conflicts=True)

    def queue_removal(self, blob_ids: Iterable[uuid.UUID], *, due_at: datetime, now: datetime) -> None:
        """Ask for the removal of blobs of the current clinic from every store."""
        self.queue(Outbox.of(Outbox.Topic.DELETE, key, due_at=due_at, now=now) for key in blob_ids)


class Outbox(models.Model):
    """Work that waits: ids and state alone, so that one sweep serves every clinic. The row is the queue.

    A row of topic COPY asks for the second copy of a blob, DERIVE for a series' metadata and thumbnail, DELETE for a
    blob's removal from every store. `lease_until` says who works on it; after that anybody may again.
    """

    class Topic(models.TextChoices):
        COPY = "copy"
        DERIVE = "derive"
        DELETE = "delete"

    tenant_id = models.UUIDField()
    topic = models.CharField(max_length=10, choices=Topic)
    object_id = models.UUIDField()
    kind = models.PositiveSmallIntegerField(default=0)
    is_backfill = models.BooleanField(default=False)
    is_done = models.BooleanField(default=False)
    attempts = models.PositiveIntegerField(default=0)
    last_error = models.CharField(max_length=40, blank=True)
    due_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    objects = OutboxQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "outbox"
        constraints = [
            models.CheckConstraint(
                name="outbox_topic_known", condition=Q(topic__in=["copy", "derive", "delete"])
            ),
            models.UniqueConstraint(
                fields=["topic", "object_id"], condition=Q(is_done=False), name="outbox_waits_once"
            ),
        ]
        indexes = [
            models.Index(
                fields=["topic", "is_backfill", "tenant_id", "due_at"],
                condition=Q(is_done=False),
                name="outbox_waiting",
            )
        ]

    def __str__(self) -> str:
        return f"{self.topic} {self.object_id}"

    @classmethod
    def of(
        cls,
        topic: Topic,
        object_id: uuid.UUID,
        *,
        due_at: datetime,
        now: datetime,
        kind: int = 0,
        is_backfill: bool = False,
    ) -> "Outbox":
        """Return a row of the current clinic, not yet saved."""
        return cls(
            tenant_id=current_tenant_id(),
            topic=topic,
            object_id=object_id,
            kind=kind,
            is_backfill=is_backfill,
            due_at=due_at,
            created_at=now,
        )
