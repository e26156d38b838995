"""multipart/related as a stream (RFC 2046 §5.1, RFC 2387), both ways, in constant memory.

The reader pulls from any ``read(n)``: under WSGI a chunked body is empty in Django's ``request.read()``, but
``wsgi.input`` has it. Lines end in CRLF and nothing else: bodies are binary, so a bare LF cannot be told from
image data, and every known client sends CRLF.
"""

import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pacs.dicomweb.media_types import BadMediaType, MediaType

READ_SIZE = 256 * 1024
_BOUNDARY = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*:[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*)")
_BINARY = {"", "binary", "8bit", "7bit"}


@dataclass(frozen=True)
class Limits:
    """What a body may cost. RFC 2046 allows boundaries of 70 characters; some clients write longer ones."""

    boundary_length: int = 200
    preamble_bytes: int = 64 * 1024
    header_bytes: int = 16 * 1024
    parts: int = 100_000
    empty_parts_in_a_row: int = 100


_LIMITS = Limits()


class Fault(StrEnum):
    """Which rule a body broke."""

    NOT_MULTIPART = "not-multipart"
    BAD_BOUNDARY = "bad-boundary"
    NO_FIRST_BOUNDARY = "no-first-boundary"
    BAD_DELIMITER = "bad-delimiter"
    BAD_HEADER = "bad-part-header"
    LONG_HEADER = "part-header-too-long"
    NESTED = "nested-multipart"
    ENCODED = "content-transfer-encoding"
    TOO_MANY_PARTS = "too-many-parts"
    EMPTY_PARTS = "too-many-empty-parts"
    CUT_OFF = "no-closing-boundary"


class BadMultipart(ValueError):
    """The body breaks a rule. Parts that were delivered whole before it stay good."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.value)
        self.fault = fault


class CutOff(BadMultipart):
    """The body ended before its closing boundary: the part that was being read is not whole."""

    def __init__(self) -> None:
        super().__init__(Fault.CUT_OFF)


@dataclass
class Part:
    """One part: its headers, names in lower case, and its body, there until the next part is asked for."""

    headers: Mapping[str, str]
    _chunks: Iterator[bytes] = field(repr=False)

    @property
    def content_type(self) -> str:
        """As the part says it, empty if it does not; then the ``type`` of the whole message holds."""
        return self.headers.get("content-type", "")

    def chunks(self) -> Iterator[bytes]:
        """This will yield the body in pieces, none of them empty. Raises CutOff if its end never comes."""
        return self._chunks


def boundary_of(content_type: str, *, limits: Limits = _LIMITS) -> bytes:
    """This will return the boundary that a Content-Type names. Raises BadMultipart."""
    try:
        media = MediaType.parse(content_type)
    except BadMediaType as error:
        raise BadMultipart(Fault.NOT_MULTIPART) from error
    if not media.name.startswith("multipart/"):
        raise BadMultipart(Fault.NOT_MULTIPART)
    boundary = media.parameters.get("boundary", "")
    if len(boundary) > limits.boundary_length or not _BOUNDARY.fullmatch(boundary):
        raise BadMultipart(Fault.BAD_BOUNDARY)
    return boundary.encode("ascii")


def read_parts(read: Callable[[int], bytes], boundary: bytes, *, limits: Limits = _LIMITS) -> Iterator[Part]:
    """This will yield each part of a body; what of a part was not read is skipped when the next is asked for.

    ``read(n)`` returns at most ``n`` bytes, none at the end. What follows the closing boundary is not read.
    Raises BadMultipart, CutOff, and whatever ``read`` raises.
    """
    body = _Body(read, boundary, limits)
    body.skip_preamble()
    empty_parts = 0
    for _ in range(limits.parts):
        if body.is_at_end():
            return
        yield Part(body.headers(), chunks := body.chunks())
        for _unread in chunks:
            pass
        empty_parts = 0 if body.part_size else empty_parts + 1
        if empty_parts > limits.empty_parts_in_a_row:
            raise BadMultipart(Fault.EMPTY_PARTS)
    if not body.is_at_end():
        raise BadMultipart(Fault.TOO_MANY_PARTS)


def new_boundary() -> str:
    """This will return a boundary that no image contains but by a chance of 2⁻¹²⁸."""
    return secrets.token_hex(16)


def write_parts(parts: Iterable[tuple[Mapping[str, str], Iterable[bytes]]], boundary: str) -> Iterator[bytes]:
    """This will yield a body from the headers and chunks of each part; there has to be at least one part."""
    before = ""
    for headers, chunks in parts:
        yield before.encode() + _head(headers, boundary)
        yield from chunks
        before = "\r\n"
    yield _tail(boundary)


def length_of(parts: Iterable[tuple[Mapping[str, str], int]], boundary: str) -> int:
    """This will return how many bytes ``write_parts`` yields for these headers and sizes of bodies."""
    sizes = [len(_head(headers, boundary)) + size for headers, size in parts]
    return sum(sizes) + len("\r\n") * (len(sizes) - 1) + len(_tail(boundary))


class _Body:
    """The bytes that were read and not yet used; a delimiter is CRLF, two hyphens and the boundary."""

    def __init__(self, read: Callable[[int], bytes], boundary: bytes, limits: Limits) -> None:
        self._read = read
        self._limits = limits
        self._delimiter = b"\r\n--" + boundary
        self._buffer = b"\r\n"  # the first delimiter may stand at the very start
        self._at = 0  # what lies before is used; cut off when more is read, not for every small part
        self.part_size = 0

    def skip_preamble(self) -> None:
        """Pass over the first delimiter."""
        while (at := self._buffer.find(self._delimiter)) < 0:
            if len(self._buffer) > self._limits.preamble_bytes:
                raise BadMultipart(Fault.NO_FIRST_BOUNDARY)
            self._fill()
        self._at = at + len(self._delimiter)

    def is_at_end(self) -> bool:
        """Whether the delimiter just passed is the closing one."""
        while len(self._buffer) - self._at < 2:
            self._fill()
        return self._buffer.startswith(b"--", self._at)

    def headers(self) -> Mapping[str, str]:
        """Pass over the rest of the delimiter's line and the headers, to the CRLF before the body."""
        start = self._at
        while (end := self._buffer.find(b"\r\n\r\n", self._at)) < 0:
            if len(self._buffer) - self._at > self._limits.header_bytes:
                break
            self._fill()
            start = self._at
        padding = self._buffer[start : self._buffer.find(b"\r\n", start)]
        if padding.strip(b" \t"):
            raise BadMultipart(Fault.BAD_DELIMITER)
        if end < 0 or end - start > self._limits.header_bytes:
            raise BadMultipart(Fault.LONG_HEADER)
        self._at = end + 2
        return _headers(self._buffer[start + len(padding) + 2 : end])

    def chunks(self) -> Iterator[bytes]:
        """Yield the body and pass over the delimiter after it."""
        self.part_size = 0
        while len(self._buffer) - self._at < len(self._delimiter):
            self._fill()
        # An empty body may share its CRLF with the delimiter: RFC 2046 lets it be left out.
        if not self._buffer.startswith(self._delimiter, self._at):
            self._at += 2
        keep = len(self._delimiter) - 1
        while (end := self._buffer.find(self._delimiter, self._at)) < 0:
            # The tail may be the beginning of a delimiter.
            yield from self._take(max(self._at, len(self._buffer) - keep))
            self._fill()
        yield from self._take(end)
        self._at = end + len(self._delimiter)

    def _take(self, end: int) -> Iterator[bytes]:
        if end > self._at:
            chunk = self._buffer[self._at : end]
            self._at = end
            self.part_size += len(chunk)
            yield chunk

    def _fill(self) -> None:
        more = self._read(READ_SIZE)
        if not more:
            raise CutOff
        self._buffer = self._buffer[self._at :] + more
        self._at = 0


def _headers(block: bytes) -> Mapping[str, str]:
    headers: dict[str, str] = {}
    # A line that begins with space continues the one before it (RFC 5322 §2.2.3).
    for line in re.sub(rb"\r\n[ \t]+", b" ", block).split(b"\r\n") if block else []:
        match = _HEADER.fullmatch(line)
        name = match[1].decode("ascii").lower() if match else ""
        if match is None or name in headers:
            raise BadMultipart(Fault.BAD_HEADER)
        headers[name] = match[2].decode("latin-1").rstrip()
    if headers.get("content-type", "").lower().startswith("multipart/"):
        raise BadMultipart(Fault.NESTED)
    if headers.get("content-transfer-encoding", "").lower() not in _BINARY:
        raise BadMultipart(Fault.ENCODED)
    return headers


def _head(headers: Mapping[str, str], boundary: str) -> bytes:
    lines = [f"{name}: {value}" for name, value in headers.items()]
    if any(_HEADER.fullmatch(line.encode("latin-1")) is None for line in lines):
        raise BadMultipart(Fault.BAD_HEADER)  # a line break in a value would forge a header
    return "\r\n".join([f"--{boundary}", *lines, "", ""]).encode("latin-1")


def _tail(boundary: str) -> bytes:
    return f"\r\n--{boundary}--\r\n".encode("ascii")
