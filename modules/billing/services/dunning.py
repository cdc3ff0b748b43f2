"""Dunning: who gets which letter, letters and their delivery, promises. Rules N-01 to N-09 of the README.

Open items under dispute are not demanded; a firm with an open promise is left alone until its day; nothing is sent twice: a firm
has one draft at a time (unique index), and the next letter waits until the last one's period is over."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as pg_insert

from modules.tenants.models.firm import Firm
from parkops import sequences, settings, todos
from parkops.clock import now
from parkops.db.session import scope_of
from parkops.errors import Problems
from parkops.i18n import _, _l, _n, force_locale
from parkops.security import access

from .. import calc_dunning as calc
from ..models.bill import Bill
from ..models.dispute import Dispute
from ..models.dunning import LEVELS, DunningLetter, DunningLevel, PaymentPromise
from ..states_dunning import LETTER
from . import balances

RESOURCE = "billing.dunning_letter"
ZERO = Decimal(0)


@dataclass
class Proposal:
    """A letter that could be sent to a firm. `stopped`: why it is not (promise, dispute, a draft), or None."""

    firm: Firm
    level: str | None
    items: list[tuple[Bill, Decimal]]
    days: int
    follows: calc.Sent | None = None
    stopped: str | None = None

    @property
    def total(self) -> Decimal:
        return sum((a for _b, a in self.items), ZERO)


def levels(session: Any, park_id: int) -> dict[str, DunningLevel]:
    """The park's levels; the four of `data/dunning.yaml` are made when it has none yet."""
    found = {x.level: x for x in session.scalars(select(DunningLevel).where(DunningLevel.park_id == park_id))}
    if found:
        return found
    rows = yaml.safe_load((Path(__file__).parent.parent / "data" / "dunning.yaml").read_text(encoding="utf-8"))
    session.connection().execute(pg_insert(DunningLevel.__table__).on_conflict_do_nothing(), [{**r, "park_id": park_id} for r in rows])
    return {x.level: x for x in session.scalars(select(DunningLevel).where(DunningLevel.park_id == park_id))}


def change_level(
    session: Any,
    level: DunningLevel,
    *,
    days: int,
    deadline_days: int,
    subject: str,
    body: str,
    subject_en: str | None = None,
    body_en: str | None = None,
    active: bool = True,
) -> DunningLevel:
    """Change days and texts of a level; letters written keep theirs (N-02: a demand leaves a reasonable period)."""
    access.require(session, "billing.dunning_level", "change")
    problems, least = Problems(), settings.get(session, "billing.demand_days_min", park_id=level.park_id)
    if level.level in calc.DEMANDS and deadline_days < least:
        problems.add("billing.N-02", _l("A demand leaves at least %(n)s days to pay (Civil Code 722).", n=least), "deadline_days")
    if days < 1 or deadline_days < 1:
        problems.add("billing.N-02", _l("Enter at least one day."), "days")
    for name, text in (("body", body), ("body_en", body_en), ("subject", subject)):
        if not _fits(text or ""):
            problems.add("billing.N-02", _l("The text may use {firm}, {total}, {deadline} and {demand} only, each in braces."), name)
    problems.stop()
    for name, value in (
        ("days", days),
        ("deadline_days", deadline_days),
        ("subject", subject),
        ("subject_en", subject_en),
        ("body", body),
        ("body_en", body_en),
        ("active", active),
    ):
        setattr(level, name, value)
    session.flush()
    return level


def _fits(text: str) -> bool:
    for name in ("{firm}", "{total}", "{deadline}", "{demand}"):
        text = text.replace(name, "")
    return "{" not in text and "}" not in text


def propose(session: Any, *, park_id: int, on: date, firm_id: int | None = None) -> list[Proposal]:
    """Every firm with overdue items and what it gets next, or why it gets nothing. Writes no letter."""
    access.require(session, RESOURCE, "read")
    limits = {x.level: x.days for x in levels(session, park_id).values() if x.active}
    items, disputed = _items(session, park_id, on, firm_id)
    sent, drafts, promises = _sent(session, park_id), _drafts(session, park_id), _promises(session, park_id)
    firms = {f.id: f for f in session.scalars(select(Firm).where(Firm.id.in_(items.keys() | disputed)))}
    out = []
    for id_, firm in sorted(firms.items()):
        rows = items.get(id_, [])
        days = max(((on - b.due_on).days for b, _a in rows), default=0)
        found = Proposal(firm, calc.next_level(days, sent[id_], on, limits), rows, days, calc.ripe_demand(sent[id_], on))
        if not rows:
            found.level, found.stopped = None, str(_l("Everything overdue is disputed."))
        elif id_ in drafts:
            found.level, found.stopped = None, str(_l("Letter %(number)s is drafted already.", number=drafts[id_]))
        elif id_ in promises and promises[id_] >= on:
            found.level, found.stopped = None, str(_l("The firm promised to pay by %(day)s.", day=promises[id_].isoformat()))
        out.append(found)
    return out


def _items(session: Any, park_id: int, on: date, firm_id: int | None) -> tuple[dict[int, list[tuple[Bill, Decimal]]], set[int]]:
    """Overdue open bills by firm without disputed ones, less unused credit notes (oldest first), and firms with disputed ones."""
    open_ = balances.open_items(session, on, firm_id=firm_id, park_id=park_id)
    stopped = set(session.scalars(select(Dispute.bill_id).where(Dispute.park_id == park_id, Dispute.state.in_(("open", "accepted")))))
    credit: dict[int, Decimal] = defaultdict(Decimal)
    for bill, amount in open_:
        if amount < 0:
            credit[bill.firm_id] -= amount
    out, disputed = defaultdict(list), set()
    for bill, amount in open_:
        if amount <= 0 or bill.due_on >= on:
            continue
        if bill.id in stopped:
            disputed.add(bill.firm_id)
            continue
        used = min(credit[bill.firm_id], amount)
        credit[bill.firm_id] -= used
        if amount > used:
            out[bill.firm_id].append((bill, amount - used))
    return dict(out), disputed


def _sent(session: Any, park_id: int) -> dict[int, list[calc.Sent]]:
    out: dict[int, list[calc.Sent]] = defaultdict(list)
    for x in session.scalars(select(DunningLetter).where(DunningLetter.park_id == park_id, DunningLetter.state == "delivered")):
        out[x.firm_id].append(calc.Sent(x.id, x.level, x.delivered_on, x.deadline_on))
    return out


def _drafts(session: Any, park_id: int) -> dict[int, str]:
    rows = session.execute(
        select(DunningLetter.firm_id, DunningLetter.number).where(DunningLetter.park_id == park_id, DunningLetter.state == "draft")
    )
    return dict(rows.tuples().all())


def _promises(session: Any, park_id: int) -> dict[int, date]:
    rows = session.execute(
        select(PaymentPromise.firm_id, PaymentPromise.promised_on).where(PaymentPromise.park_id == park_id, PaymentPromise.state == "open")
    )
    return dict(rows.tuples().all())


def run(session: Any, *, park_id: int, on: date, firm_ids: set[int] | None = None) -> list[DunningLetter]:
    """Draft the letters proposed (of some firms). Repeated, it makes none: each firm has a draft then."""
    access.require(session, RESOURCE, "add")
    texts = levels(session, park_id)
    return [
        _draft(session, p, texts[p.level], on)
        for p in propose(session, park_id=park_id, on=on)
        if p.level is not None and (firm_ids is None or p.firm.id in firm_ids)
    ]


def draft_letter(session: Any, firm: Firm, *, level: str, on: date) -> DunningLetter:
    """One letter of a chosen level (the button on a firm). A notice of termination is refused before a delivered demand's
    reasonable period has run out (N-05, Civil Code 722); a level may otherwise be skipped."""
    access.require(session, RESOURCE, "add")
    texts = levels(session, firm.park_id)
    found = next((p for p in propose(session, park_id=firm.park_id, on=on, firm_id=firm.id) if p.firm.id == firm.id), None)
    problems = Problems()
    if level not in texts:
        problems.add("billing.N-01", _l("Choose one of the levels of letters."), "level")
    if found is None or not found.items:
        problems.add("billing.N-03", _l("Nothing undisputed of this firm is overdue."))
    elif found.stopped is not None:
        problems.add("billing.N-04", found.stopped)
    elif level == "termination" and found.follows is None:
        problems.add(
            "billing.N-05",
            _l(
                "A notice of termination needs a delivered demand whose period has run out (Civil Code 722). "
                "Send a demand first and wait for its deadline."
            ),
            "level",
        )
    problems.stop()
    return _draft(session, found, texts[level], on, level)


def _draft(session: Any, p: Proposal, text: DunningLevel, on: date, level: str | None = None) -> DunningLetter:
    level = level or p.level
    rows = [
        {
            "bill": b.id,
            "number": b.number,
            "month": f"{b.month:%Y-%m}",
            "due": b.due_on.isoformat(),
            "days": (on - b.due_on).days,
            "gross": f"{b.gross:.2f}",
            "open": f"{a:.2f}",
        }
        for b, a in p.items
    ]
    row = DunningLetter(
        park_id=p.firm.park_id,
        number=sequences.next_number(session, RESOURCE, p.firm.park_id, on),
        firm_id=p.firm.id,
        level=level,
        on_date=on,
        total=p.total,
        days=p.days,
        deadline_days=text.deadline_days,
        items=rows,
        subject=text.subject,
        subject_en=text.subject_en,
        body=text.body,
        body_en=text.body_en,
        follows_id=p.follows.id if level == "termination" and p.follows is not None else None,
        made_by=scope_of(session).user_name,
        made_at=now(),
    )
    demand = last_demand(session, row)
    _write_out(row, {"{firm}": p.firm.name, "{total}": f"{p.total:,.2f}", "{demand}": lambda: _demand_words(demand),
                     "{deadline}": lambda: deadline_words(row)})
    session.add(row)
    session.flush()
    return row


def _demand_words(demand: DunningLetter | None) -> str:
    return "—" if demand is None else _("%(number)s of %(day)s", number=demand.number, day=demand.delivered_on.isoformat())


def filled(text: str, values: dict[str, str]) -> str:
    """A text with what stands for its braces."""
    for name, value in values.items():
        text = text.replace(name, value)
    return text


def deadline_words(letter: DunningLetter) -> str:
    """Until when to pay: a day once delivered, before that a number of days."""
    if letter.deadline_on is not None:
        return _("by %(day)s", day=letter.deadline_on.isoformat())
    return _("within %(n)s days of receiving this letter", n=letter.deadline_days)


def _name_the_day(letter: DunningLetter, day: date) -> None:
    """From delivery on the texts name the day to pay where the draft named the number of days."""
    for name, language in (("body", "zh"), ("body_en", "en")):
        with force_locale(language):
            letter.deadline_on = None
            period = deadline_words(letter)
            letter.deadline_on = day
            setattr(letter, name, filled(getattr(letter, name) or "", {period: deadline_words(letter)}) or None)


def _write_out(letter: DunningLetter, values: dict[str, Any]) -> None:
    """Put values (or, for each language, what a function says) into both texts."""
    for name, language in (("body", "zh"), ("body_en", "en")):
        with force_locale(language):
            said = {k: v() if callable(v) else v for k, v in values.items()}
            setattr(letter, name, filled(getattr(letter, name) or "", said) or None)


def last_demand(session: Any, letter: DunningLetter) -> DunningLetter | None:
    """The demand a letter refers to: the one a notice follows, else the last one delivered before it."""
    if letter.follows_id is not None:
        return session.get(DunningLetter, letter.follows_id)
    return session.scalars(
        select(DunningLetter)
        .where(
            DunningLetter.firm_id == letter.firm_id,
            DunningLetter.state != "withdrawn",
            DunningLetter.level.in_(calc.DEMANDS),
            DunningLetter.delivered_on.is_not(None),
        )
        .order_by(DunningLetter.id.desc())
        .limit(1)
    ).first()


def why_not_deliver(session: Any, letter: DunningLetter) -> str | None:
    """Why the letter may not go out any more, or None (N-06): its bills were paid or disputed meanwhile."""
    ids = [i["bill"] for i in letter.items]
    settled = {b.id for b in session.scalars(select(Bill).where(Bill.id.in_(ids))) if b.state != "posted" or b.settled == b.gross}
    if settled >= set(ids):
        return str(_l("Everything it demands is paid. Withdraw the letter."))
    if session.scalar(select(Dispute.id).where(Dispute.bill_id.in_(ids), Dispute.state.in_(("open", "accepted"))).limit(1)) is not None:
        return str(_l("A bill it demands is disputed. Withdraw the letter, decide the dispute and draft a new one."))
    return None


def deliver_letter(
    session: Any, letter: DunningLetter, *, on: date, delivery: str, delivered_to: str | None = None, proof: str | None = None
) -> DunningLetter:
    """Record how it was delivered; the period to pay runs from that day. A to-do waits at its end."""
    access.require(session, RESOURCE, "act")
    problems = Problems()
    if (why := why_not_deliver(session, letter)) is not None:
        problems.add("billing.N-06", why)
    if on < letter.on_date:
        problems.add(
            "billing.N-06", _l("The letter is dated %(day)s. Choose that day or a later one.", day=letter.on_date.isoformat()), "on"
        )
    if letter.level in (*calc.DEMANDS, "termination") and not (delivered_to or proof or "").strip():
        problems.add(
            "billing.N-07", _l("Say who received it, or name the proof of delivery: without it the period to pay cannot be shown."), "proof"
        )
    problems.stop()
    letter.delivery, letter.delivered_on, letter.delivered_to, letter.proof = delivery, on, delivered_to or None, proof or None
    _name_the_day(letter, on + timedelta(days=letter.deadline_days))
    letter.sent_by = scope_of(session).user_name
    session.flush()
    LETTER.move(session, letter, "deliver", on=on)
    if scope_of(session).user_id is not None and access.may(session, "core.todo", "add"):
        todos.add(
            session,
            letter,
            _("%(level)s %(number)s: look whether the firm has paid", level=LEVELS.label(letter.level), number=letter.number),
            letter.deadline_on + timedelta(days=1),
            key=f"dunning:{letter.id}",
        )
    return letter


def why_not_settle(session: Any, letter: DunningLetter) -> str | None:
    """Why it is not settled, or None."""
    ids = [i["bill"] for i in letter.items]
    left = sum((b.gross - b.settled for b in session.scalars(select(Bill).where(Bill.id.in_(ids), Bill.state == "posted"))), ZERO)
    return str(_l("%(sum)s of it are still open.", sum=f"{left:,.2f}")) if left else None


def settle_letter(session: Any, letter: DunningLetter, *, on: date) -> DunningLetter:
    """Everything it demanded is paid."""
    access.require(session, RESOURCE, "act")
    problems = Problems()
    if (why := why_not_settle(session, letter)) is not None:
        problems.add("billing.N-08", why)
    problems.stop()
    LETTER.move(session, letter, "settle", on=on)
    return letter


def withdraw_letter(session: Any, letter: DunningLetter, *, reason: str) -> DunningLetter:
    """The letter does not count any more."""
    access.require(session, RESOURCE, "act")
    LETTER.move(session, letter, "withdraw", reason=reason)
    return letter


def drafted(count: int) -> str:
    """What a run made, in words."""
    return str(_n("%(n)s letter was drafted.", "%(n)s letters were drafted.", count))


def draft_for_firm(session: Any, firm: Firm, *, level: str, on: date) -> tuple[str, str]:
    """The button on a firm."""
    letter = draft_letter(session, firm, level=level, on=on)
    return drafted(1), f"/billing/dunning_letter/{letter.id}"
