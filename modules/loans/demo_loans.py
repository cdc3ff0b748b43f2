"""Demo, first part: loans from the enquiry to what became of them, each step by whoever does it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from modules.tenants import facts as tenant_facts
from modules.tenants.models.firm import Firm
from parkops.clock import add_months

from . import demo_data as data
from .models.case import LoanCase
from .models.money import GuaranteeClaim, LoanExtension
from .services import (
    cases,
    decide,
    extensions,
    guarantee,
    organisations,
    papers,
    persons,
    precheck,
    repayments,
    schemes,
    servicing,
    standings,
    tranches,
)

DAY = timedelta(days=1)
FUND = "济宁高新区创业担保基金"
BANKS = ("济宁银行高新区支行", "邮储银行高新区支行")
CALL = {"clerk": "operations_clerk", "manager": "operations_manager", "finance": "finance", "leader": "leadership"}


def partners(session: Any, park_id: int) -> dict[str, int]:
    """Banks, fund and offices beside the channel 融驿站."""
    schemes.ensure_defaults(session, park_id)
    made = {name: organisations.create_organisation(session, kind="bank", name=name).id for name in BANKS}
    made["fund"] = organisations.create_organisation(session, kind="fund", name=FUND, line=Decimal(20_000_000), bears=Decimal("0.8")).id
    made["hr"] = organisations.create_organisation(session, kind="hr", name="高新区人力资源部").id
    made["finance"] = organisations.create_organisation(session, kind="finance", name="高新区财政金融局").id
    made["channel"] = session.scalars(select(organisations.LoanOrganisation.id).where(organisations.LoanOrganisation.kind == "channel")).one()
    return made


class Story:
    """Goes through the plans; remembers which firms borrow already."""

    def __init__(self, scope: Callable[[str], Any], park_id: int, ids: dict[str, int], today: date):
        self.scope, self.park_id, self.ids, self.today = scope, park_id, ids, today
        self.maker, self.busy, self.receipt = data.Maker(), set(), 0

    def tell(self, plan: data.Plan) -> int:
        """One loan; returns the case."""
        with self.scope(CALL["clerk"]) as s:
            case_id = self.enquire(s, plan).id
            self.prepare(s, s.get(LoanCase, case_id), plan)
        if plan.fate not in ("rejected", "withdrawn"):
            self.decide(case_id, plan)
            self.serve(case_id, plan)
        return case_id

    def firm(self, session: Any, on: date, *, small: bool) -> Firm:
        """The next firm of the park by name that does not borrow yet (and is small or micro)."""
        found = [f for f in precheck.firms_on(session, self.park_id, on) if f.id not in self.busy]
        if small:
            known = tenant_facts.small_or_micro(session, found, on)
            found = [f for f in found if known[f.id].known and known[f.id].value is True]
        chosen = found[(len(self.busy) * 7) % len(found)]
        self.busy.add(chosen.id)
        return chosen

    def enquire(self, session: Any, plan: data.Plan) -> LoanCase:
        """A firm or one of its founders asks at 融驿站."""
        on, firm = plan.applied_on, self.firm(session, plan.applied_on, small=plan.kind == "firm")
        values = {"bank_id": self.ids[BANKS[plan.n % 3 == 2]], "fund_id": self.ids["fund"], "hr_id": self.ids["hr"],
                  "finance_id": self.ids["finance"], "channel_id": self.ids["channel"], "purpose": data.PURPOSES[plan.n % 6],
                  "jobs": 2 + plan.n % 4 + (6 if plan.kind == "firm" else 0), "counter_guarantee": "waived" if plan.kind == "person" else "person"}
        if plan.kind == "firm":
            staff, bad = 20 + plan.n % 60, plan.fate == "rejected"
            standings.add_standing(session, firm_id=firm.id, on_date=on - 5 * DAY, staff_total=staff, hired_eligible=1 if bad else staff // 4,
                                   contracts_year=True, in_arrears=False, other_loans=False, past_overdue=False, earlier_uses=0,
                                   source="花名册、劳动合同、社保证明")
        else:
            values |= {"earlier_uses": 0, "other_loans": plan.fate == "rejected", "past_overdue": False}
        case = cases.create_case(session, firm_id=firm.id, kind=plan.kind, applied_on=on, amount_requested=plan.amount, term_months=plan.term,
                                 **values)
        if plan.kind == "person":
            who = persons.add_person(session, **self.maker.person(on, data.GROUPS[plan.n % len(data.GROUPS)]))
            persons.add_party(session, case_id=case.id, person_id=who.id, role="borrower")
        return case

    def prepare(self, session: Any, case: LoanCase, plan: data.Plan) -> None:
        """Pre-check, documents, HR office, guarantee; or the case ends here."""
        on, slow = plan.applied_on, plan.n % 4
        cases.precheck_case(session, case, on=on + DAY)
        if plan.fate == "rejected":
            return decide.reject_case(session, case, on=on + 2 * DAY, code="hiring" if plan.kind == "firm" else "other_loans",
                                      reason="预审不通过,已告知企业") and None
        cases.collect_papers(session, case, on=on + 2 * DAY)
        if plan.fate == "withdrawn":
            return decide.withdraw_case(session, case, on=on + 9 * DAY, reason="企业已获得其他资金") and None
        came = on + (6 + slow) * DAY
        papers.receive_papers(session, papers.of_case(session, case), on=came)
        cases.submit_case(session, case, on=came)
        cases.qualify_case(session, case, on=came + 4 * DAY, reference=f"济高新人社核〔{on.year}〕{plan.n + 1}号")
        cases.agree_guarantee(session, case, on=came + (9 + slow) * DAY)

    def decide(self, case_id: int, plan: data.Plan) -> None:
        """The clerk records the bank's decision, managers approve, the contract is signed and paid out."""
        with self.scope(CALL["clerk"]) as s:
            case = s.get(LoanCase, case_id)
            on = data.workday(plan.applied_on + (22 + 2 * (plan.n % 4)) * DAY)
            decide.record_decision(s, case, amount=plan.amount, rate=self.rate(s, case, on), on=on,
                                   method="equal_principal" if plan.n % 5 == 4 else "bullet")
        for role in ("manager", "leader"):
            with self.scope(CALL[role]) as s:
                case = s.get(LoanCase, case_id)
                if case.state == "approval":
                    decide.approve_case(s, case, on=on + DAY)
        with self.scope(CALL["clerk"]) as s:
            signed = data.workday(on + 3 * DAY)
            decide.sign_case(s, s.get(LoanCase, case_id), contract_on=signed, contract_no=f"JN{signed:%Y%m%d}{plan.n:03d}")
            parts = [plan.amount / 2, plan.amount / 2] if plan.n % 6 == 1 and plan.kind == "firm" else [plan.amount]
            made = [tranches.record_tranche(s, case_id=case_id, amount=a, paid_on=signed + (1 + 14 * n) * DAY, reference=f"FK{signed:%y%m%d}{n}").id
                    for n, a in enumerate(parts)]
        with self.scope(CALL["finance"]) as s:
            for i in made:
                tranches.confirm_tranche(s, s.get(tranches.LoanTranche, i))

    def rate(self, session: Any, case: LoanCase, on: date) -> Decimal:
        """What banks took: a little below the cap of the day and of the coming days."""
        lpr = min(schemes.lpr_on(session, case.scheme, on), schemes.lpr_on(session, case.scheme, on + 7 * DAY))
        return lpr + {"LOAN-SD-2020": Decimal("0.003"), "LOAN-2020": Decimal("0.005")}.get(case.scheme.code, Decimal("0.009"))

    def serve(self, case_id: int, plan: data.Plan) -> None:
        """Repayments until today; extension, claim, early repayment and arrears where the story has them."""
        with self.scope(CALL["clerk"]) as s:
            case = s.get(LoanCase, case_id)
            if plan.fate == "early":
                half = add_months(case.first_paid_on, 8)
                self.pay(s, case, until=half)
                repayments.record_repayment(s, case_id=case.id, paid_on=half + 2 * DAY, principal=case.outstanding / 2, reference="TQ")
            if plan.fate == "claimed":
                self.pay(s, case, until=add_months(case.first_paid_on, 7))
            elif plan.fate == "overdue":
                self.pay(s, case, until=self.today - (40 + 90 * (plan.n % 3)) * DAY)
            else:
                self.pay(s, case, until=case.matures_on - DAY if plan.fate == "extended" else self.today)
        if plan.fate == "claimed":
            self.claim(case_id)
        if plan.fate == "extended":
            self.extend(case_id)
        with self.scope(CALL["manager"]) as s:
            case = s.get(LoanCase, case_id)
            if case.state == "running" and case.outstanding == 0:
                servicing.settle_case(s, case, on=servicing._last_payment(s, case))

    def pay(self, session: Any, case: LoanCase, until: date) -> None:
        """Every instalment up to a day, on its day."""
        rows = []
        paid = sum((r.principal for r in servicing.repayments(session, case)), Decimal(0))
        for due in servicing.live_dues(session, case):
            if due.due_on <= until and due.total and due.due_on > (case.watched_on or date.min if paid else date.min):
                self.receipt += 1
                rows.append({"paid_on": due.due_on, "principal": due.principal, "interest": due.interest, "reference": f"HK{self.receipt:06d}"})
        repayments.record_many(session, case, rows)

    def extend(self, case_id: int) -> None:
        """A hard year: half a year longer, granted by the leadership, then paid back."""
        with self.scope(CALL["manager"]) as s:
            case = s.get(LoanCase, case_id)
            asked = case.matures_on - 25 * DAY
            extensions.ask_extension(s, case, new_day=add_months(case.matures_on, 6), reason="受疫情影响回款推迟,银行和担保基金同意展期", on=asked)
        with self.scope(CALL["leader"]) as s:
            row = s.scalars(select(LoanExtension).where(LoanExtension.case_id == case_id)).one()
            extensions.grant_extension(s, row, on=asked + 6 * DAY)
        with self.scope(CALL["clerk"]) as s:
            case = s.get(LoanCase, case_id)
            have = {r.paid_on for r in servicing.repayments(s, case)}
            rows = [{"paid_on": d.due_on, "principal": d.principal, "interest": d.interest, "reference": f"ZQ{d.seq:03d}"}
                    for d in servicing.live_dues(s, case) if d.due_on not in have and d.due_on <= self.today]
            repayments.record_many(s, case, rows)
        with self.scope(CALL["manager"]) as s:
            case = s.get(LoanCase, case_id)
            servicing.settle_case(s, case, on=case.last_day)

    def claim(self, case_id: int) -> None:
        """Unpaid for more than ninety days: the fund pays its share, a part comes back."""
        with self.scope(CALL["manager"]) as s:
            case = s.get(LoanCase, case_id)
            missed = next(d.due_on for d in servicing.live_dues(s, case) if d.due_on > add_months(case.first_paid_on, 7))
            servicing.mark_overdue(s, case, on=missed + DAY)
        with self.scope(CALL["clerk"]) as s:
            case, on = s.get(LoanCase, case_id), missed + 95 * DAY
            servicing.watch(s, [case], on=on)
            guarantee.prepare_claim(s, case, on=on, note="借款人停业,多次催收无果")
        with self.scope(CALL["manager"]) as s:
            claim = s.scalars(select(GuaranteeClaim).where(GuaranteeClaim.case_id == case_id)).one()
            guarantee.file_claim(s, claim, on=on + 5 * DAY)
            guarantee.pay_claim(s, claim, on=on + 30 * DAY)
            for n, amount in enumerate((30_000, 20_000)):
                guarantee.record_recovery(s, claim_id=claim.id, on_date=on + (90 + 120 * n) * DAY, amount=Decimal(amount), came_from="borrower",
                                          reference=f"ZC{n + 1}")
