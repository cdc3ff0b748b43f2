"""What deserves a look in a fund today: concentration, stale marks, overdue calls, bound money, ends of terms, covenants. V-61 to V-63."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from modules.tenants.models.firm import TRACKS
from parkops import settings, todos
from parkops.clock import add_months
from parkops.i18n import _
from parkops.money import allocate

from ..calc_limits import FAIL, UNKNOWN, Weight, weights
from ..calc_standing import Book, Standing, bearing_share, contributions, priors, standing
from ..calc_waterfall import clawback
from ..models.call import CallPart, CapitalCall
from ..models.fund import Fund
from ..models.investment import Investment
from . import duties, returns

ZERO = Decimal(0)


@dataclass(frozen=True)
class Alert:
    """code, tone (red, amber), one sentence, and the record it is about as (resource, id)."""

    code: str
    tone: str
    text: str
    record: tuple[str, int] | None = None


def investments_of(session: Any, fund_id: int) -> dict[int, Investment]:
    """The investments of a fund by id, with their firms."""
    return {i.id: i for i in session.scalars(select(Investment).options(joinedload(Investment.firm)).where(Investment.fund_id == fund_id))}


def concentration(session: Any, fund: Fund, found: Standing) -> tuple[list[Weight], list[Weight]]:
    """Cost by firm and by track against the limits, on the commitments (V-61)."""
    rows, firms, tracks = investments_of(session, fund.id), defaultdict(lambda: ZERO), defaultdict(lambda: ZERO)
    for p in found.positions:
        firm = rows[p.investment].firm
        firms[firm.name] += p.cost
        tracks[str(TRACKS.label(firm.track)) if firm.track else _("not reported")] += p.cost
    return weights(firms, found.committed, fund.firm_limit), weights(tracks, found.committed, fund.track_limit)


def of_fund(session: Any, fund: Fund, book: Book, on: date) -> list[Alert]:
    """Everything that deserves a look, most urgent first."""
    found = standing(book, on)
    firms, tracks = concentration(session, fund, found)
    out = [
        Alert(
            "concentration",
            "red",
            _(
                "%(what)s holds %(share)s of the commitments, the limit is %(limit)s.",
                what=w.key,
                share=_percent(w.share),
                limit=_percent(w.limit),
            ),
            ("funds.fund", fund.id),
        )
        for w in (*firms, *tracks)
        if w.above
    ]
    out += _calls(session, fund, on) + _marks(session, fund, found, on) + _promises(session, fund)
    out += _clawback(fund, book, found) + _ends(fund, found, on)
    return sorted(out, key=lambda a: a.tone != "red")


def _percent(share: Decimal | None) -> str:
    return "—" if share is None else f"{share * 100:.1f} %"


def _calls(session: Any, fund: Fund, on: date) -> list[Alert]:
    rows = session.execute(
        select(CapitalCall.number, CapitalCall.id, CallPart.amount, CallPart.received, CallPart.partner_id)
        .join(CallPart, CallPart.call_id == CapitalCall.id)
        .where(CapitalCall.fund_id == fund.id, CapitalCall.state == "posted", CapitalCall.due_on < on, CallPart.received < CallPart.amount)
    ).all()
    late: dict[tuple[str, int], list[Decimal]] = defaultdict(list)
    for r in rows:
        late[r.number, r.id].append(r.amount - r.received)
    return [
        Alert(
            "call_overdue",
            "red",
            _(
                "%(number)s: %(amount)s yuan are past the due day (partners: %(n)s).",
                number=number,
                n=len(open_),
                amount=f"{sum(open_, ZERO):,.2f}",
            ),
            ("funds.call", call_id),
        )
        for (number, call_id), open_ in late.items()
    ]


def _marks(session: Any, fund: Fund, found: Standing, on: date) -> list[Alert]:
    """V-62: a holding is valued at least every so many months."""
    limit = add_months(on, -settings.get(session, "funds.mark_months", fund.park_id))
    rows, out = investments_of(session, fund.id), []
    for p in found.held:
        since = p.marked_on or rows[p.investment].closed_on
        if p.value and since < limit:
            text = (
                _("%(what)s was last valued on %(day)s.", what=rows[p.investment].label, day=since.isoformat())
                if p.marked_on
                else _("%(what)s stands at cost; nobody has valued it since closing.", what=rows[p.investment].label)
            )
            out.append(Alert("stale_mark", "amber", text, ("funds.investment", p.investment)))
    return out


def _promises(session: Any, fund: Fund) -> list[Alert]:
    out = []
    for m in duties.measured(session, investments=investments_of(session, fund.id)):
        if m.verdict == FAIL and not m.row.waived:
            out.append(Alert("covenant", "red", _("Covenant broken: %(what)s", what=m.text), ("funds.covenant", m.row.id)))
        elif m.verdict == UNKNOWN and not m.row.waived:
            out.append(
                Alert("covenant_unknown", "amber", _("Covenant cannot be judged: %(what)s", what=m.text), ("funds.covenant", m.row.id))
            )
    return out


def _clawback(fund: Fund, book: Book, found: Standing) -> list[Alert]:
    """V-64: carry paid above the manager's share of the whole profit, as if everything left were sold for its value."""
    bearing, free = bearing_share(book, found.on)
    left = allocate(found.nav + found.accrued_carry, (bearing, free))[0] if bearing and found.nav > 0 else ZERO
    due = clawback(contributions(book, found.on), priors(book, found.on), book.terms, left)
    if not due:
        return []
    text = _("The manager holds %(amount)s yuan more carry than its share of the profit; it is to be given back.", amount=f"{due:,.2f}")
    return [Alert("clawback", "red", text, ("funds.fund", fund.id))]


def _ends(fund: Fund, found: Standing, on: date) -> list[Alert]:
    out = []
    if fund.state == "investing" and fund.invest_until < on:
        out.append(
            Alert(
                "invest_until",
                "amber",
                _("The investment period ended on %(day)s.", day=fund.invest_until.isoformat()),
                ("funds.fund", fund.id),
            )
        )
    if fund.state != "liquidated" and fund.ends_on - timedelta(days=365) <= on and found.held:
        out.append(
            Alert(
                "term",
                "amber",
                _("The term ends on %(day)s with %(n)s holdings.", day=fund.ends_on.isoformat(), n=len(found.held)),
                ("funds.fund", fund.id),
            )
        )
    return out


def watch(session: Any, *, on: date, park_id: int | None) -> dict[str, int]:
    """The job: one to-do per fund and kind of alert, open until somebody ticks it off (V-63)."""
    found, n = returns.all_funds(session, park_id), 0
    loaded = returns.books(session, found)
    for fund in found:
        kinds: dict[str, list[Alert]] = defaultdict(list)
        for alert in of_fund(session, fund, loaded[fund.id], on):
            kinds[alert.code].append(alert)
        for code, rows in kinds.items():
            text = rows[0].text if len(rows) == 1 else _("%(first)s And %(n)s more.", first=rows[0].text, n=len(rows) - 1)
            todos.add(session, fund, text[:300], on, key=f"funds.alert:{code}:{fund.id}")
            n += 1
    return {"alerts": n}
