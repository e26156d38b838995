"""Where root keys live: the one place that wraps and unwraps tenant keys (FORMAT.md §5).

A root key never leaves its provider. Destroying it makes everything of its tenant noise, in every copy.
"""

import fcntl
import os
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote
from uuid import UUID

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from tenants.crypto.kdf import expand
from tenants.crypto.keyring import KEY_SIZE, PROVIDER, Keyring, KeyUnavailable, StaticKeyring, TenantKey

_NOT_BUILT = {"awskms", "vault"}
_FOR_OTHERS = 0o077


class KeyProviderError(Exception):
    """The key provider cannot do its work as it is set up."""


class ProviderNotBuilt(KeyProviderError):
    """The scheme is reserved for a provider that does not exist yet."""

    def __init__(self, scheme: str) -> None:
        super().__init__(f"the key provider {scheme}:// is not built yet; use local:///<directory>")
        self.scheme = scheme


class UnknownProvider(KeyProviderError):
    """The URL names no key provider. It is not repeated, for it may hold a secret."""

    def __init__(self) -> None:
        super().__init__("the key provider's URL must be local:///<absolute path of a directory>")


class RootKeyExists(KeyProviderError):
    """The tenant has a root key; another would turn what it holds into noise."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} exists and is never replaced")
        self.path = path


class RootKeyUnusable(KeyProviderError, KeyUnavailable):
    """No key can be taken from this path; the subclass says why."""

    reason = "cannot be read"

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} {self.reason}")
        self.path = path


class RootKeyMissing(RootKeyUnusable):
    """The root key was never made, is not mounted, or was destroyed."""

    reason = "is missing"


class RootKeyExposed(RootKeyUnusable):
    """Group or others have rights on the key or its directory, or it is no plain file."""

    reason = "must be a plain file of mode 600 in a directory of mode 700"


class RootKeyMalformed(RootKeyUnusable):
    """The root key has another length than 32 bytes."""

    reason = "does not hold 32 bytes"


class BadWrappedKey(KeyProviderError, KeyUnavailable):
    """The wrapped tenant key was altered, or wrapped under another root, id or version."""


class KeyProvider(Protocol):
    """Holds a root key for each tenant, and one of its own under the nil UUID."""

    def check(self) -> None:
        """Raise KeyProviderError unless the provider can serve; called at start."""
        ...

    def create_root(self, tenant_id: UUID) -> None:
        """Make a tenant's root key, durable on return; raises RootKeyExists rather than replace one."""
        ...

    def wrap(self, tenant_id: UUID, key: TenantKey) -> bytes:
        """Wrap a tenant key under the tenant's root; may raise KeyUnavailable."""
        ...

    def unwrap(self, tenant_id: UUID, key_id: UUID, version: int, wrapped: bytes) -> TenantKey:
        """Unwrap a tenant key that was wrapped for exactly these names; raises KeyUnavailable."""
        ...

    def ring_keyring(self, tenant_id: UUID) -> Keyring:
        """Return the key of the tenant's key rings (kind 6), which open without any tenant key."""
        ...


def provider_from_url(url: str) -> KeyProvider:
    """Return the provider that `KEY_PROVIDER_URL` names; raises ProviderNotBuilt or UnknownProvider."""
    scheme, separator, rest = url.partition("://")
    if scheme in _NOT_BUILT:
        raise ProviderNotBuilt(scheme)
    path = Path(unquote(rest))
    if scheme != "local" or not separator or not path.is_absolute() or path == Path("/"):
        raise UnknownProvider
    return LocalKeyProvider(path)


class LocalKeyProvider:
    """Root keys as files of 32 bytes, `<tenant id>.key` with mode 600, in a directory with mode 700.

    Each call reads the file anew, so a destroyed key ends with the call after.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def check(self) -> None:
        """Refuse a missing own root key, and any key that others may read or that has the wrong length."""
        _require_private_directory(self._directory)
        self._root(PROVIDER)
        for path in sorted(self._directory.glob("*.key")):
            _read_root(path)

    def create_root(self, tenant_id: UUID) -> None:
        if not self._directory.exists():
            _make_directory(self._directory)
        _require_private_directory(self._directory)
        with _locked(self._directory) as directory:
            if os.path.lexists(path := self._path(tenant_id)):
                raise RootKeyExists(path)
            # Renamed, not linked: a second name of the key would survive its destruction.
            _write_durably(draft := self._directory / "draft", os.urandom(KEY_SIZE))
            draft.rename(path)
            os.fsync(directory)

    def wrap(self, tenant_id: UUID, key: TenantKey) -> bytes:
        return aes_key_wrap(self._wrap_key(tenant_id, key.key_id, key.version), key.secret)

    def unwrap(self, tenant_id: UUID, key_id: UUID, version: int, wrapped: bytes) -> TenantKey:
        try:
            secret = aes_key_unwrap(self._wrap_key(tenant_id, key_id, version), wrapped)
        except InvalidUnwrap:
            raise BadWrappedKey(key_id, version) from None
        return TenantKey(key_id, version, secret)

    def ring_keyring(self, tenant_id: UUID) -> Keyring:
        secret = expand(self._root(tenant_id), b"pse1/ring\0" + tenant_id.bytes, KEY_SIZE)
        return StaticKeyring(tenant_id, [TenantKey(PROVIDER, 1, secret)])

    def _wrap_key(self, tenant_id: UUID, key_id: UUID, version: int) -> bytes:
        names = tenant_id.bytes + key_id.bytes + struct.pack(">I", version)
        return expand(self._root(tenant_id), b"pse1/tenant-key\0" + names, KEY_SIZE)

    def _root(self, tenant_id: UUID) -> bytes:
        return _read_root(self._path(tenant_id))

    def _path(self, tenant_id: UUID) -> Path:
        return self._directory / f"{tenant_id}.key"


def _read_root(path: Path) -> bytes:
    try:
        with _opened(path, os.O_NOFOLLOW | os.O_NONBLOCK) as descriptor:
            mode = os.fstat(descriptor).st_mode
            if not stat.S_ISREG(mode) or mode & _FOR_OTHERS:
                raise RootKeyExposed(path)
            key = os.read(descriptor, KEY_SIZE + 1)
    except FileNotFoundError:
        raise RootKeyMissing(path) from None
    except OSError as error:
        raise RootKeyUnusable(path) from error
    if len(key) != KEY_SIZE:
        raise RootKeyMalformed(path)
    return key


def _require_private_directory(directory: Path) -> None:
    try:
        mode = directory.stat().st_mode
    except FileNotFoundError:
        raise RootKeyMissing(directory) from None
    except OSError as error:
        raise RootKeyUnusable(directory) from error
    if not stat.S_ISDIR(mode) or mode & _FOR_OTHERS:
        raise RootKeyExposed(directory)


def _make_directory(directory: Path) -> None:
    missing = [path for path in (directory, *directory.parents) if not path.exists()]
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    for made in missing:
        with _opened(made.parent, os.O_DIRECTORY) as parent:
            os.fsync(parent)


def _write_durably(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(descriptor)


@contextmanager
def _locked(directory: Path) -> Iterator[int]:
    """Keep other processes from making a key at the same time: a rename replaces what is there."""
    with _opened(directory, os.O_DIRECTORY) as descriptor:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor


@contextmanager
def _opened(path: Path, flags: int) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | flags)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
