"""Every proof at the size that the issue names; the gate tells the same stories in small."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pytest

from migrations.upgrade import PROJECT
from tests.api.front import test_costly_requests, test_slow_clients
from tests.builders.paging.month import Size
from tests.builders.rules.odd_bodies import false_alarms, missed
from tests.builders.world import ClinicWorld, World
from tests.fixtures.running import RunningService
from tests.proofs.alerting.burst import bursts
from tests.proofs.alerting.fair_pages import fair_pages
from tests.proofs.alerting.fault_run import everything_fails, kill_database
from tests.proofs.alerting.lives import lives_of_alerts
from tests.proofs.alerting.many_alerts import many_alerts
from tests.proofs.alerting.planted_faults import planted_faults
from tests.proofs.alerting.steady_month import steady_month
from tests.proofs.notes import notes_by_kind
from tests.proofs.oracle_histories import histories_agree
from tests.proofs.outcomes import simulated_outcomes
from tests.proofs.privacy.attacks import attacks_are_seen
from tests.proofs.privacy.sealing_cost import sealing_cost
from tests.proofs.rota import on_call_agrees
from tests.proofs.sealed_audit import sealed_audit
from tests.proofs.seen import Seen, tell, verdict
from tests.proofs.standby import reports_from_a_standby
from tests.proofs.worsening import lasting_rises, simulated_cohort
from tests.services.accounts import test_refresh as refreshes
from tests.services.accounts import test_under_attack as under_attack
from tests.stories import (
    test_exactly_once,
    test_odd_clocks,
    test_pages_arrive,
    test_played_forms,
    test_strange_phones,
)
from tests.stories import test_refused_requests as refused
from tests.stories.at_once import test_races
from tests.stories.outages import (
    test_bad_nights,
    test_broken_rules,
    test_outages,
    test_phones_on_bad_lines,
)

SEED: Final = 20_261
FORMS: Final = PROJECT.parent / "shared" / "data" / "nhanes_2013_2014_phq9.csv"
PLAYED: Final = "each form of the file: score, alert, page received; all sent again: no row changes"
# What is known of the survey.
FIGURES: Final = (
    "5372 complete totals, 511 of them >= 10; 185 people have a suicide_risk alert that pages"
    " (63 critical, 122 high), all received by mail; item 9 of 1, 2, 3: 122, 31, 32;"
    " 2 of them incomplete (74579, 81321); 8 medium"
)


@dataclass(frozen=True, slots=True)
class Proof:
    """A name for the progress lines, and what gives lines of the table."""

    name: str
    run: Callable[[RunningService], Iterable[Seen]]


def story(name: str, claim: str, size: str, test: Callable[..., object], **sizes: object) -> Proof:
    """A test of a running service, declared with these sizes."""
    return Proof(name, lambda at: tell(claim, size, partial(test, at, **sizes)))


def full_sizes() -> list[Proof]:
    """In this order: the latency first, on a fresh database; simulations last."""
    return [
        story(
            "latency",
            "from the POST's answer to the mail server, p99 under a second",
            "200 pages",
            test_pages_arrive.test_a_page_is_there_within_seconds_of_the_answer,
            pages=200,
            pause_s=0.05,
            aim_s=1.0,
        ),
        Proof("burst", lambda _at: bursts(300, 3)),
        *_exactly_once(),
        Proof("fair pages", lambda at: fair_pages(at, 400)),
        Proof("log-ins", lambda at: logs_in_under_attack(at, seconds=90)),
        Proof("refusals", lambda at: refusals_that_page(at, 5)),
        *_phones_and_rules(),
        story(
            "race",
            "every answer stands on an alert that was open when it committed",
            "1000 races",
            test_races.test_answers_racing_resolves_stand_on_an_open_alert,
            races=1000,
            seed=SEED,
        ),
        Proof("slow clients", slow_clients),
        Proof("bad nights", lambda at: bad_nights(at, 20)),
        Proof("costly requests", costly_requests),
        *_workers_and_outages(),
        Proof("fault run", lambda at: everything_fails(at, 1000, SEED)),
        Proof("bad lines", lambda at: phones_on_bad_lines(at, 200, 60)),
        Proof("lost refreshes", lambda at: lost_refreshes(at, range(SEED, SEED + 60))),
        Proof("real forms", real_forms),
        Proof("notes", lambda _at: notes_by_kind()),
        Proof("odd bodies", lambda _at: odd_bodies(20_000, 10_000)),
        Proof("oracle", lambda _at: histories_agree(200, SEED)),
        Proof("a steady month", lambda _at: steady_month(Size(100, 40, 30, 60), SEED)),
        Proof("lives of alerts", lambda _at: lives_of_alerts(30, 40)),
        Proof("many alerts", lambda _at: many_alerts()),
        Proof("who is on call", lambda _at: on_call_agrees(730, SEED)),
        Proof("worsening", lambda _at: lasting_rises(1000, SEED)),
        Proof("simulated cohort", lambda _at: simulated_cohort(1000, SEED)),
        Proof("outcomes of a simulated clinic", lambda _at: simulated_outcomes(10_000, SEED)),
    ]


def phones_on_bad_lines(running: RunningService, phones: int, days: int) -> Iterator[Seen]:
    """Phones that do what docs/mobile.md says, on a line with trouble; API and database die."""
    with TemporaryDirectory(prefix="interlude-phones-") as folder:
        story = partial(
            test_phones_on_bad_lines.test_phones_on_bad_lines_lose_nothing,
            running,
            Path(folder),
            phones=phones,
            days=days,
            kills=8,
            seed=SEED,
            kill_database=partial(kill_database, running),
        )
        yield from tell(
            "on a line with trouble in 5-20 % of requests, with crashes on both sides: every answer"
            " once and on its day, every danger on an alert, changes from zero are the lists, no"
            " unexplained error",
            f"{phones} phones, {days} days",
            story,
        )


def odd_bodies(dangerous: int, harmless: int) -> Iterator[Seen]:
    """One reader over every shape, spelling and encoding; 1 % of the harmless may alarm."""
    yield verdict(
        "danger is found in whatever shape a client library gave the body",
        f"{dangerous} bodies",
        "none missed",
        missed(range(dangerous)),
    )
    alarms = list(false_alarms(range(harmless)))
    yield verdict(
        "harmless refused bodies of all instruments raise an alarm in 1 % at most",
        f"{harmless} bodies",
        f"{len(alarms)} alarms",
        alarms if len(alarms) > harmless // 100 else (),
    )


def _phones_and_rules() -> Iterator[Proof]:
    yield story(
        "clocks",
        "Kolkata, New York's clock-change nights, a phone 3 days ahead",
        "8 years of nights",
        test_odd_clocks.test_odd_clocks_get_the_right_mood_day_and_danger_pages_at_once,
        years=range(2018, 2026),
    )
    yield story(
        "odd phones",
        "odd instants, zones, clocks, letters and shapes: no 5xx, no danger missed, no series"
        " spoiled",
        "20,000 requests",
        test_strange_phones.test_strange_phones_are_answered_paged_and_spoil_no_series,
        requests=20_000,
        seed=SEED,
    )
    yield story(
        "broken rules",
        "rules made to raise",
        "500 harmless check-ins",
        test_broken_rules.test_rules_that_raise_hide_no_danger_and_are_counted_and_replayed,
        harmless=500,
    )


def _exactly_once() -> Iterator[Proof]:
    yield story(
        "one id",
        "parallel posts of one id are one check-in",
        "64 posts",
        test_exactly_once.test_parallel_posts_of_one_id_are_one_check_in,
        posts=64,
    )
    yield story(
        "lost answers",
        "a lost answer and a retry are one check-in",
        "100 cuts",
        test_exactly_once.test_a_lost_answer_and_a_retry_are_one_check_in,
        cuts=100,
        seed=SEED,
    )
    yield story(
        "first check-ins",
        "four first check-ins of a new patient at once decide in turn",
        "50 patients",
        test_exactly_once.test_four_first_check_ins_of_a_new_patient_at_once_decide_in_turn,
        patients=50,
    )


def _workers_and_outages() -> Iterator[Proof]:
    yield story(
        "two workers",
        "two workers: one send each",
        "300 alerts",
        test_pages_arrive.test_two_workers_send_each_page_once,
        alerts=300,
    )
    yield story(
        "killed workers",
        "workers killed by SIGKILL: every page arrives, duplicates carry the same key",
        "200 kills",
        test_pages_arrive.test_every_page_arrives_whenever_workers_are_killed,
        kills=200,
        seed=SEED,
    )
    yield story(
        "mail outage",
        "mail server gone and back",
        "20 alerts",
        test_outages.test_pages_get_out_when_the_mail_server_is_back,
        alerts=20,
        until_red=True,
    )
    yield story(
        "database outage",
        "database gone and back, nothing restarted",
        "20 answers",
        test_outages.test_answers_are_taken_again_when_the_database_is_back,
        posts=20,
    )
    yield Proof("sealed audit", lambda _at: sealed_audit(10_000, SEED))
    yield Proof("attacks", lambda _at: attacks_are_seen())
    yield Proof("sealing cost", lambda at: sealing_cost(at, 400, 4))
    yield Proof("planted faults", lambda _at: planted_faults())
    yield Proof("reports from a standby", reports_from_a_standby)


def slow_clients(running: RunningService) -> Iterator[Seen]:
    """A help request beside 200 clients that each hold half of something."""
    test = test_slow_clients.test_a_help_request_is_answered_among_clients_that_wait
    for kind in test_slow_clients.UNFINISHED:
        waiting = partial(test, running, kind, clients=200)
        yield from tell("a help request is answered", f"200 x {kind}", waiting)


def bad_nights(running: RunningService, times: int) -> Iterator[Seen]:
    """Logs that cannot be written, a database that only reads, another key, mail by its answers.
    Slow bodies and a database that is away have lines of their own.
    """
    for log in test_bad_nights.LOGS:
        logless = test_bad_nights.test_without_a_log_danger_is_answered_and_paged
        yield from tell(f"log: {log}", f"{times} patients", partial(logless, running, log, times))
    reading = test_bad_nights.test_a_database_that_only_reads_takes_nothing_and_says_so
    yield from tell("a database that only reads", f"{times}", partial(reading, running, times))
    for part in ("API", "worker"):
        keyless = test_bad_nights.test_a_process_with_another_key_does_not_start_and_says_why
        yield from tell(f"{part} with another key", "1", partial(keyless, running, part))
    for fault in test_bad_nights.MAIL:
        mailed = test_bad_nights.test_a_page_gets_out_whatever_the_mail_server_says
        yield from tell(f"mail: {fault}", f"{times} alerts", partial(mailed, running, fault, times))


def costly_requests(running: RunningService) -> Iterator[Seen]:
    """A help request beside pictures and password checks, against its own quiet p99."""
    test = test_costly_requests.test_costly_requests_take_no_crisis_route_s_place
    for kind in test_costly_requests.KINDS:
        beside = partial(test, running, kind, costly=40, posts=50, aim=3.0)
        yield from tell("a help request takes at most 3 x its quiet p99", f"40 {kind}", beside)


def refusals_that_page(running: RunningService, times: int) -> Iterator[Seen]:
    """Each way so many times, each time from a new patient."""
    test, ways = refused.test_danger_in_a_refused_request_pages_with_the_card, refused.WAYS
    claim = "item 9 = 3 in a refused request pages, and the answer carries the card"
    each_way = [partial(test, running, way, times) for way in ways]
    return tell(claim, f"{len(ways)} ways x {times}", *each_way)


def lost_refreshes(running: RunningService, seeds: Iterable[int]) -> Iterator[Seen]:
    """A phone a seed lives 60 days; another one is stolen from."""
    with running.app.app_context():
        clinic = World(running.app, refreshes.START).clinic()
        for claim, test in (
            (
                "refresh answers lost for 60 days lock nobody out",
                refreshes.test_no_phone_is_locked_out_in_sixty_days_of_lost_answers,
            ),
            (
                "a stolen refresh token that is used is found",
                refreshes.test_a_token_stolen_on_some_day_ends_the_family_once_both_have_used_theirs,
            ),
        ):
            phones = [partial(_live, test, clinic, seed) for seed in seeds]
            yield from tell(claim, f"{len(phones)} phones", *phones)


def _live(test: Callable[[ClinicWorld, int], None], clinic: ClinicWorld, seed: int) -> None:
    """One phone's life; a failure names its seed."""
    try:
        test(clinic, seed)
    except (AssertionError, pytest.fail.Exception) as broken:
        raise AssertionError(f"seed {seed}") from broken


def real_forms(running: RunningService) -> Iterator[Seen]:
    """The survey's 5,398 forms, when their file is at hand."""
    path = Path(os.environ.get("INTERLUDE_NHANES") or FORMS)
    if not path.is_file():
        yield Seen(PLAYED, "-", "file not given (INTERLUDE_NHANES)", None)
        return
    played = partial(test_played_forms.play_verify_and_play_again, running, path)
    for line in tell(PLAYED, "5,398 forms", played):
        if line.ok and line.seen != FIGURES:
            yield replace(line, seen=f"not the figures of the survey: {line.seen}", ok=False)
        else:
            yield line


def logs_in_under_attack(at: RunningService, seconds: int) -> Iterator[Seen]:
    """A clock of its own, so in this process and not against the running ones."""
    return tell(
        "the owner gets in within 5 s; at most 20 guesses a minute are checked",
        f"50 addresses, 100 tries a second, {seconds} s",
        partial(under_attack.attack, at.app, World(at.app).clinic(), seconds),
    )
