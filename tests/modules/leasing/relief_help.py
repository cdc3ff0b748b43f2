"""Builders for the tests of rent relief: schemes, a firm with a lease of 10,000 yuan a month, and acting as a persona in one session."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from decimal import Decimal
from io import BytesIO
from itertools import count
from typing import Any

import space_help
from core_help import entry
from sqlalchemy import text
from support_help import carrier, statement

from modules.leasing.models.lease import Lease
from modules.leasing.models.relief import ReliefScheme
from modules.leasing.models.relief_case import ReliefApplication
from modules.leasing.services import relief_cases as cases
from modules.leasing.services import relief_decide as decide
from modules.leasing.services import relief_posting as relief_posting
from modules.leasing.services import relief_schemes as schemes
from parkops import attachments
from parkops.db.session import scope_of
from parkops.security.catalogue import role_rights

_n = count(1)
DAY = date(2022, 5, 10)
PDF = b"%PDF-1.4 test"


class Upload:
    """A file as a form hands it over."""

    def __init__(self, name: str = "proof.pdf", content: bytes = PDF):
        self.filename, self.stream = name, BytesIO(content)


@contextmanager
def acting(s: Any, role: str, user: str | None = None) -> Iterator[Any]:
    """The same session and transaction, with the rights and the name of a persona (or any user name of the database)."""
    before = scope_of(s)
    uid = s.connection().execute(text("select id from ab_user where username = :n"), {"n": user or role}).scalar_one()
    s.info["scope"] = replace(before, user_id=uid, user_name=user or role, roles=frozenset({role}), system=False,
                              rights=role_rights(frozenset({role})), parks=frozenset({before.park_id}), via="screen")
    try:
        yield s
    finally:
        s.flush()
        s.info["scope"] = before


def scheme(s: Any, *, thresholds: dict[int, int] | None = None, opened: bool = True, **values: Any) -> ReliefScheme:
    """The law's scheme of 2022 with a budget of a million."""
    values = {"code": f"R{next(_n)}", "title": "2022年国有房屋租金减免", "doc_no": "发改财金〔2022〕271号", "provenance": "S2", "landlord": "state",
              "rule_set": "RELIEF-2022", "months": 3, "months_listed": 6, "rate": Decimal(1), "pro_rata": "none", "rent_base": "payable",
              "covers_from": date(2022, 1, 1), "covers_to": date(2022, 12, 1), "apply_from": date(2022, 3, 1), "unlimited": False,
              "budget": Decimal(1_000_000), "exempts": True, "deducts": True, "refunds": True, "publicity_days": 5, "pass_through": True, **values}
    if values["unlimited"]:
        values["budget"] = None
    row = schemes.create_scheme(s, **values)
    for amount, people in (thresholds or {}).items():
        schemes.add_threshold(s, scheme_id=row.id, from_amount=Decimal(amount), people=people)
    attachments.attach(s, row, BytesIO(PDF + row.code.encode()), "policy.pdf", kind="policy")
    return schemes.open_scheme(s, row, on=row.apply_from) if opened else row


def tenant(s: Any, *, industry: str = "software", kind: str = "limited", staff: int | None = 8, revenue: str | None = "400000.00",
           rent: int = 10_000, where: Any = None, building: dict[str, Any] | None = None, starts: date = date(2022, 1, 1),
           ends: date | None = date(2022, 12, 31), **lease: Any) -> Lease:
    """A micro software firm and its signed lease of 100 ㎡ at `rent` a month."""
    where = where or carrier(s, operator="济宁创新谷发展集团")
    firm = entry(s, industry=industry, registration_type=kind)
    if staff is not None:
        statement(s, firm, "2021", staff_total=staff, revenue=revenue, total_assets="500000.00")
    room = space_help.unit(s, space_help.floor(s, space_help.building(s, **(building or {}))))
    return space_help.lease(s, room, firm=firm, price=str(rent // 100), starts=starts, ends=ends, carrier_id=where.id, **lease)


def apply(s: Any, of: ReliefScheme, lease: Lease, *, on: date = DAY, method: str = "exempt") -> ReliefApplication:
    return cases.create_application(s, scheme_id=of.id, lease_id=lease.id, applied_on=on, method=method)


def complete(s: Any, app: ReliefApplication, *, on: date = DAY) -> ReliefApplication:
    for paper in cases.papers(s, app):
        cases.receive_paper(s, paper, on=on)
    return app


def checked(s: Any, of: ReliefScheme, lease: Lease, *, on: date = DAY, method: str = "exempt") -> ReliefApplication:
    """Prepared and submitted by the clerk, checked by finance: the approval waits."""
    with acting(s, "operations_clerk"):
        app = complete(s, apply(s, of, lease, on=on, method=method), on=on)
        cases.record_agreement(s, app, agreement_no=f"补-{app.number}", agreement_on=on)
        cases.submit_application(s, app, on=on)
    with acting(s, "finance"):
        decide.check_application(s, app, on=on)
    return app


def cleared(s: Any, of: ReliefScheme, lease: Lease, *, on: date = DAY, method: str = "exempt", voters: tuple[str, ...] = ("operations_manager",)
            ) -> ReliefApplication:
    """Approved, on notice, notice over."""
    app = checked(s, of, lease, on=on, method=method)
    for voter in voters:
        with acting(s, voter):
            decide.approve_application(s, app, on=on)
    with acting(s, "operations_manager"):
        decide.publish_application(s, app, on=on)
    decide.clear_due(s, on=on.replace(day=on.day + 10), park_id=app.park_id)
    return app


def posted(s: Any, of: ReliefScheme, lease: Lease, *, on: date = DAY, method: str = "exempt", **values: Any) -> ReliefApplication:
    """All the way."""
    app = cleared(s, of, lease, on=on, method=method, **values)
    with acting(s, "finance"):
        return relief_posting.post_application(s, app, on=on.replace(day=on.day + 11))
