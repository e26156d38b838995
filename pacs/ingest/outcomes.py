"""What became of each file, and how a machine is told (PS3.18 Table I.2-2, PS3.4 Table B.2-1)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pacs.dicom.reasons import FAILURE_CODES, Reason


class IngestReason(StrEnum):
    """Causes of refusal beyond a file's structure. The values are stored in rows: never rename one."""

    TOO_LARGE = "too-large"
    QUOTA = "quota"
    CONFLICT = "conflict"
    OTHER_STUDY = "other-study"
    STORE_UNAVAILABLE = "store-unavailable"
    BUSY = "busy"
    CUT_OFF = "cut-off"


INGEST_CODES: Mapping[str, int] = {
    IngestReason.TOO_LARGE: 0xA700,
    IngestReason.QUOTA: 0xA700,
    IngestReason.CONFLICT: 0x0111,
    IngestReason.OTHER_STUDY: 0xA900,
    IngestReason.STORE_UNAVAILABLE: 0xA700,
    IngestReason.BUSY: 0xA700,
    IngestReason.CUT_OFF: 0xC000,
}

TRANSIENT = frozenset(
    {IngestReason.QUOTA, IngestReason.STORE_UNAVAILABLE, IngestReason.BUSY, IngestReason.CUT_OFF}
)
"""Refusals that say nothing about the file: it is not kept, and sending it again may succeed."""


class Status(StrEnum):
    """What became of a file."""

    STORED = "stored"
    SAME = "same"
    REFUSED = "refused"


@dataclass(frozen=True)
class Outcome:
    """The answer for one file. `facts` are for a person: numbers and tags, or what differs in a conflict."""

    status: Status
    sop_class_uid: str = ""
    sop_uid: str = ""
    study_uid: str = ""
    series_uid: str = ""
    reason: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)

    @property
    def failure_code(self) -> int:
        """The DICOM failure reason; 0 when the file is stored."""
        if self.status is not Status.REFUSED:
            return 0
        if self.reason in INGEST_CODES:
            return INGEST_CODES[self.reason]
        return FAILURE_CODES[Reason(self.reason)]
