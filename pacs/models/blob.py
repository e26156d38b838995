import uuid

from django.db import models
from django.db.models import Q

from tenants.crypto.envelope import HEADER_SIZE
from tenants.scope import TenantModel


class Blob(TenantModel):
    """One sealed stored object (tenants/crypto/FORMAT.md). Its id is the object id and is never used twice."""

    class Kind(models.IntegerChoices):
        INSTANCE = 1
        DERIVED = 2
        METADATA = 3
        DOCUMENT = 8

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.PositiveSmallIntegerField(choices=Kind)
    plain_size = models.BigIntegerField()
    sealed_size = models.BigIntegerField()
    sealed_sha256 = models.BinaryField(max_length=32)
    header = models.BinaryField(max_length=HEADER_SIZE)
    created_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints = [
            models.CheckConstraint(name="blob_kind_known", condition=Q(kind__in=[1, 2, 3, 8])),
            models.CheckConstraint(
                name="blob_sizes", condition=Q(plain_size__gte=0, sealed_size__gt=HEADER_SIZE)
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)
