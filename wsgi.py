"""The web application, for a WSGI server and for `flask --app wsgi`."""

import os

from api import create_app
from api.settings import Settings

app = create_app(Settings.from_environ(os.environ))
