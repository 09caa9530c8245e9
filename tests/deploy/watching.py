"""What Prometheus and Grafana are told: rules, their tests, the dashboard; every expression."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

DEPLOY: Final = Path(__file__).resolve().parents[2] / "deploy"
# A metric of ours, of a machine, or whether somebody was reached, and what is asked of its labels.
SELECTOR: Final = re.compile(r"\b(interlude_\w+|node_\w+|up)\b\s*(\{[^}]*\})?")
OF_AN_ALERT: Final = re.compile(r'alertname="(\w+)"')


@cache
def rules() -> dict[str, dict[str, Any]]:
    """Every alert by its name."""
    document = _yaml("interlude.rules.yml")
    return {rule["alert"]: rule for group in document["groups"] for rule in group["rules"]}


def rule_tests() -> Iterator[tuple[str, bool]]:
    """Of every test of a rule: the alert, and whether it fires there."""
    for test in _yaml("interlude.test.yml")["tests"]:
        for expected in test["promql_expr_test"]:
            (alert,) = OF_AN_ALERT.findall(expected["expr"])
            yield alert, bool(expected["exp_samples"])


@cache
def dashboard() -> dict[str, str]:
    """Every expression of the dashboard, with the title of its panel."""
    document = json.loads((DEPLOY / "grafana" / "interlude.json").read_text(encoding="utf-8"))
    return {
        target["expr"]: panel["title"]
        for panel in document["panels"]
        for target in panel.get("targets", ())
    }


def selectors(expression: str) -> set[tuple[str, str]]:
    """Each metric that an expression reads, with what it asks of the labels (`{…}` or nothing)."""
    found = SELECTOR.findall(expression)
    return {(name, " ".join(labels.split())) for name, labels in found}


def _yaml(name: str) -> Any:
    return yaml.safe_load((DEPLOY / "prometheus" / name).read_text(encoding="utf-8"))
