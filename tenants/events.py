"""What people and machines do to accounts, as the audit trail names it (PS3.15 A.5.3, PS3.16 CID 400–403)."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Event:
    """One kind of act: our name, its DICOM event code, and C R U D or E."""

    subtype: str
    code: int
    action: str


SIGNED_IN = Event("signed-in", 110114, "E")
SIGN_IN_FAILED = Event("sign-in-failed", 110114, "E")
SIGNED_OUT = Event("signed-out", 110114, "E")
TENANT_CREATED = Event("clinic-created", 110113, "C")
API_KEY_ISSUED = Event("api-key-issued", 110137, "C")
API_KEY_REVOKED = Event("api-key-revoked", 110137, "D")
VIEWER_NOTICE_READ = Event("viewer-notice-read", 110113, "E")
READING_ENDED = Event("reading-ended", 110103, "R")
