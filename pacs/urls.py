"""Addresses of the archive (DESIGN §4): the clinic is always in the path."""

from django.urls import URLPattern, path

from pacs.dicomweb import qido, stow
from pacs.dicomweb.methods import by_method
from pacs.web import viewer

WEB = "c/<slug:slug>/dicom-web"
UID = "<str:study_uid>"

urlpatterns: list[URLPattern] = [
    path(f"{WEB}/studies", by_method(GET=qido.studies, POST=stow.store), name="dicom-web-studies"),
    path(f"{WEB}/studies/{UID}", by_method(POST=stow.store), name="dicom-web-study"),
]

# Searches, and the same beside studies: among the persons of these alone.
for root, name in ((WEB, "search"), (f"{WEB}/beside/<str:beside>", "search-beside")):
    urlpatterns += [
        path(f"{root}/series", qido.series, name=f"{name}-all-series"),
        path(f"{root}/instances", qido.instances, name=f"{name}-all-instances"),
        path(f"{root}/studies/{UID}/series", qido.series, name=f"{name}-series"),
        path(f"{root}/studies/{UID}/instances", qido.instances, name=f"{name}-instances"),
        path(
            f"{root}/studies/{UID}/series/<str:series_uid>/instances",
            qido.instances,
            name=f"{name}-series-instances",
        ),
    ]
urlpatterns.append(path(f"{WEB}/beside/<str:beside>/studies", qido.studies, name="search-beside-studies"))

# OHIF's own route is `viewer?…`, without a slash; what it loads beside itself lies below.
urlpatterns += [
    path("c/<slug:slug>/viewer", viewer.page, name="viewer"),
    path("c/<slug:slug>/viewer/app-config.js", viewer.config, name="viewer-config"),
    path("c/<slug:slug>/viewer/status", viewer.status, name="viewer-status"),
    path("c/<slug:slug>/viewer/notice", viewer.notice, name="viewer-notice"),
]
