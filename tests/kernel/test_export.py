"""Exports: exactly what is shown, harmless in spreadsheets, masked, recorded, and large ones only after approval."""

import csv
import io
import zipfile
from datetime import datetime

import pytest
from grid_case import fill, resolved
from test_grid import LIST, send
from test_grid import stored as stored

from parkops.errors import NotAllowed, Refused, RuleError
from parkops.web import export
from parkops.web.gridquery import parse

Q = {"columns": ["name", "state", "capital_amount", "registered_on", "phone", "registered_in_carrier"], "sort": [["name", "asc"]]}


def made(session, file_format="csv", q=None, **more):
    q = q or Q
    order = export.order(session, resolved(), parse(q), raw=q, file_format=file_format, **more)
    return b"".join(export.stream(session, order)) if order.message is None else order


def lines(data):
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))


def test_csv_has_bom_columns_in_order_and_labels(session, park):
    fill(session, park)
    data = made(session)
    assert data.startswith(b"\xef\xbb\xbf") and b"\r\n" in data
    found = lines(data)
    assert len(found) == 6 and len(found[0]) == 6
    alpha = next(x for x in found if x[0] == "Alpha 生物")
    assert alpha[2:4] == ["100.00", "2020-01-01"] and alpha[1] != "incubating"


def test_formulas_are_disarmed_in_csv(session, park):
    fill(session, park)
    assert any(x[0] == "'=cmd|'/c calc'!A1" for x in lines(made(session)))
    for text in ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1"):
        assert export.disarmed(text).startswith("'")
    assert export.disarmed("Alpha") == "Alpha"


def test_xlsx_holds_texts_and_typed_numbers_never_formulas(session, park):
    fill(session, park)
    book = zipfile.ZipFile(io.BytesIO(made(session, "xlsx")))
    sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet and "=cmd|" in sheet and "<v>250.50</v>" in sheet
    assert "hyperlink" not in sheet.lower()
    assert "test" in book.read("docProps/core.xml").decode()  # who, in the properties


def test_only_what_is_filtered(session, park):
    fill(session, park)
    assert len(lines(made(session, q={**Q, "filters": [["state", "eq", "incubating"]]}))) == 3


def test_personal_values_stay_masked_and_clear_ones_are_recorded(as_role, stored):
    from sqlalchemy import select

    from parkops.db.audit import AuditEntry

    with as_role("operations_clerk") as s:
        assert b"13812345678" not in made(s)
        assert b"13812345678" in made(s, clear=True)
        ops = set(s.execute(select(AuditEntry.op)).scalars())
        assert {"unmask"} <= ops
    with as_role("leadership") as s, pytest.raises(NotAllowed):
        made(s, clear=True)


def test_every_export_is_recorded(session, park):
    from sqlalchemy import select

    from parkops.db.audit import AuditEntry

    fill(session, park)
    export.order(session, resolved(), parse(Q), raw=Q, file_format="csv")
    entry = session.execute(select(AuditEntry).where(AuditEntry.op == "export")).scalars().one()
    assert entry.resource == "tenants.firm" and entry.detail["rows"] == 5


def test_unknown_format_and_missing_right(session, as_role):
    with pytest.raises(Refused):
        made(session, "pdf")
    with as_role("system_administrator") as s, pytest.raises(NotAllowed):
        made(s)


def test_large_export_waits_for_another_person(as_role, stored, monkeypatch):
    from sqlalchemy import select

    from parkops import approval
    from parkops.db.audit import AuditEntry

    monkeypatch.setattr(export, "LARGE", 3)
    with as_role("operations_manager") as s:
        with pytest.raises(RuleError):
            made(s)
        waiting = made(s, reason="yearly statistics")
        assert waiting.message is not None and waiting.count == 5
        again = made(s, reason="yearly statistics")
        assert again.message is not None
        requests = list(s.scalars(select(approval.Approval).where(approval.Approval.kind == "core.export")))
        assert len(requests) == 1
        with pytest.raises(RuleError):  # nobody approves their own request
            approval.vote(s, requests[0], True)
        assert not list(s.scalars(select(AuditEntry).where(AuditEntry.op == "export")))
        s.commit()
    with as_role("system_administrator") as s:
        request = s.scalars(select(approval.Approval).where(approval.Approval.kind == "core.export")).one()
        approval.vote(s, request, True)
        s.commit()
    with as_role("operations_manager") as s:
        data = made(s)
        assert "operations_manager" in lines(data)[-1][0]  # the mark: who and when
        s.commit()
    with as_role("operations_manager") as s, pytest.raises(RuleError):  # an approval serves once
        made(s)


def test_control_small_exports_need_no_approval(as_role, stored):
    with as_role("operations_manager") as s:
        assert len(lines(made(s))) == 6


def test_http_download(client, login_as, stored):
    login_as(client, "operations_clerk")
    answer = send(client, "POST", LIST + "_export", {"q": {"columns": ["name"]}, "format": "csv"})
    assert answer.status_code == 200 and answer.headers["Content-Disposition"].startswith("attachment; filename=tenants-firm-")
    assert "CANARY" not in answer.get_data(as_text=True) and "Alpha" in answer.get_data(as_text=True)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert send(client, "POST", LIST + "_export", {"q": {"columns": ["nothing"]}}).status_code == 400
    assert send(client, "POST", LIST + "_export", {"q": [], "format": "csv"}).status_code == 400
    assert client.post(LIST + "_export", json={"q": {}}).status_code == 400


def test_file_name_says_when(session, park):
    order = export.order(session, resolved(), parse(Q), raw=Q, file_format="csv")
    assert datetime.strptime(order.filename.split("firm-")[1], "%Y%m%d-%H%M%S.csv")


def test_a_finished_download_gives_its_connection_back(app, login_as):
    """The answer is streamed after the request's own session was given back; what the stream reads with must not stay."""
    from parkops.db.session import engine

    client = app.test_client()
    login_as(client, "operations_manager")
    for n in range(3):
        answer = send(client, "POST", LIST + "_export", {"q": Q})
        assert answer.status_code == 200 and answer.get_data().startswith(b"\xef\xbb\xbf")
        answer.close()
        assert engine().pool.checkedout() == 0, n
