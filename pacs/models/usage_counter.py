from django.db import models
from django.db.models import Q

from tenants.scope import TenantModel


class UsageCounter(TenantModel):
    """What a clinic stores, to the byte. Locked just before the audit head, as the last but one before commit."""

    plain_bytes = models.BigIntegerField(default=0)
    instance_count = models.BigIntegerField(default=0)
    study_count = models.BigIntegerField(default=0)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant"], name="usage_counter_once"),
            models.CheckConstraint(
                name="usage_counter_positive",
                condition=Q(plain_bytes__gte=0, instance_count__gte=0, study_count__gte=0),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plain_bytes} bytes"
