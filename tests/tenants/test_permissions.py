"""The one table of rights, and what it promises about the roles that see no images."""

import pytest

from tenants.models import Role
from tenants.permissions import (
    ROLE_PERMISSIONS,
    Actor,
    NotPermitted,
    Permission,
    holders,
    of_roles,
    require,
    system_actor,
)

IMAGES = {
    Permission.STUDY_SEARCH,
    Permission.STUDY_READ,
    Permission.STUDY_STORE,
    Permission.STUDY_ANNOTATE,
    Permission.STUDY_DELETE,
    Permission.ATTENTION_DECIDE,
}


def test_every_role_has_its_rights() -> None:
    assert set(ROLE_PERMISSIONS) == set(Role)
    assert all(ROLE_PERMISSIONS.values())


@pytest.mark.parametrize("role", [Role.BILLING, Role.AUDITOR, Role.IT])
def test_billing_auditor_and_it_touch_no_images(role: Role) -> None:
    assert not ROLE_PERMISSIONS[role] & IMAGES


def test_the_owner_may_do_everything() -> None:
    assert ROLE_PERMISSIONS[Role.OWNER] == set(Permission)


def test_the_administrator_may_do_everything_but_pay() -> None:
    assert set(Permission) - ROLE_PERMISSIONS[Role.ADMINISTRATOR] == {Permission.BILLING_MANAGE}


@pytest.mark.parametrize(
    ("permission", "roles"),
    [
        (Permission.STUDY_DELETE, {"owner", "administrator", "radiologist"}),
        (Permission.STUDY_ANNOTATE, {"owner", "administrator", "radiologist"}),
        (Permission.STUDY_STORE, {"owner", "administrator", "radiologist", "technician", "reception"}),
        (Permission.ATTENTION_DECIDE, {"owner", "administrator", "radiologist", "technician"}),
        (Permission.MEMBER_MANAGE, {"owner", "administrator"}),
        (Permission.API_KEY_MANAGE, {"owner", "administrator", "it"}),
        (Permission.SETTINGS_MANAGE, {"owner", "administrator", "it"}),
        (Permission.AUDIT_READ, {"owner", "administrator", "auditor"}),
        (Permission.BILLING_MANAGE, {"owner", "billing"}),
    ],
)
def test_a_right_has_exactly_these_holders(permission: Permission, roles: set[str]) -> None:
    assert set(holders(permission)) == roles


def test_several_roles_add_up() -> None:
    both = of_roles([Role.BILLING, Role.AUDITOR])
    assert both == {Permission.BILLING_MANAGE, Permission.AUDIT_READ}
    assert of_roles([]) == frozenset()


def test_a_missing_right_is_named() -> None:
    actor = Actor(kind="member", id="1", name="Bob", permissions=of_roles([Role.BILLING]))
    require(actor, Permission.BILLING_MANAGE)
    with pytest.raises(NotPermitted) as refused:
        require(actor, Permission.STUDY_READ)
    assert refused.value.permission == Permission.STUDY_READ


def test_background_work_has_no_rights_to_borrow() -> None:
    assert system_actor("sweep").permissions == frozenset()
