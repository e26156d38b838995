"""How much of a stranger's file is believed before it is refused."""

from dataclasses import dataclass

HARDEST_NESTING = 64
MEBIBYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one scan. The defaults let through every real file that was met and stop the known bombs.

    Sequences nest 5 to 10 deep in practice; 32 levels are taken. More than 64 can never be allowed, because
    readers behind us recurse.
    """

    nesting: int = 32
    elements: int = 2_000_000  # items and fragments count as elements
    header_elements: int = 400_000  # of a header that is told in JSON: more would take a reader 256 MiB
    value: int = 64 * 1024  # bytes of one value that is kept
    meta: int = MEBIBYTE  # bytes of group 0002
    frames: int = 1_000_000
    charsets: int = 16
    inflated: int = 512 * MEBIBYTE
    inflate_ratio: int = 100
    inflate_grace: int = 16 * MEBIBYTE

    def __post_init__(self) -> None:
        if self.nesting > HARDEST_NESTING:
            raise ValueError("nesting beyond 64 exhausts the readers behind the scan")

    def inflated_from(self, deflated: int) -> int:
        """Return how many bytes this many deflated bytes may become."""
        return min(self.inflated, self.inflate_ratio * deflated + self.inflate_grace)
