import uuid

from django.db import models
from django.db.models import Q

from pacs.models.blob import Blob
from tenants.scope import TenantModel


class HeldFile(TenantModel):
    """A file that was not taken, and why; kept, where it may be an image, for a person to decide.

    A replaced file is the other way round: it was stored until a person accepted a newer version of its image. It can
    be brought back as long as the image exists. `facts` then tell what differs from the version that replaced it.
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        ACCEPTED = "accepted"
        DISCARDED = "discarded"
        REPLACED = "replaced"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    reason = models.CharField(max_length=60)
    facts = models.JSONField(default=dict)
    sender_kind = models.CharField(max_length=20)
    sender_name = models.CharField(max_length=200)
    sender_address = models.CharField(max_length=45, blank=True)
    study_uid = models.CharField(max_length=64, blank=True)
    series_uid = models.CharField(max_length=64, blank=True)
    sop_uid = models.CharField(max_length=64, blank=True)
    plain_size = models.BigIntegerField()
    plain_sha256 = models.BinaryField(max_length=32)
    blob = models.OneToOneField(Blob, on_delete=models.PROTECT, related_name="+", null=True)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    arrivals = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    last_arrived_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=200, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "plain_sha256"],
                condition=Q(state="waiting"),
                name="held_file_waits_once",
            ),
            models.CheckConstraint(
                name="held_file_state_known",
                condition=Q(state__in=["waiting", "accepted", "discarded", "replaced"]),
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "state", "created_at"], name="held_file_waiting"),
            models.Index(fields=["tenant", "study_uid"], name="held_file_of_study"),
        ]

    def __str__(self) -> str:
        return str(self.id)
