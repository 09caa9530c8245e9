"""Settings from the environment, checked once at the start.

Every variable begins with `INTERLUDE_`. A value that cannot work stops the start with a message
that names the variable and never repeats the value: it may be a secret.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parseaddr
from pathlib import Path
from typing import TypeVar
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from api.secret_key import kept_secret_key, weakness

PREFIX = "INTERLUDE_"
N = TypeVar("N", int, float)
# What the API contract promises; a setting moves them within the bounds below.
BODY_BYTES = 1_000_000
DRAIN_BYTES = 16_000_000


class SettingsError(ValueError):
    """A setting is missing or cannot work; the message names its variable."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"{PREFIX}{name} {problem}")


@dataclass(frozen=True)
class SmtpServer:
    """Where mail is handed over: `tls` from the first byte, `starttls` after a greeting."""

    host: str
    port: int
    tls: bool = False
    starttls: bool = False
    username: str | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Settings:
    """What one process runs with.

    Names that end in `_s` are seconds, in `_bytes` bytes. Database URLs are in SQLAlchemy's
    form for psycopg 3; an empty `database_url` means the embedded server under `data_dir`.
    """

    secret_key: str = field(repr=False)
    data_dir: Path = Path("var")
    database_url: str = field(default="", repr=False)
    owner_database_url: str = field(default="", repr=False)
    worker_database_url: str = field(default="", repr=False)
    auditor_database_url: str = field(default="", repr=False)
    admin_database_url: str = field(default="", repr=False)
    host: str = "127.0.0.1"
    port: int = 8000
    public_url: str = "http://127.0.0.1:8000"
    smtp: SmtpServer | None = None
    mail_from: str = "interlude@localhost"
    demo: bool = True
    api_processes: int = 2
    api_threads: int = 8
    lease_s: float = 30.0
    poll_s: float = 1.0
    retry_base_s: float = 5.0
    retry_max_s: float = 60.0
    max_body_bytes: int = BODY_BYTES
    max_drain_bytes: int = DRAIN_BYTES

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """Read and check everything.

        Makes `<data_dir>/secret_key` when neither it nor `INTERLUDE_SECRET_KEY` exists.

        Raises:
            SettingsError: naming the first variable that cannot work.
        """
        read = _Reader(environ)
        data_dir = Path(read.text("DATA_DIR", "var")).expanduser().absolute()
        host, port = read.text("HOST", "127.0.0.1"), read.integer("PORT", 8000, 1, 65_535)
        max_body_bytes = read.integer("MAX_BODY_BYTES", BODY_BYTES, 100_000, 16_000_000)
        # What is drained shows that a body is too large, so it is more than a body may have.
        drain_from = max(1_000_000, max_body_bytes + 1)
        return cls(
            secret_key=_secret_key(read.text("SECRET_KEY"), data_dir),
            data_dir=data_dir,
            database_url=read.database_url("DATABASE_URL"),
            owner_database_url=read.database_url("OWNER_DATABASE_URL"),
            worker_database_url=read.database_url("WORKER_DATABASE_URL"),
            auditor_database_url=read.database_url("AUDITOR_DATABASE_URL"),
            admin_database_url=read.database_url("ADMIN_DATABASE_URL"),
            host=host,
            port=port,
            public_url=_public_url(read.text("PUBLIC_URL"), host, port),
            smtp=_smtp(read.text("SMTP_URL")),
            mail_from=_mail_from(read.text("MAIL_FROM", "interlude@localhost")),
            demo=read.switch("DEMO", default=True),
            api_processes=read.integer("API_PROCESSES", 2, 1, 64),
            api_threads=read.integer("API_THREADS", 8, 1, 64),
            lease_s=read.seconds("LEASE_S", 30.0, 1.0, 600.0),
            poll_s=read.seconds("POLL_S", 1.0, 0.05, 10.0),
            retry_base_s=read.seconds("RETRY_BASE_S", 5.0, 0.05, 300.0),
            retry_max_s=read.seconds("RETRY_MAX_S", 60.0, 0.05, 600.0),
            max_body_bytes=max_body_bytes,
            max_drain_bytes=read.integer("MAX_DRAIN_BYTES", DRAIN_BYTES, drain_from, 64_000_000),
        )


@dataclass(frozen=True)
class _Reader:
    environ: Mapping[str, str]

    def text(self, name: str, default: str = "") -> str:
        return self.environ.get(PREFIX + name, "").strip() or default

    def integer(self, name: str, default: int, low: int, high: int) -> int:
        problem = f"must be a whole number from {low} to {high}"
        return self._number(name, default, low, high, int, problem)

    def seconds(self, name: str, default: float, low: float, high: float) -> float:
        problem = f"must be seconds from {low:g} to {high:g}"
        return self._number(name, default, low, high, float, problem)

    def _number(
        self, name: str, default: N, low: N, high: N, parse: Callable[[str], N], problem: str
    ) -> N:
        text = self.text(name)
        if not text:
            return default
        try:
            value = parse(text)
        except ValueError:
            raise SettingsError(name, problem) from None
        if not low <= value <= high:
            raise SettingsError(name, problem)
        return value

    def switch(self, name: str, *, default: bool) -> bool:
        text = self.text(name)
        if text not in ("", "0", "1"):
            raise SettingsError(name, "must be 0 or 1")
        return text == "1" if text else default

    def database_url(self, name: str) -> str:
        """The URL with the driver spelt out: plain `postgresql://` would pick another one."""
        text = self.text(name)
        if not text:
            return ""
        scheme, separator, rest = text.partition("://")
        if not separator or scheme not in ("postgresql", "postgres", "postgresql+psycopg"):
            raise SettingsError(name, "must begin with postgresql://")
        return f"postgresql+psycopg://{rest}"


def _secret_key(given: str, data_dir: Path) -> str:
    key = given or kept_secret_key(data_dir)
    problem = weakness(key)
    if problem:
        source = "" if given else f"(kept in {data_dir / 'secret_key'}) "
        raise SettingsError("SECRET_KEY", f"{source}{problem}")
    return key


def _split(name: str, url: str, schemes: tuple[str, ...]) -> tuple[SplitResult, int | None]:
    problem = f"must be a URL that begins with {' or '.join(f'{s}://' for s in schemes)}"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise SettingsError(name, problem) from None
    if parts.scheme not in schemes or not parts.hostname:
        raise SettingsError(name, problem)
    return parts, port


def _public_url(url: str, host: str, port: int) -> str:
    if not url:
        return f"http://{f'[{host}]' if ':' in host else host}:{port}"
    parts, _ = _split("PUBLIC_URL", url, ("https", "http"))
    if parts.query or parts.fragment:
        raise SettingsError("PUBLIC_URL", "must have no query and no fragment")
    return url.rstrip("/")


def _smtp(url: str) -> SmtpServer | None:
    if not url:
        return None
    parts, port = _split("SMTP_URL", url, ("smtp", "smtps"))
    options = parse_qs(parts.query, keep_blank_values=True)
    if set(options) - {"starttls"} or parts.path.strip("/"):
        raise SettingsError("SMTP_URL", "knows no option but ?starttls")
    tls, starttls = parts.scheme == "smtps", "starttls" in options
    if tls and starttls:
        raise SettingsError("SMTP_URL", "cannot be both smtps:// and ?starttls")
    usual_port = 465 if tls else 587 if starttls else 25
    return SmtpServer(
        host=parts.hostname or "",
        port=port or usual_port,
        tls=tls,
        starttls=starttls,
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
    )


def _mail_from(address: str) -> str:
    bare = parseaddr(address)[1]
    if "@" not in bare or any(not character.isprintable() for character in address):
        raise SettingsError("MAIL_FROM", "must be one e-mail address")
    return address
