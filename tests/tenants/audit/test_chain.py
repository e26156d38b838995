"""The audit chain's bytes, and that whoever changes a row is found out."""

import json
from hashlib import sha256
from pathlib import Path
from typing import TypedDict
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.audit.chain import (
    ChainBroken,
    Head,
    Row,
    RowAltered,
    RowMisplaced,
    RowMissing,
    canonical,
    first_link,
    leaf,
    next_link,
    start,
    tree_root,
    verify,
)


class VectorRow(TypedDict):
    seq: int
    values: dict[str, object]
    event: str
    leaf: str
    link: str


class Vector(TypedDict):
    tenant: str
    first_link: str
    rows: list[VectorRow]
    tree_root: str


VECTORS: list[Vector] = json.loads(
    (Path(__file__).parents[2] / "vectors" / "audit" / "chain.json").read_text()
)
"""Two chains of three events; made with the standard library alone."""

CLINIC = UUID("11111111-1111-4111-8111-111111111111")
OTHER_CLINIC = UUID("22222222-2222-4222-8222-222222222222")


def event(seq: int, *, tenant: UUID = CLINIC, subtype: str = "study-opened") -> bytes:
    return canonical(
        {"v": 1, "tenant": str(tenant), "seq": seq, "subject": {"kind": "study"}, "from": subtype}
    )


def chain_of(count: int, *, tenant: UUID = CLINIC) -> list[Row]:
    rows, link = [], first_link(tenant)
    for seq in range(1, count + 1):
        link = next_link(link, leaf(event(seq, tenant=tenant)))
        rows.append(Row(seq, event(seq, tenant=tenant), link))
    return rows


def relinked(rows: list[Row], *, tenant: UUID = CLINIC) -> list[Row]:
    """Do what someone would who can write every row: compute all links anew."""
    link, forged = first_link(tenant), []
    for row in rows:
        link = next_link(link, leaf(row.event))
        forged.append(row._replace(link=link))
    return forged


def first_bad(rows: list[Row], *, tenant: UUID = CLINIC, after: Head | None = None) -> ChainBroken:
    with pytest.raises(ChainBroken) as broken:
        verify(rows, tenant=tenant, after=after)
    return broken.value


@pytest.mark.parametrize("vector", VECTORS, ids=("clinic", "provider"))
def test_chain_has_the_bytes_of_the_format(vector: Vector) -> None:
    link = first_link(UUID(vector["tenant"]))
    assert link.hex() == vector["first_link"]

    for row in vector["rows"]:
        stored = canonical(row["values"])
        link = next_link(link, leaf(stored))
        assert stored.decode() == row["event"]
        assert leaf(stored).hex() == row["leaf"]
        assert link.hex() == row["link"]


@pytest.mark.parametrize("vector", VECTORS, ids=("clinic", "provider"))
def test_chain_of_the_format_is_verified(vector: Vector) -> None:
    rows = [Row(row["seq"], row["event"].encode(), bytes.fromhex(row["link"])) for row in vector["rows"]]

    assert verify(rows, tenant=UUID(vector["tenant"])) == Head(3, rows[2].link)
    assert tree_root(leaf(row.event) for row in rows).hex() == vector["tree_root"]


def test_canonical_bytes_are_those_of_rfc_8785() -> None:
    sample = {
        "numbers": [333333333.33333329, 1e30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": '\u20ac$\u000f\nA\'B"\\\\"/',
        "literals": [None, True, False],
    }

    assert canonical(sample) == (
        b'{"literals":[null,true,false],'
        b'"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        b'"string":"\xe2\x82\xac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )


def test_members_are_sorted_by_utf_16_code_units() -> None:
    assert canonical({"\ufb33": 1, "\U0001f600": 2, "1": 3, "\u20ac": 4, "\r": 5}) == (
        '{"\\r":5,"1":3,"\u20ac":4,"\U0001f600":2,"\ufb33":1}'.encode()
    )


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**53, b"bytes", "\ud800", {1: 2}, CLINIC])
def test_what_json_cannot_say_is_no_event(value: object) -> None:
    with pytest.raises(ValueError):
        canonical({"value": value})


def test_whole_chain_is_verified_to_its_head() -> None:
    rows = chain_of(100)

    assert verify(rows, tenant=CLINIC) == Head(100, rows[99].link)


def test_empty_chain_leads_to_its_start() -> None:
    assert verify([], tenant=CLINIC) == start(CLINIC) == Head(0, sha256(b"\1" + CLINIC.bytes).digest())


def test_range_is_verified_from_a_trusted_head() -> None:
    rows = chain_of(100)

    assert verify(rows[40:60], tenant=CLINIC, after=Head(40, rows[39].link)) == Head(60, rows[59].link)


def test_range_does_not_follow_another_head() -> None:
    rows = chain_of(100)

    assert first_bad(rows[40:60], after=Head(40, rows[38].link)).seq == 41
    assert isinstance(first_bad(rows[40:60], after=Head(39, rows[39].link)), RowMissing)


@given(st.integers(1, 40), st.data())
def test_first_altered_row_is_named(seq: int, data: st.DataObject) -> None:
    rows = chain_of(40)
    row = rows[seq - 1]
    bit = data.draw(st.integers(0, len(row.event) * 8 - 1))
    altered = bytearray(row.event)
    altered[bit // 8] ^= 1 << bit % 8
    rows[seq - 1] = row._replace(event=bytes(altered))

    broken = first_bad(rows)

    assert broken.seq == seq
    assert isinstance(broken, RowAltered | RowMisplaced)


@pytest.mark.parametrize("seq", [1, 2, 20, 40])
def test_altered_link_is_named(seq: int) -> None:
    rows = chain_of(40)
    rows[seq - 1] = rows[seq - 1]._replace(link=bytes(32))

    broken = first_bad(rows)

    assert (type(broken), broken.seq) == (RowAltered, seq)


@pytest.mark.parametrize("seq", [1, 2, 20, 39])
def test_removed_row_is_named(seq: int) -> None:
    rows = chain_of(40)
    del rows[seq - 1]

    broken = first_bad(rows)

    assert (type(broken), broken.seq) == (RowMissing, seq)


def test_removed_row_is_named_though_the_rest_was_numbered_anew() -> None:
    rows = chain_of(40)
    del rows[19]

    broken = first_bad(relinked([row._replace(seq=seq) for seq, row in enumerate(rows, start=1)]))

    assert (type(broken), broken.seq) == (RowMisplaced, 20)


def test_inserted_row_is_named() -> None:
    rows = chain_of(40)
    rows.insert(19, rows[19])

    broken = first_bad(rows)

    assert (type(broken), broken.seq) == (RowMissing, 21)


def test_exchanged_rows_are_named() -> None:
    rows = chain_of(40)
    rows[9], rows[19] = rows[9]._replace(event=rows[19].event), rows[19]._replace(event=rows[9].event)

    broken = first_bad(rows)

    assert (type(broken), broken.seq) == (RowMisplaced, 10)


def test_altered_row_is_named_though_its_own_link_was_made_to_fit() -> None:
    rows = chain_of(40)
    forged = event(20, subtype="study-closed")
    rows[19] = Row(20, forged, next_link(rows[18].link, leaf(forged)))

    broken = first_bad(rows)

    assert (type(broken), broken.seq) == (RowAltered, 21)


def test_another_clinics_row_is_named() -> None:
    rows, foreign = chain_of(40), chain_of(40, tenant=OTHER_CLINIC)
    rows[19] = foreign[19]

    broken = first_bad(rows)

    assert (type(broken), broken.seq) == (RowMisplaced, 20)


def test_another_clinics_chain_is_none_of_ours() -> None:
    foreign = chain_of(40, tenant=OTHER_CLINIC)

    assert first_bad(foreign).seq == 1
    assert first_bad(relinked(foreign)).seq == 1


def test_cut_tail_and_forged_chain_show_in_the_head() -> None:
    rows = chain_of(40)
    honest = verify(rows, tenant=CLINIC)
    rows[19] = rows[19]._replace(event=event(20, subtype="study-closed"))

    assert verify(chain_of(40)[:39], tenant=CLINIC) == Head(39, rows[38].link) != honest
    assert verify(relinked(rows), tenant=CLINIC) != honest
    assert tree_root(leaf(row.event) for row in rows) != tree_root(leaf(row.event) for row in chain_of(40))


def test_place_is_not_taken_from_a_text_inside_the_event() -> None:
    claim = f',"seq":1,"subject":{{}},"tenant":"{CLINIC}","v":1}}'
    lying = canonical({"v": 1, "tenant": str(CLINIC), "seq": 2, "subject": {"id": claim}, "from": claim})

    broken = first_bad([Row(1, lying, next_link(first_link(CLINIC), leaf(lying)))])

    assert (type(broken), broken.seq) == (RowMisplaced, 1)
