"""Making a clinic: its root key, its first key version, its audit chain and its owner."""

import contextlib
import secrets
import uuid
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from tenants import entry, events
from tenants.audit.record import Subject, record, start_chain
from tenants.crypto.keyring import TenantKey as PlainKey
from tenants.crypto.providers import RootKeyExists
from tenants.models import PROVIDER_ID, Membership, MembershipRole, Tenant, TenantKey, User
from tenants.permissions import Actor


def create_tenant(
    actor: Actor, *, name: str, slug: str, now: datetime, language: str = "en", time_zone: str = "UTC"
) -> Tenant:
    """Create a clinic that can store images at once. The root key is durable before any row names it."""
    tenant = Tenant(
        id=uuid.uuid4(), name=name, slug=slug, language=language, time_zone=time_zone, created_at=now
    )
    entry.key_provider().create_root(tenant.id)
    _install(actor, tenant, now)
    return tenant


def ensure_provider(actor: Actor, *, now: datetime) -> Tenant:
    """Return the provider's own row, made on first use: the chain of events that belong to no clinic."""
    provider = Tenant.objects.filter(id=PROVIDER_ID).first()
    if provider is None:
        with contextlib.suppress(RootKeyExists):  # a run before this one died between the key and the row
            entry.key_provider().create_root(PROVIDER_ID)
        provider = Tenant(id=PROVIDER_ID, name="Provider", slug=None, created_at=now)
        _install(actor, provider, now)
    return provider


def add_member(tenant: Tenant, user: User, roles: Sequence[str], *, now: datetime) -> Membership:
    """Make a person a member with these roles."""
    with transaction.atomic():
        membership = Membership.objects.create(tenant=tenant, user=user, created_at=now)
        MembershipRole.objects.bulk_create(MembershipRole(membership=membership, role=role) for role in roles)
    return membership


def _install(actor: Actor, tenant: Tenant, now: datetime) -> None:
    key = PlainKey(key_id=uuid.uuid4(), version=1, secret=secrets.token_bytes(32))
    wrapped = entry.key_provider().wrap(tenant.id, key)
    with entry.enter(tenant), transaction.atomic(durable=True):
        tenant.save(force_insert=True)
        TenantKey.objects.create(id=key.key_id, version=key.version, wrapped=wrapped, created_at=now)
        start_chain()
        record(actor, events.TENANT_CREATED, Subject("clinic", str(tenant.id)), at=now)
