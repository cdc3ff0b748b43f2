"""What comes in from a partner hall: looked at, taken once, answered. Rules SV-63, SV-64, SV-67, SV-68."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import UniqueConstraint, select
from sqlalchemy.exc import IntegrityError

from parkops import clock, records, sequences
from parkops.errors import Conflict, NotAllowed, Problem, Refused, RuleError
from parkops.i18n import _, _l

from .. import calc_sign
from ..models.case import CaseMaterial, ServiceCase
from ..models.item import HallItem
from ..models.partner import PartnerHall, PartnerMessage
from ..states import DELIVERIES, OPEN, RESULTS
from . import cases, closing
from .calendar import calendar_of

WRONG = {
    "signature": _l("The signature is wrong."),
    "time": _l("The time of the message is too far from ours; send it again with the right time."),
    "nonce": _l("The nonce is wrong; use 16 to 80 letters and digits."),
}
MESSAGE_KEY = next(c.name for c in PartnerMessage.__table__.constraints if isinstance(c, UniqueConstraint))
REPLAY = _l("This message was sent already; a new one needs a new nonce.")


def partner_of(session: Any, sealed: calc_sign.Seal, *, path: str, body: bytes, now: int) -> PartnerHall:
    """SV-63: who signed. NotAllowed for unknown key, wrong signature, a message of our own that came back, old time, bad nonce; nothing
    tells which key exists."""
    found = session.scalars(select(PartnerHall).where(PartnerHall.key_id == sealed.key_id[:80], PartnerHall.active.is_(True))).one_or_none()
    key = found.key if found is not None and found.key else "no such key" + "." * 32
    sender = calc_sign.OTHER[found.side if found is not None else "first"]
    why = calc_sign.why_wrong(sealed, key, sender=sender, method="POST", path=path, body=body, now=now)
    if found is None or why:
        raise NotAllowed(WRONG[why or "signature"])
    return found


def take(session: Any, partner: PartnerHall, *, kind: str, key: str, nonce: str, body: dict[str, Any]) -> dict[str, Any]:
    """SV-64: a nonce counts once; a key that came before gets the same answer and has no second effect, another content is refused."""
    if not partner.holds(clock.today()):
        raise NotAllowed(_l("The agreement with this hall does not hold today."))
    m = PartnerMessage
    if session.scalar(select(m.id).where(m.partner_id == partner.id, m.direction == "in", m.nonce == nonce)) is not None:
        raise NotAllowed(REPLAY)
    row = m(park_id=partner.park_id, partner_id=partner.id, direction="in", kind=kind, key=key, nonce=nonce, body=body, at=clock.now())
    try:
        with session.begin_nested():
            session.add(row)
            session.flush()
    except IntegrityError as e:
        name = e.orig.diag.constraint_name
        if name == "uq_services_partner_message_nonce":
            raise NotAllowed(REPLAY) from None
        if name != MESSAGE_KEY:
            raise
        return _again(session, partner, key, body)
    case = {"case": _take_case, "result": _take_result, "withdraw": _take_withdrawal}[kind](session, partner, body)
    row.case_id, row.sent_at = case.id if case is not None else None, clock.now()
    row.answer = {"number": case.number, "state": case.state} if case is not None else {"number": None, "state": None}
    session.flush()
    return row.answer


def _again(session: Any, partner: PartnerHall, key: str, body: dict[str, Any]) -> dict[str, Any]:
    """The answer given before."""
    m = PartnerMessage
    row = session.scalars(select(m).where(m.partner_id == partner.id, m.direction == "in", m.key == key)).one()
    if row.body != body:
        raise Conflict(_l("This key came before with another content."), row)
    return row.answer or {}


def _day(body: dict[str, Any], name: str) -> date:
    try:
        return date.fromisoformat(str(body.get(name)))
    except ValueError:
        raise RuleError([Problem("services.SV-67", _l("Enter a date such as 2026-11-22."), name)]) from None


def _text(body: dict[str, Any], name: str, most: int) -> str | None:
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > most or "\x00" in value:
        raise RuleError([Problem("services.SV-67", _l("Use at most %(n)s characters.", n=most), name)])
    return value.strip() or None


def _take_case(session: Any, partner: PartnerHall, body: dict[str, Any]) -> ServiceCase:
    """SV-67: accepted by the common standard there, so accepted here on arrival; our limit counts from arrival."""
    code, applicant, number = _text(body, "item", 40), _text(body, "applicant", 200), _text(body, "number", 60)
    item = session.scalars(
        select(HallItem).where(
            HallItem.park_id == partner.park_id, HallItem.code == code, HallItem.shared.is_(True), HallItem.active.is_(True)
        )
    ).one_or_none()
    if item is None:
        raise RuleError([Problem("services.SV-67", _l("This item is not on the shared list of cross-district service."), "item")])
    if not applicant or not number:
        raise RuleError([Problem("services.SV-67", _l("A case needs its applicant and its number."), "number")])
    _day(body, "accepted_on")
    if (here := _incoming(session, partner, number)) is not None:
        return here  # sent again after it was taken back there: one case
    at, day = clock.now(), clock.today()
    promised, statutory = cases.limits(calendar_of(session, partner.park_id), item, day)
    texts = {n: _text(body, n, most) for n, most in (("credit_code", 18), ("contact", 80), ("phone", 40), ("post_address", 200))}
    fixed = {
        "hall_id": partner.hall_id,
        "item_id": item.id,
        "channel": "cross",
        "applicant": applicant,
        "partner_id": partner.id,
        "incoming": True,
    }
    days = {
        "received_on": day,
        "clock_from": day,
        "accepted_on": day,
        "promised_due": promised,
        "statutory_due": statutory,
        "promised_days": item.promised_days,
        "statutory_days": item.statutory_days,
        "received_at": at,
    }
    ours = sequences.next_number(session, "services.case", partner.park_id, day)
    values = {**fixed, **texts, **days, "number": ours, "foreign_number": number, "state": "accepted"}
    case = records.create(session, ServiceCase, values)
    _copy_lines(session, case, body.get("materials"))
    return case


def _copy_lines(session: Any, case: ServiceCase, lines: Any) -> None:
    if not isinstance(lines, list) or len(lines) > 100:
        raise RuleError([Problem("services.SV-67", _l("A case brings its checklist."), "materials")])
    for n, line in enumerate(lines, 1):
        name = _text(line, "name", 200) if isinstance(line, dict) else None
        if not name:
            raise RuleError([Problem("services.SV-67", _l("A case brings its checklist."), "materials")])
        there = line.get("state") == "have"
        session.add(
            CaseMaterial(
                park_id=case.park_id,
                case_id=case.id,
                position=n,
                name=name,
                tolerable=not there,
                state="have" if there else "missing_tolerable",
                supplied_on=case.received_on if there else None,
            )
        )
    session.flush()


def _take_result(session: Any, partner: PartnerHall, body: dict[str, Any]) -> ServiceCase:
    """SV-68: the result of a case that was passed on; then, once posted, its tracking number."""
    case = _own(session, partner, _text(body, "number", 60))
    if case is None or case.state not in ("transferred", "completed", "delivered", "withdrawn"):
        raise RuleError([Problem("services.SV-68", _l("There is no case with this number that waits for a result."), "number")])
    if body.get("result") not in RESULTS or body.get("delivery") not in DELIVERIES:
        raise Refused(_l("Choose one of the values offered."))
    if case.state == "transferred":
        on = min(max(_day(body, "on"), case.clock_from, case.accepted_on), clock.today())
        closing.complete_case(session, case, result=body["result"], delivery=body["delivery"], on=on, text=_text(body, "text", 4000))
    if case.state == "completed" and body.get("delivered_on"):  # what comes late, after the hand-over, changes nothing
        closing.deliver_case(
            session,
            case,
            on=min(max(_day(body, "delivered_on"), case.completed_on), clock.today()),
            carrier=_text(body, "carrier", 60),
            tracking_no=_text(body, "tracking_no", 60),
        )
    return case


def _own(session: Any, partner: PartnerHall, number: str | None) -> ServiceCase | None:
    """Our case that was passed on to this partner."""
    c = ServiceCase
    query = select(c).where(c.partner_id == partner.id, c.incoming.is_(False), c.number == number)
    return session.scalars(query.with_for_update()).one_or_none()


def _incoming(session: Any, partner: PartnerHall, number: str | None) -> ServiceCase | None:
    """The case this partner passed on to us under its number."""
    c = ServiceCase
    query = select(c).where(c.partner_id == partner.id, c.incoming.is_(True), c.foreign_number == number)
    return session.scalars(query.with_for_update()).one_or_none()


def _take_withdrawal(session: Any, partner: PartnerHall, body: dict[str, Any]) -> ServiceCase | None:
    """SV-69: the applicant took the case back in the other hall; one that is not here, or has its result, is left alone."""
    number = _text(body, "number", 60)
    case = (_own if body.get("of") == "receiver" else _incoming)(session, partner, number)
    if case is None or case.state not in OPEN:
        return case
    reason = _text(body, "reason", 300) or _("The partner hall says that the applicant took it back.")
    return closing.withdrawn_there(session, case, on=clock.today(), reason=reason)
