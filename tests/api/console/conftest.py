"""Every test of the console holds what its pages record against the table."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from api.http.audited import RECORDED
from tests.fixtures.recorded import Seen


@pytest.fixture(autouse=True)
def recorded(seen: Seen) -> Iterator[None]:
    """What a page showed or changed left the entries of its row, one at least."""
    yield
    wrong = {
        route: actions
        for route, actions in seen.items()
        if route in RECORDED and not (actions and actions <= set(RECORDED[route]))
    }
    assert wrong == {}
