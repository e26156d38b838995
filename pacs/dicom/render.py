"""A frame as a picture: what the doors call. Decoding and drawing happen in the pool's processes."""

from dataclasses import dataclass

from pydicom import Dataset

from pacs.dicom.decode_jobs import RenderJob
from pacs.dicom.decode_pool import DecoderPool
from pacs.dicom.frame_format import frame_format
from pacs.dicom.look import frame_look
from pacs.dicom.view import View


@dataclass(frozen=True)
class Picture:
    """An encoded image of `view.media_type`."""

    data: bytes
    media_type: str
    width: int
    height: int


def render_frame(
    pool: DecoderPool,
    header: Dataset,
    frame: bytes | memoryview,
    *,
    transfer_syntax: str,
    view: View,
    index: int = 0,
    vr: str = "OW",
) -> Picture:
    """Draw the frame `index` (from 0), whose stored bytes are `frame`.

    `header` is the data set without its pixels, `vr` that of Pixel Data. Raises NotRenderable for objects
    without images, BadParameter where the view asks for what the frame has not, DecodeFailed, PoolBusy.
    """
    form = frame_format(header, transfer_syntax, index=index, vr=vr)
    if view.viewport is not None:
        view.viewport.region(form)
    answer = pool.run(RenderJob(form, frame_look(header, form, index=index), view), frame)
    return Picture(answer.data, view.media_type, int(answer.facts["width"]), int(answer.facts["height"]))
