"""Builders for the tests of funds: a fund with partners, a committee, a firm with a register, an investment closed."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import count
from types import SimpleNamespace
from typing import Any

from core_help import incubatee
from sqlalchemy import select

from modules.funds.models.investment import Investment
from modules.funds.services import calls, committee, deals, investments, second, setup, shares, terms
from parkops.db.session import scope_of
from parkops.security.models import UserProfile

D = Decimal
START = date(2022, 1, 10)
_n = count(1)
PARTNERS = (("general partner", "manager", 0, 1_000_000), ("park", "park", 0, 9_000_000), ("guidance fund", "government", 1, 30_000_000),
            ("enterprise", "enterprise", 1, 15_000_000))


def user(s: Any, role: str) -> int:
    """The id of the test user of a role."""
    return s.scalar(select(UserProfile.id).where(UserProfile.username == role))


def fund(s: Any, size: Any = 55_000_000, partners: Any = PARTNERS, **values: Any) -> SimpleNamespace:
    """A fund that invests: `.fund`, `.partners` by name, `.classes`."""
    values = {"code": f"F{next(_n)}", "name": f"测试基金{next(_n)}", "kind": "joint", "manager": "测试管理人", "size": D(size), "vintage": 2022,
              "established_on": date(2021, 12, 1), "invest_until": date(2026, 11, 30), "ends_on": date(2028, 11, 30), **values}
    row = setup.create_fund(s, **values)
    classes = [setup.create_class(s, fund_id=row.id, code=c, name=c, bears_carry=b, bears_fee=True) for c, b in (("A", False), ("B", True))]
    made = {}
    for name, kind, klass, amount in partners:
        made[name] = setup.create_partner(s, fund_id=row.id, share_class_id=classes[klass].id, name=name, kind=kind)
        setup.create_commitment(s, partner_id=made[name].id, amount=D(amount), signed_on=date(2021, 12, 1))
    from modules.funds.states import FUND

    FUND.move(s, row, "open", on=START)
    return SimpleNamespace(fund=row, partners=made, classes=classes)


def other(s: Any, name: str = "second", n: int = 900) -> Any:
    """The same session in the name of somebody else."""
    from contextlib import contextmanager
    from dataclasses import replace

    @contextmanager
    def switched() -> Any:
        mine = s.info["scope"]
        s.info["scope"] = replace(mine, user_id=user(s, name) or n, user_name=name)
        try:
            yield s
        finally:
            s.info["scope"] = mine

    return switched()


def seconded(s: Any, row: Any, on: date = START, people: tuple[str, ...] = ("operations_manager", "leadership")) -> Any:
    """Submit and let others approve until it holds."""
    second.submit(s, row, on=on)
    for name in people:
        if row.state == "submitted":
            with other(s, name):
                second.approve(s, row, on=on)
    return row


def called(s: Any, f: Any, amount: Any, on: date = START, paid_on: date | None = None, **values: Any) -> Any:
    """A posted call, paid in full."""
    row = calls.create_call(s, fund_id=f.fund.id, notice_on=on, due_on=date(on.year, on.month, 28), for_investments=D(amount), **values)
    seconded(s, row, on)
    calls.receive_all(s, row, on=paid_on or on)
    return row


def listed(s: Any, firm: Any, on: date = date(2021, 6, 1), n: Any = 1_000_000) -> None:
    """The founders' line of the register."""
    shares.create_entry(s, firm_id=firm.id, on_date=on, event="founding", title="founding", holder="founders", holder_kind="founder", shares=D(n))


def members(s: Any, f: Any, roles: tuple[str, ...] = ("leadership", "operations_manager", "finance")) -> list[Any]:
    """A committee of these people."""
    return [committee.create_member(s, fund_id=f.fund.id, user_id=user(s, r), role="member", since=date(2021, 12, 1)) for r in roles]


def before_committee(s: Any, f: Any, firm: Any = None, amount: Any = 2_000_000, pre: Any = 8_000_000, on: date = START, **values: Any) -> Any:
    """A deal with due diligence done and a meeting called; returns the meeting."""
    firm = firm or incubatee(s)
    values = {"round": "angel", "instrument": "equity", "pre_money": D(pre), "thesis": "R&D", **values}
    deal = deals.create_deal(s, fund_id=f.fund.id, firm_id=firm.id, amount=D(amount), seen_on=on, **values)
    deals.examine(s, deal, on=on)
    for item in deals.items_of(s, deal):
        deals.finish_item(s, item, finding="sound", risk="low", on=on)
    return committee.call_meeting(s, deal, held_on=on, proposal="invest")


def vote(s: Any, meeting: Any, *votes: tuple[str, str]) -> None:
    """Votes of people by their role's user name."""
    for name, choice in votes:
        with other(s, name):
            committee.cast_vote(s, meeting, vote=choice, reason="because")


def invested(s: Any, f: Any, firm: Any = None, amount: Any = 2_000_000, on: date = START, pay: bool = True, **values: Any) -> Investment:
    """A closed investment, paid unless told otherwise."""
    firm = firm or incubatee(s)
    if not shares.entries_of(s, firm.id):
        listed(s, firm)
    if not committee.members_on(s, f.fund.id, on):
        members(s, f)
    meeting = before_committee(s, f, firm, amount, on=on, **values)
    vote(s, meeting, ("leadership", "for"), ("operations_manager", "for"))
    deal = meeting.deal
    sheet = terms.create_terms(s, deal_id=deal.id, amount=deal.amount, pre_money=deal.pre_money,
                               **({"matures_on": date(2025, 1, 10)} if deal.instrument == "convertible" else {}))
    from modules.funds.states_deal import TERM_SHEET

    TERM_SHEET.move(s, sheet, "send", on=on)
    terms.sign_terms(s, sheet, on=on)
    terms.sign_deal(s, deal, on=on)
    row = investments.close_deal(s, deal, on=on)
    if pay:
        investments.pay_investment(s, row, amount=row.amount, on=on)
    return row


def scope_user(s: Any) -> int | None:
    """Who acts."""
    return scope_of(s).user_id
