"""WADO-RS for thumbnails (PS3.18 §10.4.1.1.4): a small JPEG of anything, an icon where there is no picture.

The list of studies shows thumbnails: those of studies and series belong, for a member of the clinic, to the
search that is recorded already, and do not say that the study was opened. All others are reads.
"""

from collections.abc import Callable

from django.http.response import HttpResponseBase
from django.utils import timezone

from pacs import access
from pacs.dicom.frame_format import DecodeFailed, NotRenderable
from pacs.dicom.view import THUMBNAIL_QUALITY, View, parse_viewport, thumbnail_view
from pacs.dicomweb import wado_answer as answer
from pacs.dicomweb.errors import answered
from pacs.dicomweb.media_types import Offer
from pacs.dicomweb.wado_frames import frame_numbers
from pacs.events import STUDY_OPENED
from pacs.models import Series, Study
from pacs.retrieve import reading
from pacs.retrieve.icons import icon
from pacs.retrieve.opened import OpenedInstance
from pacs.retrieve.pictures import (
    NoPicture,
    drawable,
    instance_thumbnail,
    middle_instance,
    series_thumbnail,
    telling_series,
)
from tenants.authentication import ClinicRequest, clinic_api
from tenants.permissions import Permission

JPEG = "image/jpeg"


@clinic_api(Permission.STUDY_READ, event=STUDY_OPENED)
@answered
def study(request: ClinicRequest, study_uid: str) -> HttpResponseBase:
    """Return the thumbnail of a study: that of its first series with a picture."""
    found = access.get_study(request.actor, study_uid)
    return _of_series(request, found, telling_series(request.actor, found))


@clinic_api(Permission.STUDY_READ, event=STUDY_OPENED)
@answered
def series(request: ClinicRequest, study_uid: str, series_uid: str) -> HttpResponseBase:
    """Return the thumbnail of a series."""
    found = access.get_series(request.actor, study_uid, series_uid)
    return _of_series(request, found.study, found)


@clinic_api(Permission.STUDY_READ, event=STUDY_OPENED)
@answered
def instance(request: ClinicRequest, study_uid: str, series_uid: str, sop_uid: str) -> HttpResponseBase:
    """Return the thumbnail of an instance."""
    row = access.get_instance(request.actor, study_uid, series_uid, sop_uid)
    _note(request, row.study)
    return _answer(request, (row.blob_id,), lambda view: instance_thumbnail(row, view))


@clinic_api(Permission.STUDY_READ, event=STUDY_OPENED)
@answered
def frame(
    request: ClinicRequest, study_uid: str, series_uid: str, sop_uid: str, frame_list: str
) -> HttpResponseBase:
    """Return the thumbnail of a frame, the first where there are several."""
    row = access.get_instance(request.actor, study_uid, series_uid, sop_uid)
    number = frame_numbers(frame_list)[0]
    opened = OpenedInstance(row)
    opened.check_frames([number])

    def draw(view: View) -> bytes:
        try:
            return drawable(opened).draw(number, view).data
        except (NotRenderable, DecodeFailed) as error:
            raise NoPicture(row.series.modality) from error

    _note(request, row.study)
    return _answer(request, (row.blob_id, number), draw)


def _of_series(request: ClinicRequest, found: Study, of: Series) -> HttpResponseBase:
    def draw(view: View) -> bytes:
        if request.GET.get("viewport"):
            return instance_thumbnail(middle_instance(request.actor, found, of), view)
        return series_thumbnail(request.actor, of)

    if request.actor.kind != "member" or request.GET.get("viewport"):
        _note(request, found)
    return _answer(request, (of.pk, of.version, of.thumbnail_blob_id), draw)


def _note(request: ClinicRequest, found: Study) -> None:
    reading.note(request.actor, found, now=timezone.now(), size=0)


def _answer(
    request: ClinicRequest, facts: tuple[object, ...], draw: Callable[[View], bytes]
) -> HttpResponseBase:
    answer.chosen(request, [Offer(JPEG)])
    etag = answer.etag_of("thumbnail", facts, request.GET.get("viewport", ""))
    if answer.is_known(request, etag):
        return answer.not_modified(etag)
    try:
        data = draw(_view(request))
    except NoPicture as error:
        data = icon(error.modality)
    return answer.single(request, [data], content_type=JPEG, etag=etag)


def _view(request: ClinicRequest) -> View:
    viewport = request.GET.get("viewport", "")
    if not viewport:
        return thumbnail_view()
    return View(quality=THUMBNAIL_QUALITY, viewport=parse_viewport(viewport))
