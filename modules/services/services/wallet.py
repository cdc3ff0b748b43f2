"""The code of a firm's licence and permits: issued, replaced, revoked, shown to whoever scans it. Rules SV-104 to SV-109."""

from __future__ import annotations

import io
import secrets
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any

import segno
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import delete, func, select, text

from modules.tenants.models.firm import Firm
from parkops import qr, settings
from parkops.clock import ZONE
from parkops.config import config, secret
from parkops.errors import Conflict
from parkops.i18n import _, _l
from parkops.models import Park
from parkops.security import access
from parkops.security.sealing import fingerprint

from .. import calc_wallet
from ..models.wallet import PERMIT_KINDS, LicenceCode, LicenceLookup
from ..states_wallet import CODE
from . import permits
from .steps import refuse, take

RESOURCE = "services.licence_code"
PATH = "/services/verify/"
MINUTE = timedelta(minutes=1)


@lru_cache(maxsize=4)
def _derived(master: str) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"parkops licence code").derive(master.encode())


def _key() -> bytes:
    return _derived(secret(config(), "sealing_key"))


def token(row: LicenceCode) -> str:
    """What the address of the code ends with; worked out anew each time, nothing of it is kept (SV-104)."""
    return calc_wallet.token(_key(), row.firm_id, row.serial, row.public_id)


def path(row: LicenceCode) -> str:
    """Address of the code below the site's own."""
    return PATH + token(row)


def active(session: Any, firm_id: int) -> LicenceCode | None:
    """The firm's code in use."""
    return session.scalars(select(LicenceCode).where(LicenceCode.firm_id == firm_id, LicenceCode.state == "active")).one_or_none()


def issue_code(session: Any, firm: Firm, *, on: date) -> LicenceCode:
    """The first code of a firm, or the next after a revoked one (SV-105). The firm's row is locked meanwhile."""
    access.require(session, RESOURCE, "add")
    session.execute(select(Firm.id).where(Firm.id == firm.id).with_for_update())
    if active(session, firm.id) is not None:
        raise refuse("SV-105", _l("This firm has a code in use. Replace it instead."))
    return _new(session, firm.id, firm.park_id, on)


def _new(session: Any, firm_id: int, park_id: int, on: date) -> LicenceCode:
    from parkops.db.session import scope_of

    last = session.scalar(select(func.coalesce(func.max(LicenceCode.serial), 0)).where(LicenceCode.firm_id == firm_id))
    row = LicenceCode(
        park_id=park_id,
        firm_id=firm_id,
        serial=last + 1,
        public_id=secrets.token_urlsafe(16),
        issued_on=on,
        issued_by=scope_of(session).user_name[:80],
    )
    session.add(row)
    session.flush()
    return row


def _claim(session: Any, row: LicenceCode) -> None:
    """Lock the firm and its code; who comes second sees that it is over (SV-106)."""
    session.execute(select(Firm.id).where(Firm.id == row.firm_id).with_for_update())
    session.refresh(row)
    if row.state != "active":
        raise Conflict(_l("This code was replaced or revoked meanwhile. Load the page again."), row)


def replace_code(session: Any, row: LicenceCode, *, on: date) -> LicenceCode:
    """A new code; the old one says from now on that it was replaced (SV-106)."""
    access.require(session, RESOURCE, "change")
    _claim(session, row)
    take(session, CODE, row, "replace", on=on, after=row.issued_on, ended_on=on)
    return _new(session, row.firm_id, row.park_id, on)


def revoke_code(session: Any, row: LicenceCode, *, reason: str, on: date) -> None:
    """The code shows nothing any more but that it was revoked (SV-106)."""
    access.require(session, RESOURCE, "act")
    _claim(session, row)
    row.reason = reason
    take(session, CODE, row, "revoke", on=on, after=row.issued_on, reason=reason, ended_on=on)


def svg(address: str, scale: int = 5) -> str:
    """The code as a picture for a page."""
    return qr.svg(address, scale=scale, border=3, light="#fff")


def png(address: str, scale: int = 12) -> bytes:
    """The code as a file."""
    out = io.BytesIO()
    segno.make(address, error="m").save(out, kind="png", scale=scale, border=4)
    return out.getvalue()


@dataclass(frozen=True)
class Line:
    """A permit as shown to anybody: what it is and whether it holds today. No number, no person, no amount."""

    kind: str
    issuer: str
    valid_from: date
    valid_to: date | None
    standing: str

    @property
    def title(self) -> Any:
        return PERMIT_KINDS.label(self.kind)

    @property
    def words(self) -> str:
        return str(permits.STANDINGS[self.standing])


@dataclass(frozen=True)
class Shown:
    """What the public page says: `result` shown, revoked, replaced, unknown or limited."""

    result: str
    firm: str = ""
    lines: tuple[Line, ...] = ()
    on: date | None = None
    ended_on: date | None = None
    serial: int = 0


def look(session: Any, text_: str, *, at: datetime, on: date, address: str) -> Shown:
    """SV-107 to SV-109: what a scanned code shows now. Every look is kept; over the limit of an address nothing is looked up.

    The caller gives a session of all parks: the code itself is the right, and only its firm is read."""
    visitor = fingerprint(f"licence lookup {address}")
    session.execute(text("select pg_advisory_xact_lock(hashtextextended(:v, 41))"), {"v": visitor})
    recent = session.scalar(select(func.count(LicenceLookup.id)).where(LicenceLookup.visitor == visitor, LicenceLookup.at > at - MINUTE))
    if recent >= settings.get(session, "services.lookups_minute"):
        return Shown("limited")
    row = _find(session, text_)
    shown = _shown(session, row, on) if row is not None else Shown("unknown")
    session.add(
        LicenceLookup(
            park_id=row.park_id if row is not None else None,
            code_id=row.id if row is not None else None,
            at=at,
            result=shown.result,
            visitor=visitor,
            permits=len(shown.lines) if shown.result == "shown" else None,
        )
    )
    session.flush()
    return shown


def _find(session: Any, text_: str) -> LicenceCode | None:
    """The code with that number whose signature is ours."""
    found = calc_wallet.parts(text_)
    row = session.scalars(select(LicenceCode).where(LicenceCode.public_id == found[0])).one_or_none() if found else None
    if row is None or not calc_wallet.genuine(_key(), row.firm_id, row.serial, row.public_id, found[1]):
        return None
    return row


def _shown(session: Any, row: LicenceCode, on: date) -> Shown:
    if row.state != "active":
        return Shown(row.state, ended_on=row.ended_on)
    found = permits.of_firm(session, row.firm_id)
    lines = tuple(Line(p.kind, p.issuer, p.valid_from, p.valid_to, permits.standing(p, on)) for p in found)
    return Shown("shown", row.firm.name, lines, on, serial=row.serial)


def forget_lookups(session: Any, *, on: date, park_id: int | None = None) -> dict[str, int]:
    """SV-109, job: looks older than the park's setting are deleted, also those at codes nobody knows (they are of no park)."""
    gone = 0
    for park in [park_id] if park_id is not None else [*session.scalars(select(Park.id)), None]:
        keep = int(settings.get(session, "services.lookup_days", park))
        first = datetime.combine(on - timedelta(days=keep), time(0), ZONE)
        query = delete(LicenceLookup).where(LicenceLookup.at < first, LicenceLookup.park_id == park)
        gone += session.execute(query.execution_options(synchronize_session=False)).rowcount
    return {"deleted": gone}


def issue_text(session: Any, firm: Firm, *, on: date) -> tuple[str, str]:
    """The button on a firm: issue and show it."""
    issue_code(session, firm, on=on)
    return _("The licence code is issued."), f"/services/wallet/{firm.id}"
