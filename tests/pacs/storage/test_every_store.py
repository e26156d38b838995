"""What pacs.storage.store promises, held against every store there is."""

import hashlib
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import pytest

from pacs.storage.store import (
    BlobError,
    BlobExists,
    BlobKey,
    BlobMangled,
    BlobMissing,
    BlobStore,
    WriterHasEnded,
)

from .conftest import ALICE, CHARLIE, put

MIB = 1 << 20


def test_committed_blob_reads_back_whole(store: BlobStore, key: BlobKey) -> None:
    data = bytes(range(256)) * 9000
    put(store, key, data)
    assert b"".join(store.stream(key)) == data
    assert store.size(key) == len(data)


def test_empty_blob_is_a_blob(store: BlobStore, key: BlobKey) -> None:
    put(store, key, b"")
    assert store.size(key) == 0
    assert list(store.stream(key)) == []
    assert store.read(key, 0, 10) == b""


@pytest.mark.parametrize(
    ("offset", "length", "expected"),
    [(0, 1, b"0"), (3, 4, b"3456"), (8, 100, b"89"), (9, 1, b"9"), (10, 5, b""), (500, 5, b"")],
)
def test_range_is_cut_at_the_end(
    store: BlobStore, key: BlobKey, offset: int, length: int, expected: bytes
) -> None:
    put(store, key, b"0123456789")
    assert store.read(key, offset, length) == expected


@pytest.mark.parametrize(("offset", "length"), [(-1, 5), (0, 0), (0, -3)])
def test_senseless_range_is_refused(store: BlobStore, key: BlobKey, offset: int, length: int) -> None:
    put(store, key, b"0123456789")
    with pytest.raises(ValueError):
        store.read(key, offset, length)


def test_blob_written_in_many_pieces_is_one(store: BlobStore, key: BlobKey) -> None:
    writer = store.create(key)
    for piece in (b"one ", memoryview(b"two "), b"", b"three"):
        writer.write(piece)
    writer.commit(hashlib.sha256(b"one two three").digest())
    assert store.read(key, 0, 100) == b"one two three"


def test_uncommitted_blob_is_nowhere(store: BlobStore, key: BlobKey) -> None:
    writer = store.create(key)
    writer.write(b"half")
    assert list(store.keys(ALICE)) == []
    with pytest.raises(BlobMissing):
        store.size(key)
    writer.abort()
    assert list(store.keys(ALICE)) == []


def test_missing_blob_is_missing_to_every_reader(store: BlobStore, key: BlobKey) -> None:
    for ask in (lambda: store.read(key, 0, 1), lambda: store.size(key), lambda: next(store.stream(key))):
        with pytest.raises(BlobMissing) as missing:
            ask()
        assert missing.value.key == key


def test_second_blob_of_one_key_is_refused_and_the_first_stays(store: BlobStore, key: BlobKey) -> None:
    put(store, key, b"first")
    with pytest.raises(BlobExists):
        put(store, key, b"second")
    with pytest.raises(BlobExists):
        put(store, key, b"first")
    assert store.read(key, 0, 100) == b"first"


def test_wrong_digest_is_refused_and_nothing_is_kept(store: BlobStore, key: BlobKey) -> None:
    writer = store.create(key)
    writer.write(b"these bytes")
    with pytest.raises(BlobMangled):
        writer.commit(hashlib.sha256(b"other bytes").digest())
    with pytest.raises(BlobMissing):
        store.size(key)
    put(store, key, b"these bytes")


def test_ended_writer_takes_nothing_more(store: BlobStore, key: BlobKey) -> None:
    writer = store.create(key)
    writer.commit(hashlib.sha256(b"").digest())
    with pytest.raises(WriterHasEnded):
        writer.write(b"late")
    with pytest.raises(WriterHasEnded):
        writer.commit(hashlib.sha256(b"").digest())


def test_abort_after_commit_changes_nothing(store: BlobStore, key: BlobKey) -> None:
    writer = store.create(key)
    writer.write(b"kept")
    writer.commit(hashlib.sha256(b"kept").digest())
    writer.abort()
    writer.abort()
    assert store.read(key, 0, 100) == b"kept"


def test_deleted_blob_is_gone_and_deleting_again_is_no_error(store: BlobStore, key: BlobKey) -> None:
    put(store, key, b"x")
    store.delete(key)
    store.delete(key)
    with pytest.raises(BlobMissing):
        store.size(key)


def test_keys_are_those_of_one_clinic(store: BlobStore) -> None:
    own = {BlobKey(ALICE, uuid4()) for _ in range(5)}
    foreign = BlobKey(CHARLIE, uuid4())
    for one in (*own, foreign):
        put(store, one, b"x")
    assert set(store.keys(ALICE)) == own
    assert set(store.keys(CHARLIE)) == {foreign}
    assert list(store.keys(UUID(int=7))) == []


def test_blobs_of_one_object_id_in_two_clinics_are_two(store: BlobStore) -> None:
    object_id = uuid4()
    put(store, BlobKey(ALICE, object_id), b"alice")
    put(store, BlobKey(CHARLIE, object_id), b"charlie")
    assert store.read(BlobKey(ALICE, object_id), 0, 10) == b"alice"
    assert store.read(BlobKey(CHARLIE, object_id), 0, 10) == b"charlie"


def test_committing_many_tells_each_its_own_outcome(store: BlobStore) -> None:
    taken, mangled, fine = (BlobKey(ALICE, uuid4()) for _ in range(3))
    put(store, taken, b"first")
    writers = []
    for key in (taken, mangled, fine):
        writer = store.create(key)
        writer.write(b"bytes")
        writers.append((writer, hashlib.sha256(b"wrong" if key == mangled else b"bytes").digest()))
    outcomes = store.commit_all(writers)
    assert [type(outcome) for outcome in outcomes] == [BlobExists, BlobMangled, type(None)]
    assert store.read(taken, 0, 10) == b"first"
    assert store.read(fine, 0, 10) == b"bytes"
    assert set(store.keys(ALICE)) == {taken, fine}


def test_committing_none_is_nothing(store: BlobStore) -> None:
    assert store.commit_all([]) == []


@pytest.mark.parametrize("store", ["disk", "s3"], indirect=True)
def test_of_two_writers_of_one_key_in_one_batch_one_wins(store: BlobStore, key: BlobKey) -> None:
    writers = []
    for _ in range(2):
        writer = store.create(key)
        writer.write(b"x")
        writers.append((writer, hashlib.sha256(b"x").digest()))
    outcomes = store.commit_all(writers)
    assert outcomes.count(None) == 1
    assert store.read(key, 0, 10) == b"x"


@pytest.mark.parametrize("store", ["disk", "s3"], indirect=True)  # asking first cannot promise this
def test_of_twenty_parallel_writers_exactly_one_wins(store: BlobStore, key: BlobKey) -> None:
    def attempt(number: int) -> BlobError | None:
        try:
            put(store, key, b"writer %d" % number)
        except BlobExists as error:
            return error
        return None

    with ThreadPoolExecutor(20) as pool:
        outcomes = list(pool.map(attempt, range(20)))
    assert outcomes.count(None) == 1
    assert store.read(key, 0, 100) == b"writer %d" % outcomes.index(None)


@pytest.mark.parametrize("size", [8 * MIB, 8 * MIB + 1, 40 * MIB])
def test_large_blob_comes_back_in_little_memory(store: BlobStore, key: BlobKey, size: int) -> None:
    put(store, BlobKey(CHARLIE, uuid4()), b"so that the client of the store is built before we measure")
    next(store.stream(next(store.keys(CHARLIE))))
    block = bytes(range(256)) * 4096
    writer, digest, left = store.create(key), hashlib.sha256(), size
    tracemalloc.start()
    try:
        while left:
            piece = block[:left]
            writer.write(piece)
            digest.update(piece)
            left -= len(piece)
        writer.commit(digest.digest())
        read = hashlib.sha256()
        for chunk in store.stream(key):
            read.update(chunk)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert read.digest() == digest.digest()
    assert store.size(key) == size
    assert peak < 24 * MIB
