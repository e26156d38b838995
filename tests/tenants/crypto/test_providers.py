"""Root keys on disk: made durably, kept private, never replaced; tenant keys wrapped for their names."""

import os
import threading
from pathlib import Path
from uuid import UUID

import pytest

from tenants.crypto.keyring import PROVIDER, TenantKey
from tenants.crypto.providers import (
    KeyProviderError,
    LocalKeyProvider,
    ProviderNotBuilt,
    RootKeyExists,
    RootKeyExposed,
    RootKeyMalformed,
    RootKeyMissing,
    RootKeyUnusable,
    UnknownProvider,
    provider_from_url,
)

CLINIC = UUID("11111111-1111-4111-8111-111111111111")
OTHER_CLINIC = UUID("22222222-2222-4222-8222-222222222222")
KEY = TenantKey(UUID("55555555-5555-4555-8555-555555555555"), 3, bytes(range(32)))
ROOT = bytes(range(32, 64))
WRAPPED = "f6907ba8fdb5d2a3227207e777cff0777d98d2d459d9ba15ade16774472b0e4ec848cca31165988c"
RING = "629322bab3cf1730af4827efb7b97ff5342ab584b902a935347e0cdf04b0a664"
"""KEY wrapped, and the ring key, under ROOT; computed apart, with the standard library's hmac."""


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "new" / "keys"


@pytest.fixture
def provider(directory: Path) -> LocalKeyProvider:
    """A provider that serves: its own root and one clinic's."""
    provider = LocalKeyProvider(directory)
    provider.create_root(PROVIDER)
    provider.create_root(CLINIC)
    provider.check()
    return provider


def key_file(directory: Path, tenant_id: UUID = CLINIC) -> Path:
    return directory / f"{tenant_id}.key"


def set_root(directory: Path, key: bytes) -> None:
    key_file(directory).write_bytes(key)


def test_root_keys_are_private_files_of_32_bytes(provider: LocalKeyProvider, directory: Path) -> None:
    files = sorted(directory.iterdir())

    assert files == [key_file(directory, PROVIDER), key_file(directory)]
    assert [file.stat().st_mode & 0o777 for file in files] == [0o600, 0o600]
    assert [file.stat().st_size for file in files] == [32, 32]
    assert directory.stat().st_mode & 0o777 == 0o700
    assert files[0].read_bytes() != files[1].read_bytes()


def test_root_key_is_private_whatever_the_umask(directory: Path) -> None:
    before = os.umask(0)
    try:
        LocalKeyProvider(directory).create_root(CLINIC)
    finally:
        os.umask(before)

    assert key_file(directory).stat().st_mode & 0o777 == 0o600
    assert directory.stat().st_mode & 0o777 == 0o700


def test_root_key_is_durable_before_it_has_its_name(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[tuple[str, bool]] = []
    fsync = os.fsync

    def watched(descriptor: int) -> None:
        synced.append((str(Path(f"/proc/self/fd/{descriptor}").readlink()), key_file(directory).exists()))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    LocalKeyProvider(directory).create_root(CLINIC)

    assert synced == [
        (str(directory.parent), False),
        (str(directory.parent.parent), False),
        (str(directory / "draft"), False),
        (str(directory), True),
    ]


def test_draft_that_a_crash_left_behind_is_overwritten(provider: LocalKeyProvider, directory: Path) -> None:
    (directory / "draft").write_bytes(bytes(100))

    provider.create_root(OTHER_CLINIC)

    assert key_file(directory, OTHER_CLINIC).stat().st_size == 32
    assert not (directory / "draft").exists()


def test_root_key_is_never_replaced(provider: LocalKeyProvider, directory: Path) -> None:
    before = key_file(directory).read_bytes()

    with pytest.raises(RootKeyExists):
        provider.create_root(CLINIC)

    assert key_file(directory).read_bytes() == before


def test_one_of_many_creators_wins(provider: LocalKeyProvider, directory: Path) -> None:
    refused: list[type[Exception]] = []

    def create() -> None:
        try:
            provider.create_root(OTHER_CLINIC)
        except RootKeyExists as refusal:
            refused.append(type(refusal))

    threads = [threading.Thread(target=create) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert refused == [RootKeyExists] * 15
    assert len(list(directory.iterdir())) == 3


def test_start_is_refused_without_directory(tmp_path: Path) -> None:
    with pytest.raises(RootKeyMissing):
        LocalKeyProvider(tmp_path / "absent").check()


def test_start_is_refused_without_own_root_key(provider: LocalKeyProvider, directory: Path) -> None:
    key_file(directory, PROVIDER).unlink()

    with pytest.raises(RootKeyMissing):
        provider.check()


@pytest.mark.parametrize("mode", [0o640, 0o620, 0o610, 0o604, 0o602, 0o601, 0o644, 0o666])
@pytest.mark.parametrize("owner", [PROVIDER, CLINIC])
def test_key_that_others_may_reach_is_refused(
    provider: LocalKeyProvider, directory: Path, owner: UUID, mode: int
) -> None:
    key_file(directory, owner).chmod(mode)

    with pytest.raises(RootKeyExposed):
        provider.check()
    with pytest.raises(RootKeyExposed):
        provider.wrap(owner, KEY)


@pytest.mark.parametrize("mode", [0o750, 0o705, 0o710, 0o701, 0o777])
def test_directory_that_others_may_enter_is_refused(
    provider: LocalKeyProvider, directory: Path, mode: int
) -> None:
    directory.chmod(mode)

    with pytest.raises(RootKeyExposed):
        provider.check()
    with pytest.raises(RootKeyExposed):
        provider.create_root(OTHER_CLINIC)
    assert not key_file(directory, OTHER_CLINIC).exists()


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_key_of_another_length_is_refused(provider: LocalKeyProvider, directory: Path, length: int) -> None:
    set_root(directory, bytes(length))

    with pytest.raises(RootKeyMalformed):
        provider.check()
    with pytest.raises(RootKeyMalformed):
        provider.wrap(CLINIC, KEY)


@pytest.fixture(params=["link", "directory", "pipe"])
def odd_key(request: pytest.FixtureRequest, provider: LocalKeyProvider, directory: Path) -> None:
    path = key_file(directory)
    kept = path.rename(directory / "elsewhere")
    if request.param == "link":
        path.symlink_to(kept)
    elif request.param == "directory":
        path.mkdir(mode=0o700)
    else:
        os.mkfifo(path, 0o600)


@pytest.mark.usefixtures("odd_key")
def test_key_that_is_no_plain_file_is_refused(provider: LocalKeyProvider) -> None:
    with pytest.raises(RootKeyUnusable):
        provider.check()
    with pytest.raises(RootKeyExists):
        provider.create_root(CLINIC)


def test_local_url_names_a_directory(tmp_path: Path) -> None:
    directory = tmp_path / "with space"
    LocalKeyProvider(directory).create_root(PROVIDER)

    provider_from_url(f"local://{tmp_path}/with%20space").check()


@pytest.mark.parametrize("scheme", ["awskms", "vault"])
def test_provider_that_is_not_built_refuses_to_start(scheme: str) -> None:
    with pytest.raises(ProviderNotBuilt, match=f"{scheme}:// is not built yet") as refusal:
        provider_from_url(f"{scheme}://secret@host/key")

    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(
    "url", ["", "local:", "local://", "local:///", "local://host/keys", "/keys", "file:///keys"]
)
def test_url_that_names_no_provider_is_refused(url: str) -> None:
    with pytest.raises(UnknownProvider):
        provider_from_url(url)


@pytest.mark.parametrize(
    "error", [RootKeyMissing, RootKeyExposed, RootKeyMalformed, RootKeyExists, RootKeyUnusable]
)
def test_refusal_names_the_file(error: type[RootKeyUnusable]) -> None:
    assert str(error(Path("/keys/a.key"))).startswith("/keys/a.key ")
    assert issubclass(error, KeyProviderError)
