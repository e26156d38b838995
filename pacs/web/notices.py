"""What the next page says about an act just done: one sentence, and a button that takes the act back.

It waits in the person's session, so that it survives the redirect after a form, with and without scripts. Sentences
name no patient.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from django.http import HttpRequest

_KEY = "notice"


@dataclass(frozen=True)
class Notice:
    """A sentence; `undo_address` and `undo_fields` are the form that takes the act back, empty where none does."""

    text: str
    is_warning: bool = False
    undo_address: str = ""
    undo_fields: Sequence[tuple[str, str]] = ()


def leave(request: HttpRequest, notice: Notice) -> None:
    """Let the next page of this person say it."""
    request.session[_KEY] = asdict(notice)


def take(request: HttpRequest) -> Notice | None:
    """Return what is to be said, once."""
    left = request.session.pop(_KEY, None)
    return Notice(**left) if left else None
