"""Where a person goes on after a form: the page it was on, which must be one of this clinic."""

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from tenants.authentication import ClinicRequest


def back(request: ClinicRequest, otherwise: str) -> HttpResponse:
    """Redirect to the form's `next`, or else to the page of this name."""
    target = request.POST.get("next", "")
    is_ours = target.startswith(f"/c/{request.tenant.slug}/") and url_has_allowed_host_and_scheme(
        target, {request.get_host()}, require_https=request.is_secure()
    )
    answer = HttpResponseRedirect(target if is_ours else reverse(otherwise, args=[request.tenant.slug]))
    answer.status_code = 303
    return answer
