import uuid

from django.db import models

from tenants.scope import TenantModel


class Patient(TenantModel):
    """A person of a clinic: issuer and ID, with agreeing name, birth date and sex.

    `identity` is the SHA-256 of those in normal form, so the same person is found by insert and conflict. A study
    without an ID has a person of its own (`has_id` false). Whether two persons share an ID and disagree is asked of
    the rows, never stored: it changes with every arrival.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    identity = models.BinaryField(max_length=32)
    issuer = models.CharField(max_length=64, blank=True)
    patient_id = models.CharField(max_length=64, blank=True)
    name = models.CharField(max_length=324, blank=True)
    birth_date = models.CharField(max_length=18, blank=True)
    sex = models.CharField(max_length=16, blank=True)
    has_id = models.BooleanField()

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint(fields=["tenant", "identity"], name="patient_identity_once")]
        indexes = [models.Index(fields=["tenant", "patient_id", "issuer"], name="patient_by_id")]

    def __str__(self) -> str:
        return str(self.id)
