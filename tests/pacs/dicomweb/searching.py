"""Asking QIDO-RS as a client does, and reading the UIDs of its answer."""

import json
from typing import Any
from urllib.parse import urlencode

from django.http.response import HttpResponseBase
from django.test import Client

from tests.conftest import Clinic

STUDY, SERIES, INSTANCE = "0020000D", "0020000E", "00080018"


def search(client: Client, clinic: Clinic, path: str = "studies", **parameters: str) -> HttpResponseBase:
    """Ask; keywords are the parameters, whose dots are written as two underscores."""
    query = urlencode({name.replace("__", "."): value for name, value in parameters.items()})
    return client.get(f"{clinic.root}/dicom-web/{path}" + (f"?{query}" if query else ""))


def rows(answer: HttpResponseBase) -> list[dict[str, Any]]:
    """Return the results of an answer in JSON."""
    results: list[dict[str, Any]] = json.loads(answer.getvalue())
    return results


def found(client: Client, clinic: Clinic, path: str = "studies", **parameters: str) -> list[str]:
    """Return the UIDs of the rows, in their order."""
    answer = search(client, clinic, path, **parameters)
    assert answer.status_code == 200, answer.getvalue()
    level = INSTANCE if path.endswith("instances") else SERIES if path.endswith("series") else STUDY
    return [row[level]["Value"][0] for row in rows(answer)]
