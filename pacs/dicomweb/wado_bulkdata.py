"""WADO-RS for bulk data (PS3.18 §10.4.1.1.5): one value, whole or in a range, at the address its metadata gave.

Nothing is ever sent as a type that a browser would run: documents but PDF and video are octets, and all of it is
an attachment.
"""

from collections.abc import Sequence

from django.http.response import HttpResponseBase
from django.utils import timezone

from pacs import access
from pacs.dicomweb import wado_answer as answer
from pacs.dicomweb.errors import NotAcceptable, answered
from pacs.dicomweb.media_types import MEDIA_TYPE_OF_SYNTAX, OCTET_STREAM, Offer
from pacs.dicomweb.wado_frames import FRAMES_AT_MOST, frames_answer
from pacs.events import STUDY_OPENED
from pacs.models import Instance
from pacs.retrieve import reading
from pacs.retrieve.bulk import Value, find_value, is_in_frames
from pacs.retrieve.opened import OpenedInstance
from tenants.authentication import ClinicRequest, clinic_api
from tenants.permissions import Permission

PDF = "application/pdf"


@clinic_api(Permission.STUDY_READ, event=STUDY_OPENED)
@answered
def bulkdata(
    request: ClinicRequest, study_uid: str, series_uid: str, sop_uid: str, path: str
) -> HttpResponseBase:
    """Return the value at a path; compressed pixels are given frame by frame."""
    row = access.get_instance(request.actor, study_uid, series_uid, sop_uid)
    opened = OpenedInstance(row)
    if is_in_frames(opened, path):
        if opened.frame_count > FRAMES_AT_MOST:
            raise NotAcceptable
        return frames_answer(request, row, opened, range(1, opened.frame_count + 1))
    value = find_value(opened, path)
    offer = answer.chosen(request, _offers(row, value))
    etag = answer.etag_of("bulk", row.blob_id, path, offer)
    reading.note(request.actor, row.study, now=timezone.now(), size=value.size)
    if answer.is_known(request, etag):
        return answer.not_modified(etag)
    return _answer(request, value, offer, etag)


def _offers(row: Instance, value: Value) -> Sequence[Offer]:
    """Return what a value can be had as; nothing is known of an octet stream, not even a transfer syntax."""
    names: list[str] = [OCTET_STREAM]
    video = MEDIA_TYPE_OF_SYNTAX.get(row.transfer_syntax_uid, "")
    if value.is_pdf:
        names.insert(0, PDF)
    elif value.is_video and video.startswith("video/"):
        names.insert(0, video)
    alone = [Offer(name) for name in names]
    return [*alone, *(Offer(name, is_multipart=True) for name in names)]


def _answer(request: ClinicRequest, value: Value, offer: Offer, etag: str) -> HttpResponseBase:
    if offer.is_multipart:
        part = ({"Content-Type": offer.media_type}, value.size, value.stream(0, value.size))
        response = answer.multipart(request, [part], media_type=offer.media_type, etag=etag)
    else:
        response = answer.ranged(request, value, content_type=offer.media_type, etag=etag)
    response["Content-Disposition"] = "attachment"
    return response
