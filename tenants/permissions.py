"""Who may do what: one table to read aloud to a customer."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from tenants.models import Role


class Permission(StrEnum):
    """One right in a clinic."""

    STUDY_SEARCH = "study.search"
    STUDY_READ = "study.read"
    STUDY_STORE = "study.store"
    STUDY_ANNOTATE = "study.annotate"
    STUDY_DELETE = "study.delete"
    ATTENTION_DECIDE = "attention.decide"
    API_KEY_MANAGE = "api-key.manage"
    MEMBER_MANAGE = "member.manage"
    AUDIT_READ = "audit.read"
    BILLING_MANAGE = "billing.manage"
    SETTINGS_MANAGE = "settings.manage"


_READS = {Permission.STUDY_SEARCH, Permission.STUDY_READ}
_P = Permission

ROLE_PERMISSIONS: dict[str, frozenset[Permission]] = {
    Role.OWNER: frozenset(Permission),
    Role.ADMINISTRATOR: frozenset(Permission) - {_P.BILLING_MANAGE},
    Role.RADIOLOGIST: frozenset(
        _READS | {_P.STUDY_STORE, _P.STUDY_ANNOTATE, _P.STUDY_DELETE, _P.ATTENTION_DECIDE}
    ),
    Role.REFERRING_PHYSICIAN: frozenset(_READS),
    Role.TECHNICIAN: frozenset(_READS | {_P.STUDY_STORE, _P.ATTENTION_DECIDE}),
    Role.RECEPTION: frozenset(_READS | {_P.STUDY_STORE}),
    Role.RESEARCHER: frozenset(_READS),
    Role.BILLING: frozenset({_P.BILLING_MANAGE}),
    Role.AUDITOR: frozenset({_P.AUDIT_READ}),
    Role.IT: frozenset({_P.API_KEY_MANAGE, _P.SETTINGS_MANAGE}),
}

SCOPE_PERMISSIONS: dict[str, frozenset[Permission]] = {
    "store": frozenset({_P.STUDY_STORE}),
    "query": frozenset({_P.STUDY_SEARCH}),
    "read": frozenset({_P.STUDY_READ}),
    "delete": frozenset({_P.STUDY_DELETE}),
}
"""What an API key's scopes grant. A key never manages people, keys or policy."""


@dataclass(frozen=True)
class Actor:
    """Whoever acts: the rights are decided once, at the door."""

    kind: str
    id: str
    name: str
    permissions: frozenset[Permission] = field(default=frozenset(), repr=False)
    address: str = ""
    agent: str = ""

    def may(self, permission: Permission) -> bool:
        """Return whether the actor holds the right."""
        return permission in self.permissions


class NotPermitted(Exception):
    """The actor lacks a right in its own clinic; carries it, so that the page can say whom to ask."""

    def __init__(self, permission: Permission) -> None:
        super().__init__(permission.value)
        self.permission = permission


def require(actor: Actor, permission: Permission) -> None:
    """Raise NotPermitted unless the actor holds the right."""
    if not actor.may(permission):
        raise NotPermitted(permission)


def of_roles(roles: Iterable[str]) -> frozenset[Permission]:
    """Return what a member with these roles may do."""
    return frozenset[Permission]().union(*(ROLE_PERMISSIONS[role] for role in roles))


def of_scopes(scopes: Iterable[str]) -> frozenset[Permission]:
    """Return what a key with these scopes may do."""
    return frozenset[Permission]().union(*(SCOPE_PERMISSIONS.get(scope, frozenset()) for scope in scopes))


def holders(permission: Permission) -> list[Role]:
    """Return the roles that hold a right, for the sentence that says whom to ask."""
    return [role for role in Role if permission in ROLE_PERMISSIONS[role]]


def system_actor(name: str) -> Actor:
    """Return the actor of background work: it acts on rows, never for a person, and needs no rights."""
    return Actor(kind="system", id=str(UUID(int=0)), name=name)
