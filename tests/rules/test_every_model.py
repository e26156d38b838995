"""Each model belongs to a clinic, or to the short list of what is global by design."""

import inspect
from collections.abc import Sequence

import pytest
from django.apps import apps
from django.db import models

from tenants.checks import GLOBAL_BY_DESIGN
from tenants.models import guards
from tenants.scope import TenantManager, TenantModel

MODELS = apps.get_models(include_auto_created=True)
OURS = [model for model in MODELS if model._meta.app_label in ("tenants", "pacs", "billing")]
OWNED = [model for model in OURS if issubclass(model, TenantModel)]


def named(models_: Sequence[type[models.Model]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("model", models_, ids=[model._meta.label for model in models_])


def test_the_models_are_found() -> None:
    assert {"pacs.Study", "pacs.Instance", "tenants.AuditEvent"} <= {model._meta.label for model in OWNED}


def test_the_global_list_names_no_ghosts_and_no_clinics_rows() -> None:
    assert {model._meta.label for model in MODELS} - {
        model._meta.label for model in OWNED
    } == GLOBAL_BY_DESIGN


@named(OWNED)
def test_a_clinics_rows_are_reached_through_the_scope_alone(model: type[models.Model]) -> None:
    managers = {
        type(manager) for manager in (*model._meta.managers, model._base_manager, model._default_manager)
    }
    assert all(issubclass(manager, TenantManager) for manager in managers)
    assert model._meta.db_table in guards.tenant_tables()


@named(OWNED)
def test_no_join_leads_from_what_is_global_into_a_clinic(model: type[models.Model]) -> None:
    for field in model._meta.concrete_fields:
        target = field.related_model
        if isinstance(target, type) and not issubclass(target, TenantModel):
            assert field.remote_field is not None
            assert field.remote_field.related_name == "+", field.name


@named(OWNED)
def test_what_is_unique_is_unique_within_a_clinic(model: type[models.Model]) -> None:
    """Else a clinic could tell from a refusal what another one holds."""
    for constraint in model._meta.constraints:
        if isinstance(constraint, models.UniqueConstraint):
            assert constraint.fields[:1] == ("tenant",), constraint.name
    for field in model._meta.concrete_fields:
        if field.unique and not field.primary_key:
            assert field.is_relation, f"{field.name} is unique among all clinics"


@named(OWNED)
def test_ids_that_others_see_are_random(model: type[models.Model]) -> None:
    key = model._meta.pk
    hidden = {"tenants.AuditEvent", "tenants.AuditHead", "pacs.UsageCounter"}
    assert isinstance(key, models.UUIDField) or model._meta.label in hidden


@named(OURS)
def test_nothing_hides_in_save_or_in_an_order(model: type[models.Model]) -> None:
    assert not model._meta.ordering
    if model._meta.label != "tenants.Tenant" and not model._meta.auto_created:
        own = {name for name, _ in inspect.getmembers(model, inspect.isfunction) if name in model.__dict__}
        assert not own & {"save", "delete", "full_clean"}


@named(OURS)
def test_rules_about_data_have_names(model: type[models.Model]) -> None:
    assert not model._meta.unique_together
    assert all(index.name for index in model._meta.indexes)
