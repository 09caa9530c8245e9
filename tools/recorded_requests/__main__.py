"""``record FILE`` and ``compare BEFORE AFTER``."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import time_machine

from api.settings import SmtpServer
from tools.own_service import own_service, progress
from tools.recorded_requests.comparing import differences, shown
from tools.recorded_requests.people import open_clinics
from tools.recorded_requests.receivers import Webhook, open_mailbox
from tools.recorded_requests.recorder import Recorder, at
from tools.recorded_requests.stories import (
    accounts,
    check_ins,
    clinic_days,
    doors,
    refusals,
    treatment,
)

MODULES = (accounts, check_ins, treatment, refusals, clinic_days, doors)


def main(arguments: Sequence[str] | None = None) -> int:
    """1 when two records differ."""
    parser = argparse.ArgumentParser(prog="recorded_requests", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("record").add_argument("file", type=Path)
    comparing = commands.add_parser("compare")
    comparing.add_argument("before", type=Path)
    comparing.add_argument("after", type=Path)
    given = parser.parse_args(arguments)
    if given.command == "record":
        record(given.file)
        return 0
    before, after = (json.loads(path.read_text("utf-8")) for path in (given.before, given.after))
    found = differences(before, after)
    sys.stdout.write(shown(found))
    return 1 if found else 0


def record(file: Path) -> None:
    """Play all stories and write what was seen."""
    mailbox, receiver = open_mailbox()
    webhook = Webhook()
    webhook.start()
    smtp = SmtpServer(receiver.host, receiver.port)
    try:
        with time_machine.travel(at(0, 8), tick=False) as clock, own_service(smtp) as app:
            recorder = Recorder(app, clock, mailbox, webhook, progress)
            world = open_clinics(recorder)
            recorder.play(*(story(world) for module in MODULES for story in module.STORIES))
    finally:
        receiver.stop()
        webhook.stop()
    file.write_text(json.dumps(recorder.steps, indent=1, ensure_ascii=False) + "\n", "utf-8")
    progress(f"{recorder.requests} requests in {len(recorder.steps)} steps: {file}")


if __name__ == "__main__":
    sys.exit(main())
