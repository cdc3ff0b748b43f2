"""Pages, REST, import, dossier, indicators."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import date
from decimal import Decimal as D

from loan_help import DAY, acting, at_bank, borrower_firm, firm_case, running
from openpyxl import load_workbook
from pypdf import PdfReader
from sqlalchemy import select

from modules.loans.exports.repayments import IMPORTS
from modules.loans.kpis.loans import KPIS
from modules.loans.models.money import LoanRepayment
from modules.loans.services import decide, dossier, papers, servicing, subsidy
from parkops import attachments
from parkops.clock import Period, now
from parkops.kpi import engine
from parkops.kpi.figures import value_of
from parkops.kpi.registry import Window
from parkops.testing.kpi_checks import check_all
from parkops.web.importer import engine as importer
from parkops.web.importer import mapping, reader


def test_pages_open_and_answer(session, client, login_as):
    good, case = borrower_firm(session), running(session)
    firm_id, case_id, number = good.id, case.id, case.number
    session.commit()
    login_as(client, "operations_manager")
    page = client.get(f"/loans/precheck/?firm={firm_id}&amount=300000&term=24&on=2022-06-06").get_data(as_text=True)
    assert "财金〔2020〕21号" in page and "招用比例" in page and "15%" in page
    page = client.get("/loans/dry_run/?on=2022-06-06&amount=300,000").get_data(as_text=True)
    assert good.name in page
    book = load_workbook(io.BytesIO(client.get("/loans/dry_run/export?on=2022-06-06&amount=300000").data))
    assert good.name in [r[0].value for r in book.worksheets[1].iter_rows()]
    assert number in client.get("/loans/days/?period=2022").get_data(as_text=True)
    assert client.get("/loans/replay/").status_code == 200
    for tab in ("desk", "schedule", "papers", "clock"):
        assert client.get(f"/loans/case/{case_id}?tab={tab}").status_code == 200
    assert client.get(f"/tenants/firm/{case.firm_id}?tab=loans").status_code == 200
    for bad, status in (("/loans/dry_run/?on=x", 400), ("/loans/dry_run/?amount=-1", 400), ("/loans/precheck/?firm=x", 400), ("/loans/dry_run/?term=0", 400),
                        ("/loans/days/?period=x", 400)):
        assert client.get(bad).status_code == status, bad


def test_the_dossier_is_one_zip_with_an_index(session):
    case = running(session)
    paper = papers.of_case(session, case)[0]
    kept = attachments.attach(session, case, io.BytesIO(b"%PDF-1.4 form"), "审核表.pdf", kind="loan_paper")
    paper.attachment_id = kept.id
    session.flush()
    at = now()
    raw = dossier.make_dossier(session, case, on=DAY, at=at, made_by="x")
    with zipfile.ZipFile(io.BytesIO(raw)) as z:
        names, manifest = set(z.namelist()), json.loads(z.read("MANIFEST.json"))
        text = "".join(p.extract_text() for p in PdfReader(io.BytesIO(z.read("index.pdf"))).pages)
        assert z.read(f"files/{kept.id}-审核表.pdf") == b"%PDF-1.4 form"
    assert names == {*manifest, "MANIFEST.json"} and case.number in text and "营业执照" in text.replace("\n", "")


def load(session, folder, rows, on=date(2022, 12, 31)):
    """The bank's list through the kernel's importer."""
    head = ["贷款编号", "还款日期", "本金", "利息", "回单号"]
    path = folder / "repayments.csv"
    path.write_text("\n".join(",".join(r) for r in [head, *rows]), encoding="utf-8-sig")
    kind = IMPORTS[0]
    with reader.open_table(path) as table:
        header = mapping.find_header(kind, table)
        columns = {field.name: n for field in kind.fields for n, name in enumerate(header.names) if name in field.aliases}
        return importer.run_import(session, kind, table, header=header, columns=columns, on=on)


def test_repayments_are_imported_under_the_same_rules(session, tmp_path):
    case = running(session)
    due = servicing.live_dues(session, case)[0]
    rows = [[case.number, "2022-09-06", "", str(due.interest), "B1"], [case.number, "2022-10-11", "100000", "", "B2"],
            [case.number, "2022-10-12", "200001", "", "B3"], ["LN-1999-0001", "2022-10-12", "1", "", "B4"],
            [case.number, "2023-01-05", "1", "", "B5"], [case.number, "2022-06-01", "1", "", "B6"]]
    done = load(session, tmp_path, rows)
    assert (done.inserted, sorted((r.row, r.field) for r in done.rejected)) == (
        2, [(4, "principal"), (5, "case_id"), (6, "paid_on"), (7, "paid_on")])
    session.refresh(case)
    assert (case.outstanding, case.interest_paid) == (D(200_000), due.interest)
    assert any(d.due_on == date(2022, 10, 11) and d.principal == D(100_000) for d in servicing.live_dues(session, case))
    again = load(session, tmp_path, rows[:2])
    assert (again.inserted, again.updated, {r.field for r in again.rejected}) == (0, 0, {"reference"}), "the same list twice changes nothing"
    assert {r.source for r in session.scalars(select(LoanRepayment).where(LoanRepayment.case_id == case.id))} == {"import"}


def test_kpis_tile_list_and_export_agree(session, park):
    case, second = running(session), running(session, amount=200_000, fund=None)
    servicing.watch_all(session, on=date(2022, 9, 30), park_id=park.id)
    with acting(session, "operations_clerk"):
        claim = subsidy.prepare_claim(session, bank_id=case.bank_id, quarter=date(2022, 7, 1), prepared_on=date(2022, 10, 8))
    with acting(session, "finance"):
        subsidy.approve_claim(session, claim, on=date(2022, 10, 8))
        subsidy.file_claim(session, claim, on=date(2022, 10, 9))
    refused = at_bank(session, firm_case(session))
    with acting(session, "operations_manager"):
        decide.reject_case(session, refused, on=DAY, code="bank", reason="x")
    for month in ("2022-06", "2022-10"):
        assert check_all(session, KPIS, Period.parse(month), today=date(2022, 11, 1)) == []
    window, found = Window(Period.parse("2022-06"), date(2022, 11, 1)), {}
    for kpi in KPIS:
        found[kpi.code] = value_of(kpi, engine.measured_now(session, kpi, window, park.id))
    assert found["loans.disbursed_cumulative"] == D(500_000) and found["loans.firms"] == 2 and found["loans.jobs"] == 8
    assert found["loans.approval_rate"] == D("0.6667") or abs(found["loans.approval_rate"] - D(2) / 3) < D("0.01")
    assert second.disbursed == D(200_000)
