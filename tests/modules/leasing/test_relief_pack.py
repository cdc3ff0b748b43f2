"""The audit pack and the report: complete, checkable, and the same sum as ledger and indicator. Rules RR-40 to RR-43."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from datetime import date
from decimal import Decimal

import pytest
from relief_help import acting, apply, posted, scheme, tenant
from test_relief_posting import bill_months

from modules.leasing.services import relief_pack, relief_tables
from modules.leasing.services import relief_posting as relief
from parkops import attachments, outbox
from parkops.clock import Period, now
from parkops.errors import NotAllowed, RuleError
from parkops.reports import registry as reports

TODAY = date(2022, 12, 31)
MAY, YEAR = Period.parse("2022-05"), Period.parse("2022")


@pytest.fixture
def relieved(session):
    """Two firms relieved, one of them clawed back in June, a third that failed a rule."""
    of, leases = scheme(session), [tenant(session), tenant(session)]
    for lease in leases:
        bill_months(session, lease, 3)
    apps = [posted(session, of, lease) for lease in leases]
    failed = apply(session, of, tenant(session, industry="industry"))
    with acting(session, "finance"):
        relief.claw_back(session, apps[1], on=date(2022, 6, 2), reason="wrong statement")
    return of, apps, failed


def opened(raw):
    with zipfile.ZipFile(io.BytesIO(raw)) as z:
        return {n: z.read(n) for n in z.namelist()}


def test_pack_equals_ledger_equals_indicator(session, relieved):
    of, _apps, _failed = relieved
    for period, amount in ((MAY, "60000.00"), (Period.parse("2022-06"), "-30000.00"), (YEAR, "30000.00")):
        tied = relief_tables.tie(session, of.park_id, period, today=TODAY)
        totals = json.loads(opened(relief_pack.make_pack(session, of, period, today=TODAY))["totals.json"])
        assert tied.lines == tied.ledger == tied.kpi == Decimal(amount)
        assert totals["relief"] == amount == totals["all_schemes"]["ledger"]


def test_what_is_in_the_pack(session, relieved):
    of, apps, failed = relieved
    files = opened(relief_pack.make_pack(session, of, YEAR, today=TODAY))
    manifest = json.loads(files["MANIFEST.json"])
    assert set(manifest) == set(files) - {"MANIFEST.json"}
    assert all(manifest[n]["sha256"] == hashlib.sha256(raw).hexdigest() for n, raw in files.items() if n != "MANIFEST.json")
    assert any(n.startswith("policy/") and n.endswith("policy.pdf") for n in files)
    votes = json.loads(files["approvals.json"])
    assert [(v["application"], v["votes"][0]["who"], v["requested_by"]) for v in votes] == [
        (a.number, "operations_manager", "finance") for a in apps]
    results = json.loads(files["rules.json"])
    assert {r["application"] for r in results if r["verdict"] == "pass"} == {a.number for a in apps}
    assert next(r for r in results if r["application"] == failed.number)["verdict"] == "fail"
    assert failed.number not in {x.application.number for x in relief_tables.lines(session, of.park_id, YEAR.start, YEAR.end, scheme=of)}


def test_the_same_pack_twice_is_the_same_but_for_the_workbook(session, relieved):
    of, _apps, _failed = relieved
    first, second = (opened(relief_pack.make_pack(session, of, YEAR, today=TODAY)) for _ in range(2))
    assert {n for n in first if first[n] != second[n]} <= {"relief.xlsx", "MANIFEST.json"}


def test_statistics_by_landlord_and_tenant(session, relieved):
    of, apps, _failed = relieved
    rows = relief_tables.statistics(relief_tables.lines(session, of.park_id, YEAR.start, YEAR.end, scheme=of))
    assert {(r.landlord, r.tenant, r.months, r.total) for r in rows} == {
        ("济宁创新谷发展集团", apps[0].firm.name, 3, Decimal(30000)), ("济宁创新谷发展集团", apps[1].firm.name, 0, Decimal(0))}


def test_a_difference_is_named_instead_of_a_pack(session, relieved, monkeypatch):
    of, _apps, _failed = relieved
    monkeypatch.setattr(relief_tables, "tie", lambda *a, **k: relief_tables.Tie(Decimal(1), Decimal(0), Decimal(2), Decimal(1)))
    with pytest.raises(RuleError, match="1") as e:
        relief_pack.make_pack(session, of, YEAR, today=TODAY)
    assert e.value.codes == ["leasing.RR-40"]


def test_a_big_pack_is_made_by_the_job_and_attached(session, relieved):
    of, _apps, _failed = relieved
    with acting(session, "operations_manager"):
        relief_pack.order_pack(session, of, period="2022", on=TODAY)
    assert outbox.deliver(session)["delivered"] == 1
    assert [f.filename for f in attachments.of(session, of, kind="audit_pack")] == [f"{of.code}-2022.zip"]
    files = opened(relief_pack.make_pack(session, of, YEAR, today=TODAY))
    assert not any(n.endswith(".zip") for n in files)  # packs are not packed again


def test_a_pack_needs_the_right_to_export(session, relieved):
    of, _apps, _failed = relieved
    with acting(session, "system_administrator"), pytest.raises(NotAllowed):
        relief_pack.make_pack(session, of, YEAR, today=TODAY)


@pytest.mark.parametrize("fmt", ["json", "xlsx", "html", "pdf"])
def test_report(session, relieved, fmt):
    of, apps, _failed = relieved
    raw = reports.make(session, "rent-relief", reports.Request(of.park_id, YEAR, TODAY, now(), made_by="test"), fmt)
    assert raw.startswith({"pdf": b"%PDF", "xlsx": b"PK", "json": b"{", "html": b"<!"}[fmt])
    if fmt == "json":
        assert apps[0].number in raw.decode()
