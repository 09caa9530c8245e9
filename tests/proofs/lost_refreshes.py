"""Refresh answers lost for 60 simulated days, and stolen tokens: the gate's own phones, many."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from tests.builders.world import ClinicWorld, World
from tests.fixtures.running import RunningService
from tests.proofs.seen import Seen, verdict
from tests.services.accounts import test_refresh as phones


def lost_refreshes(running: RunningService, seeds: Iterable[int]) -> Seen:
    """A phone a seed lives 60 days; another one is stolen from."""
    tried = list(seeds)
    with running.app.app_context():
        clinic = World(running.app, phones.START).clinic()
        locked_out = _failing(
            phones.test_no_phone_is_locked_out_in_sixty_days_of_lost_answers, clinic, tried
        )
        kept = _failing(
            phones.test_a_token_stolen_on_some_day_ends_the_family_once_both_have_used_theirs,
            clinic,
            tried,
        )
    problems = [f"seed {seed}: locked out" for seed in locked_out]
    problems += [f"seed {seed}: the stolen token kept its family" for seed in kept]
    seen = f"{len(tried)} phones never locked out; {len(tried)} stolen tokens revoked their family"
    claim = "refresh answers lost for 60 days lock nobody out; a stolen, used token is found"
    return verdict(claim, f"{len(tried)} phones", seen, problems)


def _failing(
    story: Callable[[ClinicWorld, int], None], clinic: ClinicWorld, seeds: Iterable[int]
) -> list[int]:
    """The seeds with which the story does not hold."""
    found = []
    for seed in seeds:
        try:
            story(clinic, seed)
        except (AssertionError, pytest.fail.Exception):
            found.append(seed)
    return found
