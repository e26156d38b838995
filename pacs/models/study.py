import uuid
from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q

from pacs.models.blob import Blob
from pacs.models.patient import Patient
from tenants.scope import TenantModel

ARRIVES_FOR = timedelta(minutes=2)
"""A study is called arriving until this long after its last image."""


class Study(TenantModel):
    """A study, with what searches compare in normal form (`pacs/dicom/names.py`) beside what the files say."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    study_uid = models.CharField(max_length=64)
    person = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="studies")
    has_mixed_patients = models.BooleanField(default=False)

    patient_name = models.CharField(max_length=324, blank=True)
    patient_name_search = models.CharField(max_length=400, blank=True)
    patient_id = models.CharField(max_length=64, blank=True)
    patient_id_search = models.CharField(max_length=64, blank=True)
    issuer = models.CharField(max_length=64, blank=True)
    birth_date = models.DateField(null=True)
    sex = models.CharField(max_length=16, blank=True)
    accession_number = models.CharField(max_length=64, blank=True)
    accession_number_search = models.CharField(max_length=64, blank=True)
    study_id = models.CharField(max_length=64, blank=True)
    study_date = models.DateField(null=True)
    study_time = models.TimeField(null=True)
    description = models.CharField(max_length=324, blank=True)
    description_search = models.CharField(max_length=400, blank=True)
    referring_physician = models.CharField(max_length=324, blank=True)
    referring_physician_search = models.CharField(max_length=400, blank=True)
    modalities = models.CharField(max_length=255, blank=True)
    attributes = models.JSONField()

    series_count = models.PositiveIntegerField(default=0)
    instance_count = models.PositiveIntegerField(default=0)
    refused_count = models.PositiveIntegerField(default=0)
    plain_bytes = models.BigIntegerField(default=0)
    created_at = models.DateTimeField()
    last_arrived_at = models.DateTimeField()
    binned_at = models.DateTimeField(null=True)
    binned_by = models.CharField(max_length=200, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint(fields=["tenant", "study_uid"], name="study_uid_once")]
        indexes = [
            models.Index(fields=["tenant", "person"], name="study_of_person"),
            models.Index(fields=["tenant", "binned_at"], condition=~Q(binned_at=None), name="study_binned"),
        ]

    def __str__(self) -> str:
        return str(self.id)

    def is_arriving(self, now: datetime) -> bool:
        """Return whether images may still be coming."""
        return now < self.last_arrived_at + ARRIVES_FOR

    def modality_list(self) -> list[str]:
        """Return the modalities in the study; the column holds them sorted, each between backslashes."""
        return [modality for modality in self.modalities.split("\\") if modality]


class Series(TenantModel):
    """A series. `version` grows with every change; a derived blob of an older version is rebuilt."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="series")
    series_uid = models.CharField(max_length=64)
    modality = models.CharField(max_length=16, blank=True)
    series_number = models.IntegerField(null=True)
    description = models.CharField(max_length=324, blank=True)
    body_part = models.CharField(max_length=64, blank=True)
    attributes = models.JSONField()

    instance_count = models.PositiveIntegerField(default=0)
    plain_bytes = models.BigIntegerField(default=0)
    version = models.PositiveIntegerField(default=0)
    metadata_version = models.PositiveIntegerField(default=0)
    metadata_blob = models.ForeignKey(Blob, on_delete=models.PROTECT, related_name="+", null=True)
    thumbnail_blob = models.ForeignKey(Blob, on_delete=models.PROTECT, related_name="+", null=True)
    created_at = models.DateTimeField()
    last_arrived_at = models.DateTimeField()
    binned_at = models.DateTimeField(null=True)
    binned_by = models.CharField(max_length=200, blank=True)

    class Meta(TenantModel.Meta):
        verbose_name_plural = "series"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "study", "series_uid"], name="series_uid_once"),
        ]
        indexes = [
            models.Index(fields=["tenant", "series_uid"], name="series_by_uid"),
            models.Index(fields=["tenant", "binned_at"], condition=~Q(binned_at=None), name="series_binned"),
        ]

    def __str__(self) -> str:
        return str(self.id)
