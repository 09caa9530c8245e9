"""The printed rules: every rule, every value with what it rests on, and never stale."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.rules.catalogue import CATALOGUE
from services.rules.sources import all_values
from tools import rules_page


def test_every_rule_has_a_line_and_every_value_its_basis_and_source():
    lines = rules_page.page().splitlines()
    assert all(any(line.startswith(f"| {rule} |") for line in lines) for rule in CATALOGUE)
    for value in all_values():
        assert any(value.source in line and f" {value.basis} " in line for line in lines), value


def test_a_rule_stands_beside_the_numbers_that_it_rests_on():
    (line,) = (line for line in rules_page.page().splitlines() if "| e3.systolic |" in line)
    assert line.startswith("| e3.systolic | 140 | mmHg, above |")
    assert line.endswith("| E3 |")


def test_a_stale_page_is_reported_and_a_written_one_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(rules_page, "PAGE", tmp_path / "rules.md")
    assert rules_page.main(["--check"]) == 1
    assert "rules.md is stale" in capsys.readouterr().err
    assert rules_page.main([]) == 0
    assert rules_page.main(["--check"]) == 0
    (tmp_path / "rules.md").write_text("| S1 | nothing |")
    assert rules_page.main(["--check"]) == 1
