"""Many new rows of a table as one value of one statement, however many they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Dialect, Insert, Table, bindparam, column, func, insert, select
from sqlalchemy.dialects.postgresql import JSON
from sqlalchemy.types import TypeDecorator, TypeEngine

from models.statements import as_json

_Maker = Callable[[Any], Any]


class RowsOf(TypeDecorator[Sequence[Mapping[str, Any]]]):
    """Rows with these columns of a table, as JSON. None is SQL's NULL, in a column of JSON too."""

    impl = JSON
    cache_ok = False  # a statement with it is kept by who makes it

    def __init__(self, table: Table, names: Sequence[str]) -> None:
        super().__init__()
        self.table, self.names = table, names
        self._makers: Sequence[tuple[str, _Maker | None]] = ()

    def process_bind_param(
        self, value: Sequence[Mapping[str, Any]] | None, dialect: Dialect
    ) -> list[dict[str, Any]]:
        """What is sent of each row; raises `KeyError` for a column that a row does not have."""
        if not self._makers:
            types = [(name, self.table.c[name].type) for name in self.names]
            self._makers = [
                (name, of.dialect_impl(dialect).bind_processor(dialect)) for name, of in types
            ]
        return [
            {name: as_json(row[name], make) for name, make in self._makers} for row in value or ()
        ]


def insert_many(table: Table, names: Sequence[str], parameter: str) -> Insert:
    """The statement that makes rows with these columns of the list that `parameter` names."""
    columns = (column(name, _stored(table.c[name].type)) for name in names)
    rows = func.json_to_recordset(bindparam(parameter, type_=RowsOf(table, names)))
    each = rows.table_valued(*columns).render_derived(with_types=True)
    return insert(table).from_select(list(names), select(*each.c))


def _stored(of: TypeEngine[Any]) -> TypeEngine[Any]:
    """As the database knows it."""
    return of.impl_instance if isinstance(of, TypeDecorator) else of
