"""Every clinical value can be listed with what it rests on."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.rules.numbers import NumbersError
from services.rules.sources import Value, all_values, values_at

TEXT = """\
version = "1"
on = true

[tiers]
value = { low = "medium" }
unit = "tier"
source = "a guideline"
basis = "published"

[limits]
rise = { value = 6, unit = "points", source = "a trial", basis = "published" }
hour = { value = 8, unit = "hour", source = "a talk", basis = "from memory" }

[[rows]]
code = "one"
value = 3
source = "a label"
basis = "proposed"
options = [{ value = 0, label = "No" }]
"""


def test_every_value_is_listed_in_the_order_of_its_file(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "1.toml").write_text(TEXT, "utf-8")

    assert list(all_values(tmp_path)) == [
        Value("kept/1.toml", "tiers", {"low": "medium"}, "tier", "published", "a guideline"),
        Value("kept/1.toml", "limits.rise", 6, "points", "published", "a trial"),
        Value("kept/1.toml", "limits.hour", 8, "hour", "from memory", "a talk"),
        Value("kept/1.toml", "rows[0]", {"code": "one", "value": 3}, "", "proposed", "a label"),
    ]


def test_a_place_without_values_is_refused_by_name() -> None:
    with pytest.raises(NumbersError, match=r"triage\.toml: no_such_table: has no values"):
        values_at("triage.toml:no_such_table")
