import uuid

from django.db import models

from pacs.models.blob import Blob
from pacs.models.study import Series, Study
from tenants.scope import TenantModel


class Instance(TenantModel):
    """One image or other object: exactly one for each SOP Instance UID of a clinic.

    `frame_index` (pacs/dicom/frames.py) says where each frame lies in the file, so that one frame is one ranged read;
    `layout` (pacs/dicom/layout.py) says where the header lies, so that it is read without pixels and large values.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="instances")
    series = models.ForeignKey(Series, on_delete=models.CASCADE, related_name="instances")
    sop_uid = models.CharField(max_length=64)
    sop_class_uid = models.CharField(max_length=64)
    transfer_syntax_uid = models.CharField(max_length=64)
    instance_number = models.IntegerField(null=True)
    rows = models.PositiveIntegerField(null=True)
    columns = models.PositiveIntegerField(null=True)
    number_of_frames = models.PositiveIntegerField(null=True)
    bits_allocated = models.PositiveSmallIntegerField(null=True)
    attributes = models.JSONField()

    blob = models.OneToOneField(Blob, on_delete=models.PROTECT, related_name="+")
    plain_size = models.BigIntegerField()
    dataset_sha256 = models.BinaryField(max_length=32)
    layout = models.BinaryField()
    frame_index = models.BinaryField()
    has_active_preamble = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint(fields=["tenant", "sop_uid"], name="instance_uid_once")]
        indexes = [
            models.Index(fields=["tenant", "series", "instance_number"], name="instance_of_series"),
        ]

    def __str__(self) -> str:
        return str(self.id)
