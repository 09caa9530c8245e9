"""What is to be written last is written last, or nothing is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import literal, select
from sqlalchemy.orm import Session

from models.operations import ApiLife
from models.statements import Query, Statement
from services.unit_of_work import Write, ask, execute_writes, new_row, transaction

AT = datetime(2001, 1, 1, tzinfo=UTC)
FOLLOWING: dict[str, Callable[[Session], Any]] = {
    "a question": lambda session: ask(session, Query(Statement(select(literal(1))), {})),
    "another last write": lambda session: execute_writes(session, [life(uuid4())], is_last=True),
}


def life(life_id: UUID) -> Write:
    columns = dict.fromkeys(ApiLife.__table__.c.keys(), AT)
    return new_row(ApiLife, columns | {"id": life_id})


def lives(*ids: UUID) -> list[UUID]:
    with transaction() as session:
        return list(session.scalars(select(ApiLife.id).where(ApiLife.id.in_(ids))))


@pytest.mark.parametrize("following", FOLLOWING.values(), ids=FOLLOWING)
def test_nothing_follows_what_is_written_last(
    app: Flask, following: Callable[[Session], Any]
) -> None:
    """It would be asked before, and displace what was to be written: a lost answer."""
    one = uuid4()

    def use_case(*also: Callable[[Session], Any]) -> None:
        with transaction() as session:
            execute_writes(session, [life(one)], is_last=True)
            for each in also:
                each(session)

    with app.app_context():
        with pytest.raises(RuntimeError, match="written last"):
            use_case(following)
        assert lives(one) == []
        use_case()
        assert lives(one) == [one]
