"""Demo, last part: a building's meters, contract documents, and what the offices do about money this week.

Every list a clerk or finance opens holds a few lines: letters about arrears, promises, disputes, statements, a bank statement
half matched, invoice requests, a late fee to waive, an entry made by hand, an outage, a sub-letting."""

from __future__ import annotations

import tempfile
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import select

from modules.billing.models.bank import BankLine
from modules.billing.models.bill import Bill
from modules.billing.models.charge import Charge
from modules.billing.models.dunning import DunningLetter
from modules.billing.models.einvoice import EInvoice
from modules.billing.models.ledger_manual import ManualEntry
from modules.billing.models.receipt import BankAccount
from modules.billing.services import (
    accounts,
    bank_statements,
    disputes,
    dunning,
    dunning_promises,
    einvoice,
    late_fees,
    ledger_manual,
    matching,
    statements,
)
from parkops.clock import add_months
from parkops.demo import Context

from .models.lease import Lease
from .models.meters import ShareRule
from .models.space import Floor, Unit
from .services import contracts, lease_acts, meters, outages, readings, shares, tariffs, tieout, units

DAY = timedelta(days=1)
PRICES = (  # the municipality's list for general industry and commerce, as the park passes it on
    ("electricity", "一般工商业用电", Decimal("0.7865"), "济宁市工商业用电价格表"),
    ("water", "非居民用水", Decimal("4.65"), "济宁市非居民用水价格表"),
)


def build(context: Context, today: date) -> None:
    """Each step is a transaction of the person whose work it is."""
    _meters(context, today)
    _documents(context, today)
    _arrears(context, today)
    _answers(context, today)
    _bank(context, today)
    _invoices(context, today)
    with context.scope("finance") as s:
        tieout.run_tieout(s, on=today, park_id=context.park_id)
    context.say("leasing: meters, documents, letters, disputes, a bank statement")


def _meters(context: Context, today: date) -> None:
    """A main meter and the meters of six let units of a building, read at three month ends; the difference is shared by area."""
    first = add_months(today.replace(day=1), -3)
    ends = [add_months(first, n) - DAY for n in range(1, 4)]
    with context.scope("operations_manager") as s:
        for medium, name, price, doc in PRICES:
            tariffs.create_tariff(s, medium=medium, kind="flat", name=name, doc_no=doc, starts_on=first, price=price)
        building_id, let = _let_units(s, today)
        main = meters.create_meter(s, code="DL-01", kind="electricity", building_id=building_id, starts_on=first, place="一层配电间",
                                   serial="E2019-001", multiplier=Decimal(40), digits=6, start_value=Decimal(1200))
        subs = [meters.create_meter(s, code=f"DL-{unit.code}", kind="electricity", building_id=building_id, unit_id=unit.id, parent_id=main.id,
                                    starts_on=first, position=n, place=f"{unit.code} 门侧", serial=f"E2020-{n:03d}", multiplier=Decimal(1),
                                    digits=6, start_value=Decimal(300 * n)) for n, unit in enumerate(let, 1)]
        rule = shares.create_rule(s, meter_id=main.id, key="area", name="公共用电按面积分摊", starts_on=first, basis="租赁合同附件三")
        ids, rule_id = [m.id for m in (main, *subs)], rule.id
    with context.scope("operations_clerk") as s:
        for month, on in enumerate(ends, 1):
            used = [Decimal(180 + 35 * n + 11 * month) for n in range(1, len(ids))]
            for n, (meter_id, usage) in enumerate(zip(ids[1:], used, strict=True), 1):
                readings.record_reading(s, meter_id=meter_id, read_on=on, value=Decimal(300 * n) + month * usage)
            most = sum((Decimal(180 + 35 * n + 11 * month) * month for n in range(1, len(ids))), Decimal(0))
            readings.record_reading(s, meter_id=ids[0], read_on=on, value=Decimal(1200) + (most / 40).to_integral_value() + 6 * month)
        shares.share_out(s, s.get(ShareRule, rule_id), on=ends[-1])


def _let_units(session: Any, today: date) -> tuple[int, list[Unit]]:
    """The building with most let offices that has no meter yet, and six of its let units."""
    states = units.unit_states(session, today)
    found: dict[int, list[Unit]] = {}
    rows = session.execute(select(Unit, Floor.building_id).join(Floor, Floor.id == Unit.floor_id).where(Unit.kind == "office").order_by(Unit.id))
    for unit, building_id in rows:
        if states.get(unit.id) == "let":
            found.setdefault(building_id, []).append(unit)
    building_id = max(found, key=lambda b: len(found[b]))
    return building_id, found[building_id][:6]


def _documents(context: Context, today: date) -> None:
    """Contract documents of the newest leases, a sub-letting, an outage."""
    with context.scope("operations_clerk") as s:
        running = s.scalars(select(Lease).where(Lease.state == "running").order_by(Lease.id.desc()).limit(4)).all()
        for lease in running[:3]:
            contracts.make_for_lease(s, lease, on=today)
        lease_acts.record_sublet(s, lease_id=running[3].id, occupant="曲阜市云帆文化工作室", known_on=today - 20 * DAY, area=Decimal(20),
                                 starts_on=today - 20 * DAY, note="承租人来函申请，待园区答复")
        states = units.unit_states(s, today)
        free = next(u for u in s.scalars(select(Unit).order_by(Unit.id)) if states.get(u.id) == "vacant")
        outages.create_outage(s, unit_id=free.id, cause="repair", starts_on=today - 5 * DAY,
                              ends_on=today + 10 * DAY, note="空调更换")


def _arrears(context: Context, today: date) -> None:
    """Letters to those who owe most; the first is delivered and answered with a promise; a late fee somebody asks to waive."""
    with context.scope("finance") as s:
        owing = sorted(dunning.propose(s, park_id=context.park_id, on=today), key=lambda p: -p.total)[:8]
        dunning.run(s, park_id=context.park_id, on=today, firm_ids={p.firm.id for p in owing})
        letters = s.scalars(select(DunningLetter).where(DunningLetter.state == "draft").order_by(DunningLetter.total.desc())).all()
        for letter in letters[:4]:
            dunning.deliver_letter(s, letter, on=today, delivery="hand", delivered_to="前台")
        dunning_promises.promise_after(s, letters[0], amount=letters[0].total, promised_on=today + 10 * DAY, on=today, made_by="财务负责人")
        late_fees.charge_fees(s, park_id=context.park_id, month=add_months(today.replace(day=1), -1), today=today)
        fee = s.scalars(select(Charge).where(Charge.kind == "penalty").order_by(Charge.gross.desc(), Charge.id)).first()
        if fee is not None:
            late_fees.request_waiver(s, charge_id=fee.id, amount=fee.gross, asked_on=today, reason="银行系统升级导致到账延迟，附银行证明")


def _answers(context: Context, today: date) -> None:
    """Two disputed lines, statements of the last quarter with one signed and one disputed, an entry that waits for a second person."""
    with context.scope("operations_clerk") as s:
        lines = s.scalars(select(Charge).join(Bill, Bill.id == Charge.bill_id).where(
            Bill.state == "posted", Bill.kind == "bill", Charge.kind == "charge", Charge.gross > 100).order_by(Charge.id.desc()).limit(40)).all()
        for charge, part, why in ((lines[0], Decimal("0.9"), "空调故障五天，请按天减收"), (lines[-1], Decimal("0.5"), "面积与合同不符")):
            disputes.raise_dispute(s, charge_id=charge.id, requested=(charge.gross * part).quantize(Decimal("0.01")), raised_on=today, reason=why)
    last = add_months(today.replace(day=1), -((today.month - 1) % 3)) - DAY
    first = add_months(last.replace(day=1), -2)
    with context.scope("finance") as s:
        firms = list(dict.fromkeys(c.firm_id for c in lines))[:6]
        kept = [statements.issue_statement(s, firm_id=f, starts_on=first, ends_on=last, on=today) for f in firms]
        statements.confirm_statement(s, kept[0], on=today, answered_by="企业财务")
        statements.dispute_statement(s, kept[1], on=today, answered_by="企业财务", answer="十月物业费已付，请核对")
        entry = ledger_manual.create_manual(s, entry_date=today, memo="计提本月管理用房折旧")
        for code, side in (("6602", "debit"), ("1602", "credit")):
            account = accounts.by_code(s, code)
            ledger_manual.create_line(s, manual_id=entry.id, account_id=account.id, memo="管理用房折旧", **{side: Decimal("12500.00")})
        ledger_manual.submit_manual(s, s.get(ManualEntry, entry.id))


def _bank(context: Context, today: date) -> None:
    """Yesterday's statement of the rent account: payments that name their bill, one without a name, a bank fee."""
    with context.scope("finance") as s:
        account = s.scalars(select(BankAccount).order_by(BankAccount.id.desc())).first()
        due = s.scalars(select(Bill).where(Bill.state == "posted", Bill.kind == "bill", Bill.settled < Bill.gross, Bill.due_on <= today)
                        .order_by(Bill.id.desc()).limit(6)).all()
        on, rows = today - DAY, []
        for bill in due:
            rows.append((bill.gross - bill.settled, bill.firm.name, f"{bill.number} 房租"))
        rows += [(Decimal("3200.00"), "济宁市任城区某商行", "货款"), (Decimal("-35.00"), "", "账户管理费")]
        balance, text = Decimal("100000.00"), "交易日期,收入,支出,余额,对方户名,摘要\n"
        for amount, who, memo in rows:
            balance += amount
            text += f"{on},{amount if amount > 0 else ''},{-amount if amount < 0 else ''},{balance},{who},{memo}\n"
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"{on:%Y%m%d}.csv"
            path.write_text(text, encoding="utf-8")
            bank_statements.import_statement(s, path, path.name, bank_account_id=account.id, opening=Decimal("100000.00"), closing=balance)
        lines = s.scalars(select(BankLine).order_by(BankLine.place)).all()
        matching.accept_safe(s, lines[:3])
        matching.ignore_line(s, lines[-1], reason="银行手续费")


def _invoices(context: Context, today: date) -> None:
    """Invoices asked for the newest paid bills; numbers for half of them."""
    with context.scope("finance") as s:
        paid = s.scalars(select(Bill).where(Bill.state == "posted", Bill.kind == "bill", Bill.settled == Bill.gross).order_by(Bill.id.desc()).limit(30)).all()
        whole = [b for b in paid if not einvoice.missing(s, b)][:6]
        einvoice.request_invoices(s, whole, on=today)
        for n, row in enumerate(s.scalars(select(EInvoice).order_by(EInvoice.id)).all()[::2], 1):
            einvoice.record_number(s, row, number=f"26372000000{n:09d}", issued_on=today)
