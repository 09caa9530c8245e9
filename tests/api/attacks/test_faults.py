"""What `make prove` takes out to see each attack test fail is still there to be taken out."""

from __future__ import annotations

import pytest

from migrations.upgrade import PROJECT
from tests.builders.doors.faults import FAULTS, Fault


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.attack)
def test_a_guard_stands_once_where_the_table_says(fault: Fault) -> None:
    assert fault.planted(PROJECT)
    for test in fault.red:
        path, _, name = test.partition("::")
        assert not name or f"def {name}(" in (PROJECT / path).read_text("utf-8"), test
