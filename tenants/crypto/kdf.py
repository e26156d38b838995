"""Key derivation: the one function from which every key of FORMAT.md comes."""

from cryptography.hazmat.primitives.hashes import SHA384
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

_SHA384 = SHA384()


def expand(key: bytes, info: bytes, length: int) -> bytes:
    """Derive `length` bytes bound to `info`: HKDF-Expand-SHA-384 (RFC 5869 §2.3).

    Without the extract step, because every key that enters here is uniformly random already.
    """
    return HKDFExpand(_SHA384, length, info).derive(key)
