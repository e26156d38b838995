"""What a person sees of a page, taken out of its HTML."""

import re
from html import unescape
from typing import TYPE_CHECKING

from tenants import entry
from tenants.models import AuditEvent
from tests.conftest import Clinic

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Answer


def text(page: "Answer | str") -> str:
    """Return the words of a page, with single spaces."""
    source = page if isinstance(page, str) else page.content.decode()
    main = source.partition("<main")[2] or source
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", main))).strip()


def names(page: "Answer") -> list[str]:
    """Return the patients of a study list, from top to bottom."""
    found = re.findall(r'class="patient-name"[^>]*>(.*?)</a>', page.content.decode())
    return [unescape(name) for name in found]


def row_of(page: "Answer", name: str) -> str:
    """Return the words of one row of the study list."""
    rows = page.content.decode().split('<tr class="study"')[1:]
    return next(text(row.partition(">")[2].partition("</tr>")[0]) for row in rows if f">{name}</a>" in row)


def notice(page: "Answer") -> str:
    """Return what the page says about the act before it."""
    found = re.search(r'<div class="notice[^"]*">\s*<span>(.*?)</span>', page.content.decode())
    return unescape(found[1]) if found else ""


def undo_form(page: "Answer") -> tuple[str, dict[str, list[str]]]:
    """Return address and fields of the button that takes the act back."""
    block = page.content.decode().partition('<div class="notice')[2].partition("</form>")[0]
    action = re.search(r'<form method="post" action="([^"]*)"', block)
    assert action is not None
    fields: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', block):
        fields.setdefault(name, []).append(unescape(value))
    return action[1], fields


def trail(clinic: Clinic) -> list[str]:
    """Return what the audit trail of a clinic says, in order."""
    with entry.enter(clinic.tenant):
        return list(AuditEvent.objects.order_by("seq").values_list("subtype", flat=True))
