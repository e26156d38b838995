"""One address, several services: retrieve, store and delete share theirs (PS3.18 §10)."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

View = Callable[..., HttpResponseBase]


def by_method(**views: View) -> View:
    """Return a view that passes each method to its own guarded view; HEAD goes with GET.

    `doors` keeps the door of each method for the rule tests; `door` is that of the first.
    """

    def dispatch(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        method = "GET" if request.method == "HEAD" else request.method or ""
        view = views.get(method)
        if view is None:
            return _allowed(request, list(views))
        return view(request, *args, **kwargs)

    doors = {method: view.door for method, view in views.items()}  # type: ignore[attr-defined]  # guards set it
    dispatch.doors = doors  # type: ignore[attr-defined]  # read by the rule tests
    dispatch.door = next(iter(doors.values()))  # type: ignore[attr-defined]  # read by the middleware
    # Each guarded view asks for the same origin itself.
    dispatch.csrf_exempt = all(getattr(view, "csrf_exempt", False) for view in views.values())  # type: ignore[attr-defined]
    return dispatch


def _allowed(request: HttpRequest, methods: list[str]) -> HttpResponse:
    """Say which methods the address has: to OPTIONS as its answer, to any other as a refusal."""
    answer = HttpResponse(status=200 if request.method == "OPTIONS" else 405)
    heads = ["HEAD"] if "GET" in methods else []
    answer["Allow"] = ", ".join([*methods, *heads, "OPTIONS"])
    return answer
