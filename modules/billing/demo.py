"""The operator's side of money before the first bill: bank accounts, tax status and the tax officer's statements on carriers."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import select

from modules.tenants.models.carrier import Carrier
from parkops import approval, clock, records
from parkops.approval import Approval
from parkops.clock import add_months
from parkops.demo import Context

from .models.receipt import BankAccount
from .services import accounts, catalogue, ledger_manual, periods

FROM = date(2019, 11, 1)
FIGURES: list[Any] = []
BASES = (  # the exemption was prolonged twice; each statement names the announcement the officer relied on (domain.md 9.1)
    (date(2019, 1, 1), date(2023, 12, 31), "国家级、省级孵化器和国家备案众创空间，按当时公告享受", "财税〔2018〕120号及延续公告"),
    (date(2024, 1, 1), date(2027, 12, 31), "国家级、省级孵化器和国家备案众创空间", "财政部 税务总局 科技部 教育部公告2023年第42号"),
)


def load(context: Context) -> None:
    """Build the demo; called once per database."""
    with context.scope("finance") as s:
        account = accounts.by_role(s, "bank")
        for name, bank, number in (("基本户", "中国工商银行济宁高新支行", "1608000000000000001"), ("租金专户", "济宁银行高新支行", "8150000000000000002")):
            records.create(s, BankAccount, {"name": name, "bank": bank, "number": number, "account_id": account.id})
        catalogue.create_tax_status(s, taxpayer="general", starts_on=FROM, basis="增值税一般纳税人登记")
        for carrier in s.scalars(select(Carrier).where(Carrier.carrier_type.in_(("incubator", "makerspace"))).order_by(Carrier.id)):
            for first, last, basis, doc_no in BASES:
                catalogue.create_exemption(s, carrier_id=carrier.id, starts_on=first, last_day=last, basis=basis, doc_no=doc_no)
    context.say("billing: bank accounts, tax status, exemption of carriers")


def finish(context: Context) -> None:
    """Once every module has booked: the years are closed by two people and their months locked, until the month before last."""
    this = clock.today().replace(day=1)
    for year in range(FROM.year, this.year):
        with context.scope("finance") as s:
            waiting = ledger_manual.submit_manual(s, ledger_manual.prepare_closing(s, year=year, park_id=context.park_id)).id
        with context.scope("operations_manager") as s:
            asked = select(Approval).where(Approval.resource == ledger_manual.RESOURCE, Approval.record_id == waiting)
            approval.vote(s, s.scalars(asked).one(), True)
    month, last = FROM, add_months(this, -2)
    with context.scope("finance") as s:
        while month <= last:
            periods.lock_month(s, month=month, park_id=context.park_id)
            month = add_months(month, 1)
    context.say(f"billing: years closed until {this.year - 1}, months locked until {last:%Y-%m}")
