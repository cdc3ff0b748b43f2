"""What leases answer when billing asks: the premises an e-invoice names, the late-fee rate agreed, numbers payers write; and the
move-out sheet as a document."""

from __future__ import annotations

import io
from datetime import date
from decimal import Decimal as D

import pytest
from lease_help import collect, rent, signed
from pypdf import PdfReader
from space_help import building, floor, unit
from sqlalchemy import select
from test_settlement import OUT, bill_month, ended, lived

from modules.billing.calc_einvoice import LeaseBlock
from modules.billing.models.charge import Charge
from modules.billing.models.deposit import Deposit
from modules.billing.signals.bank import late_fee_terms, payer_references
from modules.billing.signals.collect import lease_block
from modules.leasing.services import settlements
from parkops import i18n
from parkops.clock import now
from parkops.reports.registry import Request, make

JAN = date(2026, 1, 1)


def blocks(session, park_id, source, ids):
    answers = lease_block.send(session, park_id=park_id, source=source, source_ids=ids)
    return {key: block for answer in answers if answer for key, block in answer.items()}


def test_the_block_of_an_instalment_names_its_premises(session):
    """C-70: address of the building with the unit codes, certificate of the unit before that of the building, cross-city flag."""
    here = floor(session, building(session, name="研发一号楼", address="崇文大道8号", certificate_no="鲁(2020)济宁0001", cross_city=True))
    own, plain = unit(session, here, code="101", certificate_no="鲁(2021)济宁0101"), unit(session, here, code="102")
    lease = signed(session, rent("30"), units=[own, plain])
    collect(session, lease.park_id, JAN)
    line = session.scalars(select(Charge).where(Charge.firm_id == lease.firm_id).limit(1)).one()
    found = blocks(session, lease.park_id, line.source, [line.source_id])
    assert found == {line.source_id: LeaseBlock("山东省济宁市高新区", "崇文大道8号研发一号楼101、102", "鲁(2020)济宁0001、鲁(2021)济宁0101",
                                                cross_city=True)}
    assert blocks(session, lease.park_id, "billing.dispute", [line.source_id]) == {}


def test_without_an_address_the_block_says_so(session):
    """Missing stays missing: the request is then refused by billing, never filled with something else."""
    lease = signed(session, rent("30"), units=[unit(session, floor(session, building(session, address=None)))])
    collect(session, lease.park_id, JAN)
    line = session.scalars(select(Charge).where(Charge.firm_id == lease.firm_id).limit(1)).one()
    block = blocks(session, lease.park_id, line.source, [line.source_id])[line.source_id]
    assert block.address is None and block.certificate is None


def test_the_rate_a_lease_agrees_is_the_late_fee_of_its_bills(session):
    agreed, silent = signed(session, rent("30"), late_fee_rate=D("0.0003")), signed(session, rent("30"))
    made = [bill_month(session, lease, JAN) for lease in (agreed, silent)]
    found = [a for a in late_fee_terms.send(session, bill_ids=[b.id for b in made]) if a]
    assert found == [{made[0].id: D("0.0003")}]


def test_lease_numbers_lead_a_payment_to_its_firm_after_the_end_too(session):
    lease = lived(session)
    ended(session, lease)
    answers = [pair for a in payer_references.send(session, park_id=lease.park_id) for pair in a or ()]
    assert (lease.number, lease.firm_id) in answers


@pytest.mark.parametrize(("lang", "said"), [("zh", ("退租结算", "押金")), ("en", ("Move-out settlement", "Pledged deposit"))])
def test_the_settlement_sheet_as_pdf(session, lang, said):
    """Every line and the balance in figures and in Chinese capitals."""
    lease = lived(session)
    ended(session, lease)
    row = settlements.open_settlement(session, lease, on=OUT)
    settlements.work_out(session, row, on=OUT)
    held = session.scalars(select(Deposit).where(Deposit.firm_id == lease.firm_id)).first().held
    with i18n.force_locale(lang):
        pdf = make(session, "move-out-settlement", Request(lease.park_id, None, OUT, now(), row.id, "test"), "pdf")
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).replace("\n", "")
    for word in (*said, row.number, f"{held:,.2f}", f"{abs(row.balance):,.2f}"):
        assert word in text, (word, text)
    assert "元" in text or row.balance == 0
