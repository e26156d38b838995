"""An S3 that is slow, lies, loses or refuses: what counts as stored is there, byte for byte."""

import base64
import hashlib
import time
from collections.abc import Callable, Iterator

import pytest

from pacs.storage.s3 import S3Store
from pacs.storage.store import BlobExists, BlobKey, BlobMangled, BlobMissing, StoreUnavailable
from tests.servers.faulty_proxy import Fault, FaultyProxy, faulty_proxy
from tests.servers.moto_s3 import client_of

from .conftest import ALICE, put

LARGE = b"0123456789abcdef" * (5 << 16)  # 5 MiB


@pytest.fixture
def proxy(s3_endpoint: str) -> Iterator[FaultyProxy]:
    with faulty_proxy(s3_endpoint) as proxy:
        yield proxy


@pytest.fixture
def store(proxy: FaultyProxy, new_s3_store: Callable[..., S3Store]) -> S3Store:
    return new_s3_store(endpoint=proxy.endpoint)


@pytest.fixture(params=[b"small", LARGE * 4], ids=["whole", "in parts"])
def data(request: pytest.FixtureRequest) -> bytes:
    content: bytes = request.param
    return content


def test_put_is_create_only_and_carries_its_checksum(
    store: S3Store, proxy: FaultyProxy, key: BlobKey, s3_endpoint: str, bucket: str
) -> None:
    put(store, key, b"bytes")
    assert [method for method, _ in proxy.requests] == ["PUT", "HEAD"]
    client = client_of(s3_endpoint)
    head = client.head_object(Bucket=bucket, Key=f"clinics/{key.path}", ChecksumMode="ENABLED")
    assert head["ChecksumSHA256"] == base64.b64encode(hashlib.sha256(b"bytes").digest()).decode()


@pytest.mark.parametrize("fault", [Fault.CORRUPT_AFTER_CHECK, Fault.CORRUPT_ON_THE_WAY, Fault.DROP_WRITE])
def test_body_that_does_not_arrive_as_sent_is_never_stored(
    store: S3Store, proxy: FaultyProxy, key: BlobKey, fault: Fault
) -> None:
    proxy.inject("PUT", fault)
    with pytest.raises(BlobMangled) as refused:
        put(store, key, b"bytes")
    assert refused.value.permanent is False
    assert list(store.keys(ALICE)) == []
    put(store, key, b"bytes")
    assert store.read(key, 0, 10) == b"bytes"


@pytest.mark.parametrize("fault", [Fault.CORRUPT_AFTER_CHECK, Fault.CORRUPT_ON_THE_WAY])
def test_part_that_does_not_arrive_as_sent_is_never_stored(
    store: S3Store, proxy: FaultyProxy, key: BlobKey, fault: Fault
) -> None:
    proxy.inject("PUT", fault)
    with pytest.raises(BlobMangled):
        put(store, key, LARGE * 4)
    assert list(store.keys(ALICE)) == []


def test_failed_upload_in_parts_leaves_no_parts(
    store: S3Store, proxy: FaultyProxy, key: BlobKey, s3_endpoint: str, bucket: str
) -> None:
    proxy.inject("PUT", Fault.FORBIDDEN)
    with pytest.raises(StoreUnavailable):
        put(store, key, LARGE * 4)
    client = client_of(s3_endpoint)
    assert client.list_multipart_uploads(Bucket=bucket).get("Uploads", []) == []


def test_own_write_whose_answer_was_lost_counts_as_stored(
    store: S3Store, proxy: FaultyProxy, key: BlobKey
) -> None:
    proxy.inject("PUT", Fault.LOSE_ANSWER)
    put(store, key, b"bytes")
    assert [method for method, _ in proxy.requests] == ["PUT", "PUT", "HEAD"]
    assert store.read(key, 0, 10) == b"bytes"


def test_own_completion_whose_answer_was_lost_counts_as_stored(
    store: S3Store, proxy: FaultyProxy, key: BlobKey
) -> None:
    proxy.inject("POST", Fault.PASS, Fault.LOSE_ANSWER)
    put(store, key, LARGE * 4)
    posts = [path.partition("?")[2] for method, path in proxy.requests if method == "POST"]
    assert posts == ["uploads", posts[1], posts[1]]
    assert store.size(key) == len(LARGE) * 4


def test_lost_answer_does_not_hide_another_writers_blob(
    store: S3Store, proxy: FaultyProxy, key: BlobKey
) -> None:
    put(store, key, b"first")
    proxy.inject("PUT", Fault.LOSE_ANSWER)
    with pytest.raises(BlobExists):
        put(store, key, b"second")
    assert store.read(key, 0, 10) == b"first"


def test_busy_server_is_asked_again(store: S3Store, proxy: FaultyProxy, key: BlobKey, data: bytes) -> None:
    proxy.inject("PUT", Fault.UNAVAILABLE, Fault.UNAVAILABLE)
    put(store, key, data)
    assert hashlib.sha256(b"".join(store.stream(key))).digest() == hashlib.sha256(data).digest()


def test_server_that_stays_busy_is_unavailable_for_now(
    store: S3Store, proxy: FaultyProxy, key: BlobKey
) -> None:
    proxy.inject("PUT", *[Fault.UNAVAILABLE] * 3)
    with pytest.raises(StoreUnavailable) as refused:
        put(store, key, b"bytes")
    assert (refused.value.fault, refused.value.permanent) == ("SlowDown", False)
    assert [method for method, _ in proxy.requests] == ["PUT"] * 3


@pytest.mark.parametrize("method", ["PUT", "GET", "DELETE"])
def test_refused_credentials_need_a_person(
    store: S3Store, proxy: FaultyProxy, key: BlobKey, method: str
) -> None:
    proxy.inject(method, Fault.FORBIDDEN)
    acts: dict[str, Callable[[], object]] = {
        "PUT": lambda: put(store, key, b"bytes"),
        "GET": lambda: store.read(key, 0, 1),
        "DELETE": lambda: store.delete(key),
    }
    with pytest.raises(StoreUnavailable) as refused:
        acts[method]()
    assert (refused.value.fault, refused.value.permanent) == ("AccessDenied", True)


def test_missing_bucket_needs_a_person_and_is_no_missing_blob(
    new_s3_store: Callable[..., S3Store], key: BlobKey
) -> None:
    store = new_s3_store()
    store._reads.bucket = "no-such-bucket"
    with pytest.raises(StoreUnavailable) as refused:
        store.read(key, 0, 1)
    assert (refused.value.fault, refused.value.permanent) == ("NoSuchBucket", True)


def test_nobody_listening_is_unavailable_for_now(new_s3_store: Callable[..., S3Store], key: BlobKey) -> None:
    store = new_s3_store(endpoint="http://127.0.0.1:9")
    with pytest.raises(StoreUnavailable) as refused:
        store.read(key, 0, 1)
    assert (refused.value.fault, refused.value.permanent) == ("EndpointConnectionError", False)


def test_body_that_breaks_off_is_read_again(store: S3Store, proxy: FaultyProxy, key: BlobKey) -> None:
    put(store, key, LARGE)
    proxy.inject("GET", Fault.CUT_BODY)
    assert store.read(key, 100, 4 << 20) == LARGE[100 : 100 + (4 << 20)]


def test_body_that_breaks_off_twice_is_unavailable(store: S3Store, proxy: FaultyProxy, key: BlobKey) -> None:
    put(store, key, LARGE)
    proxy.inject("GET", Fault.CUT_BODY, Fault.CUT_BODY)
    with pytest.raises(StoreUnavailable) as refused:
        store.read(key, 0, 4 << 20)
    assert refused.value.permanent is False


def test_range_reads_no_more_than_the_range(store: S3Store, proxy: FaultyProxy, key: BlobKey) -> None:
    put(store, key, LARGE)
    proxy.requests.clear()
    assert store.read(key, 1_000_000, 16) == LARGE[1_000_000:1_000_016]
    assert [method for method, _ in proxy.requests] == ["GET"]


def test_server_without_ranges_is_found_out(store: S3Store, proxy: FaultyProxy, key: BlobKey) -> None:
    put(store, key, b"0123456789")
    proxy.inject("GET", Fault.IGNORE_RANGE)
    with pytest.raises(StoreUnavailable) as refused:
        store.read(key, 3, 4)
    assert refused.value.permanent is True


def test_slow_read_is_given_up_after_its_time(
    proxy: FaultyProxy, new_s3_store: Callable[..., S3Store], key: BlobKey
) -> None:
    store = new_s3_store(endpoint=proxy.endpoint, read_timeout=0.3)
    put(store, key, b"bytes")
    proxy.inject("GET", Fault.SLOW, Fault.SLOW)
    start = time.monotonic()
    with pytest.raises(StoreUnavailable) as refused:
        store.read(key, 0, 5)
    assert (refused.value.fault, refused.value.permanent) == ("ReadTimeoutError", False)
    assert time.monotonic() - start < 2.5


def test_slow_write_is_waited_for(store: S3Store, proxy: FaultyProxy, key: BlobKey) -> None:
    proxy.inject("PUT", Fault.SLOW)
    put(store, key, b"bytes")
    assert [method for method, _ in proxy.requests] == ["PUT", "HEAD"]


def test_object_under_a_foreign_key_is_read_back_before_it_counts(
    store: S3Store, proxy: FaultyProxy, key: BlobKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store._writes, "write_parameters", lambda _: {"ServerSideEncryption": "aws:kms"})
    put(store, key, b"bytes")
    assert [method for method, _ in proxy.requests] == ["PUT", "HEAD", "GET"]
    other = BlobKey(ALICE, key.tenant_id)
    proxy.inject("PUT", Fault.CORRUPT_AFTER_CHECK)
    with pytest.raises(BlobMangled):
        put(store, other, b"bytes")
    with pytest.raises(BlobMissing):
        store.size(other)


def test_spool_without_room_is_unavailable_and_closed(
    new_s3_store: Callable[..., S3Store], key: BlobKey
) -> None:
    with pytest.raises(StoreUnavailable) as refused:
        new_s3_store(spool="/nowhere").create(key)
    assert (refused.value.fault, refused.value.permanent) == ("ENOENT", True)


def test_store_says_nothing_of_its_secret(new_s3_store: Callable[..., S3Store]) -> None:
    store = new_s3_store(access_key="AKIA", secret_key="s3cr3t")
    assert "s3cr3t" not in repr(store) + repr(store._reads) + repr(vars(store))


def test_forked_process_takes_no_sockets_along(
    new_s3_store: Callable[..., S3Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = new_s3_store()._reads
    parents = connection.client
    assert connection.client is parents
    monkeypatch.setattr("os.getpid", lambda: -1)
    assert connection.client is not parents
