"""Pages of statutory forms, tax evidence and the benefit ledger answer and show the same numbers; who may not read is refused."""

import io
import re

import openpyxl
import pytest
from ratings_help import acting, example
from sqlalchemy import select

from modules.ratings.models.exemption import ExemptionPack
from modules.ratings.models.form import StatForm
from modules.ratings.models.form_run import FormCell, FormFinding, FormRun
from modules.ratings.services import form_runs, forms
from parkops.db.session import system_scope


@pytest.fixture
def built(app, park):
    with system_scope("test", parks=[park.id]) as s:
        s.info["scope"] = s.info["scope"].__class__(**{**s.info["scope"].__dict__, "park_id": park.id})
        c, firms = example(s)
        forms.ensure_forms(s, park.id)
        gz, of_firm = (s.scalars(select(StatForm).where(StatForm.key == k)).one() for k in ("carrier-gz007", "enterprise-2017"))
        with acting(s, "operations_clerk"):
            run = form_runs.create_run(s, form_id=gz.id, carrier_id=c.id, period="2025", head_name="张三", phone="13800000000")
        cell = s.scalars(select(FormCell).where(FormCell.run_id == run.id, FormCell.value == "40")).first()
        finding = s.scalars(select(FormFinding).where(FormFinding.run_id == run.id)).first()
        return {
            "carrier": c.id,
            "firm": firms[0].id,
            "run": run.id,
            "form": gz.id,
            "of_firm": of_firm.id,
            "cell": cell.id,
            "finding": finding.id,
        }


def page(client, url, status=200):
    answer = client.get(url)
    assert answer.status_code == status, (url, answer.status_code)
    return answer.get_data(as_text=True)


def token(html):
    return re.search(r'name="csrf_token" value="([^"]+)"', html)[1]


def test_form_cell_and_workbook_say_the_same(client, login_as, built):
    login_as(client, "operations_clerk")
    html = page(client, f"/ratings/form_run/{built['run']}?tab=sheet")
    assert f"/ratings/form_cell/{built['cell']}" in html and "5,000" in html and "5,000,000.00" in html and "13800000000" not in html
    rows = page(client, f"/ratings/form_cell/{built['cell']}?tab=rows")
    assert len(re.findall(r'<td><a href="/tenants/firm/\d+">', rows)) == 40
    for url in (
        f"/ratings/form_run/{built['run']}?tab=since",
        f"/ratings/form/{built['form']}?tab=map",
        f"/ratings/form/{built['of_firm']}?tab=map",
        f"/ratings/form_finding/{built['finding']}",
        f"/tenants/carrier/{built['carrier']}?tab=forms",
        "/ratings/form_run/?view=due",
    ):
        page(client, url)
    raw = client.get(f"/ratings/form_file/{built['run']}")
    assert openpyxl.load_workbook(io.BytesIO(raw.data)).active["D16"].value == 5000  # TDF7B00 is the twelfth item


def test_many_forms_of_firms_by_buttons(client, login_as, built):
    """Begun on the form's page, explained and handed on together over REST, then reviewed by another person."""
    login_as(client, "operations_clerk")
    head = {"X-CSRFToken": token(page(client, f"/ratings/form/{built['of_firm']}/do/firm_runs"))}
    values = {"carrier_id": built["carrier"], "period": "2025"}
    done = client.post(f"/api/v1/ratings/form/{built['of_firm']}/do/firm_runs", json=values, headers=head)
    assert done.status_code == 200, done.get_data(as_text=True)
    with system_scope("test") as s:
        ids = s.scalars(select(FormRun.id).where(FormRun.firm_id.is_not(None)).order_by(FormRun.id)).all()
    assert len(ids) == 44
    answer = client.post("/api/v1/ratings/form_run/_bulk/submit_many", json={"ids": ids[:3], "values": {"on": "2026-01-20"}}, headers=head)
    assert answer.status_code == 422
    for i in ids[:3]:
        client.post(f"/api/v1/ratings/form_run/{i}/do/explain_open", json={"explanation": "企业未报"}, headers=head)
    answer = client.post("/api/v1/ratings/form_run/_bulk/submit_many", json={"ids": ids[:3], "values": {"on": "2026-01-20"}}, headers=head)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    answer = client.post("/api/v1/ratings/form_run/_bulk/review_many", json={"ids": ids[:3], "values": {"on": "2026-01-20"}}, headers=head)
    assert answer.status_code == 403
    with system_scope("test") as s:
        assert set(s.scalars(select(FormRun.state).where(FormRun.id.in_(ids[:3])))) == {"submitted"}


def test_evidence_and_ledger_pages(client, login_as, built):
    login_as(client, "finance")
    html = page(client, f"/ratings/exemption/?carrier={built['carrier']}&period=2025")
    data = {"csrf_token": token(html), "_once": "key-00000011", "period": "2025"}
    for _again in range(2):
        assert client.post(f"/ratings/exemption/{built['carrier']}/keep", data=data).status_code == 303
    with system_scope("test") as s:
        (pack,) = s.scalars(select(ExemptionPack)).all()
    page(client, f"/ratings/exemption_pack/{pack.id}?tab=tie")
    for kind in ("xlsx", "zip"):
        assert client.get(f"/ratings/exemption_file/{pack.id}?format={kind}").data[:2] == b"PK"
    page(client, f"/ratings/exemption/?carrier={built['carrier']}&period=x", 400)
    page(client, "/ratings/exemption/?carrier=999999", 404)
    html = page(client, "/ratings/benefit/?period=2025")
    assert f"/ratings/benefit/{built['firm']}?period=2025" in html
    page(client, f"/ratings/benefit/{built['firm']}?period=2025&line=tax")
    assert client.get("/ratings/benefit/book?period=2025").data[:2] == b"PK"
    page(client, f"/ratings/benefit/{built['firm']}?period=2025&line=gold", 400)
    page(client, f"/ratings/benefit/{built['firm']}?period=99999", 422)
    page(client, f"/tenants/firm/{built['firm']}?tab=benefit")


def test_who_may_not_read(client, login_as, built):
    login_as(client, "system_administrator")
    for url in ("/ratings/exemption/", "/ratings/benefit/", f"/ratings/form_file/{built['run']}", "/ratings/form_run/"):
        page(client, url, 403)
