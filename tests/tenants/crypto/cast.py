"""Two clinics with their keys, and how the tests of this folder seal and open."""

from uuid import UUID

from tenants.crypto.envelope import HEADER_SIZE, CannotOpen, KeyUnavailable, Kind, Opener, seal_bytes
from tenants.crypto.keyring import PROVIDER, StaticKeyring, TenantKey

PIECE = 65504
SEGMENT = 65536

OBJECT = UUID("33333333-3333-4333-8333-333333333333")
OTHER_OBJECT = UUID("44444444-4444-4444-8444-444444444444")
KEY = TenantKey(UUID("55555555-5555-4555-8555-555555555555"), 7, bytes(range(32)))
CLINIC = StaticKeyring(UUID("11111111-1111-4111-8111-111111111111"), [KEY])
OTHER_CLINIC = StaticKeyring(UUID("22222222-2222-4222-8222-222222222222"), [KEY])
OURSELVES = StaticKeyring(PROVIDER, [KEY])


def plain(size: int) -> bytes:
    """Return bytes in which every position of a segment differs from the same one of its neighbours."""
    return (bytes(range(251)) * (size // 251 + 1))[:size]


def seal(data: bytes, *, keyring: StaticKeyring = CLINIC, object_id: UUID = OBJECT) -> bytes:
    """Seal an instance."""
    return seal_bytes(data, keyring=keyring, object_id=object_id, kind=Kind.INSTANCE)[0]


def opener(sealed: bytes | memoryview, *, size: int | None = None) -> Opener:
    """Open the clinic's object, of the stated or its real size."""
    return Opener(
        bytes(sealed[:HEADER_SIZE]),
        keyring=CLINIC,
        tenant_id=CLINIC.tenant_id,
        object_id=OBJECT,
        size=len(sealed) if size is None else size,
    )


def read(sealed: bytes | memoryview, start: int, stop: int, *, size: int | None = None) -> bytes:
    """Read a range of the clinic's object."""
    view = memoryview(sealed)
    return b"".join(opener(sealed, size=size).read(lambda at, length: view[at : at + length], start, stop))


THREE = 2 * PIECE + 1000
SEALED = seal(plain(THREE))
HEADER, BODY = SEALED[:HEADER_SIZE], SEALED[HEADER_SIZE:]
SEGMENTS = [BODY[:SEGMENT], BODY[SEGMENT : 2 * SEGMENT], BODY[2 * SEGMENT :]]


def released(
    sealed: bytes | memoryview, *, size: int | None = None
) -> tuple[list[bytes], type[Exception] | None]:
    """Read to the end; return what came out and the refusal."""
    view, pieces = memoryview(sealed), []
    try:
        opened = opener(sealed, size=size)
        for piece in opened.read(lambda at, length: view[at : at + length], 0, opened.plain_size):
            pieces.append(piece)
    except (CannotOpen, KeyUnavailable) as refusal:
        return pieces, type(refusal)
    return pieces, None


def assert_refused(sealed: bytes | memoryview, *errors: type[Exception], whole_pieces: int = 0) -> None:
    """Whatever came out before the refusal is unaltered, and exactly so many segments."""
    pieces, refusal = released(sealed)
    assert refusal in errors
    assert b"".join(pieces) == plain(THREE)[: whole_pieces * PIECE]
