"""What a caller wants to see of a frame: PS3.18 §8.3.5.1 as values, and its query parameters read."""

import math
from dataclasses import dataclass
from enum import StrEnum

from pacs.dicom.frame_format import FrameFormat
from pacs.dicom.look import Window, WindowFunction

LARGEST_SIDE = 8192  # pixels of a drawn image
DEFAULT_QUALITY = 90
THUMBNAIL_QUALITY = 80


class BadParameter(ValueError):
    """A query parameter cannot be understood, or asks for what the image has not. `name` is the
    parameter's.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class MediaType(StrEnum):
    """What a frame can be drawn as."""

    JPEG = "image/jpeg"
    PNG = "image/png"


@dataclass(frozen=True)
class Viewport:
    """Draw a region of the frame as large as fits into `width` × `height` pixels, keeping its proportions.

    The region is in pixels of the frame. Its width and height default to the rest of the frame; negative
    ones flip the region (PS3.18 §8.3.5.1.3).
    """

    width: int
    height: int
    x: float = 0.0
    y: float = 0.0
    region_width: float | None = None
    region_height: float | None = None

    def region(self, form: FrameFormat) -> tuple[float, float, float, float]:
        """Return left, top, right and bottom. Raises BadParameter where the region leaves the frame."""
        right = form.columns if self.region_width is None else self.x + abs(self.region_width)
        bottom = form.rows if self.region_height is None else self.y + abs(self.region_height)
        if not (0 <= self.x < right <= form.columns and 0 <= self.y < bottom <= form.rows):
            raise BadParameter("viewport")
        return self.x, self.y, right, bottom


@dataclass(frozen=True, kw_only=True)
class View:
    """How to draw a frame. Without a window the object's own is used; windows do nothing to colours."""

    media_type: MediaType = MediaType.JPEG
    quality: int = DEFAULT_QUALITY
    window: Window | None = None
    viewport: Viewport | None = None
    box: int | None = None  # fit into a square of this side, never enlarged


def thumbnail_view(side: int = 128) -> View:
    """A small JPEG."""
    return View(quality=THUMBNAIL_QUALITY, box=side)


def parse_window(text: str) -> Window:
    """Read "center,width[,function]" (PS3.18 §8.3.5.1.4). Raises BadParameter."""
    center, width, *function = text.split(",")[:4] if text.count(",") else ("", "")
    name = function[0].strip().upper().replace("-", "_") if function else WindowFunction.LINEAR
    if len(function) > 1 or name not in WindowFunction.__members__:
        raise BadParameter("window")
    window = Window(_decimal(center, "window"), _decimal(width, "window"), WindowFunction(name))
    if not window.is_valid:
        raise BadParameter("window")
    return window


def parse_viewport(text: str) -> Viewport:
    """Read "vw,vh[,sx,sy,sw,sh]"; the last four may be empty (PS3.18 §8.3.5.1.3). Raises BadParameter."""
    parts = [part.strip() for part in text.split(",")]
    if len(parts) not in (2, 6):
        raise BadParameter("viewport")
    width, height = (_side(part) for part in parts[:2])
    x, y, region_width, region_height = (
        _decimal(part, "viewport") if part else None for part in (parts[2:] or [""] * 4)
    )
    if region_width == 0 or region_height == 0:
        raise BadParameter("viewport")
    return Viewport(width, height, x or 0.0, y or 0.0, region_width, region_height)


def parse_quality(text: str) -> int:
    """Read 1 to 100 (PS3.18 §8.3.5.1.2). Raises BadParameter."""
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and 1 <= int(text) <= 100):
        raise BadParameter("quality")
    return int(text)


def _side(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and 1 <= int(text) <= LARGEST_SIDE):
        raise BadParameter("viewport")
    return int(text)


def _decimal(text: str, name: str) -> float:
    try:
        value = float(text) if len(text) <= 32 else math.nan
    except ValueError as error:
        raise BadParameter(name) from error
    if not math.isfinite(value):
        raise BadParameter(name)
    return value
