"""Encrypted texts are written together with the row that they are for."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, cast

from sqlalchemy import Connection, Table, event, inspect
from sqlalchemy.orm import Mapper

from models.base import Base
from models.encryption import EncryptedText, OfRow


def sealed(model: type[Base], values: Mapping[str, Any], **row: Any) -> dict[str, Any]:
    """The values of one row, its encrypted texts bound to it.

    The primary key is taken from the values, or from `row` where they do not name it. Raises
    `KeyError` when neither does.
    """
    ready = dict(values)
    texts = encrypted(model).intersection(ready)
    if texts:
        place = " ".join(str(ready[key] if key in ready else row[key]) for key in _keys(model))
        for name in texts:
            if ready[name] is not None:
                ready[name] = OfRow(ready[name], place)
    return ready


@cache
def encrypted(model: type[Base]) -> frozenset[str]:
    """The names of its encrypted columns."""
    columns = _table(model).c
    return frozenset(one.name for one in columns if isinstance(one.type, EncryptedText))


@cache
def _keys(model: type[Base]) -> tuple[str, ...]:
    return tuple(one.name for one in _table(model).primary_key)


def _table(model: type[Base]) -> Table:
    return cast(Table, model.__table__)


@event.listens_for(Base, "before_insert", propagate=True)
@event.listens_for(Base, "before_update", propagate=True)
def _seal(_mapper: Mapper[Any], _connection: Connection, found: Base) -> None:
    """Objects know their row; raises `TypeError` for one that was given no id yet."""
    state = inspect(found)
    changed = {
        name: getattr(found, name)
        for name in encrypted(type(found))
        if state.attrs[name].history.added
    }
    if changed:
        row = {key: getattr(found, key) for key in _keys(type(found))}
        if None in row.values():
            raise TypeError(f"{type(found).__name__} has encrypted texts and no id yet")
        for name, value in sealed(type(found), changed, **row).items():
            setattr(found, name, value)
