"""The audit chain: an event's bytes, how rows are linked, and where a chain is broken.

`||` is concatenation, H is SHA-256, a tenant id is its 16 bytes (the nil UUID for events without a clinic).

- event: canonical JSON (RFC 8785) with the members `action`, `actor`, `at`, `details`, `event`, `from`,
  `outcome`, `seq`, `subject`, `subtype`, `tenant` and `v` (1), which canonical order puts in this order.
- chain: leaf_n = H(00 || event n); link_0 = H(01 || tenant id); link_n = H(01 || link_{n-1} || leaf_n).
- tree: the Merkle tree hash of RFC 6962 §2.1 over the events; its leaf hashes are the same leaves.

What is hashed are the bytes that were stored. Nothing is serialised again to verify it.
"""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

import rfc8785


class Row(NamedTuple):
    """An event as it is stored."""

    seq: int
    event: bytes
    link: bytes


class Head(NamedTuple):
    """The end of a chain, or of a range of it: its last `seq` and link."""

    seq: int
    link: bytes


class ChainBroken(Exception):
    """A row is not what was recorded at its place; the subclass says why. Carries the first such `seq`."""

    def __init__(self, seq: int) -> None:
        super().__init__(seq)
        self.seq = seq


class RowMissing(ChainBroken):
    """No row has this `seq`, where one must be: it was removed, numbered anew, or moved."""


class RowMisplaced(ChainBroken):
    """The event says of itself that it belongs to another place or another tenant."""


class RowAltered(ChainBroken):
    """The link does not follow from the event and the link before."""


def canonical(event: Mapping[str, object]) -> bytes:
    """Return the bytes of these JSON values (RFC 8785); raises ValueError for what is none."""
    return rfc8785.dumps(dict(event))  # type: ignore[arg-type]  # it refuses at run time what is not JSON


def leaf(event: bytes) -> bytes:
    """Return the hash by which the chain and the tree know an event."""
    return sha256(b"\0" + event).digest()


def first_link(tenant: UUID) -> bytes:
    """Return the link before the first event, so that two tenants' chains differ from the start."""
    return sha256(b"\1" + tenant.bytes).digest()


def next_link(previous: bytes, leaf: bytes) -> bytes:
    """Return the link after `previous` for an event's leaf."""
    return sha256(b"\1" + previous + leaf).digest()


def start(tenant: UUID) -> Head:
    """Return the head of a chain without events."""
    return Head(0, first_link(tenant))


def verify(rows: Iterable[Row], *, tenant: UUID, after: Head | None = None) -> Head:
    """Return the head that these rows, in order, lead to; raises ChainBroken at the first bad one.

    They follow `after`, a head that is trusted, or else the start of the tenant's chain. A tail that was cut
    off shows only when the caller compares the returned head with the one that was stored or signed.
    """
    seq, link = after or start(tenant)
    last_members = b'"tenant":"%s","v":1}' % str(tenant).encode()
    for stated_seq, event, stated_link in rows:
        seq += 1
        if stated_seq != seq:
            raise RowMissing(seq)
        # A quote inside a string is escaped, so these bytes can only be the members themselves.
        if b',"seq":%d,"subject":' % seq not in event or not event.endswith(last_members):
            raise RowMisplaced(seq)
        link = next_link(link, leaf(event))
        if link != stated_link:
            raise RowAltered(seq)
    return Head(seq, link)


def tree_root(leaves: Iterable[bytes]) -> bytes:
    """Return the RFC 6962 tree hash over leaves, in one pass and with memory for one path."""
    subtrees: list[bytes] = []
    for count, leaf_hash in enumerate(leaves):
        node = leaf_hash
        for _ in range((count ^ (count + 1)).bit_length() - 1):  # as many as full subtrees end here
            node = _parent(subtrees.pop(), node)
        subtrees.append(node)
    if not subtrees:
        return sha256().digest()
    root = subtrees.pop()
    while subtrees:
        root = _parent(subtrees.pop(), root)
    return root


def _parent(left: bytes, right: bytes) -> bytes:
    return sha256(b"\1" + left + right).digest()
