from django.db import models
from django.db.models import Q

from tenants.scope import TenantModel


class AuditHead(TenantModel):
    """The end of a clinic's chain. Locked by the last statements before commit, so that `seq` has no gap."""

    seq = models.BigIntegerField(default=0)
    link = models.BinaryField(max_length=32)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant"], name="audit_head_once"),
            models.CheckConstraint(name="audit_head_seq", condition=Q(seq__gte=0)),
        ]

    def __str__(self) -> str:
        return f"audit head {self.seq}"


class AuditEvent(TenantModel):
    """One act, in its final bytes. The database refuses to change or delete it, see `guards.py`."""

    seq = models.BigIntegerField()
    at = models.DateTimeField()
    subtype = models.CharField(max_length=40)
    actor_id = models.CharField(max_length=36)
    subject_kind = models.CharField(max_length=20)
    subject_id = models.CharField(max_length=64)
    canonical = models.BinaryField()
    link = models.BinaryField(max_length=32)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "seq"], name="audit_event_seq_once"),
            models.CheckConstraint(name="audit_event_seq", condition=Q(seq__gte=1)),
        ]
        indexes = [
            models.Index(fields=["tenant", "subject_kind", "subject_id", "seq"], name="audit_event_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.seq} {self.subtype}"
