"""Why a file was not taken, in a sentence for the person who sent it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from pacs.dicom.reasons import Reason
from pacs.ingest.outcomes import IngestReason

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

SENTENCES: "Mapping[str, StrPromise]" = {
    Reason.EMPTY: _("The file is empty."),
    Reason.NOT_DICOM: _("This is not a DICOM file."),
    Reason.TRUNCATED: _(
        "The file is cut off: its end is missing. Export or send it again from where it came."
    ),
    Reason.TRAILING_BYTES: _("There are bytes behind the end of the image that do not belong to it."),
    Reason.META_BROKEN: _("The head of the file is damaged."),
    Reason.META_LENGTH: _("The head of the file states a wrong length."),
    Reason.NO_TRANSFER_SYNTAX: _("The file does not say how it is encoded (no transfer syntax)."),
    Reason.INFLATE_BROKEN: _("The compressed content of the file is damaged."),
    Reason.INFLATE_TOO_LARGE: _("Unpacked, the content would be far larger than any image is."),
    Reason.LENGTH_BEYOND_END: _("The file is cut off: an element states more bytes than there are."),
    Reason.UNKNOWN_VR: _("An element is of a kind that DICOM does not know."),
    Reason.UNDEFINED_LENGTH: _("An element without a length stands where none may."),
    Reason.UNBALANCED: _("Sequences in the file are not closed where they should be."),
    Reason.NESTED_TOO_DEEP: _("The content is nested deeper than any real image is."),
    Reason.TAG_ORDER: _("The elements of the file are not in order."),
    Reason.DUPLICATE_TAG: _("An element stands twice in the file."),
    Reason.FORBIDDEN_TAG: _("The file holds an element that may not be in a stored image."),
    Reason.TOO_MANY_ELEMENTS: _("The file holds more elements than any real image does."),
    Reason.UID_MISSING: _("The file lacks the identifiers that every image has."),
    Reason.UID_INVALID: _("An identifier (UID) in the file is not valid."),
    Reason.IS_DIRECTORY: _(
        "This is the table of contents of a disc (DICOMDIR), not an image. The images are taken without it."
    ),
    Reason.TOO_MANY_CHARSETS: _("The file names more character sets than any real image does."),
    Reason.CONTENT_MISSING: _("The file ends before content that its kind of object must have."),
    Reason.PIXELS_MISSING: _("The file is an image, but its pixels are missing."),
    Reason.PIXELS_AMBIGUOUS: _("The file holds its pixels twice."),
    Reason.PIXEL_DESCRIPTION: _("The size or format of the pixels is not given, or is impossible."),
    Reason.PIXEL_LENGTH: _("There are more or fewer pixels than the size of the image says."),
    Reason.PIXEL_ENCODING: _("The pixels are not encoded as the file says."),
    Reason.FRAME_COUNT: _("The number of frames is not valid."),
    Reason.TOO_MANY_FRAMES: _("The file states more frames than any real image has."),
    Reason.FRAMES_MISSING: _("Some frames of the image are missing."),
    Reason.OFFSET_TABLE: _("The table of frames points outside the image."),
    IngestReason.TOO_LARGE: _("The file is larger than this archive takes."),
    IngestReason.QUOTA: _(
        "The storage of the clinic is full. Choose a larger plan, or make room, then send again."
    ),
    IngestReason.CONFLICT: _(
        "Another image with the same identifier (SOP Instance UID) is stored already. "
        "Both are kept; somebody has to decide."
    ),
    IngestReason.OTHER_STUDY: _("The image belongs to another study than the one it was sent to."),
    IngestReason.STORE_UNAVAILABLE: _("The storage did not answer. Nothing is lost; please send again."),
    IngestReason.BUSY: _("The archive is busy. Please send again."),
    IngestReason.CUT_OFF: _("The transfer ended too early. Please send again."),
}


def sentence(reason: str) -> str:
    """Return the sentence in the reader's language; a reason of a later release is told by its name."""
    found = SENTENCES.get(reason)
    return str(found) if found is not None else reason
