"""Indicators of receivables: figures by hand, tile = list = export, quarters from months."""

from __future__ import annotations

from datetime import date
from decimal import Decimal as D

from receipts_help import bank, bill, firm

from modules.billing.kpis.receivables import KPIS
from modules.billing.services import allocations, deposits, receipts
from parkops.clock import Period
from parkops.kpi import engine
from parkops.kpi.registry import Window
from parkops.testing.kpi_checks import check_all

TODAY = date(2026, 6, 30)


def history(s):
    f, g, account = firm(s), firm(s), bank(s)
    bill(s, f, "1000", date(2026, 4, 1))  # due 1 May
    bill(s, f, "500", date(2026, 5, 1))  # due 31 May
    bill(s, g, "2000", date(2026, 5, 1), date(2026, 5, 10))
    credit = bill(s, g, "-200", date(2026, 5, 20))
    receipts.receive(s, firm_id=f.id, amount=D(1200), received_on=date(2026, 5, 20), bank_account_id=account.id)
    receipts.receive(s, firm_id=g.id, amount=D(300), received_on=date(2026, 5, 25), bank_account_id=account.id, allocate="oldest")
    allocations.apply_credit(s, credit, on=date(2026, 5, 26))
    wrong = receipts.receive(s, firm_id=g.id, amount=D(50), received_on=date(2026, 6, 2), allocate=None)
    receipts.reverse_receipt(s, wrong, on=date(2026, 6, 3), reason="x")
    row = deposits.agree_deposit(s, firm_id=f.id, kind="pledge", agreed=D(100))
    deposits.receive_deposit(s, row, amount=D(100), on=date(2026, 5, 5))
    deposits.offset_deposit(s, row, amount=D(40), on=date(2026, 6, 5))


def figure(s, code, month, key="", park=1):
    kpi = next(k for k in KPIS if k.code == code)
    found = engine.measured_now(s, kpi, Window(Period.parse(month), TODAY), park, key)
    return found.numerator, found.denominator


def test_figures_by_hand(session, park):
    history(session)
    assert park.id == 1
    assert figure(session, "billing.receivable", "2026-05")[0] == 230000  # 500 + 2,000 − 200
    assert figure(session, "billing.collected", "2026-05")[0] == 150000
    assert figure(session, "billing.collected", "2026-06")[0] == 0  # received and reversed; the set-off is no money
    assert figure(session, "billing.collection_rate", "2026-05") == (50000, 230000)  # 200 + 300 of 500 + (2,000 − 200)
    assert figure(session, "billing.receivable_balance", "2026-04")[0] == 100000
    assert figure(session, "billing.receivable_balance", "2026-05")[0] == 180000  # 300 + 1,500
    assert figure(session, "billing.arrears", "2026-05", "001-030")[0] == 150000
    assert figure(session, "billing.overdue_share", "2026-05") == (150000, 180000)
    assert figure(session, "billing.deposits_held", "2026-05", "pledge")[0] == 10000
    assert figure(session, "billing.deposits_held", "2026-06", "pledge")[0] == 6000


def test_tile_list_export_and_roll_up_agree(session):
    history(session)
    assert check_all(session, KPIS, Period.parse("2026-05"), today=TODAY) == []
