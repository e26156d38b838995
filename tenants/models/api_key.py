import uuid
from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils import timezone

from tenants.scope import TenantModel


class ApiKey(TenantModel):
    """A key for machines. Only the SHA-256 of its secret is stored: 256 random bits need no slow hash."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100)
    secret_sha256 = models.BinaryField(max_length=32)
    scopes = models.JSONField()
    created_by = models.ForeignKey("tenants.User", on_delete=models.PROTECT, related_name="+", null=True)
    created_at = models.DateTimeField(default=timezone.now)
    revoked_at = models.DateTimeField(null=True)
    last_used_on = models.DateField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "secret_sha256"], name="api_key_secret_once"),
            models.CheckConstraint(name="api_key_named", condition=~Q(name="")),
        ]

    def __str__(self) -> str:
        return self.name

    def revoke(self, now: datetime) -> bool:
        """End the key; returns whether it was still alive."""
        return bool(ApiKey.objects.filter(pk=self.pk, revoked_at=None).update(revoked_at=now))
