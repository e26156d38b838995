"""DELETE on a study or series moves it to the bin, where it can be brought back; PS3.18 leaves deleting to the origin
server, so this is our own transaction."""

from django.http import HttpResponse
from django.utils import timezone

from pacs.bin.move import bin_series, bin_study
from pacs.dicomweb.errors import answered
from pacs.events import SERIES_BINNED, STUDY_BINNED
from tenants.authentication import ClinicRequest, clinic_api
from tenants.permissions import Permission


@clinic_api(Permission.STUDY_DELETE, event=STUDY_BINNED)
@answered
def study(request: ClinicRequest, study_uid: str) -> HttpResponse:
    """Move a study to the bin."""
    bin_study(request.actor, study_uid, now=timezone.now())
    return HttpResponse(status=204)


@clinic_api(Permission.STUDY_DELETE, event=SERIES_BINNED)
@answered
def series(request: ClinicRequest, study_uid: str, series_uid: str) -> HttpResponse:
    """Move a series to the bin; with the last one goes the study."""
    bin_series(request.actor, study_uid, series_uid, now=timezone.now())
    return HttpResponse(status=204)
