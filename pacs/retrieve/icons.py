"""What stands in for a thumbnail where there is no picture: the modality's letters on grey."""

from functools import lru_cache
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

SIDE = 128
_GROUND, _INK = 0x2B, 0xB4


@lru_cache(maxsize=64)
def icon(modality: str) -> bytes:
    """Return a JPEG of 128 × 128 pixels; a modality that is no code word of two or more letters leaves it blank."""
    image = Image.new("L", (SIDE, SIDE), _GROUND)
    if modality.isascii() and modality.isalnum() and len(modality) <= 16:
        font = ImageFont.load_default(size=44 if len(modality) <= 3 else 20)
        ImageDraw.Draw(image).text((SIDE / 2, SIDE / 2), modality, fill=_INK, font=font, anchor="mm")
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()
