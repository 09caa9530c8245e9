"""The web application: `front` makes it for an ASGI server, `app` is for `flask --app wsgi`."""

from __future__ import annotations

import gc
import os
import sys

from api import CANNOT_START, create_app
from api.cli import ANY_KEY, group_called, role_called
from api.front.alive import alive_in
from api.front.front import Front
from api.report_process import ReportProcess
from api.settings import Settings

gc.disable()
group = group_called(sys.argv)
try:
    settings = Settings.from_environ(os.environ, make_key=group == "db")
    role = role_called(group, sys.argv)
    app = create_app(settings, role, any_key=group in ANY_KEY)
except CANNOT_START as error:
    sys.exit(f"interlude: cannot start: {error}")
app.extensions["report_process"] = ReportProcess(settings)
# What was loaded stays loaded: garbage collection in a long request need not walk it each time,
# nor write to its pages, which processes forked from this one share.
gc.collect()
gc.freeze()
gc.enable()


def front() -> Front:
    """The ASGI application of one process, with threads of its own."""
    return Front(app, settings, alive_in(app))
