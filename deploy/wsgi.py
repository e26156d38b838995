"""The WSGI application. It refuses to start while a check fails: a missing guard is worse than no service."""

import os

from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "deploy.settings")
application = get_wsgi_application()

_errors = [message for message in run_checks(databases=["default"]) if message.is_serious()]
if _errors:
    raise ImproperlyConfigured("; ".join(str(message.msg) for message in _errors))
