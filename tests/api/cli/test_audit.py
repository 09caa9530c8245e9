"""`flask audit seal` and `flask audit verify`, as an operator runs them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from api import create_app
from api.embedded.urls import DatabaseUrls
from models.database import db
from services.auditing.checkpoints import SealError, signing_key
from tests.builders.chains import Chain
from tests.builders.stored import rows
from tests.builders.world import ClinicWorld


@pytest.fixture
def chain(app: Flask, database_urls: DatabaseUrls, clean_database: None) -> Chain:
    return Chain(app, database_urls.admin)


@pytest.fixture
def operator(app: Flask, tmp_path: Path, clinic: ClinicWorld) -> Any:
    """The command line, with a sealer's folder of its own."""
    given = app.config["INTERLUDE"]
    places = (str(tmp_path / "elsewhere"), "-", "http://127.0.0.1:9/nobody")
    settings = replace(
        given, audit_key_file=tmp_path / "key" / "audit_key", audit_checkpoints_to=places
    )
    made = create_app(settings)

    def run(*words: str) -> tuple[int, str]:
        result = made.test_cli_runner().invoke(args=["audit", *words])
        return result.exit_code, result.output

    yield run
    with made.app_context():
        db.engine.dispose()


def test_an_operator_seals_and_verifies(
    operator: Callable[..., tuple[int, str]], chain: Chain, clinic: ClinicWorld, tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    status, output = operator("verify", "--checkpoint", str(kept))
    assert (status, "nothing is sealed yet" in output, kept.exists()) == (0, True, False)
    (found,) = rows(clinic.admin, "SELECT count(*) AS n FROM audit_entries")
    first = found["n"]
    status, output = operator("seal", "--once")
    assert (status, f"sealed {first} entries" in output) == (0, True)
    assert f'{{"seq":{first},' in output
    key = tmp_path / "key" / "audit_key"
    assert key.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "elsewhere").read_bytes() == key.with_name("audit_checkpoint").read_bytes()
    status, output = operator("verify")
    assert (status, f"complete up to {first}" in output, "not provably the end" in output) == (
        0,
        True,
        True,
    )
    assert operator("verify", "--checkpoint", str(kept))[0] == 0
    assert kept.read_bytes() == (tmp_path / "elsewhere").read_bytes()
    chain.events(clinic.id, 3)
    status, output = operator("verify", "--checkpoint", str(kept))
    assert (status, "3 entries are younger than the last seal" in output) == (0, True)
    assert operator("seal", "--once")[0] == 0
    status, output = operator("verify", "--checkpoint", str(kept))
    assert (status, f"the checkpoint reaches to {first}" in output) == (0, True)
    assert len(kept.read_bytes().splitlines()) == 2
    chain.spoil("DELETE FROM audit_entries WHERE seq > %s", first)
    assert operator("verify")[0] == 0
    status, output = operator("verify", "--checkpoint", str(kept))
    cut = f"the chain ends at {first}, the checkpoint saw {first + 3}"
    assert (status, cut in output) == (1, True)
    chain.events(clinic.id, 1)
    status, output = operator("seal", "--once")
    assert (status, "its end was cut off" in output) == (1, True)
    key.with_name("audit_key.pub").unlink()
    status, output = operator("verify")
    assert (status, "audit_key.pub is needed" in output) == (1, True)


def test_a_broken_checkpoint_is_no_clean_bill(
    operator: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    kept = tmp_path / "checkpoint"
    for content in ("[1]", '{"seq": 1}', "no JSON"):
        kept.write_text(content)
        status, output = operator("verify", "--checkpoint", str(kept))
        assert (status, "cannot be read" in output) == (1, True)


def test_a_new_key_seals_and_what_the_old_one_sealed_is_still_checked(
    operator: Callable[..., tuple[int, str]], chain: Chain, clinic: ClinicWorld, tmp_path: Path
) -> None:
    assert operator("seal", "--once")[0] == 0
    (tmp_path / "key" / "audit_key").unlink()
    chain.events(clinic.id, 1)
    assert operator("seal", "--once")[0] == 0
    assert operator("verify")[0] == 0
    assert len((tmp_path / "key" / "audit_key.pub").read_text().split()) == 2


def test_a_key_that_others_can_read_seals_nothing(tmp_path: Path) -> None:
    signing_key(tmp_path / "key")
    (tmp_path / "key").chmod(0o640)
    with pytest.raises(SealError, match="chmod 600"):
        signing_key(tmp_path / "key")
