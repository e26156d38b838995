"""Why a file is refused, and how each door says so.

`Refused` carries a `Reason` and facts (numbers, tags, never patient data). What a person reads is written by
the pages; what a machine reads is in `FAILURE_CODES`.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Reason(StrEnum):
    """One cause of refusal. The values are stored in rows: never rename one."""

    EMPTY = "empty"
    NOT_DICOM = "not-dicom"
    TRUNCATED = "truncated"
    TRAILING_BYTES = "trailing-bytes"
    META_BROKEN = "meta-broken"
    META_LENGTH = "meta-length"
    NO_TRANSFER_SYNTAX = "no-transfer-syntax"
    INFLATE_BROKEN = "inflate-broken"
    INFLATE_TOO_LARGE = "inflate-too-large"
    LENGTH_BEYOND_END = "length-beyond-end"
    UNKNOWN_VR = "unknown-vr"
    UNDEFINED_LENGTH = "undefined-length"
    UNBALANCED = "unbalanced"
    NESTED_TOO_DEEP = "nested-too-deep"
    TAG_ORDER = "tag-order"
    DUPLICATE_TAG = "duplicate-tag"
    FORBIDDEN_TAG = "forbidden-tag"
    TOO_MANY_ELEMENTS = "too-many-elements"
    UID_MISSING = "uid-missing"
    UID_INVALID = "uid-invalid"
    IS_DIRECTORY = "is-directory"
    TOO_MANY_CHARSETS = "too-many-charsets"
    CONTENT_MISSING = "content-missing"
    PIXELS_MISSING = "pixels-missing"
    PIXELS_AMBIGUOUS = "pixels-ambiguous"
    PIXEL_DESCRIPTION = "pixel-description"
    PIXEL_LENGTH = "pixel-length"
    PIXEL_ENCODING = "pixel-encoding"
    FRAME_COUNT = "frame-count"
    TOO_MANY_FRAMES = "too-many-frames"
    FRAMES_MISSING = "frames-missing"
    OFFSET_TABLE = "offset-table"


class Refused(Exception):
    """A file does not have the structure that the standard demands, or is beyond the limits.

    `facts` are numbers and tags for the log and the page: never values that may name a patient.
    """

    def __init__(self, reason: Reason, **facts: int | str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.facts = facts

    def __str__(self) -> str:
        told = " ".join(f"{name}={fact}" for name, fact in self.facts.items())
        return f"{self.reason} {told}".rstrip()


OUT_OF_RESOURCES = 0xA700  # PS3.4 Table B.2-1
DOES_NOT_MATCH_SOP_CLASS = 0xA900
CANNOT_UNDERSTAND = 0xC000

_NOT_OF_ITS_CLASS = (
    *(Reason.UID_MISSING, Reason.UID_INVALID, Reason.TAG_ORDER, Reason.CONTENT_MISSING),
    *(Reason.PIXELS_MISSING, Reason.PIXELS_AMBIGUOUS, Reason.PIXEL_DESCRIPTION, Reason.PIXEL_LENGTH),
    *(Reason.PIXEL_ENCODING, Reason.FRAME_COUNT, Reason.FRAMES_MISSING, Reason.IS_DIRECTORY),
)
_TOO_MUCH = (
    *(Reason.TOO_MANY_ELEMENTS, Reason.NESTED_TOO_DEEP, Reason.INFLATE_TOO_LARGE),
    *(Reason.TOO_MANY_FRAMES, Reason.TOO_MANY_CHARSETS),
)

FAILURE_CODES: Mapping[Reason, int] = MappingProxyType(
    dict.fromkeys(Reason, CANNOT_UNDERSTAND)
    | dict.fromkeys(_NOT_OF_ITS_CLASS, DOES_NOT_MATCH_SOP_CLASS)
    | dict.fromkeys(_TOO_MUCH, OUT_OF_RESOURCES)
)
"""Failure Reason (0008,1197) and C-STORE status of each refusal (PS3.4 Table B.2-1, PS3.18 Table I.2-2)."""
