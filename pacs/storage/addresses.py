"""The address of a store, as the environment gives it, in the words of Django's STORAGES. Knows no Django."""

from collections.abc import Callable
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

_S3_OPTIONS: dict[str, Callable[[str], str | float]] = {
    "endpoint": str,
    "region": str,
    "addressing": str,
    "create_only": str,
    "spool": str,
    "connect_timeout": float,
    "read_timeout": float,
    "write_timeout": float,
}


class BadStoreAddress(ValueError):
    """The address names no store. Says what is wrong, never the address: it may hold a password."""


def storage_settings(url: str) -> dict[str, object]:
    """This will return the entry of STORAGES for a store's address. Raises BadStoreAddress.

    ``file:///folder``, or ``s3://bucket/prefix?endpoint=…&region=…`` with an access key and its secret before
    the bucket (``s3://key:secret@bucket``, percent-encoded) or, without them, from the environment.
    """
    try:
        parts = urlsplit(url)
        build = {"file": _disk, "s3": _s3}[parts.scheme]
    except (KeyError, ValueError) as error:
        raise BadStoreAddress("scheme") from error
    return build(parts)


def _disk(parts: SplitResult) -> dict[str, object]:
    if parts.netloc or parts.query or parts.fragment:
        raise BadStoreAddress("only a path may follow file://")
    if not parts.path.startswith("/") or parts.path == "/":
        raise BadStoreAddress("path")
    return {"BACKEND": "pacs.storage.disk.DiskStore", "OPTIONS": {"location": unquote(parts.path)}}


def _s3(parts: SplitResult) -> dict[str, object]:
    bucket = parts.netloc.rpartition("@")[2]
    if not bucket or parts.fragment:
        raise BadStoreAddress("bucket")
    options: dict[str, object] = {"bucket": bucket, "prefix": unquote(parts.path).strip("/")}
    if parts.username and parts.password:
        options |= {"access_key": unquote(parts.username), "secret_key": unquote(parts.password)}
    elif parts.username or parts.password:
        raise BadStoreAddress("access key without its secret")
    return {"BACKEND": "pacs.storage.s3.S3Store", "OPTIONS": options | _options(parts.query)}


def _options(query: str) -> dict[str, object]:
    options: dict[str, object] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name not in _S3_OPTIONS or name in options or not value:
            raise BadStoreAddress(name)
        try:
            options[name] = _S3_OPTIONS[name](value)
        except ValueError as error:
            raise BadStoreAddress(name) from error
    return options
