"""Who an instance says it is: its UIDs, in the data set and in the file meta information."""

from dataclasses import dataclass

from pacs.dicom import uids
from pacs.dicom.limits import Limits
from pacs.dicom.meta import MEDIA_SOP_CLASS, MEDIA_SOP_INSTANCE
from pacs.dicom.pixels_layout import Values
from pacs.dicom.reasons import Reason, Refused

SPECIFIC_CHARACTER_SET = 0x00080005
SOP_CLASS = 0x00080016
SOP_INSTANCE = 0x00080018
STUDY = 0x0020000D
SERIES = 0x0020000E
WANTED = frozenset({SPECIFIC_CHARACTER_SET, SOP_CLASS, SOP_INSTANCE, STUDY, SERIES})
_MEDIA_DIRECTORY = b"1.2.840.10008.1.3.10"


@dataclass(frozen=True, slots=True)
class Identity:
    """The four UIDs of an instance; empty where one is absent or invalid."""

    sop_class_uid: str = ""
    sop_instance_uid: str = ""
    study_uid: str = ""
    series_uid: str = ""


def check_identity(values: Values, meta: Values, *, limits: Limits) -> Identity:
    """Return the UIDs. Raises Refused where one is absent, invalid, or not the one that the meta header tells."""
    _refuse_directory(meta)
    if values.get(SPECIFIC_CHARACTER_SET, ("CS", b""))[1].count(b"\\") >= limits.charsets:
        raise Refused(Reason.TOO_MANY_CHARSETS, limit=limits.charsets)
    identity = Identity(*(_uid(values, tag) for tag in (SOP_CLASS, SOP_INSTANCE, STUDY, SERIES)))
    told = uids.from_bytes(meta.get(MEDIA_SOP_INSTANCE, ("UI", b""))[1])
    if told and told != identity.sop_instance_uid:
        raise Refused(Reason.META_UID_DIFFERS)
    return identity


def claimed_identity(values: Values, meta: Values) -> Identity:
    """Return what a refused file says of itself, for the answer to its sender. Never raises."""

    def claim(tag: int, meta_tag: int = 0) -> str:
        raw = values.get(tag) or meta.get(meta_tag) or ("UI", b"")
        uid = uids.from_bytes(raw[1])
        return uid if uids.is_valid(uid) else ""

    return Identity(claim(SOP_CLASS, MEDIA_SOP_CLASS), claim(SOP_INSTANCE, MEDIA_SOP_INSTANCE), claim(STUDY), claim(SERIES))


def _refuse_directory(meta: Values) -> None:
    if meta.get(MEDIA_SOP_CLASS, ("UI", b""))[1].rstrip(b"\0 ") == _MEDIA_DIRECTORY:
        raise Refused(Reason.IS_DIRECTORY)


def _uid(values: Values, tag: int) -> str:
    uid = uids.from_bytes(values.get(tag, ("UI", b""))[1])
    if not uid:
        raise Refused(Reason.UID_MISSING, tag=f"{tag:08X}")
    if not uids.is_valid(uid):
        raise Refused(Reason.UID_INVALID, tag=f"{tag:08X}", length=len(uid))
    return uid
