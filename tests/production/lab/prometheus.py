"""Debian's Prometheus with the files of `deploy/prometheus`, which asks the lab."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode
from urllib.request import urlopen

import orjson
import yaml

from migrations.upgrade import PROJECT
from tests.fixtures.running import free_port, wait_until
from tests.production.lab.process import LabProcess, lab_account
from tests.production.packages import need

FILES: Final = PROJECT / "deploy" / "prometheus"
TOOL: Final = "/usr/bin/promtool"
# What an operator asks every 15 s.
EVERY: Final = "1s"


@dataclass
class Prometheus:
    """One server in a folder of its own, with the operator's rules as they are."""

    folder: Path
    targets: Mapping[str, str]
    front: str
    port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        words = ["/usr/bin/prometheus", f"--config.file={self.folder}/prometheus.yml"]
        words += [f"--storage.tsdb.path={self.folder}/data", "--log.level=warn"]
        words.append(f"--web.listen-address=127.0.0.1:{self.port}")
        self._process = LabProcess("Prometheus", words, self.folder / "prometheus.log")

    def start(self) -> None:
        """Copy the files, name the lab's services in them, and wait until it answers."""
        shutil.copytree(FILES, self.folder)
        (self.folder / "interlude.token").write_text("nobody needs it on this machine")
        config = self.folder / "prometheus.yml"
        config.write_text(yaml.safe_dump(self._asks_often(yaml.safe_load(config.read_text()))))
        lab_account().own(self.folder, passable=True)
        self._process.start()
        wait_until(self._answers, f"Prometheus answers: {self._process.last_lines()}")

    def stop(self) -> None:
        """End it."""
        self._process.stop()

    def ask(self, expression: str) -> list[dict[str, Any]]:
        """What an expression gives now: series with `metric` and `value`.

        Raises:
            AssertionError: Prometheus does not take the expression.
        """
        answer = self._get("query", query=expression)
        assert answer["status"] == "success", answer
        return list(answer["data"]["result"])

    def firing(self) -> set[str]:
        """The names of the alerts that would wake somebody now."""
        alerts = [one for one in self._get("alerts")["data"]["alerts"] if one["state"] == "firing"]
        named = [one["labels"] for one in alerts]
        return {one["alertname"] for one in named if one["severity"] != "none"}

    def _asks_often(self, config: dict[str, Any]) -> dict[str, Any]:
        scrapes = [one for one in config["scrape_configs"] if "file_sd_configs" not in one]
        for scrape in scrapes:
            target = self.targets[scrape["job_name"]]
            if "relabel_configs" in scrape:
                # Who is asked comes last; what is asked about stands in its place.
                scrape["relabel_configs"][-1]["replacement"] = target
                target = self.front
            scrape["static_configs"] = [{"targets": [target]}]
        often = {"scrape_interval": EVERY, "scrape_timeout": EVERY, "evaluation_interval": EVERY}
        rules = config["rule_files"]
        return {"global": often, "rule_files": rules, "scrape_configs": scrapes}

    def _get(self, what: str, **asked: str) -> dict[str, Any]:
        url = f"http://127.0.0.1:{self.port}/api/v1/{what}?{urlencode(asked)}"
        with urlopen(url, timeout=10) as answer:
            found: dict[str, Any] = orjson.loads(answer.read())
            return found

    def _answers(self) -> bool:
        assert self._process.is_running, self._process.last_lines()
        try:
            return bool(self.ask("vector(1)"))
        except OSError:
            return False


def promtool(*words: str) -> subprocess.CompletedProcess[str]:
    """Debian's `promtool` in the folder of the operator's files."""
    need("prometheus")
    return subprocess.run([TOOL, *words], cwd=FILES, capture_output=True, text=True, check=False)


@contextmanager
def prometheus_on(folder: Path, front_door: str, **targets: str) -> Iterator[Prometheus]:
    """A server that asks each of its jobs at this `host:port`, one of them about the front door,
    for the length of a block.
    """
    need("prometheus")
    server = Prometheus(folder, targets, front_door)
    server.start()
    try:
        yield server
    finally:
        server.stop()
