import uuid

from django.db import models
from django.utils import timezone

from tenants.scope import TenantModel


class TenantKey(TenantModel):
    """One version of a clinic's key, wrapped by its root key, which only the key provider holds."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    version = models.PositiveIntegerField()
    wrapped = models.BinaryField(max_length=256)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "version"], name="tenant_key_version_once"),
        ]

    def __str__(self) -> str:
        return f"version {self.version}"
