"""Rules and dashboard ask for what `/metrics` exports; every alert has a test and a way out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from api.observability.metrics import FLAGS, DatabaseFigures, exposition
from services.operations.archive import WalArchive
from services.operations.safety import REASONS, Safety, Totals
from services.replica.standing import Standing
from services.watch.findings import KINDS
from tests.deploy.ended import word_left
from tests.deploy.reading import values
from tests.deploy.watching import DEPLOY, dashboard, rule_tests, rules, selectors

EXPRESSIONS = {rule["expr"]: alert for alert, rule in rules().items()} | dashboard()
# And of Debian's node_exporter, which the production proof asks.
OF_OTHERS = re.compile(r"up|node_\w+")
REASON = re.compile(r'reason(=~?|!~)"([^"]*)"')
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
    assert {fires for named, fires in rule_tests() if named == alert} == {True, False}


def test_no_test_is_of_an_alert_that_is_gone() -> None:
    assert {alert for alert, _ in rule_tests()} == set(rules())


@pytest.mark.parametrize(("alert", "rule"), rules().items())
def test_every_alert_says_what_it_means_and_where_it_is_explained(
    alert: str, rule: dict[str, dict[str, str]]
) -> None:
    assert rule["labels"]["severity"] in {"critical", "warning"}
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
