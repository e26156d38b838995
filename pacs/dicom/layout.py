"""Where things lie in a stored file: enough to read its header or one frame later, without scanning it again."""

from dataclasses import dataclass
from enum import IntEnum


class PixelKind(IntEnum):
    """How the pixels of an instance are held (PS3.5 §8, A.4; PS3.3 C.7.6.3, C.7.6.24, C.7.6.25)."""

    NONE = 0
    NATIVE = 1  # (7FE0,0010) of defined length
    ENCAPSULATED = 2  # (7FE0,0010) as fragments
    FLOAT = 3  # (7FE0,0008)
    DOUBLE = 4  # (7FE0,0009)


@dataclass(frozen=True, slots=True)
class Pixels:
    """The pixel element and the attributes that describe it.

    Offsets count from the start of the file; where the data set is deflated, as if it were not (see
    `Layout.is_deflated`). Where there are no pixels, all three offsets are the size of the file.
    """

    kind: PixelKind
    element_offset: int  # of the element's tag
    offset: int  # of its value
    end_offset: int  # of what follows it: value, fragments and delimiter lie before
    rows: int = 0
    columns: int = 0
    samples_per_pixel: int = 1
    bits_allocated: int = 0
    bits_stored: int = 0
    high_bit: int = 0
    pixel_representation: int = 0
    planar_configuration: int = 0
    number_of_frames: int = 0
    photometric_interpretation: str = ""
    vr: str = ""

    @property
    def length(self) -> int:
        """Bytes of the value, with fragments and delimiters where it is encapsulated."""
        return self.end_offset - self.offset


@dataclass(frozen=True, slots=True)
class LargeValue:
    """A top-level value beside the pixels that is too large to be read with the header."""

    tag: int
    vr: str
    offset: int
    length: int
