"""Several studies as one ZIP."""

from collections.abc import Sequence

from django.http import Http404, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from pacs import access
from pacs.events import STUDY_DOWNLOADED
from pacs.models import Study
from pacs.retrieve import files, reading
from pacs.retrieve.archive import zipped
from pacs.web import notices
from pacs.web.notices import Notice
from pacs.web.returning import back
from tenants.authentication import ClinicRequest, clinic_page
from tenants.permissions import Permission

AT_ONCE = 50


@clinic_page(Permission.STUDY_READ, event=STUDY_DOWNLOADED)
@require_POST
def download(request: ClinicRequest) -> HttpResponseBase:
    """Send the form's studies; each one's download is recorded before a byte of any is sent."""
    uids = request.POST.getlist("study")
    if not 0 < len(uids) <= AT_ONCE:
        sentence = _("Select between 1 and %(most)s studies to download.") % {"most": AT_ONCE}
        notices.leave(request, Notice(sentence, is_warning=True))
        return back(request, "studies")
    sets = [(study, files.listing(request.actor, study)) for study in _studies(request, uids)]
    for study, listed in sets:
        size = sum(one.size for one in listed)
        reading.note_download(request.actor, study, now=timezone.now(), instances=len(listed), size=size)
    chunks = zipped(request.tenant.id, [one for _study, listed in sets for one in listed])
    answer = StreamingHttpResponse(chunks, content_type="application/zip")
    answer["Content-Disposition"] = 'attachment; filename="studies.zip"'
    answer["Cache-Control"] = "no-store"
    return answer


def _studies(request: ClinicRequest, uids: Sequence[str]) -> list[Study]:
    try:
        return [access.get_study(request.actor, uid) for uid in uids]
    except access.NotFound as error:
        raise Http404 from error
