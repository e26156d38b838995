from tenants.models.access_session import AccessSession
from tenants.models.api_key import ApiKey
from tenants.models.audit_event import AuditEvent, AuditHead
from tenants.models.people import Membership, MembershipRole, Role, User
from tenants.models.tenant import PROVIDER_ID, Tenant
from tenants.models.tenant_key import TenantKey

__all__ = [
    "PROVIDER_ID",
    "AccessSession",
    "ApiKey",
    "AuditEvent",
    "AuditHead",
    "Membership",
    "MembershipRole",
    "Role",
    "Tenant",
    "TenantKey",
    "User",
]
