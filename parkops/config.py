"""Configuration: environment `PARKOPS_*`, then a TOML file (`PARKOPS_CONFIG`), typed, unknown keys refused."""

from __future__ import annotations

import os
import secrets
import tomllib
from dataclasses import dataclass, field, fields
from functools import lru_cache
from pathlib import Path

from .errors import Refused

# the file named above all, and what only the test set-up reads
READ_ELSEWHERE = ("PARKOPS_CONFIG", "PARKOPS_NIGHTLY", "PARKOPS_SHOTS", "PARKOPS_BROWSER_URL", "PARKOPS_TEST_CHROMIUM")


@dataclass(frozen=True)
class Config:
    """Every setting of the installation (not of a park: those live in `parkops.settings`)."""

    data_dir: Path = field(default_factory=lambda: Path("var"))
    database_url: str = ""  # empty: the embedded server in data_dir/pg
    owner_url: str = ""  # role that migrates; empty: derived for the embedded server, else database_url
    secret_key: str = ""  # empty: made once and kept in data_dir/secret_key
    jwt_secret_key: str = ""
    secret_key_fallbacks: tuple[str, ...] = ()
    sealing_key: str = ""  # seals identity numbers at rest; empty: made once and kept in data_dir/sealing_key; no backup holds it
    trusted_hosts: tuple[str, ...] = ("127.0.0.1", "localhost", "[::1]")
    https: bool = False  # True behind TLS: Secure cookies, __Host- name, HSTS
    proxy_hops: int = 0  # exact number of reverse proxies whose X-Forwarded-* are trusted
    debug: bool = False
    demo: bool = False  # shows the demo log-ins on the login page
    swagger: bool = False
    security_profile: str = "dengbao"  # dengbao | asvs, see docs/decisions
    require_totp: bool = False  # administrators and finance must use two-step log-in
    pool_size: int = 5
    audit_keep_days: int = 400  # floor 184, 网络安全法 art. 23(3)
    log_level: str = "INFO"
    dask_scheduler: str = ""  # tcp:// or tls:// address: the scheduler hands the units of jobs to this cluster (extra parkops[dask])
    testing: bool = False

    @property
    def files_dir(self) -> Path:
        return self.data_dir / "files"


def _convert(kind: str, text: object) -> object:
    if kind == "bool":
        if isinstance(text, bool):
            return text
        if str(text).lower() in ("1", "true", "yes", "on"):
            return True
        if str(text).lower() in ("0", "false", "no", "off", ""):
            return False
        raise ValueError("write true or false")
    if kind == "int":
        return int(str(text))
    if kind == "Path":
        return Path(str(text))
    if kind.startswith("tuple"):
        return tuple(text) if isinstance(text, list) else tuple(x.strip() for x in str(text).split(",") if x.strip())
    return str(text)


def read(environ: dict[str, str] | None = None) -> Config:
    """Read and check; every mistake is one sentence naming the key."""
    environ = dict(os.environ if environ is None else environ)
    kinds = {f.name: str(f.type) for f in fields(Config)}
    raw: dict[str, object] = {}
    if path := environ.get("PARKOPS_CONFIG"):
        try:
            raw = dict(tomllib.loads(Path(path).read_text(encoding="utf-8")))
        except (OSError, tomllib.TOMLDecodeError) as e:
            raise Refused(f"PARKOPS_CONFIG: cannot read {path}: {e}") from None
    for key, text in environ.items():
        if key.startswith("PARKOPS_") and key not in READ_ELSEWHERE:
            raw[key.removeprefix("PARKOPS_").lower()] = text
    values: dict[str, object] = {}
    for key, text in raw.items():
        if key not in kinds:
            known = ", ".join(f"PARKOPS_{k.upper()}" for k in sorted(kinds))
            raise Refused(f"unknown setting PARKOPS_{key.upper()}; known are {known}")
        try:
            values[key] = _convert(kinds[key], text)
        except ValueError as e:
            raise Refused(f"PARKOPS_{key.upper()}: {text!r} cannot be used: {e}") from None
    config = Config(**values)  # type: ignore[arg-type]
    if config.audit_keep_days < 184:
        raise Refused("PARKOPS_AUDIT_KEEP_DAYS: the law asks for at least six months; use 184 or more")
    return Config(**{**values, "data_dir": config.data_dir.expanduser().resolve()})  # type: ignore[arg-type]


@lru_cache(maxsize=1)
def config() -> Config:
    """The configuration of this process."""
    return read()


def secret(config: Config, name: str) -> str:
    """A secret from the configuration, else one made once and kept in the data folder (mode 0600)."""
    given = getattr(config, name)
    if given:
        if len(given) < 32:
            raise Refused(f"PARKOPS_{name.upper()} is too short; use at least 32 random characters")
        return given
    path = config.data_dir / name
    config.data_dir.mkdir(parents=True, exist_ok=True)
    try:
        fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(fd, "w") as f:
            f.write(secrets.token_urlsafe(48))
    except FileExistsError:
        pass
    return path.read_text().strip()
