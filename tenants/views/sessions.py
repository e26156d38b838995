"""Sign in, sign out, and the first page after it."""

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render, resolve_url
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from tenants import sessions
from tenants.authentication import person_page, public
from tenants.events import SIGNED_IN, SIGNED_OUT
from tenants.forms import SignInForm
from tenants.models import Membership, User


@public(exempt=f"{SIGNED_IN.subtype} is recorded by tenants.sessions")
@never_cache
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponseBase:
    """Ask for address and password; lead on to where the person wanted to go."""
    form = SignInForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        user = sessions.sign_in(
            request,
            email=form.cleaned_data["email"],
            password=form.cleaned_data["password"],
            now=timezone.now(),
        )
        if user is not None:
            return redirect(_next(request))
        form.add_error(None, _("The e-mail address or the password is wrong."))
    is_popup = "popup" in request.GET
    context = {"form": form, "next": request.GET.get("next", ""), "is_popup": is_popup}
    return render(request, "tenants/sign_in.html", context, status=400 if form.errors else 200)


@require_POST
def _sign_out(request: HttpRequest) -> HttpResponse:
    sessions.sign_out(request, now=timezone.now())
    answer = redirect("login")
    answer["Clear-Site-Data"] = '"cache", "storage"'
    return answer


sign_out = person_page(event=SIGNED_OUT)(_sign_out)


@person_page(exempt="leads to the person's clinic, shows nothing else")
def home(request: HttpRequest) -> HttpResponseBase:
    """Lead to the person's only clinic, or let them choose."""
    if not isinstance(request.user, User):
        return redirect("login")
    now = timezone.now()
    memberships = (
        Membership.objects.filter(user=request.user).select_related("tenant").order_by("tenant__name")
    )
    clinics = [membership.tenant for membership in memberships if membership.holds_at(now)]
    if len(clinics) == 1:
        return redirect("studies", slug=clinics[0].slug)
    return render(request, "tenants/home.html", {"clinics": clinics})


@public(exempt="says only that the person is signed in again")
def signed_in(request: HttpRequest) -> HttpResponse:
    """Tell the window that asked for a new sign-in that it may close."""
    return render(request, "tenants/signed_in.html")


def _next(request: HttpRequest) -> str:
    if "popup" in request.GET:
        return resolve_url("signed-in")
    target = request.GET.get("next", "")
    allowed = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return target if allowed else resolve_url("home")
