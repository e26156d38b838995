"""Who an instance says it is: its UIDs, in the data set and in the file meta information."""

import uuid
from dataclasses import dataclass
from enum import StrEnum

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


class Oddity(StrEnum):
    """What is wrong with a file that is taken all the same.

    The values are stored in rows: never rename one.
    """

    META_UID_DIFFERS = "meta-uid-differs"  # the data set decides
    NO_STUDY_UID = "no-study-uid"  # filed in a study and series of its own


def check_identity(
    values: Values, meta: Values, *, limits: Limits, has_pixels: bool
) -> tuple[Identity, frozenset[Oddity]]:
    """Return the UIDs and what is odd about them. Raises Refused where one is absent or invalid.

    An image that names neither study nor series gets UIDs derived from its own, the same at each arrival. It
    must have its pixels, because without them a missing study is the sign of a file that was cut.
    """
    if values.get(SPECIFIC_CHARACTER_SET, ("CS", b""))[1].count(b"\\") >= limits.charsets:
        raise Refused(Reason.TOO_MANY_CHARSETS, limit=limits.charsets)
    sop_class, instance = _uid(values, SOP_CLASS), _uid(values, SOP_INSTANCE)
    told = uids.from_bytes(meta.get(MEDIA_SOP_INSTANCE, ("UI", b""))[1])
    odd = {Oddity.META_UID_DIFFERS} if told not in ("", instance) else set()
    if has_pixels and STUDY not in values and SERIES not in values:
        identity = Identity(sop_class, instance, _derived(instance, "study"), _derived(instance, "series"))
        return identity, frozenset(odd | {Oddity.NO_STUDY_UID})
    return Identity(sop_class, instance, _uid(values, STUDY), _uid(values, SERIES)), frozenset(odd)


def refuse_directory(meta: Values) -> None:
    """Refuse a DICOMDIR, which describes other files and is no instance (PS3.10 §8.6)."""
    if meta.get(MEDIA_SOP_CLASS, ("UI", b""))[1].rstrip(b"\0 ") == _MEDIA_DIRECTORY:
        raise Refused(Reason.IS_DIRECTORY)


def claimed_identity(values: Values, meta: Values) -> Identity:
    """Return what a refused file says of itself, for the answer to its sender. Never raises."""

    def claim(tag: int, meta_tag: int = 0) -> str:
        raw = values.get(tag) or meta.get(meta_tag) or ("UI", b"")
        uid = uids.from_bytes(raw[1])
        return uid if uids.is_valid(uid) else ""

    sop_class, instance = claim(SOP_CLASS, MEDIA_SOP_CLASS), claim(SOP_INSTANCE, MEDIA_SOP_INSTANCE)
    return Identity(sop_class, instance, claim(STUDY), claim(SERIES))


def _derived(instance_uid: str, level: str) -> str:
    """Return a UID made from another (PS3.5 B.2)."""
    return f"2.25.{uuid.uuid5(uuid.NAMESPACE_OID, f'{instance_uid}/{level}').int}"


def _uid(values: Values, tag: int) -> str:
    uid = uids.from_bytes(values.get(tag, ("UI", b""))[1])
    if not uid:
        raise Refused(Reason.UID_MISSING, tag=f"{tag:08X}")
    if not uids.is_valid(uid):
        raise Refused(Reason.UID_INVALID, tag=f"{tag:08X}", length=len(uid))
    return uid
