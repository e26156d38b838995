"""The WSGI application, once every check has passed."""

import os

from django.core.wsgi import get_wsgi_application

from deploy.start import refuse_unready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "deploy.settings")
application = get_wsgi_application()
refuse_unready()
