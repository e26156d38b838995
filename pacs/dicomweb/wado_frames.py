"""WADO-RS for frames (PS3.18 §10.4.1.1.6): the path that a viewer spends its time on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from django.http.response import HttpResponseBase
from django.utils import timezone

from pacs import access
from pacs.dicom.frames import NoSuchFrame
from pacs.dicom.syntaxes import EXPLICIT_LITTLE
from pacs.dicomweb import wado_answer as answer
from pacs.dicomweb.errors import answered
from pacs.dicomweb.media_types import MEDIA_TYPE_OF_SYNTAX, OCTET_STREAM, Offer
from pacs.events import STUDY_OPENED
from pacs.models import Instance
from pacs.retrieve import reading
from pacs.retrieve.frames import decoded_frames, forms, lies_decoded, stored_frames
from pacs.retrieve.opened import OpenedInstance
from tenants.authentication import ClinicRequest, clinic_api
from tenants.permissions import Permission

FRAMES_AT_MOST = 10_000
HELD_AT_MOST_BYTES = 16 * 2**20
"""A body of stored frames up to this is made whole before it is sent, which is quicker; larger ones are streamed."""


@clinic_api(Permission.STUDY_READ, event=STUDY_OPENED)
@answered
def frames(
    request: ClinicRequest, study_uid: str, series_uid: str, sop_uid: str, frame_list: str
) -> HttpResponseBase:
    """Return frames of an instance, in the order of the list."""
    row = access.get_instance(request.actor, study_uid, series_uid, sop_uid)
    numbers = frame_numbers(frame_list)
    return frames_answer(request, row, OpenedInstance(row), numbers)


def frames_answer(
    request: ClinicRequest, row: Instance, opened: OpenedInstance, numbers: Sequence[int]
) -> HttpResponseBase:
    """Return these frames of an instance in the form that the client likes best. Raises NoSuchFrame."""
    offer = answer.chosen(request, _offers(row.transfer_syntax_uid, len(numbers)))
    etag = answer.etag_of("frames", row.blob_id, list(numbers), offer)
    size = sum(opened.frame_size(number) for number in numbers)
    reading.note(request.actor, row.study, now=timezone.now(), size=size, reads=len(numbers))
    if answer.is_known(request, etag):
        return answer.not_modified(etag)
    wanted = _Wanted(opened, numbers, offer, etag)
    if wanted.is_as_stored:
        if size > HELD_AT_MOST_BYTES:
            return _streamed_as_stored(request, wanted)
        return _held(request, wanted, stored_frames(opened, numbers))
    if len(numbers) == 1:
        return _held(request, wanted, decoded_frames(opened, numbers))
    return _streamed_decoded(request, wanted)


def frame_numbers(frame_list: str) -> list[int]:
    """Read `1,3,5`. Raises NoSuchFrame for what is no list of frame numbers."""
    parts = frame_list.split(",")
    if len(parts) > FRAMES_AT_MOST or not all(
        part.isascii() and part.isdigit() and len(part) <= 9 for part in parts
    ):
        raise NoSuchFrame(0)
    return [int(part) for part in parts]


def _offers(stored: str, count: int) -> Sequence[Offer]:
    """Return what frames can be had as: octets without a transfer syntax mean decoded ones (PS3.18 §8.7.3.5)."""
    found = forms(stored)
    decoded = _in_both_forms(OCTET_STREAM, EXPLICIT_LITTLE, count) if found.is_decodable else []
    if found.is_stored_decoded:
        return decoded
    return [
        *_in_both_forms(MEDIA_TYPE_OF_SYNTAX.get(stored, OCTET_STREAM), stored, count),
        # A viewer asks for octets in any transfer syntax and means the stored bytes.
        *_in_both_forms(OCTET_STREAM, stored, count),
        *decoded,
    ]


def _in_both_forms(media_type: str, syntax: str, count: int) -> list[Offer]:
    alone = [Offer(media_type, syntax)] if count == 1 else []
    return [Offer(media_type, syntax, is_multipart=True), *alone]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Frames of an instance in a form."""

    instance: OpenedInstance
    numbers: Sequence[int]
    offer: Offer
    etag: str

    @property
    def is_as_stored(self) -> bool:
        """Whether the stored bytes are what is wanted."""
        if self.offer.transfer_syntax != EXPLICIT_LITTLE:
            return True
        return all(lies_decoded(self.instance, number) for number in self.numbers)

    @property
    def content_type(self) -> str:
        return answer.content_type(self.offer)


def _held(request: ClinicRequest, wanted: _Wanted, bodies: Iterator[bytes]) -> HttpResponseBase:
    """Answer with frames made whole before the answer begins."""
    made, kind = list(bodies), wanted.content_type
    if not wanted.offer.is_multipart:
        return answer.single(request, made, content_type=kind, etag=wanted.etag)
    parts = [({"Content-Type": kind}, body) for body in made]
    return answer.multipart_held(request, parts, media_type=wanted.offer.media_type, etag=wanted.etag)


def _streamed_as_stored(request: ClinicRequest, wanted: _Wanted) -> HttpResponseBase:
    kind, opened = wanted.content_type, wanted.instance
    if not wanted.offer.is_multipart:
        size = opened.frame_size(wanted.numbers[0])
        chunks = opened.frame_chunks(wanted.numbers[0])
        return answer.streamed(request, chunks, content_type=kind, etag=wanted.etag, size=size)
    parts = [
        ({"Content-Type": kind}, opened.frame_size(number), opened.frame_chunks(number))
        for number in wanted.numbers
    ]
    return answer.multipart(request, parts, media_type=wanted.offer.media_type, etag=wanted.etag)


def _streamed_decoded(request: ClinicRequest, wanted: _Wanted) -> HttpResponseBase:
    """Answer with frames decoded one by one; what cannot be decoded at all is refused before the answer begins."""
    bodies = decoded_frames(wanted.instance, wanted.numbers)
    headers = {"Content-Type": wanted.content_type}
    parts = ((headers, (body,)) for body in chain((next(bodies),), bodies))
    return answer.multipart_unsized(request, parts, media_type=wanted.offer.media_type, etag=wanted.etag)
