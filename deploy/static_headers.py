"""Headers of static files: which never change, and the policy of the viewer's decoder workers."""

import re
from collections.abc import MutableMapping

from pacs.web.viewer_config import WORKER_POLICY, WORKER_SCRIPT

_HASHED = re.compile(
    r"/static/(vendor/|ohif/[^/]+/(?!app\.bundle\.css|app-config\.js|index\.html)[^/]*[0-9a-f]{16,}[^/]*$)"
)


def is_immutable(path: str, url: str) -> bool:
    """Return whether the file's name carries its version or hash, so that browsers may keep it for ever."""
    return bool(_HASHED.match(url))


def add_headers(headers: MutableMapping[str, str], path: str, url: str) -> None:
    """Give decoder workers, which obey their own response, a policy under which they may compile code."""
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    if url.startswith("/static/ohif/") and WORKER_SCRIPT.search(url):
        headers["Content-Security-Policy"] = WORKER_POLICY
