"""Demo, third part: the two relief policies of 2020 and 2022, from the dry run to the posted lines.

Which firms applied is chosen so that the cumulative relief on the article's day is the published figure to the fen; every
amount is worked out by the scheme's own rules from the rent of the lease."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from itertools import combinations
from typing import Any

from sqlalchemy import select

from parkops import attachments
from parkops.demo import ARTICLE_DAY
from parkops.money import fen

from . import demo_data as data
from .models.relief import ReliefScheme
from .models.relief_case import ReliefApplication
from .services import relief_cases as cases
from .services import relief_decide as decide
from .services import relief_posting as posting
from .services import relief_rules as rules
from .services import relief_schemes as schemes

TARGET = Decimal("8987500.00")
POLICY = b"%PDF-1.4\n% policy text (demo)\n%%EOF\n"
SCHEMES = (
    {"code": "JM-2020", "title": "2020年疫情期间减免房屋租金", "doc_no": "国资厅财评〔2020〕42号", "rule_set": "RELIEF-2020", "months": 3, "months_listed": None,
     "then_months": 3, "then_rate": Decimal("0.5"), "covers_from": date(2020, 2, 1), "covers_to": date(2020, 7, 1), "apply_from": date(2020, 3, 16),
     "apply_to": date(2020, 12, 31)},
    {"code": "JM-2022", "title": "2022年国有房屋租金减免", "doc_no": "发改财金〔2022〕271号; 国资厅财评〔2022〕29号", "rule_set": "RELIEF-2022", "months": 3,
     "months_listed": 6, "covers_from": date(2022, 1, 1), "covers_to": date(2022, 12, 1), "apply_from": date(2022, 4, 1)},
)
APPLIED = {"JM-2020": date(2020, 8, 10), "JM-2022": date(2022, 9, 5)}


def open_schemes(scope: Callable[[str], Any]) -> None:
    """The schemes with budget, thresholds and policy document, and the county's listing of 2022."""
    with scope("operations_manager") as s:
        schemes.add_listing(s, region=data.REGION, level="medium", listed_on=date(2022, 4, 10), lifted_on=date(2022, 5, 2), doc_no="演示数据,以当地通告为准")
        for values in SCHEMES:
            scheme = schemes.create_scheme(
                s, provenance="S2", landlord="state", rate=Decimal(1), pro_rata="none", rent_base="payable", unlimited=False, budget=Decimal(8_000_000),
                exempts=True, deducts=True, refunds=True, publicity_days=5, pass_through=True, **values)
            for amount, people in ((50_000, 2),):
                schemes.add_threshold(s, scheme_id=scheme.id, from_amount=Decimal(amount), people=people)
            attachments.attach(s, scheme, io.BytesIO(POLICY + scheme.code.encode()), "政策文件.pdf", kind="policy")
            schemes.open_scheme(s, scheme, on=scheme.apply_from)


def qualify(scope: Callable[[str], Any], code: str) -> dict[int, Decimal]:
    """Lease id -> relief for every lease that passes the scheme's rules on the day of application."""
    with scope("operations_manager") as s:
        scheme = s.scalars(select(ReliefScheme).where(ReliefScheme.code == code)).one()
        found = rules.dry_run(s, scheme, on=APPLIED[code])
        return {r.case.lease.id: r.amount for r in found.rows if r.verdict == "pass" and r.amount > 0}


def all_but_odd(able: dict[int, Decimal], step: Decimal = Decimal(500)) -> set[int]:
    """All, less at most two whose sums are odd, so that the total is a multiple of `step` and the rest can be reached later."""
    rest = sum(able.values(), Decimal(0)) % step
    if rest == 0:
        return set(able)
    for size in (1, 2):
        for left_out in combinations(sorted(able, key=lambda k: (able[k], k)), size):
            if sum((able[k] for k in left_out), Decimal(0)) % step == rest:
                return set(able) - set(left_out)
    raise ValueError("no two leases make the sum round")


def who_applied(granted: Decimal, able: dict[int, Decimal]) -> set[int]:
    """All but those whose relief would go beyond the published sum: the smallest number of firms did not apply."""
    amounts = {key: fen(value) for key, value in able.items()}
    surplus = sum(amounts.values()) - fen(TARGET - granted)
    return set(amounts) - data.choose(amounts, surplus)


def grant(scope: Callable[[str], Any], code: str, lease_ids: set[int], say: Callable[[str], Any]) -> Decimal:
    """From application to posted line, each step by somebody else."""
    on, total, todo = APPLIED[code], Decimal(0), sorted(lease_ids)
    for start in range(0, len(todo), 20):
        total += _batch(scope, code, todo[start:start + 20], on)
        say(f"leasing: {min(start + 20, len(todo))} of {len(todo)} relief applications of {code}")
    assert on < ARTICLE_DAY
    return total


def _batch(scope: Callable[[str], Any], code: str, lease_ids: list[int], on: date) -> Decimal:
    with scope("operations_clerk") as s:
        scheme = s.scalars(select(ReliefScheme).where(ReliefScheme.code == code)).one()
        apps = []
        for n, lease_id in enumerate(lease_ids):
            app = cases.create_application(s, scheme_id=scheme.id, lease_id=lease_id, applied_on=on, method=("exempt", "exempt", "deduct")[n % 3])
            cases.receive_papers(s, cases.papers(s, app), on=on)
            cases.record_agreement(s, app, agreement_no=f"{app.number}-补", agreement_on=on)
            cases.submit_application(s, app, on=on)
            apps.append(app.id)
    for role, step in (("finance", "check"), ("operations_manager", "approve"), ("leadership", "approve"), ("operations_manager", "publish")):
        with scope(role) as s:
            for app in _apps(s, apps):
                _step(s, app, step, on)
    with scope("operations_manager") as s:
        decide.clear_due(s, on=on + timedelta(days=10), park_id=s.info["scope"].park_id)
    with scope("finance") as s:
        done = [posting.post_application(s, app, on=on + timedelta(days=11)) for app in _apps(s, apps)]
        return sum((a.amount for a in done), Decimal(0))


def _step(session: Any, app: ReliefApplication, step: str, on: date) -> None:
    if step == "check":
        decide.check_application(session, app, on=on)
    elif step == "approve" and app.state == "checked":
        decide.approve_application(session, app, on=on + timedelta(days=1))
    elif step == "publish":
        decide.publish_application(session, app, on=on + timedelta(days=2))


def _apps(session: Any, ids: list[int]) -> list[ReliefApplication]:
    return list(session.scalars(select(ReliefApplication).where(ReliefApplication.id.in_(ids)).order_by(ReliefApplication.id)))
