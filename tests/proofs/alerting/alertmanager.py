"""Prometheus Alertmanager as Debian packages it, on loopback: what a burst is measured against."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Final

from api.play.phones import Wire
from tests.fixtures.running import free_port, wait_until
from tools.child import Child

PACKAGE: Final = "prometheus-alertmanager"
# Every alert is a group of its own and waits for no other one: the quickest that it can do.
CONFIG: Final = """
route:
  receiver: double
  group_by: ['...']
  group_wait: 0s
receivers:
  - name: double
    webhook_configs:
      - url: {url}
        send_resolved: false
"""


class Alertmanager:
    """One process without peers. Its alerts live in memory; what it has sent, it writes down when
    it stops and each quarter of an hour.
    """

    def __init__(self, folder: Path, page_url: str) -> None:
        folder.mkdir()
        self.page_url = page_url
        settings = folder / "settings.yml"
        settings.write_text(CONFIG.format(url=page_url))
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        words = [
            shutil.which(PACKAGE) or PACKAGE,
            f"--config.file={settings}",
            f"--storage.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--cluster.listen-address=",
            "--log.level=error",
        ]
        self._child = Child("Alertmanager", words, dict(os.environ), print)

    @staticmethod
    def is_here() -> bool:
        """Is the package installed?"""
        return shutil.which(PACKAGE) is not None

    def start(self) -> None:
        """Returns when it takes alerts."""
        self._child.start()
        wait_until(self._is_ready, "Alertmanager is ready")

    def kill(self) -> None:
        """SIGKILL."""
        self._child.kill()

    def _is_ready(self) -> bool:
        wire = Wire(self.url, tries=1)
        with suppress(OSError):
            try:
                return wire.send("GET", "/-/ready", {}).status == 200
            finally:
                wire.close()
        return False
