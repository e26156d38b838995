"""The decoder processes of this program: one pool, shared by everything that needs pixels."""

from functools import cache

from django.conf import settings

from pacs.dicom.decode_pool import DecoderPool


@cache
def pool() -> DecoderPool:
    """Return the pool; its processes start with the first frame that is decoded (`settings.DECODERS`)."""
    return DecoderPool(processes=settings.DECODERS)
