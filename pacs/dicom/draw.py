"""From samples to a JPEG or PNG of 8 bits (PS3.18 §8.7.4). Runs inside a decoder process.

Overlays and annotations are not drawn: an image without marks can be marked by whoever shows it.
"""

import io

import numpy as np
import numpy.typing as npt
from PIL import Image

from pacs.dicom.codecs import Samples
from pacs.dicom.decode import Decoded, decode, stored_values
from pacs.dicom.decode_jobs import Answer, RenderJob
from pacs.dicom.frame_format import FrameFormat
from pacs.dicom.look import Look, Table, Window
from pacs.dicom.view import MediaType, View
from pacs.dicom.windowing import Values, grey_levels, modality_values, table_entries

Bytes = npt.NDArray[np.uint8]
_TABLE_BITS = 16  # up to here every possible value is computed once instead of every pixel


def draw(job: RenderJob, frame: memoryview) -> Answer:
    """Decode, draw, scale and encode one frame."""
    image = _image(job, decode(job.form, frame))
    image = _scaled(image, job.form, job.view)
    return Answer({"width": image.width, "height": image.height}, _encoded(image, job.view))


def _image(job: RenderJob, decoded: Decoded) -> Image.Image:
    if job.form.samples == 3:
        return _colours(job.form, decoded)
    if job.form.floating or job.form.bits_stored > _TABLE_BITS:
        return Image.fromarray(_computed(job, stored_values(job.form, decoded.samples)))
    return Image.fromarray(_by_table(job, decoded.samples))


def _colours(form: FrameFormat, decoded: Decoded) -> Image.Image:
    samples = np.ascontiguousarray(_eight_bits(form, decoded.samples))
    if decoded.photometric == "YBR_PARTIAL":
        samples = _full_range(samples)
    mode = "YCbCr" if decoded.photometric in ("YBR_FULL", "YBR_PARTIAL") else "RGB"
    return Image.frombytes(mode, (form.columns, form.rows), samples.tobytes()).convert("RGB")


def _eight_bits(form: FrameFormat, samples: Samples) -> Bytes:
    if form.bits_allocated == 8 and form.bits_stored == 8:
        return samples.astype(np.uint8, copy=False)
    values = stored_values(form, samples).astype(np.float64)
    return (np.clip(values / ((1 << form.bits_stored) - 1), 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)


def _full_range(samples: Bytes) -> Bytes:
    """Spread the partial ranges of PS3.3 C.7.6.3.1.2 (luminance 16…235, differences 16…240) over 8 bits."""
    values = samples.astype(np.float64)
    values[..., 0] = (values[..., 0] - 16.0) * 255.0 / 219.0
    values[..., 1:] = (values[..., 1:] - 128.0) * 255.0 / 224.0 + 128.0
    return (np.clip(values, 0.0, 255.0) + 0.5).astype(np.uint8)


def _by_table(job: RenderJob, samples: Samples) -> Bytes:
    form, stored = job.form, job.form.bits_stored
    patterns = samples.view(f"u{samples.itemsize}").astype(f"=u{samples.itemsize}", copy=False)
    if stored < form.bits_allocated and form.bits_allocated > 1:
        patterns = (patterns >> (form.high_bit + 1 - stored)) & ((1 << stored) - 1)
    codes = np.arange(1 << stored, dtype=np.float64)
    if form.signed:
        codes[1 << (stored - 1) :] -= 1 << stored
    levels: Bytes = _levels(job.look, job.view.window, codes, patterns)[patterns]
    return levels


def _levels(look: Look, window: Window | None, codes: Values, patterns: Samples) -> Bytes:
    """Compute the level, or the colour, of every stored value."""
    values = modality_values(look, codes)
    padded = _padded(look, codes)
    spread = values
    if window is None and look.window is None and look.voi_table is None:
        is_present = np.zeros(len(codes), bool)
        is_present[patterns.reshape(-1)] = True
        spread = values[is_present & ~padded]
    grey = _grey(look, window, values, padded, spread)
    return grey if look.palette is None else _palette_colours(look, look.palette, codes, grey)


def _computed(job: RenderJob, samples: Samples) -> Bytes:
    """Compute every pixel: float values and wide integers."""
    stored = samples.astype(np.float64)
    values = modality_values(job.look, stored)
    is_finite = np.isfinite(values)
    padded = _padded(job.look, stored) | ~is_finite
    return _grey(job.look, job.view.window, np.where(is_finite, values, 0.0), padded, values[~padded])


def _padded(look: Look, stored: Values) -> npt.NDArray[np.bool_]:
    if look.padding is None:
        return np.zeros(stored.shape, bool)
    return (stored >= look.padding[0]) & (stored <= look.padding[1])


def _grey(
    look: Look, window: Window | None, values: Values, padded: npt.NDArray[np.bool_], spread: Values
) -> Bytes:
    voi_table = look.voi_table if window is None else None
    chosen = window or (None if voi_table else look.window)
    levels = grey_levels(values, window=chosen, voi_table=voi_table, spread=spread)
    if look.is_inverted:
        levels = 1.0 - levels
    grey = (levels * 255.0 + 0.5).astype(np.uint8)
    grey[padded] = 0  # padding is background, black also in inverted images (PS3.3 C.7.5.1.1.2)
    return grey


def _palette_colours(look: Look, palette: tuple[Table, Table, Table], codes: Values, grey: Bytes) -> Bytes:
    """Colour all values, or those from the palette's first on where it only supplements grey ones."""
    colours = np.repeat(grey[:, None], 3, axis=1)
    mapped = codes >= palette[0].first if look.palette_is_supplement else np.ones(len(codes), bool)
    for channel, table in enumerate(palette):
        entries = table_entries(table)
        if table.bits > 8 and entries.max() > 255:  # 8-bit entries under a 16-bit descriptor are met
            entries = np.right_shift(entries, table.bits - 8, dtype=np.uint16)
        indices = np.clip(codes - table.first, 0, len(entries) - 1).astype(np.int64)
        colours[mapped, channel] = entries[indices[mapped]]
    return colours


def _scaled(image: Image.Image, form: FrameFormat, view: View) -> Image.Image:
    if view.box is not None:
        image.thumbnail((view.box, view.box), Image.Resampling.BILINEAR, reducing_gap=2.0)
        return image
    if view.viewport is None:
        return image
    region = view.viewport.region(form)
    width, height = region[2] - region[0], region[3] - region[1]
    scale = min(view.viewport.width / width, view.viewport.height / height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    image = image.resize(size, Image.Resampling.BICUBIC, box=region, reducing_gap=3.0)
    if (view.viewport.region_width or 0) < 0:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if (view.viewport.region_height or 0) < 0:
        image = image.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    return image


def _encoded(image: Image.Image, view: View) -> bytes:
    output = io.BytesIO()
    if view.media_type is MediaType.PNG:
        image.save(output, "PNG", compress_level=3)
    else:
        image.save(output, "JPEG", quality=view.quality)
    return output.getvalue()
