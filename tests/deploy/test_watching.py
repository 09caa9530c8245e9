"""Rules and dashboard ask for what `/metrics` exports; every alert has a test and a way out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from api.observability.metrics import FLAGS, DatabaseFigures, exposition
from services.operations.archive import WalArchive
from services.operations.safety import REASONS, Safety, Totals
from services.replica.standing import Standing
from services.watch.findings import KINDS
from tests.deploy.ended import word_left
from tests.deploy.reading import read, values
from tests.deploy.watching import (
    DEPLOY,
    asked,
    dashboard,
    reached,
    receivers,
    rule_tests,
    rules,
    selectors,
)

EXPRESSIONS = {rule["expr"]: alert for alert, rule in rules().items()} | dashboard()
# And of Debian's exporters, of Patroni and of etcd, which production proofs ask.
OF_OTHERS = re.compile(r"up|(node|probe|patroni|etcd)_\w+")
REASON = re.compile(r'reason(=~?|!~)"([^"]*)"')
# It tells an outside switch that all of this is at work.
ALWAYS = "InterludeWatching"
# What stands in the place of the operator's own.
EXAMPLE = re.compile(r"(?:[@/]|^)[\w-]+(?:\.clinic)?\.example\b")
SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? \S+$", re.MULTILINE)
LABEL = re.compile(r'(\w+)="')
ABSENT = re.compile(r'absent\(\s*(\w+\{unit=~?)"([^"]*)"\}\s*\)')
ASKED = re.compile(r"(\w+)\s*(?:=~?|!~|!=)")


@pytest.fixture
def exported(client: FlaskClient, tmp_path: Path) -> dict[str, set[str]]:
    """The labels of every metric: of a service that was asked before, and whose auditor, alerts,
    pages, flags, replica and archive are no longer none; and of a unit that has ended.
    """
    FLAGS.labels("entered_late")
    client.get("/metrics")
    scraped = client.get("/metrics").text + exposition(AT_WORK).decode()
    scraped += "".join(word_left(tmp_path, "interlude-backup@full.service", "success").values())
    found: dict[str, set[str]] = {}
    for metric, labels in SAMPLE.findall(scraped):
        found.setdefault(metric, set()).update(LABEL.findall(labels))
    return found


AT_WORK = DatabaseFigures(
    Safety(
        *({}, {}, {}, {}, None, None, 1.0, None, ()),
        auditor_seen_s=1.0,
        unsealed_s=1.0,
        unplanned_reminders_s=1.0,
    ),
    Totals((("critical", "suicide_risk", "resolved", 1),), (("critical", "sent", 1),), 0),
    replica=Standing(0.0, is_near=True),
    archived=WalArchive(is_on=True, is_failing=False, age_s=1.0),
)


def reasons_of(expression: str) -> set[str]:
    """The reasons of `/safetyz` that an expression lets through."""
    through = set(REASONS)
    for how, pattern in REASON.findall(expression):
        matching = {reason for reason in REASONS if re.fullmatch(pattern, reason)}
        through &= set(REASONS) - matching if how == "!~" else matching
    return through


def test_every_metric_that_is_asked_for_is_exported_with_its_labels(
    exported: dict[str, set[str]],
) -> None:
    assert len(EXPRESSIONS) > 50
    unknown = [
        f"{where}: {metric}{labels}"
        for expression, where in EXPRESSIONS.items()
        for metric, labels in selectors(expression)
        if not OF_OTHERS.fullmatch(metric)
        and (metric not in exported or not set(ASKED.findall(labels)) <= exported[metric])
    ]
    assert unknown == []


@pytest.mark.parametrize("alert", rules())
def test_every_alert_is_shown_quiet_and_firing(alert: str) -> None:
    wanted = {True} if alert == ALWAYS else {True, False}
    assert {fires for named, fires in rule_tests() if named == alert} == wanted


def test_no_test_is_of_an_alert_that_is_gone() -> None:
    assert {alert for alert, _ in rule_tests()} == set(rules())


@pytest.mark.parametrize(("alert", "rule"), rules().items())
def test_every_alert_says_what_it_means_and_where_it_is_explained(
    alert: str, rule: dict[str, dict[str, str]]
) -> None:
    assert rule["labels"]["severity"] in ({"none"} if alert == ALWAYS else {"critical", "warning"})
    assert rule["annotations"]["summary"].endswith(".")
    assert rule["annotations"]["runbook_url"] == f"RUNBOOK.md#{alert.lower()}"
    assert f"\n### {alert}\n" in (DEPLOY / "RUNBOOK.md").read_text(encoding="utf-8")


def test_what_a_timer_starts_is_missed_where_it_never_ran() -> None:
    """A run that fails is seen by itself; a timer that nobody enabled fails nowhere."""
    missed = [unit for rule in rules().values() for _, unit in ABSENT.findall(rule["expr"])]
    started = {
        (values(timer, "Unit") or [f"{timer.stem}.service"])[0] for timer in DEPLOY.rglob("*.timer")
    }
    # `/safetyz` knows when the auditor has not looked.
    watched_otherwise = {"interlude-auditor.service"}
    assert {unit for unit in started if not any(re.fullmatch(one, unit) for one in missed)} == (
        watched_otherwise
    )


def test_every_reason_to_be_red_is_one_alert() -> None:
    """What is new to `/safetyz` falls to the auditor's alert; nothing else does."""
    alerts = [
        (alert, reasons_of(rule["expr"]))
        for alert, rule in rules().items()
        if "interlude_unsafe" in rule["expr"]
    ]
    times = {reason: sum(reason in each for _, each in alerts) for reason in REASONS}
    assert times == dict.fromkeys(REASONS, 1)
    assert dict(alerts)["InterludeAuditorFound"] == set(KINDS)


@pytest.mark.parametrize(("alert", "rule"), rules().items())
def test_an_alert_reaches_somebody_at_its_hour(alert: str, rule: dict[str, Any]) -> None:
    route = reached({**rule["labels"], "alertname": alert})
    (how,) = {*receivers()[route["receiver"]]} - {"name"}
    at_any_hour = "active_time_intervals" not in route
    assert at_any_hour == (rule["labels"]["severity"] != "warning")
    assert how == ("webhook_configs" if alert == ALWAYS else "email_configs")


def test_who_sleeps_is_called_again_and_a_mornings_warnings_are_one_mail() -> None:
    critical, warning = (reached({"severity": severity}) for severity in ("critical", "warning"))
    assert critical["repeat_interval"] == "15m"
    assert warning["group_by"] == ["severity"]
    # A severity that nobody knows wakes somebody.
    assert reached({"severity": "grave"}) == critical


def test_no_alert_leaves_for_a_place_that_is_not_the_operators() -> None:
    places = [
        place
        for receiver in receivers().values()
        for kind, addresses in receiver.items()
        if kind != "name"
        for place in (one.get("to") or one["url"] for one in addresses)
    ]
    assert len(places) == 3
    assert [place for place in places if not EXAMPLE.search(place)] == []


def test_what_prometheus_asks_listens_on_this_machine_alone() -> None:
    """Debian's own defaults are open to everybody."""
    section = read("README.md").partition("\n## Prometheus\n")[2].partition("\n## ")[0]
    listening = set(re.findall(r"--web\.listen-address=(\S+?)[ \"]", section))
    ours = {"127.0.0.1:8001", "127.0.0.1:8002"}
    assert asked() - ours == listening - {"127.0.0.1:9090"}
    assert '--web.listen-address=127.0.0.1:9093 --cluster.listen-address="' in section
    assert [
        path for path in re.findall(r"deploy/[\w./@-]*\w", section) if not _is_there(path)
    ] == []


def _is_there(path: str) -> bool:
    return (DEPLOY.parent / path).exists()
