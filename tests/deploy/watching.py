"""What Prometheus and Grafana are told: rules, their tests, the dashboard; every expression."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

DEPLOY: Final = Path(__file__).resolve().parents[2] / "deploy"
# A metric of ours, of a machine, of the front door, of database nodes, or whether somebody was
# reached, and what is asked of its labels.
SELECTOR: Final = re.compile(
    r"\b(interlude_\w+|node_\w+|probe_\w+|patroni_\w+|etcd_\w+|up)\b\s*(\{[^}]*\})?"
)
OF_NODES: Final = re.compile(r'^(patroni|etcd)_|job="(patroni|etcd)"')
MATCHER: Final = re.compile(r'(\w+)="([^"]*)"')
THIS_MACHINE: Final = re.compile(r'"(127\.0\.0\.1:\d+)"')
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


def of_three_nodes(selector: tuple[str, str]) -> bool:
    """Is this asked of Patroni or etcd? A single machine has neither."""
    return OF_NODES.search("".join(selector)) is not None


def selectors(expression: str) -> set[tuple[str, str]]:
    """Each metric that an expression reads, with what it asks of the labels (`{…}` or nothing)."""
    found = SELECTOR.findall(expression)
    return {(name, " ".join(labels.split())) for name, labels in found}


def receivers() -> dict[str, dict[str, Any]]:
    """Whom Alertmanager knows, by name."""
    return {receiver["name"]: receiver for receiver in _yaml("alertmanager.yml")["receivers"]}


def reached(labels: Mapping[str, str]) -> dict[str, Any]:
    """The route that an alert with these labels takes, with what it has from the one above."""
    above: dict[str, Any] = dict(_yaml("alertmanager.yml")["route"])
    for route in above.pop("routes"):
        wanted = [MATCHER.fullmatch(matcher) for matcher in route["matchers"]]
        if all(one is not None and labels.get(one[1]) == one[2] for one in wanted):
            return {**above, **route}
    return above


def asked() -> set[str]:
    """Where Prometheus expects somebody on this machine: what it asks, and Alertmanager."""
    return set(THIS_MACHINE.findall((DEPLOY / "prometheus" / "prometheus.yml").read_text()))


def _yaml(name: str) -> Any:
    return yaml.safe_load((DEPLOY / "prometheus" / name).read_text(encoding="utf-8"))
