"""Addresses of the archive (DESIGN §4): the clinic is always in the path."""

from django.urls import URLPattern, path

from pacs.dicomweb import stow
from pacs.dicomweb.methods import by_method

WEB = "c/<slug:slug>/dicom-web"
UID = "<str:study_uid>"

urlpatterns: list[URLPattern] = [
    path(f"{WEB}/studies", by_method(POST=stow.store), name="dicom-web-studies"),
    path(f"{WEB}/studies/{UID}", by_method(POST=stow.store), name="dicom-web-study"),
]
