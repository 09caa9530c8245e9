"""A provider that is told what to do, for one clinic."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.builders.accounts.provider import ScriptedProvider, lets_sign_in, scripted_provider
from tests.builders.world import ClinicWorld


@pytest.fixture
def provider(clinic: ClinicWorld) -> Iterator[ScriptedProvider]:
    """The clinic's own."""
    with scripted_provider() as found:
        lets_sign_in(clinic, found.issuer)
        yield found
