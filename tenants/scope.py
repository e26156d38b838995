"""The current clinic. Rows of a clinic exist only inside its scope; without one, every query raises.

The manager's `get_queryset` is the single gate: Django reaches rows through it for lists, `exists`, related
managers, foreign keys and `refresh_from_db` alike, for `base_manager_name` puts the last three under it too.
A queryset is bound to the clinic it was made in: run after that scope has closed, or in another, it raises.
What no manager can close (`raw()`, a foreign id of another clinic) the database does, see `models/guards.py`.
"""

import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ClassVar, NoReturn, Self, TypeVar

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.sql.compiler import SQLCompiler

_current: ContextVar[uuid.UUID | None] = ContextVar("tenant", default=None)


class NoScope(RuntimeError):
    """A clinic's rows were asked for while no clinic was entered."""


class WrongTenant(RuntimeError):
    """A row of another clinic was about to be written, moved or deleted."""


def current_tenant_id() -> uuid.UUID:
    """Return the id of the clinic that was entered; raises NoScope."""
    tenant_id = _current.get()
    if tenant_id is None:
        raise NoScope("no clinic was entered")
    return tenant_id


def entered_tenant_id() -> uuid.UUID | None:
    """Return the id of the clinic that was entered, or None; for the database wrapper alone."""
    return _current.get()


@contextmanager
def scoped(tenant_id: uuid.UUID) -> Iterator[None]:
    """Set the current clinic. Doors use `entry.enter`. Around the `yield` of a generator it would leak."""
    token = _current.set(tenant_id)
    try:
        yield
    finally:
        _current.reset(token)


class _Entered(models.Value):
    """A clinic's id in a query. A statement is compiled just before it runs: the scope is asked again."""

    def __init__(self, tenant_id: uuid.UUID) -> None:
        super().__init__(tenant_id, output_field=models.UUIDField())

    def as_sql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, tuple[str | int, ...]]:
        if current_tenant_id() != self.value:
            raise WrongTenant("the query was made in another clinic")
        return super().as_sql(compiler, connection)


M = TypeVar("M", bound="TenantModel")


class TenantQuerySet(models.QuerySet[M]):
    """A queryset that cannot write into another clinic."""

    def update(self, **values: Any) -> int:  # noqa: ANN401  (Django's own signature)
        """Refuse to move rows between clinics."""
        if {"tenant", "tenant_id"} & values.keys():
            raise WrongTenant("rows do not move between clinics")
        return super().update(**values)

    def bulk_create(self, objs: Iterable[M], *args: Any, **kwargs: Any) -> list[M]:  # noqa: ANN401
        """Refuse rows of another clinic; rows without one get the current one."""
        rows = list(objs)
        for row in rows:
            row.claim()
        return super().bulk_create(rows, *args, **kwargs)

    def raw(self, *args: Any, **kwargs: Any) -> NoReturn:  # noqa: ANN401
        """Refuse: no filter reaches into raw SQL."""
        raise TypeError("no raw SQL over the rows of clinics")

    def create(self, **values: Any) -> M:  # noqa: ANN401
        """Refuse a row of another clinic."""
        current_tenant_id()
        return super().create(**values)


class TenantManager(models.Manager[M]):
    """The only manager of a clinic's rows: raises without a scope, sees one clinic within."""

    def get_queryset(self) -> TenantQuerySet[M]:
        """Return the current clinic's rows; raises NoScope."""
        return TenantQuerySet(self.model, using=self._db).filter(tenant_id=_Entered(current_tenant_id()))

    def none(self) -> TenantQuerySet[M]:
        """Return no rows; needs no scope."""
        return TenantQuerySet(self.model, using=self._db).none()


class TenantModel(models.Model):
    """A row that belongs to one clinic. `related_name="+"` closes joins from Tenant to its rows."""

    # No index of its own: every table's constraints and indexes begin with the clinic, or ask by primary key.
    tenant = models.ForeignKey(
        "tenants.Tenant", on_delete=models.PROTECT, related_name="+", editable=False, db_index=False
    )

    objects: ClassVar[TenantManager[Self]] = TenantManager()

    class Meta:
        abstract = True
        base_manager_name = "objects"

    def claim(self) -> None:
        """Give a new row to the current clinic; raises WrongTenant if it belongs to another."""
        current = current_tenant_id()
        if self.tenant_id is None:
            self.tenant_id = current
        elif self.tenant_id != current:
            raise WrongTenant(f"a {self._meta.model_name} of another clinic")

    def save(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        """Refuse a row of another clinic."""
        self.claim()
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:  # noqa: ANN401
        """Refuse a row of another clinic."""
        self.claim()
        return super().delete(*args, **kwargs)
