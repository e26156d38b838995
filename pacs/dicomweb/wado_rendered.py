"""WADO-RS for people's eyes: rendered resources and thumbnails (PS3.18 §10.4.1.1.3, §10.4.1.1.4).

A study or a series alone is one picture, that of its middle instance; asked for in multipart, it is every
instance with pixels. A PDF is rendered as itself, and so is a video. Annotation is not burned in.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from django.http.response import HttpResponseBase
from django.utils import timezone

from pacs import access
from pacs.dicom.frame_format import DecodeFailed, NotRenderable
from pacs.dicom.render import Picture
from pacs.dicom.view import DEFAULT_QUALITY, MediaType, View, parse_quality, parse_viewport, parse_window
from pacs.dicomweb import wado_answer as answer
from pacs.dicomweb.errors import answered
from pacs.dicomweb.media_types import MEDIA_TYPE_OF_SYNTAX, Offer
from pacs.dicomweb.wado_frames import frame_numbers
from pacs.events import STUDY_OPENED
from pacs.models import Instance, Series, Study
from pacs.retrieve import reading
from pacs.retrieve.bulk import find_value, mime_type, stream_of_frames
from pacs.retrieve.files import opened as opened_in_order
from pacs.retrieve.opened import OpenedInstance
from pacs.retrieve.pictures import drawable, middle_instance
from tenants.authentication import ClinicRequest, clinic_api
from tenants.permissions import Permission

PDF = "application/pdf"
IMAGE_OFFERS = [Offer(MediaType.JPEG), Offer(MediaType.PNG)]
MANY_OFFERS = [Offer(MediaType.JPEG, is_multipart=True), Offer(MediaType.PNG, is_multipart=True)]


@clinic_api(Permission.STUDY_READ, event=STUDY_OPENED)
@answered
def study(request: ClinicRequest, study_uid: str) -> HttpResponseBase:
    """Draw a study."""
    found = access.get_study(request.actor, study_uid)
    return _set(request, found, None)


@clinic_api(Permission.STUDY_READ, event=STUDY_OPENED)
@answered
def series(request: ClinicRequest, study_uid: str, series_uid: str) -> HttpResponseBase:
    """Draw a series."""
    found = access.get_series(request.actor, study_uid, series_uid)
    return _set(request, found.study, found)


@clinic_api(Permission.STUDY_READ, event=STUDY_OPENED)
@answered
def instance(request: ClinicRequest, study_uid: str, series_uid: str, sop_uid: str) -> HttpResponseBase:
    """Draw an instance; a document or a video is given as it is, in any range."""
    row = access.get_instance(request.actor, study_uid, series_uid, sop_uid)
    opened = OpenedInstance(row)
    if MEDIA_TYPE_OF_SYNTAX.get(row.transfer_syntax_uid, "").startswith("video/"):
        return _as_it_is(request, row, opened, MEDIA_TYPE_OF_SYNTAX[row.transfer_syntax_uid])
    if row.rows is None and mime_type(opened) == PDF:
        return _as_it_is(request, row, opened, PDF)
    return _frames(request, row, opened, None)


@clinic_api(Permission.STUDY_READ, event=STUDY_OPENED)
@answered
def frames(
    request: ClinicRequest, study_uid: str, series_uid: str, sop_uid: str, frame_list: str
) -> HttpResponseBase:
    """Draw frames of an instance."""
    row = access.get_instance(request.actor, study_uid, series_uid, sop_uid)
    return _frames(request, row, OpenedInstance(row), frame_numbers(frame_list))


def _frames(
    request: ClinicRequest, row: Instance, opened: OpenedInstance, asked: Sequence[int] | None
) -> HttpResponseBase:
    """Draw the frames asked for; for a whole instance the one that stands for it, or in multipart all."""
    many = asked is not None and len(asked) > 1
    offer = answer.chosen(request, MANY_OFFERS if many else [*IMAGE_OFFERS, *MANY_OFFERS])
    etag = _etag(request, offer, "frames", row.blob_id, asked)
    source = drawable(opened)
    numbers = asked or [source.representative]
    if asked is None and offer.is_multipart:
        numbers = range(1, opened.frame_count + 1)
    source.check(numbers)
    reading.note(request.actor, row.study, now=timezone.now(), size=0, reads=len(numbers))
    if answer.is_known(request, etag):
        return answer.not_modified(etag)
    view = _view(request, offer)
    return _pictures(request, (source.draw(number, view) for number in numbers), offer, etag)


def _set(request: ClinicRequest, found: Study, only: Series | None) -> HttpResponseBase:
    offer = answer.chosen(request, [*IMAGE_OFFERS, *MANY_OFFERS])
    if not offer.is_multipart:
        row = middle_instance(request.actor, found, only)
        row.study = found
        return _frames(request, row, OpenedInstance(row), None)
    rows = access.instances_of(request.actor, found, only).filter(rows__gt=0)
    ids = list(rows.values_list("pk", "blob_id"))
    etag = _etag(request, offer, "set", ids)
    reading.note(request.actor, found, now=timezone.now(), size=0, reads=len(ids))
    if answer.is_known(request, etag):
        return answer.not_modified(etag)
    instances = opened_in_order(request.tenant.id, [key for key, _ in ids])
    return _pictures(request, _each(instances, _view(request, offer)), offer, etag)


def _each(instances: Iterable[OpenedInstance], view: View) -> Iterator[Picture]:
    """Draw one frame of each instance, passing over those that cannot be drawn."""
    for one in instances:
        try:
            source = drawable(one)
            yield source.draw(source.representative, view)
        except (NotRenderable, DecodeFailed):
            continue


def _pictures(
    request: ClinicRequest, pictures: Iterator[Picture], offer: Offer, etag: str
) -> HttpResponseBase:
    """Answer with drawn frames; the first is drawn before the answer begins, so that it can still be refused."""
    first = next(pictures, None)
    if first is None:
        raise NotRenderable("no-pixels")
    if not offer.is_multipart:
        return answer.single(request, [first.data], content_type=offer.media_type, etag=etag)
    headers = {"Content-Type": offer.media_type}
    parts = ((headers, (picture.data,)) for picture in chain((first,), pictures))
    return answer.multipart_unsized(request, parts, media_type=offer.media_type, etag=etag)


def _as_it_is(
    request: ClinicRequest, row: Instance, opened: OpenedInstance, media_type: str
) -> HttpResponseBase:
    answer.chosen(request, [Offer(media_type)])
    etag = answer.etag_of("rendered", row.blob_id, media_type)
    value = find_value(opened, "00420011") if media_type == PDF else stream_of_frames(opened)
    reading.note(request.actor, row.study, now=timezone.now(), size=value.size)
    if answer.is_known(request, etag):
        return answer.not_modified(etag)
    response = answer.ranged(request, value, content_type=media_type, etag=etag)
    response["Content-Disposition"] = "inline"
    return response


def _etag(request: ClinicRequest, offer: Offer, *facts: object) -> str:
    asked = [request.GET.get(name, "") for name in ("window", "viewport", "quality")]
    return answer.etag_of("rendered", *facts, offer, asked)


def _view(request: ClinicRequest, offer: Offer) -> View:
    """Read the query parameters of PS3.18 §8.3.5. Raises BadParameter."""
    window, viewport, quality = (request.GET.get(name, "") for name in ("window", "viewport", "quality"))
    return View(
        media_type=MediaType(offer.media_type),
        quality=parse_quality(quality) if quality else DEFAULT_QUALITY,
        window=parse_window(window) if window else None,
        viewport=parse_viewport(viewport) if viewport else None,
    )
