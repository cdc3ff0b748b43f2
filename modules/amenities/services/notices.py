"""Notices: whom they reach is counted before they are sent; sent once, read receipts, expiry. Rules Y-80 to Y-84."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import func, literal, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert

from modules.tenants.models.firm import Firm
from modules.tenants.services.stages import IN_PARK
from parkops import clock, records
from parkops.db import audit
from parkops.db.session import scope_of
from parkops.errors import Problem, Problems, RuleError
from parkops.i18n import _, _l
from parkops.security import access

from ..models.housing import Apartment, ApartmentBed, HousingContract
from ..models.meals import MealCard
from ..models.notice import NoticeReceipt, ParkNotice
from ..states_notice import NOTICE

RESOURCE = "amenities.notice"


def _check(session: Any, values: dict[str, Any], problems: Problems) -> None:
    needs = {"carrier": "carrier_id", "track": "track", "residents": "facility_id"}
    scope = values.get("scope") or "all"
    for name, column in needs.items():
        if scope == name and values.get(column) is None:
            problems.add("amenities.Y-80", _l("Say which: this scope needs it."), column)
        elif scope != name and values.get(column) is not None and name != "residents":
            problems.add("amenities.Y-80", _l("Leave this empty: the notice does not go by it."), column)
    at, until = values.get("publish_at"), values.get("expires_on")
    if at is not None and until is not None and until < clock.local(at).date():
        problems.add("amenities.Y-80", _l("A notice cannot expire before it is published."), "expires_on")


def create_notice(session: Any, **values: Any) -> ParkNotice:
    """Prepare a notice (Y-80)."""
    return records.create(session, ParkNotice, {k: v for k, v in values.items() if v is not None}, _check)


def change_notice(session: Any, row: ParkNotice, **values: Any) -> ParkNotice:
    """Change a draft; what was sent stays as it was."""
    if row.state != "draft":
        raise RuleError([Problem("amenities.Y-81", _l("Only drafts are changed. Return it to draft, or withdraw it and write another."))])
    return records.change(session, row, values, _check)


def reached(row: ParkNotice) -> Any:
    """SELECT of the ids of the firms a notice reaches now."""
    query = select(Firm.id).where(Firm.park_id == row.park_id)
    if row.scope == "residents":
        c = HousingContract
        flats = (
            select(ApartmentBed.id)
            .join(Apartment, Apartment.id == ApartmentBed.apartment_id)
            .where(Apartment.facility_id == row.facility_id)
        )
        return query.where(Firm.id.in_(select(c.firm_id).where(c.state == "living", c.bed_id.in_(flats))))
    if row.scope == "cards":
        return query.where(Firm.id.in_(select(MealCard.firm_id).where(MealCard.state == "active", MealCard.firm_id.is_not(None))))
    query = query.where(Firm.state.in_(IN_PARK))
    if row.scope == "carrier":
        query = query.where(Firm.carrier_id == row.carrier_id)
    return query.where(Firm.track == row.track) if row.scope == "track" else query


def recipients(session: Any, row: ParkNotice) -> int:
    """How many firms it reaches: counted before sending (Y-82)."""
    if row.recipients is not None:
        return row.recipients
    return session.scalar(select(func.count()).select_from(reached(row).subquery()))


def why_not_schedule(session: Any, row: ParkNotice) -> str | None:
    """A scheduled notice has a time."""
    return None if row.publish_at is not None else _("Say when it is to be published.")


def schedule_notice(session: Any, row: ParkNotice) -> str:
    """The job sends it at its time."""
    if (why := why_not_schedule(session, row)) is not None:
        raise RuleError([Problem("amenities.Y-81", why)])
    NOTICE.move(session, row, "schedule")
    return _("Goes to %(n)s firms.", n=recipients(session, row))


def why_not_send(session: Any, row: ParkNotice) -> str | None:
    """Y-82: it reaches somebody and has not expired."""
    if row.expires_on is not None and row.expires_on < clock.today():
        return _("It has expired.")
    return None if recipients(session, row) else _("It reaches nobody. Change its scope.")


def send_notice(session: Any, row: ParkNotice, *, at: datetime | None = None) -> str:
    """Send it once: a receipt a firm, set-based (Y-83)."""
    access.require(session, RESOURCE, "act")
    if (why := why_not_send(session, row)) is not None:
        raise RuleError([Problem("amenities.Y-82", why)])
    targets = reached(row).subquery()
    n = session.execute(
        pg_insert(NoticeReceipt.__table__)
        .from_select(["park_id", "notice_id", "firm_id"], select(literal(row.park_id), literal(row.id), targets.c.id))
        .on_conflict_do_nothing()
    ).rowcount
    row.recipients = session.scalar(select(func.count(NoticeReceipt.id)).where(NoticeReceipt.notice_id == row.id))
    row.sent_at, row.sent_by = at or clock.now(), scope_of(session).user_name or ""
    NOTICE.move(session, row, "send")
    audit.bulk(session, NoticeReceipt, "insert", n, park_id=row.park_id)
    return _("Sent to %(n)s firms.", n=row.recipients)


def mark_read(session: Any, row: NoticeReceipt, *, by: str, at: datetime | None = None) -> str:
    """Somebody of the firm has read it; the first time counts (Y-84). The tenant portal calls this; the desk after a telephone call."""
    access.require(session, "amenities.notice_receipt", "change")
    if row.read_at is None:
        session.execute(
            update(NoticeReceipt)
            .where(NoticeReceipt.id == row.id, NoticeReceipt.read_at.is_(None))
            .values(read_at=at or clock.now(), read_by=by[:80], version=NoticeReceipt.version + 1)
            .execution_options(synchronize_session=False)
        )
        session.expire(row)
    return _("Read by %(n)s of %(all)s.", **{"n": read_count(session, row.notice_id), "all": row.notice.recipients})


def read_count(session: Any, notice_id: int) -> int:
    """Firms that have read it."""
    return session.scalar(select(func.count(NoticeReceipt.read_at)).where(NoticeReceipt.notice_id == notice_id))


def due(session: Any, *, on: date, park_id: int | None, at: datetime | None = None) -> dict[str, int]:
    """The job: send what is due, let expire what is over."""
    now, n, out = at or clock.now(), ParkNotice, {"sent": 0, "expired": 0, "empty": 0}
    park = [] if park_id is None else [n.park_id == park_id]
    for row in session.scalars(select(n).where(n.state == "scheduled", n.publish_at <= now, *park).order_by(n.id)):
        if why_not_send(session, row) is None:
            send_notice(session, row, at=now)
            out["sent"] += 1
        else:
            out["empty"] += 1
    for row in session.scalars(select(n).where(n.state == "published", n.expires_on < on, *park).order_by(n.id)):
        NOTICE.move(session, row, "expire", on=on)
        out["expired"] += 1
    return out
