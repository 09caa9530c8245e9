"""The TypeScript client: generated from the document of a running server, compiled strictly, and
used against it.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.running import RunningService
from tests.house.tree import PROJECT

CLIENT = PROJECT / "clients" / "typescript"


@pytest.fixture(scope="module")
def document(running: RunningService) -> Any:
    return json.loads(running.send("GET", "/openapi.json", {}).body)


def node(running: RunningService, *words: str, **environ: str) -> str:
    """What a command of the client's folder prints."""
    done = subprocess.run(
        words,
        cwd=CLIENT,
        env=os.environ | {"INTERLUDE_URL": running.url} | environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_it_is_generated_compiled_and_used(running: RunningService) -> None:
    node(running, "npm", "run", "generate")
    node(running, "npm", "run", "build")
    token = running.clinic().admin.headers["Authorization"].removeprefix("Bearer ")
    seen = node(running, "npm", "run", "exercise", ADMIN_TOKEN=token)
    assert "an alert acknowledged" in seen


def test_javascript_compiles_every_pattern(
    running: RunningService, document: Any, tmp_path: Path
) -> None:
    found = re.findall(r'"pattern": ("(?:[^"\\]|\\.)*")', json.dumps(document))
    assert found
    patterns = tmp_path / "patterns.json"
    patterns.write_text(f"[{','.join(found)}]")
    check = "for (const one of JSON.parse(require('fs').readFileSync(process.argv[1]))) {"
    node(running, "node", "-e", check + "new RegExp(one, 'u') }", str(patterns))
