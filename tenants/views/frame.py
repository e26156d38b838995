"""What every page's frame needs besides its own rows."""

import functools
import json
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest


def frame(request: HttpRequest) -> dict[str, object]:
    """Return where the browser's packages lie, and the languages by their own names; a context processor."""
    return {"vendor": _vendor(settings.ASSETS_DIR), "languages": settings.LANGUAGES}


@functools.cache
def _vendor(assets: Path) -> dict[str, str]:
    """Return package name → folder below `/static/`; empty where the packages were not built."""
    listing = assets / "assets.json"
    if not listing.is_file():
        return {}
    folders: dict[str, str] = json.loads(listing.read_text(encoding="utf-8"))["vendor"]
    return {name.partition(".")[0]: folder for name, folder in folders.items()}
