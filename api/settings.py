"""Settings from the environment, checked once at the start.

Every variable begins with `INTERLUDE_`. A value that cannot work, and a name that nobody reads,
stop the start with a message that names the variable and never repeats the value: it may be a
secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from email.utils import parseaddr
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import SplitResult, parse_qs, quote, unquote, urlsplit

from api.public_host import public_host
from api.secret_key import kept_secret_keys, weakness
from api.setting_names import IGNORE, PREFIX, in_words, unknown_names
from migrations.short_waits import LOCK_WAIT_S, PATIENCE_S
from models.encryption import derive
from services.channels.sms import SmsProvider
from services.channels.webpush import PushKey

ANY_ADDRESS: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 -- compared, not bound
DEFAULT_PORTS: Final = {"https": 443, "http": 80}
APP_VERSION: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9}){0,3}")
N = TypeVar("N", int, float)


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


def number(default: N, low: N, high: N) -> N:
    """A setting that is a number within bounds, read by the name of its field."""
    bounded: N = field(default=default, metadata={"bounds": (low, high)})
    return bounded


@dataclass(frozen=True)
class Settings:
    """What one process runs with.

    Names that end in `_s` are seconds, in `_bytes` bytes. Database URLs are in SQLAlchemy's
    form for psycopg 3; an empty `database_url` means the embedded server under `data_dir`. Without
    a `public_url` nobody knows where the service is: what we send has no link.
    """

    secret_key: str = field(repr=False)
    other_secret_keys: tuple[str, ...] = field(default=(), repr=False)
    data_dir: Path = Path("var")
    database_url: str = field(default="", repr=False)
    owner_database_url: str = field(default="", repr=False)
    worker_database_url: str = field(default="", repr=False)
    auditor_database_url: str = field(default="", repr=False)
    sealer_database_url: str = field(default="", repr=False)
    admin_database_url: str = field(default="", repr=False)
    replica_database_url: str = field(default="", repr=False)
    host: str = "127.0.0.1"
    port: int = number(8000, 1, 65_535)
    public_url: str = ""
    smtp: SmtpServer | None = field(default=None, metadata={"name": "smtp_url"})
    mail_from: str = "interlude@localhost"
    sms: SmsProvider | None = field(default=None, metadata={"name": "sms_url"})
    push_services: tuple[str, ...] = ()
    cors_origins: tuple[str, ...] = ()
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    metrics_token: str = field(default="", repr=False)
    demo: bool = True
    audit_key_file: Path | None = None
    audit_checkpoints_to: tuple[str, ...] = ()
    webhook_private: bool = True
    method_private: bool = False
    watch_url: str = field(default="", repr=False)
    min_app_version: str = ""
    fcm_key_file: Path | None = None
    api_processes: int = number(2, 1, 64)
    api_threads: int = number(8, 1, 64)
    crisis_threads: int = number(4, 1, 64)
    body_first_s: float = number(10.0, 0.05, 60.0)
    body_longest_s: float = number(120.0, 0.05, 600.0)
    deaf_s: float = number(10.0, 1.0, 120.0)
    replica_lag_s: float = number(60.0, 0.0, 3600.0)
    lease_s: float = number(30.0, 1.0, 600.0)
    poll_s: float = number(1.0, 0.05, 10.0)
    retry_base_s: float = number(5.0, 0.05, 300.0)
    retry_max_s: float = number(60.0, 0.05, 600.0)
    migration_lock_s: float = number(LOCK_WAIT_S, 0.05, 5.0)
    migration_patience_s: float = number(PATIENCE_S, 0.0, 86_400.0)
    # The API contract's; what is drained shows that a body is too large, so it is more than that.
    max_body_bytes: int = number(1_000_000, 100_000, 16_000_000)
    max_drain_bytes: int = number(16_000_000, 1_000_000, 64_000_000)

    @property
    def method_kinds(self) -> frozenset[str]:
        """By which kinds of contact methods this installation can send."""
        always = {"email", "webhook", "webpush"}
        return frozenset(always if self.sms is None else {*always, "sms"})

    @property
    def push_key(self) -> PushKey:
        """By which push services know this installation."""
        return PushKey.of(derive(self.secret_key, b"interlude web push"))

    @classmethod
    def from_environ(cls, environ: Mapping[str, str], *, make_key: bool = False) -> Settings:
        """Read and check everything.

        `make_key`: makes `<data_dir>/secret_key` when neither it nor `INTERLUDE_SECRET_KEY`
        exists. Only what sets a database up may: a second key would open nothing of it.

        Raises:
            SettingsError: naming the first variable that cannot work.
        """
        read = _Reader(environ)
        _refuse_unknown(environ, read.text(IGNORE))
        data_dir = Path(read.text("DATA_DIR", "var")).expanduser().absolute()
        newest, *others = _secret_keys(read.text("SECRET_KEY"), data_dir, make_key)
        urls = [one.name for one in fields(cls) if one.name.endswith("database_url")]
        known = {name: read.database_url(name.upper()) for name in urls} | read.numbers(cls)
        if known["max_drain_bytes"] <= known["max_body_bytes"]:
            raise SettingsError("MAX_DRAIN_BYTES", f"must be more than {PREFIX}MAX_BODY_BYTES")
        return cls(
            secret_key=newest,
            other_secret_keys=_others((*others, *read.text("OTHER_SECRET_KEYS").split())),
            data_dir=data_dir,
            host=read.text("HOST", "127.0.0.1"),
            public_url=_public_url(read.text("PUBLIC_URL")),
            smtp=_smtp(read.text("SMTP_URL")),
            sms=_sms(read.text("SMS_URL")),
            push_services=tuple(_origins(read, "PUSH_SERVICES")),
            cors_origins=tuple(_origins(read, "CORS_ORIGINS")),
            mail_from=_mail_from(read.text("MAIL_FROM", "interlude@localhost")),
            trusted_proxies=_networks(read.text("TRUSTED_PROXIES")),
            metrics_token=_metrics_token(read.text("METRICS_TOKEN")),
            # Made-up patients never go into a database that somebody named.
            demo=read.switch("DEMO", default=not known["database_url"]),
            audit_key_file=_path(read.text("AUDIT_KEY_FILE")),
            audit_checkpoints_to=tuple(read.text("AUDIT_CHECKPOINTS_TO").split()),
            webhook_private=read.switch("WEBHOOK_PRIVATE", default=True),
            method_private=read.switch("METHOD_PRIVATE", default=False),
            watch_url=_watch_url(read.text("WATCH_URL")),
            fcm_key_file=_path(read.text("FCM_KEY_FILE")),
            min_app_version=_app_version(read.text("MIN_APP_VERSION")),
            **known,
        )

    @property
    def local_url(self) -> str:
        """Where this machine itself reaches the API."""
        host = ANY_ADDRESS.get(self.host, self.host)
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def faults(self) -> tuple[str, ...]:
        """What stops no start and must not stand: words of `services.operations.safety.REASONS`."""
        missing = {"no_public_url": not self.public_url, "no_mail_server": self.smtp is None}
        return tuple(word for word, is_missing in missing.items() if is_missing)

    @property
    def public_path(self) -> str:
        """The path that a proxy takes away; mostly empty."""
        return urlsplit(self.public_url).path

    @property
    def is_for_this_machine(self) -> bool:
        """Does the API listen for nobody but this machine, and mail to nobody elsewhere?"""
        hosts = [self.host, *([self.smtp.host] if self.smtp else [])]
        return all(_is_loopback(host) for host in hosts)

    @property
    def secrets(self) -> tuple[str, ...]:
        """The key that everything new is written and signed with, then those that only read."""
        return (self.secret_key, *self.other_secret_keys)


# What `from_environ` reads; a test holds that it reads nothing else.
NAMES: Final = frozenset(one.metadata.get("name", one.name).upper() for one in fields(Settings))


@dataclass(frozen=True)
class _Reader:
    environ: Mapping[str, str]

    def text(self, name: str, default: str = "") -> str:
        return self.environ.get(PREFIX + name, "").strip() or default

    def numbers(self, settings: type[Settings]) -> dict[str, Any]:
        """Every setting that was declared with bounds."""
        bounded = [one for one in fields(settings) if "bounds" in one.metadata]
        return {
            one.name: self._number(one.name.upper(), one.default, *one.metadata["bounds"])
            for one in bounded
        }

    def _number(self, name: str, default: N, low: N, high: N) -> N:
        text, kind = self.text(name), type(default)
        what = "a whole number" if kind is int else "seconds"
        problem = f"must be {what} from {low} to {high}"
        try:
            value = kind(text) if text else default
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


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _refuse_unknown(environ: Mapping[str, str], ignored: str) -> None:
    unknown = unknown_names(environ, NAMES, ignored)
    if unknown:
        raise SettingsError(unknown[0], in_words(unknown, NAMES))


def _secret_keys(given: str, data_dir: Path, make: bool) -> tuple[str, ...]:
    try:
        keys = (given,) if given else kept_secret_keys(data_dir, make=make)
    except FileNotFoundError:
        makers = "`make run` and `flask --app wsgi db upgrade` make one"
        raise SettingsError(
            "SECRET_KEY", f"is missing, and so is {data_dir / 'secret_key'}: {makers}"
        ) from None
    except OSError as error:
        raise SettingsError("DATA_DIR", f"cannot be used: {error.strerror}") from None
    for key in keys or ("",):
        problem = weakness(key)
        if problem:
            source = "" if given else f"(kept in {data_dir / 'secret_key'}) "
            raise SettingsError("SECRET_KEY", f"{source}{problem}")
    return keys


def _others(keys: tuple[str, ...]) -> tuple[str, ...]:
    for problem in filter(None, map(weakness, keys)):
        raise SettingsError("OTHER_SECRET_KEYS", problem)
    return keys


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


def _public_url(url: str) -> str:
    """As browsers write it in `Origin` and in cookies' paths: nothing else changes it later."""
    if not url:
        return ""
    parts, number_of_port = _split("PUBLIC_URL", url, ("https", "http"))
    if parts.query or parts.fragment or "@" in parts.netloc:
        raise SettingsError("PUBLIC_URL", "must have no query, no fragment and no user")
    try:
        name = public_host(parts.hostname or "")
    except ValueError:
        raise SettingsError("PUBLIC_URL", "has a host name that cannot be") from None
    usual = number_of_port in (None, DEFAULT_PORTS[parts.scheme])
    path = quote(parts.path.rstrip("/"), safe="/%-._~")
    return f"{parts.scheme}://{name}{'' if usual else f':{number_of_port}'}{path}"


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


def _watch_url(url: str) -> str:
    """A secret: whoever knows it can keep the alarm outside from going off."""
    if url:
        _split("WATCH_URL", url, ("https", "http"))
    return url


def _app_version(text: str) -> str:
    if text and not APP_VERSION.fullmatch(text):
        raise SettingsError("MIN_APP_VERSION", "must be one to four numbers, as 1.4.2")
    return text


def _path(text: str) -> Path | None:
    return Path(text).expanduser().absolute() if text else None


def _sms(url: str) -> SmsProvider | None:
    """`https://<account>:<token>@api.twilio.com?from=%2B15550100`."""
    if not url:
        return None
    parts, port = _split("SMS_URL", url, ("https", "http"))
    options = parse_qs(parts.query)
    if set(options) != {"from"} or parts.path.strip("/"):
        raise SettingsError("SMS_URL", "needs ?from=<number> and knows nothing else")
    if not parts.username or not parts.password:
        raise SettingsError("SMS_URL", "needs the account and its token")
    host = parts.hostname or ""
    return SmsProvider(
        f"{parts.scheme}://{host}{'' if port is None else f':{port}'}",
        unquote(parts.username),
        unquote(parts.password),
        options["from"][0],
    )


def _origins(read: _Reader, name: str) -> Iterator[str]:
    for url in read.text(name).replace(",", " ").split():
        parts, _ = _split(name, url, ("https", "http"))
        if url != f"{parts.scheme}://{parts.netloc}":
            raise SettingsError(name, "must be origins, as https://push.example")
        yield url


def _networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    try:
        return tuple(ip_network(part) for part in text.replace(",", " ").split())
    except ValueError:
        problem = "must be addresses or networks, as 10.0.0.0/8, 2001:db8::/32"
        raise SettingsError("TRUSTED_PROXIES", problem) from None


def _metrics_token(token: str) -> str:
    if not token.isascii() or not token.isprintable() or " " in token:
        raise SettingsError("METRICS_TOKEN", "must be printable ASCII without blanks")
    return token


def _mail_from(address: str) -> str:
    bare = parseaddr(address)[1]
    if "@" not in bare or any(not character.isprintable() for character in address):
        raise SettingsError("MAIL_FROM", "must be one e-mail address")
    return address
