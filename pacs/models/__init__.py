from pacs.models.blob import Blob
from pacs.models.held_file import HeldFile
from pacs.models.instance import Instance
from pacs.models.outbox import Outbox
from pacs.models.patient import Patient
from pacs.models.study import Series, Study
from pacs.models.usage_counter import UsageCounter

__all__ = ["Blob", "HeldFile", "Instance", "Outbox", "Patient", "Series", "Study", "UsageCounter"]
