"""A disk that is full, broken, read-only or cut off: an error answer, and never half a blob."""

import errno
import hashlib
import os
import resource
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from pacs.storage.disk import DiskStore
from pacs.storage.store import BlobKey, BlobMissing, StoreUnavailable

from .conftest import ALICE, put

DIGEST = hashlib.sha256(b"bytes").digest()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def store(root: Path) -> DiskStore:
    return DiskStore(root)


def files_under(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_write_that_the_disk_cuts_short_leaves_nothing(store: DiskStore, root: Path, key: BlobKey) -> None:
    writer = store.create(key)
    with largest_file(100_000), pytest.raises(StoreUnavailable) as refused:
        writer.write(bytes(150_000))
    assert (refused.value.fault, refused.value.permanent) == ("EFBIG", True)
    assert files_under(root) == []


@pytest.mark.parametrize(
    "fault",
    [
        (errno.ENOSPC, True),
        (errno.EDQUOT, True),
        (errno.EIO, True),
        (errno.EROFS, True),
        (errno.EMFILE, False),
        (errno.ENOMEM, False),
    ],
)
@pytest.mark.parametrize("call", ["write", "fdatasync", "link", "fsync"])
def test_failing_system_call_fails_the_blob_and_leaves_nothing(
    store: DiskStore, key: BlobKey, monkeypatch: pytest.MonkeyPatch, call: str, fault: tuple[int, bool]
) -> None:
    root, (number, permanent) = store._root, fault
    put(store, BlobKey(ALICE, uuid4()), b"before")  # the same steps succeed without the fault
    before = files_under(root)

    def fail(*_: object, **__: object) -> None:
        raise OSError(number, "injected")

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(StoreUnavailable) as refused:
        put(store, key, b"bytes")
    monkeypatch.undo()
    assert (refused.value.fault, refused.value.permanent) == (errno.errorcode[number], permanent)
    assert files_under(root) == before
    with pytest.raises(BlobMissing):
        store.size(key)


def test_failed_sync_is_never_tried_again(
    store: DiskStore, key: BlobKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []

    def fail_once(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == 1:
            raise OSError(errno.EIO, "injected")

    monkeypatch.setattr(os, "fdatasync", fail_once)
    with pytest.raises(StoreUnavailable):
        put(store, key, b"bytes")
    assert len(calls) == 1


def test_one_blob_of_a_batch_that_fails_to_sync_leaves_the_others(
    store: DiskStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [BlobKey(ALICE, uuid4()) for _ in range(3)]
    writers = []
    for key in keys:
        writer = store.create(key)
        writer.write(b"bytes")
        writers.append((writer, DIGEST))
    real, calls = os.fdatasync, []

    def fail_second(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == 2:
            raise OSError(errno.EIO, "injected")
        real(descriptor)

    monkeypatch.setattr(os, "fdatasync", fail_second)
    outcomes = store.commit_all(writers)
    assert [outcome is None for outcome in outcomes] == [True, False, True]
    assert set(store.keys(ALICE)) == {keys[0], keys[2]}


def test_blob_is_synced_before_its_name_and_its_name_before_the_answer(
    store: DiskStore, root: Path, key: BlobKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []

    def spy(name: str) -> None:
        real = getattr(os, name)

        def call(*args: object, **options: object) -> object:
            what = Path(f"/proc/self/fd/{args[0]}").readlink() if isinstance(args[0], int) else args[1]
            steps.append(f"{name} {Path(str(what)).relative_to(root)}")
            return real(*args, **options)

        monkeypatch.setattr(os, name, call)

    put(store, BlobKey(ALICE, uuid4()), b"so that the store's root is there")
    for name in ("fdatasync", "link", "fsync"):
        spy(name)
    put(store, key, b"bytes")
    assert steps[0].startswith("fdatasync incoming/")
    assert steps[1] == f"link {key.path}"
    # A folder this process has not yet seen durable: its name and that of the clinic's folder as well.
    assert sorted(steps[2:]) == [f"fsync {name}" for name in sorted([".", str(ALICE), key.folder])]


def test_known_folder_costs_one_sync(store: DiskStore, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = (BlobKey(ALICE, UUID(f"ab{number:030x}")) for number in (1, 2))
    put(store, first, b"bytes")
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    put(store, second, b"bytes")
    assert len(synced) == 1


def test_folder_that_vanished_is_made_again(store: DiskStore, root: Path) -> None:
    first, second, third = (BlobKey(ALICE, UUID(f"ab{number:030x}")) for number in (1, 2, 3))
    put(store, first, b"bytes")
    store.delete(first)
    (root / first.folder).rmdir()
    with pytest.raises(StoreUnavailable):
        put(store, second, b"bytes")
    put(store, third, b"bytes")
    assert set(store.keys(ALICE)) == {third}


def test_forbidden_folder_is_told_as_permanent(
    store: DiskStore, key: BlobKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, key, b"bytes")

    def forbid(*_: object) -> int:
        raise PermissionError(errno.EACCES, "injected")

    monkeypatch.setattr(os, "open", forbid)
    for ask in (lambda: store.create(key), lambda: store.read(key, 0, 1), lambda: next(store.stream(key))):
        with pytest.raises(StoreUnavailable) as refused:
            ask()
        assert (refused.value.fault, refused.value.permanent) == ("EACCES", True)


def test_store_where_a_file_stands_is_unavailable(root: Path, key: BlobKey) -> None:
    root.write_bytes(b"")
    with pytest.raises(StoreUnavailable) as refused:
        DiskStore(root).create(key)
    assert refused.value.permanent is True
    with pytest.raises(StoreUnavailable):
        DiskStore(root).size(key)


def test_everything_in_the_store_is_for_its_owner_alone(store: DiskStore, root: Path, key: BlobKey) -> None:
    put(store, key, b"bytes")
    assert {stat.S_IMODE(path.stat().st_mode) for path in root.rglob("*") if path.is_dir()} == {0o700}
    assert [stat.S_IMODE(path.stat().st_mode) for path in files_under(root)] == [0o600]


def test_string_that_looks_like_a_path_is_no_key() -> None:
    with pytest.raises(TypeError):
        BlobKey(ALICE, "../../etc/passwd")  # type: ignore[arg-type] # the attack


def test_stranger_in_the_store_is_no_blob(store: DiskStore, root: Path, key: BlobKey) -> None:
    put(store, key, b"bytes")
    for name in ("notes.txt", str(key.object_id).upper(), f"{key.object_id}.part"):
        (root / key.folder / name).write_bytes(b"")
    wrong_folder = root / str(ALICE) / ("00" if key.folder[-2:] != "00" else "11")
    wrong_folder.mkdir()
    (wrong_folder / str(key.object_id)).write_bytes(b"")
    assert list(store.keys(ALICE)) == [key]


def test_stale_temporaries_are_swept_and_young_ones_stay(store: DiskStore, root: Path, key: BlobKey) -> None:
    now = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    put(store, key, b"bytes")
    old, young = store.create(BlobKey(ALICE, uuid4())), store.create(BlobKey(ALICE, uuid4()))
    for writer, age in ((old, timedelta(days=3)), (young, timedelta(hours=3))):
        os.utime(writer.temporary, (0, (now - age).timestamp()))
    assert store.sweep_stale(older_than=now - timedelta(days=1)) == 1
    assert (old.temporary.exists(), young.temporary.exists()) == (False, True)
    assert store.read(key, 0, 10) == b"bytes"
    assert store.sweep_stale(older_than=now - timedelta(days=1)) == 0


CRASH = """
import hashlib, os, signal, sys
from uuid import UUID
from pacs.storage.disk import DiskStore
from pacs.storage.store import BlobKey
root, object_id, call = sys.argv[1:]
def die(*args, **options):
    os.kill(os.getpid(), signal.SIGKILL)
key = BlobKey(UUID("a11ce000-0000-4000-8000-000000000001"), UUID(object_id))
writer = DiskStore(root).create(key)
writer.write(b"bytes" * 100_000)
setattr(os, call, die)
writer.commit(hashlib.sha256(b"bytes" * 100_000).digest())
"""


@pytest.mark.parametrize(("call", "is_whole"), [("fdatasync", False), ("link", False), ("unlink", True)])
def test_killed_process_leaves_the_whole_blob_or_none(
    store: DiskStore, root: Path, key: BlobKey, call: str, is_whole: bool
) -> None:
    run = subprocess.run(
        [sys.executable, "-c", CRASH, str(root), str(key.object_id), call],
        cwd=Path(__file__).parents[3],
        check=False,
    )
    assert run.returncode == -signal.SIGKILL
    assert list(store.keys(ALICE)) == ([key] if is_whole else [])
    if is_whole:
        assert b"".join(store.stream(key)) == b"bytes" * 100_000
    assert store.sweep_stale(older_than=datetime.now(UTC) + timedelta(minutes=1)) == 1
    assert len(files_under(root)) == (1 if is_whole else 0)
    if not is_whole:
        put(store, key, b"again")
