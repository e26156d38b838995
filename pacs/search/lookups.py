"""Two comparisons of text that PostgreSQL can serve from an index below row security, and SQLite alike.

Row security lets an index serve only leakproof comparisons. Ordering by code point (`COLLATE "C"`) is one; LIKE is
made one when the database is installed (tenants/models/guards.py).
"""

from typing import TYPE_CHECKING

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.sql.compiler import SQLCompiler

Sql = tuple[str, tuple[str | int, ...]]
if TYPE_CHECKING:
    TextLookup = models.Lookup[str]
else:  # Django's class takes no type while it runs
    TextLookup = models.Lookup


@models.CharField.register_lookup
class ByCode(models.Transform):
    """`column__by_code`: the text ordered by code points, as the indexes of `0002_search_indexes` hold it."""

    lookup_name = "by_code"

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_: object) -> Sql:
        """Leave the column as it is: SQLite orders by code points by itself."""
        sql, params = compiler.compile(self.lhs)
        return sql, tuple(params)

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_: object) -> Sql:
        """Name the collation."""
        sql, params = compiler.compile(self.lhs)
        return f'({sql} COLLATE "C")', tuple(params)


@models.CharField.register_lookup
class Like(TextLookup):
    """`column__like`: a DICOM pattern, `*` for any characters and `?` for one; case matters."""

    lookup_name = "like"

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> Sql:
        """Compare with GLOB, whose wildcards are DICOM's."""
        left, params = self.process_lhs(compiler, connection)
        return f"{left} GLOB %s", (*params, str(self.rhs).replace("[", "[[]"))

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> Sql:
        """Compare with LIKE."""
        left, params = self.process_lhs(compiler, connection)
        return f"{left} LIKE %s", (*params, _like_pattern(str(self.rhs)))


_LIKE = str.maketrans({"\\": "\\\\", "%": "\\%", "_": "\\_", "*": "%", "?": "_"})


def _like_pattern(pattern: str) -> str:
    return pattern.translate(_LIKE)
