"""The web application: `front` for an ASGI server, `app` for `flask --app wsgi`."""

from __future__ import annotations

import gc
import os
import sys

from api import CANNOT_START, create_app
from api.cli import group_called, role_called
from api.front.alive import alive_in
from api.front.front import Front
from api.report_process import ReportProcess
from api.settings import Settings

group = group_called(sys.argv)
try:
    settings = Settings.from_environ(os.environ, make_key=group == "db")
    role = role_called(group, sys.argv)
    app = create_app(settings, role, any_key=group in ("audit", "db", "keys", "check"))
except CANNOT_START as error:
    sys.exit(f"interlude: cannot start: {error}")
app.extensions["report_process"] = ReportProcess(settings)
front = Front(app, settings, alive_in(app))
# What was loaded stays loaded: garbage collection in a long request need not walk it each time.
gc.collect()
gc.freeze()
