"""Settings of the installation and of a park, typed, declared in manifests, changed on screen, audited.

    "settings": {"tenants.jump_percent": {"type": "int", "default": 50, "min": 1, "max": 1000,
                                          "title": "Large jump (percent)", "help": "…"}}

A park's value wins over the company's, which wins over the default. Types: int, decimal, money (yuan), bool, text,
choice (with `choices`: list of codes or {code: title}), date, list (of texts). A regulation's value is no setting: it is
a dated parameter (`parkops.rules.parameters`)."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, String, UniqueConstraint, event, select
from sqlalchemy.orm import Mapped, mapped_column

from .db.base import Record, field
from .db.park_optional import ParkOptional
from .db.session import ParkSession, scope_of
from .db.types import Json
from .errors import NotFound, Problem, Refused, RuleError
from .i18n import _l
from .registry import registry
from .security import access
from .security.sealing import seal, unseal

TYPES = ("int", "decimal", "money", "bool", "text", "choice", "date", "list", "secret")
CACHE = "settings_cache"
KERNEL_SETTINGS: dict[str, dict[str, Any]] = {
    "core.export_approval_rows": {"type": "int", "default": 10000, "min": 100, "max": 10000,
                                  "title": "Exports of this many rows need approval"},
    "core.public_url": {"type": "text", "default": "", "per_park": False, "title": "Address of this installation",
                        "help": "Such as https://park.example.org; links in e-mails begin with it. Empty: no links."},
    "core.smtp_host": {"type": "text", "default": "", "per_park": False, "title": "Mail server",
                       "help": "Empty: no e-mail is sent; messages wait and then fail with that reason."},
    "core.smtp_port": {"type": "int", "default": 465, "min": 1, "max": 65535, "per_park": False, "title": "Port of the mail server"},
    "core.smtp_security": {"type": "choice", "default": "tls", "per_park": False,
                           "choices": {"tls": "TLS", "starttls": "STARTTLS", "none": "No encryption"},
                           "title": "Encryption to the mail server"},
    "core.smtp_user": {"type": "text", "default": "", "per_park": False, "title": "User name at the mail server"},
    "core.smtp_password": {"type": "secret", "default": "", "per_park": False, "title": "Password at the mail server",
                           "help": "Sealed; never shown again."},
    "core.smtp_sender": {"type": "text", "default": "", "per_park": False, "title": "Sender of e-mails"},
    "core.invitation_hours": {"type": "int", "default": 168, "min": 1, "max": 720, "title": "Hours an invitation to the portal holds"},
}


class Setting(ParkOptional, Record):
    """One value somebody set; without park for the whole company."""

    __tablename__ = "core_setting"
    __table_args__ = (UniqueConstraint("park_id", "key", postgresql_nulls_not_distinct=True),)
    park_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("core_park.id", ondelete="CASCADE"), nullable=True, index=True,
        info={"label": _l("Park"), "fmt": "ref"})
    key: Mapped[str] = field(String(120), _l("Setting"), fmt="code")
    value: Mapped[Any] = field(Json, _l("Value"), nullable=True)

    def __str__(self) -> str:
        return self.key


@dataclass(frozen=True)
class Definition:
    """What a setting is. `title` and `help` are msgids; `per_park`: may a park have its own value."""

    key: str
    type: str
    default: Any = None
    title: str = ""
    help: str = ""
    min: Any = None
    max: Any = None
    choices: Any = None
    per_park: bool = True

    def __post_init__(self) -> None:
        if self.type not in TYPES:
            raise Refused(f"setting {self.key}: type {self.type!r} is not one of {', '.join(TYPES)}")

    @property
    def module(self) -> str:
        return self.key.split(".", 1)[0]


def definitions() -> dict[str, Definition]:
    """Every setting of the kernel and the loaded modules, by key, in module order."""
    out = {k: Definition(k, **v) for k, v in KERNEL_SETTINGS.items()}
    for manifest in registry().manifests.values():
        for key, raw in manifest.settings.items():
            if not key.startswith(f"{manifest.name}."):
                raise Refused(f"modules/{manifest.name}/__manifest__.py: setting {key!r} must begin with {manifest.name}.")
            out[key] = Definition(key, **raw)
    return out


def definition(key: str) -> Definition:
    """The setting's definition; Refused with the nearest name when there is none."""
    known = definitions()
    if key not in known:
        hint = difflib.get_close_matches(key, known, 1)
        raise Refused(f"there is no setting {key!r}" + (f"; did you mean {hint[0]!r}?" if hint else ""))
    return known[key]


def get(session: Any, key: str, park_id: int | None = None) -> Any:
    """The value for a park (default: the session's current park), typed. One statement per session, then remembered."""
    known, values = definition(key), _values(session)
    park = park_id if park_id is not None else scope_of(session).park_id
    for place in ((key, park), (key, None)):
        if place in values:
            return _typed(known, values[place])
    return _typed(known, known.default)


def public_url(session: Any) -> str:
    """The address of this installation without a slash at its end; empty when nobody has set it."""
    return (get(session, "core.public_url") or "").strip().rstrip("/")


def _values(session: Any) -> dict[tuple[str, int | None], Any]:
    if CACHE not in session.info:
        rows = session.execute(select(Setting.key, Setting.park_id, Setting.value)).all()
        session.info[CACHE] = {(key, park): value for key, park, value in rows}
    return session.info[CACHE]


@event.listens_for(ParkSession, "after_soft_rollback")
def _forget(session: Any, previous: Any) -> None:
    session.info.pop(CACHE, None)


def _typed(known: Definition, value: Any) -> Any:
    if value is None:
        return None
    if known.type in ("decimal", "money"):
        return Decimal(str(value))
    if known.type == "secret":
        return unseal(value) if value else ""
    if known.type == "date" and not isinstance(value, date):
        return date.fromisoformat(value)
    return value


def put(session: Any, key: str, value: Any, park_id: int | None = None) -> Setting:
    """Set a value for a park (or the company with `park_id=None`); needs `core.setting` change. Audited with old and new.
    A secret left empty stays as it is, because no form shows it again; `reset` clears it.

    Raises RuleError with the sentence beside the field when the value does not fit the definition."""
    access.require(session, "core.setting", "change")
    known = definition(key)
    if park_id is not None and not known.per_park:
        raise RuleError([Problem("setting.company", _l("This setting holds for the whole company only."), key)])
    if park_id is not None and not scope_of(session).sees(park_id):
        raise NotFound(_l("There is no such record in your parks."))
    stored = parse(known, value)
    row = _row(session, key, park_id)
    if known.type == "secret" and not stored and row is not None:
        return row
    if row is None:
        row = Setting(key=key, park_id=park_id, value=stored)
        session.add(row)
    else:
        row.value = stored
    session.flush()
    session.info.pop(CACHE, None)
    return row


def reset(session: Any, key: str, park_id: int | None = None) -> None:
    """Forget a value, so that the wider one (company, default) holds again."""
    access.require(session, "core.setting", "change")
    row = _row(session, key, park_id)
    if row is not None:
        session.delete(row)
        session.flush()
    session.info.pop(CACHE, None)


def _row(session: Any, key: str, park_id: int | None) -> Setting | None:
    return session.execute(select(Setting).where(
        Setting.key == key, Setting.park_id.is_not_distinct_from(park_id)).with_for_update()).scalar_one_or_none()


def parse(known: Definition, value: Any) -> Any:
    """The JSON form of a typed or typed-in value, checked against type, limits and choices."""
    try:
        stored = _parse(known.type, value)
    except (ValueError, InvalidOperation, TypeError):
        raise RuleError([Problem("setting.type", _l("%(value)s does not fit; a value of kind %(kind)s is needed.",
                                                    value=value, kind=known.type), known.key)]) from None
    number = Decimal(str(stored)) if known.type in ("int", "decimal", "money") else None
    if number is not None and ((known.min is not None and number < Decimal(str(known.min)))
                               or (known.max is not None and number > Decimal(str(known.max)))):
        raise RuleError([Problem("setting.range", _l("Enter a value between %(low)s and %(high)s.",
                                                     low=known.min, high=known.max), known.key)])
    if known.type == "choice" and stored not in list(known.choices or ()):
        raise RuleError([Problem("setting.choice", _l("Choose one of the offered values."), known.key)])
    return stored


def _parse(kind: str, value: Any) -> Any:
    if kind == "bool":
        if isinstance(value, bool):
            return value
        return {"true": True, "1": True, "on": True, "yes": True, "false": False, "0": False, "off": False, "no": False,
                "": False}[str(value).strip().lower()] if str(value).strip().lower() in (
                    "true", "1", "on", "yes", "false", "0", "off", "no", "") else _bad()
    if kind == "int":
        return _bad() if isinstance(value, bool | float) else int(str(value).strip())
    if kind in ("decimal", "money"):
        found = _bad() if isinstance(value, bool | float) else Decimal(str(value).strip())
        if not found.is_finite() or (kind == "money" and found != round(found, 2)):
            return _bad()
        return format(found, "f")
    if kind == "date":
        return date.fromisoformat(str(value)).isoformat()
    if kind == "list":
        return [str(v).strip() for v in (value if isinstance(value, list | tuple) else str(value).split("\n")) if str(v).strip()]
    if kind == "secret":
        return seal(str(value)) if str(value) else ""
    return str(value).replace("\x00", "")


def _bad() -> Any:
    raise ValueError("does not fit")
