"""What an operator may set, from the environment or from secret files."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tocsin.errors import TocsinError

SECRET_BYTES = 64
FICTIONAL_TILES = Path(__file__).parent / "fiction" / "data" / "city.pmtiles"
"""Street plan of the fictional State's city."""


class ConfigurationError(TocsinError):
    """A setting that cannot be used; the message says which and what to do."""


@dataclass(frozen=True)
class Configuration:
    """Settings of one installation.

    Parameters
    ----------
    data : Path
        Folder that holds everything: database (unless elsewhere), files, keys, log checkpoints.
    secret_key : str
        Key for sessions and links, 50 characters or more.
    former_secret_keys : tuple of str
        Keys in use before, still accepted while they are being replaced.
    database : dict
        Django's description of the database.
    hosts : tuple of str
        Names and addresses under which the server is reached.
    https : bool
        Whether browsers reach it by HTTPS; False only on the loopback address.
    demonstration : bool
        Whether people of the exercise realm alone may sign in without a second factor.
    email_url : str
        ``smtp://user:password@host:port``; empty: messages are kept on the page alone.
    checkpoint_copies : tuple of Path
        Further folders (a second host's share, a USB stick) that get each log checkpoint.
    notice_command : str
        Program that is run for each notice, empty for none.
    map_tiles : Path or None
        PMTiles file of a base map that the operator supplies.
    map_plan : Path or None
        GeoJSON file of a street plan that the operator supplies; that of the fictional city in a
        demonstration.
    upload_most_MiB : int
        Largest file that can be uploaded.
    upload_quota_MiB : int
        What the uploads of one person in one realm may take together.
    """

    data: Path
    secret_key: str
    former_secret_keys: tuple[str, ...]
    database: dict[str, Any]
    hosts: tuple[str, ...]
    https: bool
    demonstration: bool
    email_url: str
    checkpoint_copies: tuple[Path, ...]
    notice_command: str
    map_tiles: Path | None
    map_plan: Path | None
    upload_most_MiB: int
    upload_quota_MiB: int


def setting(name: str, env: Mapping[str, str], default: str = "") -> str:
    """Value of ``NAME``, or the content of the file that ``NAME_FILE`` names."""
    if path := env.get(f"{name}_FILE"):
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ConfigurationError(
                f"{name}_FILE: {path} cannot be read ({error.strerror})"
            ) from None
    return env.get(name, default)


def read_configuration(env: Mapping[str, str] | None = None) -> Configuration:
    """Settings from the environment (``TOCSIN_DATA``, ``DATABASE_URL`` and others)."""
    env = os.environ if env is None else env
    data = Path(setting("TOCSIN_DATA", env, "tocsin-data")).absolute()
    tiles, plan = setting("TOCSIN_MAP_TILES", env), setting("TOCSIN_MAP_PLAN", env)
    demonstration = setting("TOCSIN_DEMONSTRATION", env) == "1"
    return Configuration(
        data=data,
        secret_key=setting("TOCSIN_SECRET_KEY", env) or _kept_secret(data / "keys" / "session-key"),
        former_secret_keys=_words(setting("TOCSIN_FORMER_SECRET_KEYS", env)),
        database=database_of(setting("DATABASE_URL", env), data),
        hosts=_words(setting("TOCSIN_HOSTS", env)) or ("localhost", "127.0.0.1", "[::1]"),
        https=setting("TOCSIN_HTTPS", env, "1") != "0",
        demonstration=demonstration,
        email_url=setting("TOCSIN_EMAIL_URL", env),
        checkpoint_copies=tuple(
            Path(p) for p in setting("TOCSIN_CHECKPOINT_COPIES", env).split(os.pathsep) if p
        ),
        notice_command=setting("TOCSIN_NOTICE_COMMAND", env),
        map_tiles=Path(tiles) if tiles else _own_tiles(data, demonstration and not plan),
        map_plan=Path(plan) if plan else None,
        upload_most_MiB=_number("TOCSIN_UPLOAD_MOST_MIB", env, 64),
        upload_quota_MiB=_number("TOCSIN_UPLOAD_QUOTA_MIB", env, 10_240),
    )


def _own_tiles(data: Path, demonstration: bool) -> Path | None:
    """The archive that lies in the data folder, else the city of a demonstration."""
    own = data / "map" / "tiles.pmtiles"
    if own.is_file():
        return own
    return FICTIONAL_TILES if demonstration else None


def database_of(url: str, data: Path) -> dict[str, Any]:
    """Django's description of the database that a URL names; SQLite in the data folder if none."""
    if not url:
        return {
            "ENGINE": "tocsin.server.sqlite_turns",
            "NAME": data / "tocsin.sqlite3",
            "OPTIONS": {
                # FULL: an acknowledgement may only follow a flushed row. 64 MiB of pages in memory:
                # with SQLite's own 2 MiB a long list reads the same pages again and again
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                " PRAGMA cache_size=-65536;",
                "transaction_mode": "IMMEDIATE",
                "timeout": 30,
            },
            # told by name: pytest-django knows only Django's own engine to test in memory
            "TEST": {"NAME": ":memory:"},
        }
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"} or not parts.path.strip("/"):
        raise ConfigurationError(
            "DATABASE_URL must be postgres://user:password@host:port/name, or absent for SQLite"
        )
    query = {k: v[-1] for k, v in parse_qs(parts.query).items()}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.strip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.pop("host", parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"options": "-c synchronous_commit=on", **query},
    }


def _kept_secret(path: Path) -> str:
    """Secret of this installation, made once and kept readable for its owner alone.

    Where no data folder was made yet (type checks, tests) the secret lives as long as the process.
    """
    try:
        return path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        pass
    fresh = secrets.token_urlsafe(SECRET_BYTES)
    if not path.parent.parent.is_dir():
        return fresh
    path.parent.mkdir(exist_ok=True, mode=0o700)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(fresh + "\n")
        file.flush()
        os.fsync(file.fileno())
    return fresh


def _number(name: str, env: Mapping[str, str], default: int) -> int:
    text = setting(name, env, str(default))
    if not text.isdecimal() or int(text) < 1:
        raise ConfigurationError(f"{name} must be a whole number above zero, not {text!r}")
    return int(text)


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.replace(",", " ").split())
