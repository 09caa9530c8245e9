"""What every table shares: the base class, column types, mixins and the naming of constraints."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

import uuid_utils.compat
from sqlalchemy import (
    CheckConstraint,
    DateTime,
    Dialect,
    ForeignKeyConstraint,
    MetaData,
    Text,
    text,
)
from sqlalchemy import Uuid as UuidType
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, registry
from sqlalchemy.types import TypeDecorator

NAMING = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


def new_id() -> UUID:
    """A time-ordered UUID (version 7), so that new rows land at the end of an index."""
    return uuid_utils.compat.uuid7()


class UtcDateTime(TypeDecorator[datetime]):
    """TIMESTAMPTZ that refuses naive values and always gives back UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - signature of the base class
        if value is not None and value.tzinfo is None:
            raise ValueError("a datetime without a zone reached the database")
        return value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - signature of the base class
        return None if value is None else value.astimezone(UTC)


Json = Annotated[dict[str, Any], "json object"]
JsonList = Annotated[list[Any], "json array"]
Strings = Annotated[list[str], "text array"]
Ids = Annotated[list[UUID], "uuid array"]


class Base(DeclarativeBase):
    """Base of all tables."""

    metadata = MetaData(naming_convention=NAMING)
    registry = registry(
        metadata=metadata,
        type_annotation_map={
            datetime: UtcDateTime(),
            str: Text(),
            UUID: UuidType(),
            Json: JSONB(),
            JsonList: JSONB(),
            Strings: ARRAY(Text()),
            Ids: ARRAY(UuidType()),
        },
    )


def one_of(column: str, values: tuple[str, ...], name: str | None = None) -> CheckConstraint:
    """A CHECK that a text column holds one of the named states."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=name or column)


class Identified:
    """A row with an id of its own."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id, sort_order=-10)


class OfClinic:
    """A row that belongs to one clinic: row-level security keeps other clinics away from it.

    The clinic leads the primary key and every reference, so that a row can only point inside its
    own clinic.
    """

    clinic_id: Mapped[UUID] = mapped_column(primary_key=True, sort_order=-20)


def of_known_clinic() -> ForeignKeyConstraint:
    """The clinic exists. Only for roots: the other tables hang on one of these."""
    return ForeignKeyConstraint(["clinic_id"], ["clinics.id"])


def of_clinic(column: str, table: str) -> ForeignKeyConstraint:
    """A reference to a row of the same clinic."""
    return ForeignKeyConstraint(["clinic_id", column], [f"{table}.clinic_id", f"{table}.id"])


EMPTY_OBJECT = text("'{}'::jsonb")
EMPTY_LIST = text("'[]'::jsonb")
EMPTY_STRINGS = text("'{}'::text[]")
