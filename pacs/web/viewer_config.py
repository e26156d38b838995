"""What the OHIF viewer is told for one root, and the headers its files need.

The viewer's page is one static file (`ohif.index` in `deploy/assets/dist/assets.json`), which the view at
`<root>/viewer` returns unchanged. It asks for `viewer/app-config.js`, relative to that address, so each root
answers with its own `app_config()`. The page has no inline script.

Saving measurements needs a DICOMweb data source and nothing else: OHIF takes `wadoRoot` as the STOW root and
offers "Create SR" in its measurements panel. It then sends one XMLHttpRequest with the session cookie:

    POST <root>/dicom-web/studies
    Content-Type: multipart/related; type="application/dicom"; boundary="<uuid>"
    X-CSRFToken: <the cookie's value>                            (added by viewer.js)
    Accept: */*

with one part, `Content-Type: application/dicom`: an Enhanced SR in Implicit VR Little Endian, a new series of
the study whose images it measures. Status 200 and 202 count as saved, every other as failed; no body is read.
After a reload, opening that series puts the measurements back on the images.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Viewer:
    """One root's viewer. `texts` holds the sentences named in `TEXTS`, in `language`."""

    root: str  # "/c/<slug>" or "/s/<id>"
    name: str  # shown in the header, in place of OHIF's logo
    list_url: str | None  # where the header's arrow leads; None: there is no arrow
    sign_in_url: str  # opened in a window when the session has ended
    csrf_cookie: str
    language: str  # "en", "pt-BR"
    has_accepted_notice: bool  # that OHIF is not a cleared device
    texts: Mapping[str, str]


TEXTS = {
    "signedOut": "You were signed out",
    "placeIsKept": "Sign in again to go on where you were. Nothing on this page is lost.",
    "signInAgain": "Sign in again",
    "arriving": "Images of this study are still arriving.",
    "complete": "All images have arrived.",
    "refusedOne": "1 image of this study was refused.",
    "refusedMany": "{count} images of this study were refused.",
    "reload": "Load the study again",
    "dismiss": "Dismiss",
}


def app_config(viewer: Viewer) -> str:
    """This will be the text of `<root>/viewer/app-config.js` (text/javascript, never stored by caches)."""
    return f"window.pacsViewer = {_script(_ours(viewer))};\nwindow.config = {_script(_ohif(viewer))};\n"


def _script(value: Mapping[str, object]) -> str:
    return json.dumps(value, ensure_ascii=True, indent=1)


def _ours(viewer: Viewer) -> dict[str, object]:
    return {
        "root": viewer.root,
        "name": viewer.name,
        "listUrl": viewer.list_url,
        "signInUrl": viewer.sign_in_url,
        "csrfCookie": viewer.csrf_cookie,
        "language": viewer.language,
        "texts": {key: viewer.texts[key] for key in TEXTS},
    }


def _ohif(viewer: Viewer) -> dict[str, object]:
    return {
        "name": viewer.name,
        "routerBasename": f"{viewer.root}/",
        "extensions": [],
        "modes": [],
        "customizationService": {"ohif.tours": {"$set": []}},
        # Shows the header's arrow. OHIF's own list is never reached: viewer.js leads to ours.
        "showStudyList": viewer.list_url is not None,
        "investigationalUseDialog": {"option": "never" if viewer.has_accepted_notice else "always"},
        # Measurements are tracked, and an SR's are restored, without asking each time.
        "measurementTrackingMode": "simplified",
        "disableConfirmationPrompts": True,
        "maxNumberOfWebWorkers": 3,
        "showWarningMessageForCrossOrigin": False,
        "showCPUFallbackMessage": False,
        "showLoadingIndicator": True,
        "strictZSpacingForVolumeViewport": True,
        "maxNumRequests": {"interaction": 100, "thumbnail": 5, "prefetch": 25},
        "showErrorDetails": "production",
        "defaultDataSourceName": "dicomweb",
        "dataSources": [_data_source(f"{viewer.root}/dicom-web", name=viewer.name)],
    }


def _data_source(dicom_web: str, *, name: str) -> dict[str, object]:
    return {
        "namespace": "@ohif/extension-default.dataSourcesModule.dicomweb",
        "sourceName": "dicomweb",
        "configuration": {
            "friendlyName": name,
            "name": name,
            "qidoRoot": dicom_web,
            "wadoRoot": dicom_web,
            "qidoSupportsIncludeField": True,
            "imageRendering": "wadors",
            # A plain <img> of …/instances/<uid>/thumbnail?accept=image/jpeg: cached, and no frame is decoded.
            "thumbnailRendering": "thumbnailDirect",
            "enableStudyLazyLoad": True,
            "supportsFuzzyMatching": False,
            "supportsWildcard": True,
            "supportsReject": False,
            "dicomUploadEnabled": False,
            "omitQuotationForMultipartRequest": True,
            "bulkDataURI": {"enabled": True, "relativeResolution": "studies"},
        },
    }


_PAGE = {
    "default-src": "'self'",
    "script-src": "'self' 'unsafe-eval'",  # drawing a SEG compiles code (ndarray), on the page itself
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "worker-src": "'self' blob:",
    "object-src": "'self' blob:",  # encapsulated PDF
    "frame-src": "'self' blob:",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}


def _policy(directives: Mapping[str, str]) -> str:
    return "; ".join(f"{name} {sources}" for name, sources in directives.items())


STAFF_PAGE_POLICY = _policy(_PAGE)

# A worker obeys the policy of its own response. The decoders of JPEG 2000, JPEG-LS and JPEG compile code.
WORKER_POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval' 'unsafe-eval'; connect-src 'self'"
WORKER_SCRIPT = re.compile(
    r"^/static/ohif/[^/]+/(?:8097|136|2299|compute|polySeg|interpolation|histogram-worker)\.bundle\.[0-9a-f]+\.js$"
)
