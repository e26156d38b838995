import uuid

from django.db import models
from django.db.models import Q

from tenants.scope import TenantModel


class AccessSession(TenantModel):
    """Somebody reading one study. Its first read is audited as opened, its end as closed, with the counts."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    actor_kind = models.CharField(max_length=20)
    actor_id = models.CharField(max_length=36)
    subject_id = models.UUIDField()
    opened_at = models.DateTimeField()
    last_read_at = models.DateTimeField()
    reads = models.BigIntegerField(default=0)
    read_bytes = models.BigIntegerField(default=0)
    closed_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "actor_kind", "actor_id", "subject_id"],
                condition=Q(closed_at__isnull=True),
                name="access_session_open_once",
            )
        ]
        indexes = [
            models.Index(
                fields=["tenant", "last_read_at"],
                condition=Q(closed_at__isnull=True),
                name="access_session_open",
            )
        ]

    def __str__(self) -> str:
        return f"{self.actor_id} reading {self.subject_id}"
