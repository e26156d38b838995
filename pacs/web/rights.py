"""Which buttons a person sees. The doors decide; this only spares people what would be refused."""

from tenants.authentication import ClinicRequest
from tenants.permissions import Permission


def rights(request: ClinicRequest) -> dict[str, bool]:
    """Return what a page's template asks about the person."""
    may = request.actor.may
    return {
        "may_delete": may(Permission.STUDY_DELETE),
        "may_decide": may(Permission.ATTENTION_DECIDE),
        "may_store": may(Permission.STUDY_STORE),
        "may_read": may(Permission.STUDY_READ),
    }
