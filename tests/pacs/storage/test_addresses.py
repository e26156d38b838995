"""Addresses of stores as the environment gives them."""

import pytest

from pacs.storage.addresses import BadStoreAddress, storage_settings


def test_file_address_is_a_folder() -> None:
    assert storage_settings("file:///srv/pacs%20blobs/primary") == {
        "BACKEND": "pacs.storage.disk.DiskStore",
        "OPTIONS": {"location": "/srv/pacs blobs/primary"},
    }


def test_s3_address_with_everything() -> None:
    url = (
        "s3://AKIA:se%2Fcret@archive/clinics/a?endpoint=http://127.0.0.1:9000&region=sa-east-1"
        "&addressing=path&read_timeout=1.5&create_only=head&spool=/var/spool/pacs"
    )
    assert storage_settings(url) == {
        "BACKEND": "pacs.storage.s3.S3Store",
        "OPTIONS": {
            "bucket": "archive",
            "prefix": "clinics/a",
            "access_key": "AKIA",
            "secret_key": "se/cret",
            "endpoint": "http://127.0.0.1:9000",
            "region": "sa-east-1",
            "addressing": "path",
            "read_timeout": 1.5,
            "create_only": "head",
            "spool": "/var/spool/pacs",
        },
    }


def test_s3_address_of_a_whole_bucket() -> None:
    assert storage_settings("s3://archive") == {
        "BACKEND": "pacs.storage.s3.S3Store",
        "OPTIONS": {"bucket": "archive", "prefix": ""},
    }


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/srv/blobs",
        "file://",
        "file:///",
        "file://srv/blobs",
        "file:///srv?x=1",
        "file:///srv#x",
        "ftp://host/x",
        "s3://",
        "s3:///prefix",
        "s3://bucket/x#y",
        "s3://bucket?regoin=eu-west-1",
        "s3://bucket?region=",
        "s3://bucket?region=a&region=b",
        "s3://bucket?read_timeout=soon",
        "s3://onlykey@bucket",
        "s3://[bucket",
    ],
)
def test_bad_address_is_refused(url: str) -> None:
    with pytest.raises(BadStoreAddress):
        storage_settings(url)


def test_refusal_does_not_repeat_the_secret() -> None:
    with pytest.raises(BadStoreAddress) as refused:
        storage_settings("s3://AKIA:s3cr3t@bucket?bad=1")
    assert "s3cr3t" not in str(refused.value)
