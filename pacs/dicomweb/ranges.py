"""Range requests for one body of known size (RFC 9110 §14). Pure.

One range is honoured; several in one request are answered with the whole body, which every client must take.
"""

import re
from dataclasses import dataclass

_ONE = re.compile(
    r"bytes\s*=\s*(?:([0-9]{1,18})\s*-\s*([0-9]{0,18})|-\s*([0-9]{1,18}))", re.ASCII | re.IGNORECASE
)


class Unsatisfiable(Exception):
    """The range lies behind the end; carries the size of the body in bytes."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.size = size


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes [start, stop) of a body of `size`."""

    start: int
    stop: int
    size: int

    @property
    def is_partial(self) -> bool:
        """Whether it leaves out anything."""
        return (self.start, self.stop) != (0, self.size)

    @property
    def content_range(self) -> str:
        """The header's value."""
        return f"bytes {self.start}-{self.stop - 1}/{self.size}"


def asked_span(header: str, size: int) -> Span:
    """Return what a Range header asks for: all, where it is empty or not understood. Raises Unsatisfiable."""
    match = _ONE.fullmatch(header.strip())
    if match is None:
        return Span(0, size, size)
    first, last, suffix = match.groups()
    if suffix is not None:
        start, stop = max(size - int(suffix), 0), size
    else:
        start, stop = int(first), min(int(last) + 1, size) if last else size
    if last and int(last) < int(first):
        return Span(0, size, size)  # invalid, so it is passed over
    if start >= stop:
        raise Unsatisfiable(size)
    return Span(start, stop, size)
