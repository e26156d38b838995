"""What the attention page's buttons do, for one file or for all that are selected."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING
from uuid import UUID

from django.http import HttpResponse, HttpResponseBadRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from pacs.events import FILE_ACCEPTED
from pacs.ingest import decide
from pacs.ingest.decide import AlreadyDecided, CannotReplace, WaitsAlready, WhyNot
from pacs.ingest.outcomes import Status
from pacs.ingest.sentences import sentence
from pacs.limits import QuotaExceeded
from pacs.storage.store import BlobMissing, StoreUnavailable
from pacs.tasks import wake_derive
from pacs.web import notices
from pacs.web.notices import Notice
from pacs.web.returning import back
from tenants.authentication import ClinicRequest, clinic_page
from tenants.crypto.stream import CannotOpen
from tenants.permissions import Actor, Permission

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

AT_ONCE = 100

WHY_NOT: "Mapping[str, StrPromise]" = MappingProxyType(
    {
        WhyNot.NO_CONFLICT: gettext_lazy("The file is damaged and replaces nothing."),
        WhyNot.NOTHING_STORED: gettext_lazy("Its image is not stored any more: try again instead."),
        WhyNot.OTHER_SERIES: gettext_lazy(
            "It belongs to another study or series than the stored image, so it is not a version of it."
        ),
        WhyNot.IN_BIN: gettext_lazy("The stored image lies in the bin: restore it first."),
        WhyNot.CHANGED: gettext_lazy("The stored image has changed meanwhile: look at it again."),
        WhyNot.UNREADABLE: gettext_lazy("The file cannot be read."),
    }
)


@dataclass
class _Done:
    """What became of the selected files: how many were decided, what undoes it, and why others were not."""

    count: int = 0
    undo: list[tuple[str, str]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


Decision = Callable[[Actor, UUID, datetime, _Done], None]


@clinic_page(Permission.ATTENTION_DECIDE, event=FILE_ACCEPTED)
@require_POST
def decide_files(request: ClinicRequest) -> HttpResponse:
    """Decide about files: `one` is "<decision> <file>", else `decision` holds for every `file`."""
    name, _space, only = request.POST.get("one", "").partition(" ")
    name = name or request.POST.get("decision", "")
    ids = _ids([only] if only else request.POST.getlist("file"))
    if name not in _DECISIONS or ids is None:
        return HttpResponseBadRequest()
    done, now = _Done(), timezone.now()
    for held_id in ids[:AT_ONCE]:
        _attempt(_DECISIONS[name], request.actor, held_id, now, done)
    if done.count and name in ("accept", "retry"):
        wake_derive()
    notices.leave(request, _notice(request, name, done))
    return back(request, "attention")


def _ids(texts: Sequence[str]) -> list[UUID] | None:
    try:
        return [UUID(text) for text in texts]
    except ValueError:
        return None


def _attempt(decision: Decision, actor: Actor, held_id: UUID, now: datetime, done: _Done) -> None:
    try:
        decision(actor, held_id, now, done)
    except AlreadyDecided:
        done.failures.append(_("Somebody decided about it before."))
    except CannotReplace as error:
        done.failures.append(str(WHY_NOT[error.reason]))
    except WaitsAlready:
        done.failures.append(_("The same file came again and waits already."))
    except QuotaExceeded:
        done.failures.append(_("The storage of the clinic is full."))
    except (StoreUnavailable, BlobMissing, CannotOpen):
        done.failures.append(_("The storage does not give the file back just now. Nothing was changed."))


def _accept(actor: Actor, held_id: UUID, now: datetime, done: _Done) -> None:
    replaced = decide.accept(actor, held_id, now=now)
    done.count += 1
    done.undo.append(("file", str(replaced.id)))


def _discard(actor: Actor, held_id: UUID, now: datetime, done: _Done) -> None:
    decide.discard(actor, held_id, now=now)
    done.count += 1
    done.undo.append(("file", str(held_id)))


def _take_back(actor: Actor, held_id: UUID, now: datetime, done: _Done) -> None:
    decide.take_back(actor, held_id, now=now)
    done.count += 1


def _retry(actor: Actor, held_id: UUID, now: datetime, done: _Done) -> None:
    outcome = decide.retry(actor, held_id, now=now)
    if outcome.status is Status.REFUSED:
        done.failures.append(sentence(outcome.reason))
    else:
        done.count += 1


_DECISIONS: Mapping[str, Decision] = MappingProxyType(
    {"accept": _accept, "discard": _discard, "take_back": _take_back, "retry": _retry}
)
_UNDONE_BY: Mapping[str, str] = MappingProxyType({"accept": "accept", "discard": "take_back"})


def _notice(request: ClinicRequest, name: str, done: _Done) -> Notice:
    sentences = [_said(name, done.count)] if done.count else []
    for failure, count in Counter(done.failures).items():
        left = ngettext("%(n)s file was left as it is:", "%(n)s files were left as they are:", count)
        sentences.append(f"{left % {'n': count}} {failure}")
    text = " ".join(sentences) or _("Nothing was selected.")
    if not done.undo:
        return Notice(text, is_warning=not done.count)
    address = reverse("attention-decide", args=[request.tenant.slug])
    return Notice(text, undo_address=address, undo_fields=[("decision", _UNDONE_BY[name]), *done.undo])


def _said(name: str, count: int) -> str:
    if name == "accept":
        said = ngettext(
            "%(n)s file is the stored version now; the one before is kept.",
            "%(n)s files are the stored versions now; those before are kept.",
            count,
        )
    elif name == "discard":
        said = ngettext("%(n)s file was discarded.", "%(n)s files were discarded.", count)
    elif name == "take_back":
        said = ngettext("%(n)s file waits again.", "%(n)s files wait again.", count)
    else:
        said = ngettext("%(n)s file was stored.", "%(n)s files were stored.", count)
    return said % {"n": count}
