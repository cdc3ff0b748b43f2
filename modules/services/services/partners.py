"""Cross-district service (跨区通办): accepted here, handled there, the result posted. Rules SV-60 to SV-69.

The message a hall sends is a row, delivered through the outbox with a fresh time and nonce each attempt and the same key, so that
a repetition has one effect. What comes in is looked at in `inbox`."""

from __future__ import annotations

import secrets
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import select

from parkops import clock, outbox, records
from parkops.errors import Problem, Problems, RuleError
from parkops.i18n import _, _l
from parkops.security import access

from ..models.case import ServiceCase
from ..models.partner import PartnerHall, PartnerMessage
from ..states import CASE
from . import cases, days, wire

RESOURCE = "services.partner"
TOPIC = "services.partner"
OWN_ADDRESS = "/api/v1/services/partner_inbox/"


def _check(session: Any, values: dict[str, Any], problems: Problems) -> None:
    """SV-60: a key that cannot be guessed, an address that is one."""
    if len(values.get("key") or "") < 32:
        problems.add("services.SV-60", _l("The common key has at least 32 characters; both halls enter the same."), "key")
    parts = urlsplit(values.get("url") or "https://x")
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.path.strip("/") or parts.query:
        problems.add("services.SV-60", _l("Enter the address as https://host, without a path."), "url")
    records.date_order(values, problems, "signed_on", "ends_on", _l("The agreement ends before it begins."))


def create_partner(session: Any, **values: Any) -> PartnerHall:
    """A hall with which an agreement holds; without a key one is made, to be given to the partner."""
    values["side"] = values.get("side") or ("second" if values.get("key") else "first")
    if not values.get("key") and values["side"] == "second":
        raise RuleError([Problem("services.SV-60", _l("Enter the key the partner made."), "key")])
    values["key"] = values.get("key") or secrets.token_urlsafe(36)
    return records.create(session, PartnerHall, values, _check)


def change_partner(session: Any, row: PartnerHall, **values: Any) -> PartnerHall:
    """An empty key keeps the old one."""
    if not values.get("key"):
        values.pop("key", None)
    return records.change(session, row, values, _check)


def remove_partner(session: Any, row: PartnerHall) -> None:
    """Only one without cases; others are put out of use."""
    records.remove(
        session,
        row,
        (ServiceCase, "partner_id", _l("There are cases with this partner; put it out of use instead.")),
        (PartnerMessage, "partner_id", _l("There are cases with this partner; put it out of use instead.")),
    )


def why_not_send(session: Any, case: ServiceCase) -> str | None:
    """SV-61: only what was accepted here for a partner whose agreement holds."""
    if case.partner_id is None or case.incoming:
        return _("Choose the partner hall first.")
    if not case.item.shared:
        return _("This item is not on the shared list of cross-district service.")
    if cases.commitments_open(session, case) is not None:
        return _("Materials are promised and not there yet; pass the case on when they are supplied.")
    if not case.partner.holds(clock.today()):
        return _("The agreement with this hall does not hold today.")
    return None if case.partner.url else _("Enter the address of the partner's interface first.")


def why_not_choose(session: Any, case: ServiceCase) -> str | None:
    """SV-61: only items of the shared list, before the case is passed on."""
    if case.incoming or case.state not in ("received", "supplement", "accepted"):
        return _("The partner is chosen before the case is passed on.")
    return None if case.item.shared else _("This item is not on the shared list of cross-district service.")


def choose_partner(session: Any, case: ServiceCase, *, partner_id: int) -> ServiceCase:
    """SV-61: where the case is handled; until it is passed on."""
    if why := why_not_choose(session, case):
        raise RuleError([Problem("services.SV-61", why, "partner_id")])
    return records.change(session, case, {"partner_id": partner_id, "channel": "cross"})


def send_case(session: Any, case: ServiceCase, *, on: date) -> ServiceCase:
    """SV-62: the case and its checklist go to the partner; the client waits for one result."""
    access.require(session, "services.case", "change")
    if why := why_not_send(session, case):
        raise RuleError([Problem("services.SV-61", why)])
    days.require("services.SV-61", on, case.clock_from, case.accepted_on)
    CASE.move(session, case, "send", on=on)
    before = len(_sent(session, case))
    post_message(session, case, "case", f"{case.number}:case" + (f":{before + 1}" if before else ""), case_body(session, case))
    return case


def _sent(session: Any, case: ServiceCase) -> list[PartnerMessage]:
    """Messages with this case, oldest first."""
    m = PartnerMessage
    query = select(m).where(m.case_id == case.id, m.partner_id == case.partner_id, m.direction == "out", m.kind == "case")
    return list(session.scalars(query.order_by(m.id)))


def why_not_recall(session: Any, case: ServiceCase) -> str | None:
    """SV-69: only when the message has failed for good; a case the partner has is taken back by the applicant only."""
    last = next(reversed(_sent(session, case)), None)
    if last is None or last.sent_at is not None:
        return _("The partner hall has this case; its result comes from there.")
    o = outbox.OutboxMessage
    dead = session.scalar(select(o.id).where(o.topic == TOPIC, o.key == _outbox_key(last), o.state == "dead"))
    return None if dead is not None else _("The message is still being sent; wait until it arrives or fails for good.")


def recall_case(session: Any, case: ServiceCase, *, on: date, reason: str) -> ServiceCase:
    """SV-69: the partner never got the case: it is handled here, or passed on again."""
    access.require(session, "services.case", "change")
    days.require("services.SV-69", on, case.accepted_on)
    CASE.move(session, case, "recall", on=on, reason=reason)
    return case


def send_withdrawal(session: Any, case: ServiceCase, on: date, reason: str) -> PartnerMessage:
    """SV-69: the other hall learns that the applicant took the case back. The number is the one of the hall that accepted."""
    number, of, word = (case.foreign_number, "receiver", "withdrawn") if case.incoming else (case.number, "sender", "withdraw")
    body = {"number": number, "of": of, "on": on.isoformat(), "reason": reason[:300]}
    return post_message(session, case, "withdraw", f"{number}:{word}", body)


def case_body(session: Any, case: ServiceCase) -> dict[str, Any]:
    """What the other hall needs to handle it."""
    lines = [{"position": r.position, "name": r.name, "state": r.state} for r in cases.checklist(session, case)]
    return {
        "number": case.number,
        "item": case.item.code,
        "applicant": case.applicant,
        "credit_code": case.credit_code,
        "contact": case.contact,
        "phone": case.phone,
        "post_address": case.post_address,
        "received_on": case.received_on.isoformat(),
        "accepted_on": case.accepted_on.isoformat(),
        "materials": lines,
    }


def send_result(session: Any, case: ServiceCase) -> PartnerMessage:
    """SV-65: the result, and once posted the tracking number, go back to the hall that accepted."""
    body = {
        "number": case.foreign_number,
        "result": case.result,
        "text": case.result_text,
        "delivery": case.delivery,
        "on": case.completed_on.isoformat(),
        "carrier": case.carrier,
        "tracking_no": case.tracking_no,
        "delivered_on": case.delivered_on.isoformat() if case.delivered_on else None,
    }
    return post_message(session, case, "result", f"{case.foreign_number}:result:{case.state}", body)


def post_message(session: Any, case: ServiceCase, kind: str, key: str, body: dict[str, Any]) -> PartnerMessage:
    """A row and its outbox entry; both or neither."""
    row = PartnerMessage(
        park_id=case.park_id, partner_id=case.partner_id, direction="out", kind=kind, key=key, case_id=case.id, body=body, at=clock.now()
    )
    session.add(row)
    session.flush()
    outbox.publish(session, TOPIC, {"message": row.id}, key=_outbox_key(row), park_id=case.park_id)
    return row


def _outbox_key(row: PartnerMessage) -> str:
    return f"{row.park_id}:{row.id}"


@outbox.handler(TOPIC)
def deliver(session: Any, payload: dict[str, Any], message: Any) -> None:
    """SV-66: signed and sent; any answer but success is an attempt to come."""
    row = session.get(PartnerMessage, payload["message"])
    if row is None or row.sent_at is not None:
        return
    if row.kind == "case" and session.get(ServiceCase, row.case_id).state != "transferred":
        return  # taken back meanwhile
    answer = wire.send(row.partner, {"kind": row.kind, "key": row.key, "body": row.body}, path=OWN_ADDRESS)
    row.answer, row.sent_at = answer, clock.now()
    if row.kind == "case" and answer.get("number"):
        case = session.get(ServiceCase, row.case_id)
        case.foreign_number = str(answer["number"])[:60]
    session.flush()
