import uuid
from typing import Any, NoReturn

from django.db import models
from django.db.models import Q

PROVIDER_ID = uuid.UUID(int=0)
"""The nil UUID: the owner of what belongs to no clinic (reference audit-format and sealed-format)."""


class TenantQuerySet(models.QuerySet["Tenant"]):
    """Clinics are closed, never deleted: their audit chain outlives them."""

    def delete(self) -> NoReturn:
        """Refuse."""
        raise TypeError("clinics are closed, not deleted")

    def clinics(self) -> "TenantQuerySet":
        """Return real clinics, without the provider's own row."""
        return self.exclude(id=PROVIDER_ID)


class Tenant(models.Model):
    """A clinic. Limits are plain fields: billing writes them, ingest reads them."""

    class State(models.TextChoices):
        ACTIVE = "active"
        CLOSED = "closed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.SlugField(max_length=40, unique=True, null=True)
    name = models.CharField(max_length=200)
    language = models.CharField(max_length=10, default="en")
    time_zone = models.CharField(max_length=64, default="UTC")
    state = models.CharField(max_length=10, choices=State, default=State.ACTIVE)
    storage_limit_bytes = models.BigIntegerField(default=100 * 10**9)
    created_at = models.DateTimeField()

    objects = TenantQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="tenant_slug_only_of_clinics",
                condition=Q(id=PROVIDER_ID, slug__isnull=True) | (~Q(id=PROVIDER_ID) & Q(slug__isnull=False)),
            ),
            models.CheckConstraint(
                name="tenant_storage_limit_positive", condition=Q(storage_limit_bytes__gte=0)
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:  # noqa: ANN401  (Django's signature)
        """Refuse."""
        raise TypeError("clinics are closed, not deleted")
