"""What any release ever sealed opens, here and without our code (FORMAT.md §10)."""

import hashlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TypedDict
from uuid import UUID

import pytest

from tenants.crypto import envelope
from tenants.crypto.envelope import open_bytes
from tenants.crypto.keyring import StaticKeyring, TenantKey
from tests.vectors.sealed.make_golden import GOLDEN, HERE, MANIFEST, Golden

FORMAT = Path(envelope.__file__).with_name("FORMAT.md")


class NamedKey(TypedDict):
    id: str
    version: int
    secret: str


class Summary(TypedDict):
    size: int
    sha256: str


class Entry(TypedDict):
    name: str
    kind: int
    tenant_id: str
    object_id: str
    key: NamedKey
    plain: Summary
    sealed: Summary


ENTRIES: list[Entry] = json.loads(MANIFEST.read_text())
EXPECTED_NAMES = {
    *(f"size-{size}" for size in (0, 1, 65503, 65504, 65505)),
    "three-segments",
    *(f"kind-{kind}" for kind in range(1, 10)),
    "key-version-2",
}


def by_name(entry: Entry) -> str:
    return entry["name"]


@pytest.mark.parametrize("entry", ENTRIES, ids=by_name)
def test_golden_object_opens(entry: Entry) -> None:
    sealed = (HERE / f"{entry['name']}.sealed").read_bytes()
    key = TenantKey(UUID(entry["key"]["id"]), entry["key"]["version"], bytes.fromhex(entry["key"]["secret"]))
    tenant_id = UUID(entry["tenant_id"])

    opened = open_bytes(
        sealed,
        keyring=StaticKeyring(tenant_id, [key]),
        tenant_id=tenant_id,
        object_id=UUID(entry["object_id"]),
    )

    assert hashlib.sha256(sealed).hexdigest() == entry["sealed"]["sha256"]
    assert len(opened) == entry["plain"]["size"]
    assert hashlib.sha256(opened).hexdigest() == entry["plain"]["sha256"]


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: golden.name)
def test_writer_still_makes_the_same_bytes(golden: Golden) -> None:
    data, sealed = golden.seal()

    assert data == (HERE / f"{golden.name}.sealed").read_bytes()
    assert (sealed.size, sealed.plain_size) == (len(data), golden.plain_size)
    assert sealed.sha256 == hashlib.sha256(data).digest()
    assert sealed.header == data[:178]


def test_no_golden_object_is_lost() -> None:
    assert {entry["name"] for entry in ENTRIES} == EXPECTED_NAMES
    assert {path.stem for path in HERE.glob("*.sealed")} == EXPECTED_NAMES


def test_independent_decoder_opens_the_golden_objects() -> None:
    node = shutil.which("node")
    if node is None and not os.environ.get("CI"):
        pytest.skip("needs node")

    answer = subprocess.run(
        [node or "node", str(HERE / "open.mjs")], capture_output=True, text=True, check=True, timeout=60
    )

    assert answer.stdout.splitlines() == [f"{entry['name']} {entry['plain']['sha256']}" for entry in ENTRIES]


def test_example_of_the_specification_is_the_golden_object_of_one_byte() -> None:
    example = FORMAT.read_text().split("## 9. An example")[1].split("## 10.")[0]
    object_lines = re.findall(r"^ {0,2}\d+ .*? ([0-9a-f]+)$", example, flags=re.MULTILINE)
    entry = next(entry for entry in ENTRIES if entry["name"] == "size-1")

    assert bytes.fromhex("".join(object_lines)) == (HERE / "size-1.sealed").read_bytes()
    assert entry["key"]["secret"] in example
    assert hashlib.sha256(b"\x14").hexdigest() == entry["plain"]["sha256"]
