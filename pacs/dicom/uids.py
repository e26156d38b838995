"""Unique identifiers: what a valid one is (PS3.5 §9.1)."""

import re

LONGEST = 64
_VALID = re.compile(r"(?:0|[1-9][0-9]*)(?:\.(?:0|[1-9][0-9]*))*", re.ASCII)


def is_valid(uid: str) -> bool:
    """Tell whether a UID is numbers without leading zeros between dots, and at most 64 characters."""
    return len(uid) <= LONGEST and _VALID.fullmatch(uid) is not None


def from_bytes(raw: bytes) -> str:
    """Return a UID without its padding:

    NUL by the standard, a space by common mistake. Keeps what is invalid.
    """
    return raw.rstrip(b"\0 ").decode("latin-1")
