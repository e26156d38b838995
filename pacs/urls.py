"""Addresses of the archive (DESIGN §4): the clinic is always in the path."""

from django.urls import URLPattern, path, register_converter

from pacs.dicomweb import (
    delete,
    qido,
    stow,
    wado,
    wado_bulkdata,
    wado_frames,
    wado_metadata,
    wado_rendered,
    wado_thumbnails,
)
from pacs.dicomweb.methods import by_method
from pacs.dicomweb.uid_in_path import UidInPath, UidsInPath
from pacs.web import (
    attention,
    bin_page,
    deciding,
    deleting,
    download,
    study_list,
    study_page,
    upload,
    viewer,
)

register_converter(UidInPath, "uid")
register_converter(UidsInPath, "uids")

WEB = "c/<slug:slug>/dicom-web"
UID = "<uid:study_uid>"
SERIES = f"{WEB}/studies/{UID}/series/<uid:series_uid>"
INSTANCE = f"{SERIES}/instances/<uid:sop_uid>"
FRAMES = f"{INSTANCE}/frames/<str:frame_list>"

urlpatterns: list[URLPattern] = [
    path(f"{WEB}/studies", by_method(GET=qido.studies, POST=stow.store), name="dicom-web-studies"),
    path(
        f"{WEB}/studies/{UID}",
        by_method(GET=wado.study, POST=stow.store, DELETE=delete.study),
        name="dicom-web-study",
    ),
    path(SERIES, by_method(GET=wado.series, DELETE=delete.series), name="dicom-web-series"),
    path(INSTANCE, by_method(GET=wado.instance), name="dicom-web-instance"),
    path(f"{INSTANCE}/bulk/<path:path>", by_method(GET=wado_bulkdata.bulkdata), name="dicom-web-bulkdata"),
    path(FRAMES, by_method(GET=wado_frames.frames), name="dicom-web-frames"),
]

# The forms that a study, a series and an instance share; frames have all but metadata.
for form, module in (
    ("metadata", wado_metadata),
    ("rendered", wado_rendered),
    ("thumbnail", wado_thumbnails),
):
    urlpatterns += [
        path(f"{WEB}/studies/{UID}/{form}", by_method(GET=module.study), name=f"study-{form}"),
        path(f"{SERIES}/{form}", by_method(GET=module.series), name=f"series-{form}"),
        path(f"{INSTANCE}/{form}", by_method(GET=module.instance), name=f"instance-{form}"),
    ]
urlpatterns += [
    path(f"{FRAMES}/rendered", by_method(GET=wado_rendered.frames), name="frames-rendered"),
    path(f"{FRAMES}/thumbnail", by_method(GET=wado_thumbnails.frame), name="frames-thumbnail"),
]

# Searches, and the same beside studies: among the persons of these alone.
for root, name in ((WEB, "search"), (f"{WEB}/beside/<uids:beside>", "search-beside")):
    urlpatterns += [
        path(f"{root}/series", qido.series, name=f"{name}-all-series"),
        path(f"{root}/instances", qido.instances, name=f"{name}-all-instances"),
        path(f"{root}/studies/{UID}/series", qido.series, name=f"{name}-series"),
        path(f"{root}/studies/{UID}/instances", qido.instances, name=f"{name}-instances"),
        path(
            f"{root}/studies/{UID}/series/<uid:series_uid>/instances",
            qido.instances,
            name=f"{name}-series-instances",
        ),
    ]
urlpatterns.append(path(f"{WEB}/beside/<uids:beside>/studies", qido.studies, name="search-beside-studies"))

# OHIF's own route is `viewer?…`, without a slash; what it loads beside itself lies below.
urlpatterns += [
    path("c/<slug:slug>/viewer", viewer.page, name="viewer"),
    path("c/<slug:slug>/viewer/app-config.js", viewer.config, name="viewer-config"),
    path("c/<slug:slug>/viewer/status", viewer.status, name="viewer-status"),
    path("c/<slug:slug>/viewer/notice", viewer.notice, name="viewer-notice"),
]

# The clinic's pages.
CLINIC = "c/<slug:slug>"
urlpatterns += [
    path(f"{CLINIC}/studies/", study_list.studies, name="studies"),
    path(f"{CLINIC}/studies/delete", deleting.delete, name="studies-delete"),
    path(f"{CLINIC}/studies/download", download.download, name="studies-download"),
    path(f"{CLINIC}/studies/{UID}/", study_page.study, name="study"),
    path(f"{CLINIC}/upload/", upload.upload, name="upload"),
    path(f"{CLINIC}/attention/", attention.attention, name="attention"),
    path(f"{CLINIC}/attention/decide", deciding.decide_files, name="attention-decide"),
    path(f"{CLINIC}/bin/", bin_page.bin_page, name="bin"),
    path(f"{CLINIC}/bin/restore", deleting.restore, name="bin-restore"),
]
