"""The upload page. Who uses it: a technician or receptionist with a folder, a disc or a ZIP; next, they open the list.

The work is done by `pacs/static/pacs/upload.js` over STOW-RS; this page gives it its address and every sentence.
"""

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from tenants.authentication import ClinicRequest, clinic_page
from tenants.permissions import Permission


@clinic_page(
    Permission.STUDY_STORE, exempt="shows nothing of a patient; what it stores is recorded by STOW-RS"
)
@never_cache
@ensure_csrf_cookie
@require_safe
def upload(request: ClinicRequest) -> HttpResponse:
    """Show where files, folders and ZIPs are dropped."""
    context = {
        "store_url": f"/c/{request.tenant.slug}/dicom-web/studies",
        "csrf_cookie": settings.CSRF_COOKIE_NAME,
        "texts": _texts(),
    }
    return render(request, "pacs/upload.html", context)


def _texts() -> dict[str, object]:
    return {
        "counts": _counts(),
        "states": _states(),
        "halts": {
            "paused": _("Paused."),
            "signedOut": _("You were signed out. Sign in again in the new window; the upload then goes on."),
            "forbidden": _("You may not upload here. Ask an owner or administrator of the clinic."),
            "full": _("The storage of the clinic is full. Nothing that was stored is lost."),
            "cancelled": "",
        },
        "reasons": _reasons(),
        "otherReason": _("Refused (code {code})."),
        "more": _("and {count} more; all are in the table that you can download"),
        "pace": _("{sent} of {total}, {speed} a second, {time} left"),
        "paceUnknown": _("{sent} of {total}, {speed} a second"),
        "progress": _("{percent} sent. {summary}"),
        "finished": _("Finished. {summary}"),
        "columns": [_("File"), _("Bytes"), _("Result"), _("Reason")],
        "csvName": _("upload.csv"),
    }


def _counts() -> dict[str, str]:
    return {
        "stored": _("Stored: {count}"),
        "there": _("Already there: {count}"),
        "refused": _("Refused: {count}"),
        "failed": _("Not sent: {count}"),
        "waiting": _("Still to do: {count}"),
        "ignored": _("Not images: {count}"),
        "cancelled": _("Cancelled: {count}"),
    }


def _states() -> dict[str, str]:
    return {
        "stored": _("stored"),
        "there": _("already there"),
        "refused": _("refused"),
        "failed": _("not sent"),
        "ignored": _("not an image"),
        "cancelled": _("cancelled"),
        "waiting": _("waiting"),
        "sending": _("sending"),
    }


def _reasons() -> dict[str, str]:
    return {
        "0110": _("The file could not be processed."),
        "notDicom": _("This is not a DICOM file."),
        "unreadable": _("The browser could not read this file."),
        "unreachable": _("The server could not be reached."),
        "unclear": _("The server did not say why."),
        "zipDamaged": _("This ZIP file is damaged."),
        "zipEncrypted": _("This file in the ZIP is encrypted."),
        "zipMethod": _("This file in the ZIP is packed in a way that is not supported."),
        "zipTooLarge": _("This ZIP file would unpack to too much."),
        "zipTooDeep": _("A ZIP in a ZIP in a ZIP is not opened."),
    }
