"""What an operator copies for backups, and reads to restore one, fits what there is."""

from __future__ import annotations

import re
import subprocess
from configparser import ConfigParser
from pathlib import Path

from migrations.upgrade import PROJECT
from tests.deploy.reading import values

BACKUP = PROJECT / "deploy" / "backup"
GUIDE = PROJECT / "deploy" / "README.md"
RUNBOOK = PROJECT / "deploy" / "RUNBOOK.md"
COPIED = "cp deploy/backup/pgbackrest.conf"
TIMER = re.compile(r"[\w-]+\.timer")


def read(path: Path) -> ConfigParser:
    """A unit, or a configuration of the same form; of names that come twice the last one."""
    parser = ConfigParser(strict=False, interpolation=None, comment_prefixes=("#",))
    parser.optionxform = str  # type: ignore[assignment,method-assign] # systemd's names have capitals
    parser.read(path)
    return parser


def test_one_stanza_is_meant_everywhere() -> None:
    named = {
        stanza
        for path in (*BACKUP.iterdir(), RUNBOOK)
        for stanza in re.findall(r"--stanza=(\w+)", path.read_text())
    }
    assert named == {"interlude"}
    assert "interlude" in read(BACKUP / "pgbackrest.conf")


def test_each_timer_starts_a_unit_that_is_there() -> None:
    timers = sorted(BACKUP.glob("*.timer"))
    assert len(timers) == 4
    for timer in timers:
        unit = read(timer).get("Timer", "Unit", fallback=timer.stem + ".service")
        assert (BACKUP / re.sub(r"@\w+", "@", unit)).exists(), unit


def test_what_the_guide_copies_is_there() -> None:
    for name in re.findall(r"deploy/backup/([\w.@*-]+)", GUIDE.read_text()):
        assert list(BACKUP.glob(name)), name


def test_backups_are_encrypted_and_expire() -> None:
    settings = dict(read(BACKUP / "pgbackrest.conf")["global"])
    assert settings["repo1-cipher-type"] == "aes-256-cbc"
    assert int(settings["repo1-retention-full"]) == 4


def test_the_sealers_key_never_leaves_with_its_folder() -> None:
    unit = read(BACKUP / "interlude-sealer-copy.service")["Service"]
    sealer = read(PROJECT / "deploy" / "systemd" / "interlude-sealer.service")["Service"]
    assert unit["User"] == sealer["User"]
    assert f"%S/{sealer['StateDirectory']}/" in unit["ExecStart"].split()
    words = unit["ExecStart"].split()
    named = {word.removeprefix("--include=") for word in words if word.startswith("--include=")}
    assert named == {"/audit_checkpoint*", "/audit_endings", "/audit_key.pub"}
    assert "--exclude=*" in words[words.index("--include=/audit_key.pub") :]
    assert re.findall(r"\$\{(\w+)\}", unit["ExecStart"]) == ["ELSEWHERE"]
    assert re.findall(r"(?m)^(\w+)=", (BACKUP / "elsewhere.env").read_text()) == ["ELSEWHERE"]


def test_what_a_rehearsal_left_that_was_killed_is_taken_away(tmp_path: Path) -> None:
    """By its own account, before the next one and behind itself; the folder itself stays."""
    unit = BACKUP / "interlude-restore-drill.service"
    folder = f"/var/cache/{read(unit)['Service']['CacheDirectory']}"
    assert values(unit, "Environment") == [f"TMPDIR={folder}"]
    kept = tmp_path / "kept"
    kept.write_text("of somebody else")
    for when in ("ExecStartPre", "ExecStopPost"):
        scratch = tmp_path / when
        (scratch / "interlude-drill-a1b2" / "data" / "base").mkdir(parents=True)
        (scratch / "interlude-drill-a1b2" / "data" / "base" / "1").write_text("a row")
        (scratch / "elsewhere").symlink_to(tmp_path)
        (command,) = values(unit, when)
        words = [str(scratch) if word == folder else word for word in command.split()]
        assert str(scratch) in words
        subprocess.run(words, check=True)
        assert list(scratch.iterdir()) == []
    assert kept.exists()


def test_a_backup_may_write_where_it_is_kept() -> None:
    """A disk of its own is mounted there: elsewhere the unit may write nothing."""
    settings = read(BACKUP / "pgbackrest.conf")["global"]
    (words,) = values(BACKUP / "interlude-backup@.service", "ReadWritePaths")
    assert {settings[name] for name in ("repo1-path", "log-path", "spool-path")} <= {*words.split()}
    place = settings["repo1-path"]
    decided, _, done = GUIDE.read_text().partition("cp deploy/backup/pgbackrest.conf")
    assert f"mounted at `{place}`" in decided
    assert "`repo1-path`" not in done.partition("\n## ")[0]


def test_the_cipher_pass_is_not_replaced_by_another_one() -> None:
    """The guide may be followed again: backups are read by the pass that is there."""
    blocks = re.findall(r"(?ms)^```sh\n(.*?)^```$", GUIDE.read_text())
    (copied,) = [line for block in blocks for line in block.splitlines() if COPIED in line]
    assert copied.startswith("grep -qs cipher-pass /etc/pgbackrest.conf || ")


def test_three_nodes_are_sent_to_the_step_that_lists_what_was_lost() -> None:
    (step,) = re.findall(r"(?m)^(\d+)\. \*\*What came in after the instant", RUNBOOK.read_text())
    nodes = (PROJECT / "deploy" / "patroni" / "RUNBOOK.md").read_text()
    assert re.findall(r"What came in after the instant \(step (\d+)\)", nodes) == [step]


def test_every_timer_is_enabled_by_the_guide_and_started_after_a_night() -> None:
    """The runbook stops `interlude-*`, which takes the timers too."""
    timers = {path.name for path in PROJECT.glob("deploy/*/*.timer")}
    assert timers
    blocks = re.findall(r"(?ms)^```sh\n(.*?)^```$", GUIDE.read_text())
    assert set(TIMER.findall("".join(blocks))) == timers
    sections = RUNBOOK.read_text().split("systemctl stop 'interlude-*'\n")[1:]
    assert len(sections) == 2
    for section in sections:
        assert timers <= set(TIMER.findall(section.partition("\n## ")[0]))
