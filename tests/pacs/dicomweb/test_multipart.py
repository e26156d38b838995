"""multipart/related, read from any stream and written for any client."""

import email
import io
import tracemalloc
from collections.abc import Callable, Iterator
from typing import ClassVar

import pytest
from dicomweb_client.web import DICOMwebClient
from hypothesis import given
from hypothesis import strategies as st

from pacs.dicomweb.multipart import (
    BadMultipart,
    CutOff,
    Fault,
    Limits,
    boundary_of,
    length_of,
    new_boundary,
    read_parts,
    write_parts,
)

B = b"boundary-7"
NORMAL = Limits()


def trickle(body: bytes, sizes: Iterator[int]) -> Callable[[int], bytes]:
    stream = io.BytesIO(body)
    return lambda limit: stream.read(min(limit, next(sizes)))


def in_pieces(body: bytes, size: int) -> Callable[[int], bytes]:
    return trickle(body, iter(lambda: size, None))


def parts_of(
    body: bytes, *, size: int = 1 << 20, limits: Limits = NORMAL
) -> list[tuple[dict[str, str], bytes]]:
    return [
        (dict(part.headers), b"".join(part.chunks()))
        for part in read_parts(in_pieces(body, size), B, limits=limits)
    ]


def body_of(*parts: bytes, head: bytes = b"Content-Type: application/dicom") -> bytes:
    return b"".join(b"--%b\r\n%b\r\n\r\n%b\r\n" % (B, head, part) for part in parts) + b"--%b--" % B


DICOM = {"content-type": "application/dicom"}


def test_parts_come_in_order_with_headers_and_bytes() -> None:
    assert parts_of(body_of(b"one", b"", b"three")) == [(DICOM, b"one"), (DICOM, b""), (DICOM, b"three")]


@pytest.mark.parametrize("size", range(1, 80))
def test_split_at_every_place_changes_nothing(size: int) -> None:
    body = b"preamble\r\n" + body_of(b"\r\n--boundary-", b"\r\n--\r\n", b"-boundary-7 \r", b"\r\n" * 9)
    expected = [b"\r\n--boundary-", b"\r\n--\r\n", b"-boundary-7 \r", b"\r\n" * 9]
    assert [content for _, content in parts_of(body, size=size)] == expected


PIECES = st.sampled_from(
    [b"\r", b"\n", b"--", b"boundary", b"-7", b"\r\n--boundary", b"\r\n--", b"x", b"\0\xff"]
)


@given(
    contents=st.lists(st.lists(PIECES, max_size=12).map(b"".join), min_size=1, max_size=5),
    sizes=st.lists(st.integers(1, 40), min_size=1),
    preamble=st.sampled_from([b"", b"\r\n", b"words\r\n", b"\r\n--boundary-6\r\n\r\n"]),
    epilogue=st.sampled_from([b"", b"\r\n", b"words", b"\r\n--boundary-7\r\n\r\nnot a part"]),
)
def test_any_bytes_in_any_pieces_come_back(
    contents: list[bytes], sizes: list[int], preamble: bytes, epilogue: bytes
) -> None:
    contents = [content.replace(b"--boundary-7", b"") for content in contents]
    contents = [content for content in contents if b"--boundary-7" not in content] or [b""]
    stream = trickle(preamble + body_of(*contents) + epilogue, iter(sizes * 10_000))
    assert [b"".join(part.chunks()) for part in read_parts(stream, B)] == contents


@given(st.integers(0, 200), st.integers(1, 30))
def test_body_cut_anywhere_delivers_what_was_whole_and_says_so(cut: int, size: int) -> None:
    body = body_of(b"first", b"second" * 5, b"third")
    whole = len(body)
    got: list[bytes] = []
    try:
        for part in read_parts(in_pieces(body[: min(cut, whole)], size), B):
            got.append(b"".join(part.chunks()))
    except CutOff:
        assert cut < whole
    else:
        assert cut >= whole
    assert got == [b"first", b"second" * 5, b"third"][: len(got)]


def test_part_that_nobody_reads_is_skipped() -> None:
    parts = read_parts(io.BytesIO(body_of(b"skipped" * 100_000, b"read")).read, B)
    next(parts)
    assert b"".join(next(parts).chunks()) == b"read"


def test_part_read_by_half_is_skipped_to_its_end() -> None:
    parts = read_parts(in_pieces(body_of(b"a" * 5000, b"read"), 100), B)
    beginning = next(next(parts).chunks())
    assert beginning == b"a" * len(beginning)
    assert 0 < len(beginning) < 100
    assert b"".join(next(parts).chunks()) == b"read"


def test_nothing_after_the_closing_boundary_is_read() -> None:
    stream = io.BytesIO(body_of(b"x") + b"\r\n" + bytes(5_000_000))
    assert len(list(read_parts(stream.read, B))) == 1
    assert stream.tell() <= 256 * 1024


def test_part_without_headers_or_body() -> None:
    assert parts_of(b"--boundary-7\r\n\r\nbody\r\n--boundary-7\r\n\r\n\r\n--boundary-7--") == [
        ({}, b"body"),
        ({}, b""),
    ]


def test_empty_body_may_share_its_line_break_with_the_delimiter() -> None:
    body = b"--boundary-7\r\nContent-Type: a/b\r\n\r\n--boundary-7\r\n\r\nx\r\n--boundary-7--"
    assert parts_of(body) == [({"content-type": "a/b"}, b""), ({}, b"x")]


def test_delimiter_may_be_followed_by_padding() -> None:
    assert parts_of(b"--boundary-7 \t \r\nA: b\r\n\r\nx\r\n--boundary-7--") == [({"a": "b"}, b"x")]


def test_folded_header_is_one_line() -> None:
    head = b'Content-Type: application/dicom;\r\n\ttransfer-syntax="1.2"\r\nContent-Location:  /x '
    ((headers, _),) = parts_of(body_of(b"x", head=head))
    assert headers == {
        "content-type": 'application/dicom; transfer-syntax="1.2"',
        "content-location": "/x",
    }


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b"", Fault.CUT_OFF),
        (b"no boundary here", Fault.CUT_OFF),
        (b"x" * 70_000, Fault.NO_FIRST_BOUNDARY),
        (body_of(b"x").replace(b"\r\n", b"\n"), Fault.CUT_OFF),
        (b"--boundary-7junk\r\nA: b\r\n\r\nx\r\n--boundary-7--", Fault.BAD_DELIMITER),
        (b"--boundary-7\r\nno colon\r\n\r\nx\r\n--boundary-7--", Fault.BAD_HEADER),
        (b"--boundary-7\r\nBad Name: x\r\n\r\nx\r\n--boundary-7--", Fault.BAD_HEADER),
        (b"--boundary-7\r\nA: \0\r\n\r\nx\r\n--boundary-7--", Fault.BAD_HEADER),
        (b"--boundary-7\r\nA: 1\r\na: 2\r\n\r\nx\r\n--boundary-7--", Fault.BAD_HEADER),
        (b"--boundary-7\r\nA: " + b"x" * 20_000 + b"\r\n\r\nx\r\n--boundary-7--", Fault.LONG_HEADER),
        (b"--boundary-7\r\nA: " + b"x" * (1 << 20), Fault.LONG_HEADER),
        (body_of(b"x", head=b'Content-Type: Multipart/Mixed; boundary="y"'), Fault.NESTED),
        (body_of(b"x", head=b"Content-Transfer-Encoding: base64"), Fault.ENCODED),
        (body_of(*[b""] * 10_000), Fault.EMPTY_PARTS),
    ],
)
def test_body_that_breaks_a_rule_is_refused(body: bytes, fault: Fault) -> None:
    with pytest.raises(BadMultipart) as refused:
        parts_of(body)
    assert refused.value.fault is fault


def test_as_many_parts_as_the_limit_and_no_more() -> None:
    assert len(parts_of(body_of(*[b"x"] * 5), limits=Limits(parts=5))) == 5
    with pytest.raises(BadMultipart) as refused:
        parts_of(body_of(*[b"x"] * 6), limits=Limits(parts=5))
    assert refused.value.fault is Fault.TOO_MANY_PARTS


def test_hundred_thousand_small_parts_are_read() -> None:
    assert len(parts_of(body_of(*[b"x"] * 100_000))) == 100_000


def test_large_part_costs_little_memory() -> None:
    left = [256]

    def read(limit: int) -> bytes:
        left[0] -= 1
        if left[0] == 255:
            return b"--boundary-7\r\n\r\n"
        return bytes(limit) if left[0] > 0 else b"\r\n--boundary-7--"

    tracemalloc.start()
    size = sum(len(chunk) for part in read_parts(read, B) for chunk in part.chunks())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size == 254 * 256 * 1024
    assert peak < 2_000_000


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        ("multipart/related; boundary=abc", b"abc"),
        ('Multipart/Related; type="application/dicom"; boundary="a b:c"', b"a b:c"),
        ("multipart/related;type=application/dicom;boundary=--x/y=1--", b"--x/y=1--"),
        ("multipart/related; BOUNDARY=abc; charset=utf-8", b"abc"),
        ("multipart/related; boundary=" + "x" * 200, b"x" * 200),
    ],
)
def test_boundary_is_found_as_clients_write_it(content_type: str, boundary: bytes) -> None:
    assert boundary_of(content_type) == boundary


@pytest.mark.parametrize(
    ("content_type", "fault"),
    [
        ("", Fault.NOT_MULTIPART),
        ("application/dicom", Fault.NOT_MULTIPART),
        ("multipart/related; boundary=a; boundary=b", Fault.NOT_MULTIPART),
        ("multipart/related", Fault.BAD_BOUNDARY),
        ('multipart/related; boundary=""', Fault.BAD_BOUNDARY),
        ('multipart/related; boundary="ends in space "', Fault.BAD_BOUNDARY),
        ("multipart/related; boundary=" + "x" * 201, Fault.BAD_BOUNDARY),
        ("multipart/related; boundary=" + "x" * 10_000, Fault.BAD_BOUNDARY),
        ("multipart/related; boundary=é", Fault.BAD_BOUNDARY),
    ],
)
def test_content_type_without_a_good_boundary_is_refused(content_type: str, fault: Fault) -> None:
    with pytest.raises(BadMultipart) as refused:
        boundary_of(content_type)
    assert refused.value.fault is fault


def test_what_we_write_the_standard_library_reads() -> None:
    boundary = new_boundary()
    parts = [({"Content-Type": "image/jpeg", "Content-Location": "/x"}, [b"ab", b"c"]), ({}, [b"\r\n"])]
    body = b"".join(write_parts(parts, boundary))
    message = email.message_from_bytes(
        f"Content-Type: multipart/related; boundary={boundary}\r\n\r\n".encode() + body
    )
    read = [part for part in message.walk() if not part.is_multipart()]
    assert [part["Content-Location"] for part in read] == ["/x", None]
    assert [part.get_payload() for part in read] == ["abc", "\r\n"]


def test_what_we_write_we_read() -> None:
    body = b"".join(write_parts([({"A": "b"}, [b"1", b"2"]), ({}, []), ({}, [b"\r\n--"])], "boundary-7"))
    assert parts_of(body) == [({"a": "b"}, b"12"), ({}, b""), ({}, b"\r\n--")]


def test_length_is_known_before_anything_is_written() -> None:
    parts = [({"Content-Type": "application/dicom"}, 1000), ({}, 0), ({"A": "é"}, 7)]
    body = b"".join(write_parts([(headers, [bytes(size)]) for headers, size in parts], "abc"))
    assert length_of(parts, "abc") == len(body)


def test_header_with_a_line_break_is_not_written() -> None:
    with pytest.raises(BadMultipart):
        b"".join(write_parts([({"Content-Location": "/x\r\nSet-Cookie: y"}, [b""])], "abc"))


def test_dicomweb_client_and_we_understand_each_other() -> None:
    content_type = 'multipart/related; type="application/dicom"; boundary="boundary-7"'
    theirs = DICOMwebClient._encode_multipart_message([b"one", b"two"], content_type)
    assert parts_of(theirs) == [(DICOM, b"one"), (DICOM, b"two")]

    class Response:
        headers: ClassVar = {"content-type": content_type}
        content = b"".join(write_parts([({"Content-Type": "a/b"}, [b"one"]), ({}, [b"two"])], "boundary-7"))

        def __enter__(self) -> "Response":
            return self

        def __exit__(self, *_: object) -> None:
            pass

    client = DICOMwebClient("http://127.0.0.1")
    ours = client._decode_multipart_message(Response(), False)  # type: ignore[arg-type] # all that it reads
    assert [bytes(part) for part in ours] == [b"one", b"two"]
