"""Is the process alive, and can it serve? For machines."""

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse

from tenants.authentication import public


@public(exempt="says nothing about anybody")
def live(request: HttpRequest) -> HttpResponse:
    """Answer while the process runs."""
    return HttpResponse("ok\n", content_type="text/plain")


@public(exempt="says nothing about anybody")
def ready(request: HttpRequest) -> HttpResponse:
    """Answer 200 when the database answers, else 503."""
    try:
        connection.ensure_connection()
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return HttpResponse("the database does not answer\n", status=503, content_type="text/plain")
    return HttpResponse("ok\n", content_type="text/plain")
