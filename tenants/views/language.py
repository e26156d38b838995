"""Choosing the language of the pages."""

from django.views.i18n import set_language

from tenants.authentication import public

choose = public(exempt="touches no row: the choice is a cookie of the browser")(set_language)
