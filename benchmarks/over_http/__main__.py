"""`python -m benchmarks.over_http`: the service as it ships beside its peers, in turns.

--revision REV   the service of another commit is a contender as well
--only PATTERN   groups of workloads whose name holds this (a regular expression)
--peers WORD     peers whose name holds this word; "none" for none of them
--size full      more clinics, people, rounds and clients; else two or three minutes
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from api.embedded.server import join_or_start
from benchmarks.bench import load
from benchmarks.over_http.aims import aims
from benchmarks.over_http.contenders import PROJECT, Contender, Interlude, Peer, free_port
from benchmarks.over_http.figures import Rounds
from benchmarks.over_http.measure import Pace, in_turns
from benchmarks.over_http.picture import picture
from benchmarks.over_http.plan import OURS, SIZES, groups, names
from benchmarks.over_http.report import markdown, show
from benchmarks.page import PAGE, put

RESULTS: Final = PROJECT / "var"
# As each community serves it, with as many processes as there are cores here.
UVICORN: Final = ["uvicorn", "{module}", "--workers", "2", "--port", "{{port}}"]
GUNICORN: Final = [
    *("gunicorn", "{module}", "--workers", "2", "--worker-class", "gthread", "--threads", "8"),
    *("--bind", "127.0.0.1:{{port}}"),
]
PEERS: Final[dict[str, tuple[str, list[str]]]] = {
    "same job: FastAPI + asyncpg": ("same/asyncpg_app", UVICORN),
    "toy: FastAPI + asyncpg": ("toy/asyncpg_app", UVICORN),
    "toy: FastAPI + SQLAlchemy": ("toy/sqlalchemy_app", UVICORN),
    "toy: Django REST framework": ("toy/drf_app", GUNICORN),
    "toy: Flask + ORM, naively": ("toy/flask_app", GUNICORN),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables; no figure of a shared machine is a reason to fail."""
    shape = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("over_http", description=__doc__, formatter_class=shape)
    parser.add_argument("--revision", default="")
    parser.add_argument("--only", default="")
    parser.add_argument("--peers", default="")
    parser.add_argument("--size", default="quick", choices=SIZES)
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args(arguments)
    size = SIZES[given.size]
    refuse_no_group(given.only, size.people)
    pace = Pace(given.rounds or size.pace.rounds, given.seconds or size.pace.seconds)
    before = load()
    with started(given.revision, given.peers, size.people) as contenders:
        found = list(measured(contenders, size.people, pace, given.only))
        facts = [*facts_of(pace, before), memory_of(contenders)]
    lines = aims(found)
    show(found, lines, facts)
    RESULTS.mkdir(exist_ok=True)
    seen = {"facts": facts, "seen": [one.document() for one in found]}
    (RESULTS / "benchmarks.json").write_text(json.dumps(seen, indent=1))
    drawn = picture(found, facts[0])
    (RESULTS / "benchmarks.svg").write_text(drawn)
    if given.write:
        put(PAGE, "over HTTP", markdown(found, lines, facts))
        PAGE.with_suffix(".svg").write_text(drawn)
    return 0


def refuse_no_group(only: str, people: dict[str, Any]) -> None:
    """Raise `SystemExit`, which lists the groups, before anything is started for an empty table."""
    try:
        asked = re.compile(only)
    except re.error as error:
        raise SystemExit(f"--only is no regular expression: {error}") from None
    there = names(people)
    if not any(map(asked.search, there)):
        listed = "\n  ".join(there)
        raise SystemExit(f"--only {only!r} is in no name of these groups:\n  {listed}")


def measured(
    contenders: Sequence[Contender], people: dict[str, Any], pace: Pace, only: str
) -> Iterator[Rounds]:
    """One group after the other."""
    for name, entrants in groups(contenders, people):
        if re.search(only, name):
            with progress_of(name, pace.rounds * len(entrants)) as done:
                yield from in_turns(name, entrants, pace, done)


@contextmanager
def started(revision: str, peers: str, people: dict[str, Any]) -> Iterator[list[Contender]]:
    """All contenders, ours first; they end with the block."""
    with ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="interlude-bench-")))
        root.chmod(0o755)  # the database has an account of its own
        ours = list(our_services(root, revision))
        with progress_of("starting and filling", len(ours) + len(chosen_peers(peers))) as done:
            for one in ours:
                one.start(stack)
            for one in ours:
                one.fill(stack, people)
            theirs = list(their_services(root, peers, stack))
            for other in theirs:
                other.start(stack, people["writers"])
            for each in (*ours, *theirs):
                each.settle()
                done()
        yield [*ours, *theirs]


def chosen_peers(word: str) -> dict[str, tuple[str, list[str]]]:
    """Those whose name holds this word."""
    return {name: of for name, of in PEERS.items() if word in name}


def our_services(root: Path, revision: str) -> Iterator[Interlude]:
    """This tree's, and that of the other commit."""
    for number, (name, tree) in enumerate(trees(root, revision)):
        folder = root / str(number)
        folder.mkdir()
        yield Interlude(name, tree, folder, free_port())


def their_services(root: Path, peers: str, stack: ExitStack) -> Iterator[Peer]:
    """The peers whose name holds this word, on one database server."""
    chosen = chosen_peers(peers)
    if chosen:
        server = join_or_start(root / "peers" / "postgres")
        stack.callback(server.stop)
        for name, (module, command) in chosen.items():
            app = f"{module.split('/')[1]}:app"
            words = [one.format(module=app) for one in command]
            yield Peer(name, module, words, server, root, free_port())


def trees(root: Path, revision: str) -> Iterator[tuple[str, Path]]:
    """This tree, and that of the other commit, unpacked."""
    yield OURS, PROJECT
    if revision:
        tree = root / "tree"
        tree.mkdir()
        archive = subprocess.Popen(
            ["git", "-C", str(PROJECT), "archive", revision], stdout=subprocess.PIPE
        )
        subprocess.run(["tar", "-x", "-C", str(tree)], stdin=archive.stdout, check=True)
        if archive.wait():
            raise SystemExit(f"no such revision: {revision}")
        yield f"{OURS} at {revision[:7]}", tree


def facts_of(pace: Pace, load_before: str) -> list[str]:
    """What the figures depend on."""
    return [
        f"{datetime.now(UTC):%Y-%m-%d}, our tree on {commit()}: {os.cpu_count()} cores for client, "
        f"servers and databases; Python {platform.python_version()}",
        f"{pace.rounds} rounds of {pace.seconds:g} s each, in turns; median (lowest-highest); p50 "
        "and p99 of all rounds; CPU in microseconds a request, an item of a sync; their CPU / "
        "ours: application, front and PostgreSQL together",
        f"Load averages before and after: {load_before}; {load()}",
    ]


def commit() -> str:
    """The newest commit of the tree that is measured, whatever else is changed in it."""
    command = ["git", "-C", str(PROJECT), "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, capture_output=True, text=True).stdout.strip() or "no commit"


def memory_of(contenders: Sequence[Contender]) -> str:
    """Of each server after its work, without its database."""
    words = (f"{one.name} {one.megabytes():.0f}" for one in contenders)
    return f"Memory of the servers' processes in MB: {', '.join(words)}"


@contextmanager
def progress_of(what: str, total: int) -> Iterator[Callable[[], object]]:
    """On standard error: call what is given when one more is done."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    console = Console(stderr=True)
    with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
        task = progress.add_task(what, total=total)
        yield lambda: progress.advance(task)


if __name__ == "__main__":
    sys.exit(main())
