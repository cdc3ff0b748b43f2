"""Statutory forms: counted from records, corrected with a reason, explained, signed by three people, frozen, filed. Rules R-70 to R-79, R-90."""

import io
from datetime import date
from decimal import Decimal

import openpyxl
import pytest
from ratings_help import acting, example, refused
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import DatabaseError
from support_help import statement

from modules.ratings.kpis.forms import OWN
from modules.ratings.models.filing import StatisticsFiling
from modules.ratings.models.form import FormCheck, FormField, StatForm
from modules.ratings.models.form_run import FormCell, FormFinding, FormRun, FormSignature
from modules.ratings.services import form_cells, form_deadlines, form_layout, form_runs, form_signing, form_sources, forms
from parkops import attachments, todos
from parkops.clock import Period
from parkops.errors import NotAllowed, RuleError
from parkops.kpi.engine import measured_now
from parkops.kpi.registry import Window
from parkops.testing.kpi_checks import check_all
from parkops.workflow import Transition

GZ, FIRM = "carrier-gz007", "enterprise-2017"
FILED = date(2026, 1, 20)


def form_of(s, key, edition=1):
    return s.scalars(select(StatForm).where(StatForm.key == key, StatForm.edition == edition)).one()


@pytest.fixture
def built(session, park):
    c, firms = example(session, staff=10)
    forms.ensure_forms(session, park.id)
    return c, firms


@pytest.fixture
def run(session, built):
    with acting(session, "operations_clerk"):
        return form_runs.create_run(session, form_id=form_of(session, GZ).id, carrier_id=built[0].id, period="2025", head_name="张三")


def cells(s, row):
    found = form_cells.cells_of(s, [row])[row.id]
    return {f.code: found[f.id] for f in forms.fields_of(s, row.form)}


def explain_all(s, row):
    for f in form_cells.open_findings(s, row):
        form_cells.explain_finding(s, f, explanation="已核对原始记录")


def sign(s, row, upto="filed"):
    with acting(s, "operations_clerk"):
        explain_all(s, row)
        form_signing.submit_run(s, row, on=FILED)
    with acting(s, "operations_manager"):
        form_signing.review_run(s, row, on=FILED)
    with acting(s, "leadership"):
        form_signing.sign_run(s, row, on=FILED)
    if upto == "filed":
        with acting(s, "operations_clerk"):
            form_signing.file_run(s, row, on=FILED, receipt="HJ-2025-01")
    return row


def test_shipped_maps_are_sound(session, park):
    """R-70: verified maps are in use, the quarterly one is a template; every figure exists and every cross-check can be read."""
    made = forms.ensure_forms(session, park.id)
    assert forms.ensure_forms(session, park.id) == []
    assert {f.key for f in made if f.state == "active"} == {GZ, FIRM}
    for f in made:
        assert forms.map_problems(session, f).found == []
    assert len({x.code.split(".")[0] for x in forms.fields_of(session, form_of(session, FIRM))}) == 25  # 26 items; the 26th is the foot
    with refused("ratings.R-70"):
        forms.activate_form(session, form_of(session, "carrier-quarter"), on=FILED)


def test_cells_come_from_the_records(session, run):
    """R-76: income 5,000,000 with rent 3,400,000; the identity of stock holds; the exact value stands beside the thousand-yuan one."""
    c = cells(session, run)
    assert (c["TDF7B00"].value, c["TDF7B00"].shown) == ("5000000", "5000")
    assert (c["TDF7B04"].value, c["TDF7B04"].shown) == ("3400000", "3400")
    assert c["TDF7B01"].value is None and c["TDF7B01"].shown is None  # not reported: not zero
    assert (c["INC01"].value, c["INC02"].value, c["INC03"].value, c["INC04"].value, c["INC05"].value) == ("40", "36", "8", "4", "4")
    assert (c["TDFD00"].value, c["TDF711"].value) == ("10", run.carrier.name)
    assert run.open_cells == sum(1 for x in c.values() if x.final is None) and run.due_on == date(2026, 2, 15)
    kinds = {f.kind for f in form_cells.open_findings(session, run)}
    assert kinds == {"open"}  # no identity fails


def test_drilled_rows_make_the_cell(session, run):
    """Every cell whose records carry amounts is their sum."""
    checked = 0
    for code, c in cells(session, run).items():
        amounts = [Decimal(a) for _r, _i, a in c.records if a is not None]
        if amounts:
            assert sum(amounts) == Decimal(c.value), code
            checked += 1
    assert checked >= 8


def test_one_statement_changes_exactly_its_cells(session, built, run):
    """peers.md 7 no. 1: changing one return changes only the cells that name it."""
    before = {k: c.value for k, c in cells(session, run).items()}
    with acting(session, "operations_clerk"):
        row = session.scalars(
            select(form_sources.FirmStatement)
            .where(form_sources.FirmStatement.firm_id == built[1][0].id)
            .order_by(form_sources.FirmStatement.period_start.desc())
        ).first()
        row.revenue += Decimal("0.01")
        session.flush()
        form_runs.count_run(session, run)
    after = {k: c.value for k, c in cells(session, run).items()}
    assert {k for k in after if after[k] != before[k]} == {"INC08"}
    assert Decimal(after["INC08"]) - Decimal(before["INC08"]) == Decimal("0.01")


def test_missing_statement_is_named_not_zero(session, built):
    """40 firms, one without a figure: the sum is of 39 and says so; a firm's own form leaves it unreported."""
    c, firms = built
    session.execute(text("UPDATE tenants_statement SET revenue = NULL WHERE firm_id = :f"), {"f": firms[5].id})
    session.expire_all()
    with acting(session, "operations_clerk"):
        row = form_runs.create_run(session, form_id=form_of(session, GZ).id, carrier_id=c.id, period="2025")
        own = form_runs.create_run(session, form_id=form_of(session, FIRM).id, carrier_id=c.id, period="2025", firm_id=firms[5].id)
    cell = cells(session, row)["INC08"]
    assert len(cell.records) == 39 and cell.source["values"] == {"n": 39, "all": 40, "year": 2025}
    assert cells(session, own)["19"].final is None


def test_one_filing_each_and_only_what_fits(session, built, run):
    """R-75."""
    c, firms = built
    gz = form_of(session, GZ).id
    with refused("ratings.R-75"):
        form_runs.create_run(session, form_id=gz, carrier_id=c.id, period="2025")
    with refused("ratings.R-75"):
        form_runs.create_run(session, form_id=gz, carrier_id=c.id, period="2025Q1")
    with refused("ratings.R-75"):
        form_runs.create_run(session, form_id=gz, carrier_id=c.id, period="2024", firm_id=firms[0].id)
    with refused("ratings.R-75"):
        form_runs.create_run(session, form_id=form_of(session, "carrier-quarter").id, carrier_id=c.id, period="2025Q1")


def test_a_correction_has_reason_and_person(session, run):
    """R-77: the computed value stays beside it; a wrong number or no reason is refused; counting again keeps it."""
    cell = cells(session, run)["TDF7C00"]
    with acting(session, "operations_clerk"):
        for values in ({"corrected": "12000000"}, {"corrected": "viel", "reason": "x"}, {"corrected": "1.234", "reason": "x"}):
            with refused("ratings.R-77"):
                form_cells.correct_cell(session, cell, **values)
        form_cells.correct_cell(session, cell, corrected="12,345,678.90", reason="固定资产台账")
        form_runs.count_run(session, run)
    assert (cell.value, cell.corrected, cell.shown, cell.corrected_by) == (None, "12345678.90", "12346", "operations_clerk")
    with acting(session, "operations_clerk"):
        form_cells.correct_cell(session, cell)
    assert cell.final is None and cell.reason is None


def test_failed_identity_needs_an_explanation(session, run):
    """R-78: parts that do not make the total; the explanation goes when the figures move."""
    with acting(session, "operations_clerk"):
        for code, value in (("TDF7B01", "1000000"), ("TDF7B02", "0"), ("TDF7B03", "500000")):
            form_cells.correct_cell(session, cells(session, run)[code], corrected=value, reason="审计报告")
        found = next(f for f in form_cells.open_findings(session, run) if f.kind == "check")
        assert (found.code, found.left_value, found.right_value) == ("C1", "4900000", "5000000")
        with refused("ratings.R-78", "C1"):
            form_signing.submit_run(session, run, on=FILED)
        form_cells.explain_finding(session, found, explanation="尾差")
        form_cells.correct_cell(session, cells(session, run)["TDF7B03"], corrected="500001", reason="审计报告")
        assert found.explanation is None  # it explained other figures
        form_cells.correct_cell(session, cells(session, run)["TDF7B03"], corrected="600000", reason="审计报告")
    assert not [f for f in form_cells.open_findings(session, run) if f.kind == "check"]
    shown = {k: int(c.shown) for k, c in cells(session, run).items() if k.startswith("TDF7B0") and c.shown}
    assert shown["TDF7B00"] == sum(v for k, v in shown.items() if k != "TDF7B00")


def test_a_jump_against_the_filed_year_needs_a_reason(session, built, run):
    sign(session, run)
    for f in built[1]:
        statement(session, f, "2026", revenue="5000", staff_total=3)
    with acting(session, "operations_clerk"):
        nxt = form_runs.create_run(session, form_id=form_of(session, GZ).id, carrier_id=built[0].id, period="2026")
    found = {f.code: f for f in form_cells.open_findings(session, nxt) if f.kind == "jump"}
    assert found["INC08"].left_value == cells(session, run)["INC08"].final and "INC01" not in found


def test_three_people_in_order_then_frozen(session, run):
    """R-79: history, seal, triggers; a preparer does not review, a statistician does not sign, nothing changes afterwards."""
    with acting(session, "operations_clerk"):
        explain_all(session, run)
        form_signing.submit_run(session, run, on=FILED)
        with pytest.raises(NotAllowed):
            form_signing.review_run(session, run, on=FILED)
        with refused("ratings.R-77"):
            form_runs.count_run(session, run)
    with acting(session, "leadership"), refused("ratings.R-79"):
        form_signing.sign_run(session, run, on=FILED)
    with acting(session, "operations_manager"):
        form_signing.review_run(session, run, on=FILED)
        with pytest.raises(NotAllowed):
            form_signing.sign_run(session, run, on=FILED)
    with acting(session, "leadership"):
        form_signing.sign_run(session, run, on=FILED)
    assert [s.part for s in form_signing.signatures_of(session, run)] == ["preparer", "statistician", "head"]
    steps = session.scalars(select(Transition.step).where(Transition.resource == "ratings.form_run", Transition.record_id == run.id))
    assert list(steps) == ["submit", "review", "sign"]
    assert form_signing.seal_of(session, run) == run.seal and form_signing.altered(session) == []


def attacks(s, run):
    """Statements that would change a form behind the services' back."""
    cell = s.scalar(select(FormCell.id).where(FormCell.run_id == run.id).limit(1))
    return [
        update(FormRun).where(FormRun.id == run.id).values(head_name="李四"),
        update(FormCell).where(FormCell.id == cell).values(corrected="1", reason="x", corrected_by="y"),
        delete(FormCell).where(FormCell.id == cell),
        delete(FormFinding).where(FormFinding.run_id == run.id),
    ]


def test_the_database_refuses_to_change_a_frozen_form(session, run):
    """Triggers. Control: the same statements go through while the form is being prepared."""
    for sql in attacks(session, run):
        point = session.begin_nested()
        session.execute(sql)
        point.rollback()
    session.expire_all()
    sign(session, run, upto="signed")
    signature = session.scalar(select(FormSignature.id).limit(1))
    more = [delete(FormRun).where(FormRun.id == run.id), delete(FormSignature).where(FormSignature.id == signature)]
    for sql in [*attacks(session, run), *more]:
        with pytest.raises(DatabaseError), session.begin_nested():
            session.execute(sql)


def test_a_form_that_no_longer_gives_its_seal_is_found(session, run, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(form_signing, "seal_of", lambda s, row: "0" * 64)
        sign(session, run, upto="signed")
    assert len(form_signing.altered(session)) == 1 and run.number in form_signing.altered(session)[0]
    with acting(session, "operations_clerk"), refused("ratings.R-79"):
        form_signing.file_run(session, run, on=FILED, receipt="x")


def test_returned_with_a_reason_and_signed_anew(session, run):
    with acting(session, "operations_clerk"):
        explain_all(session, run)
        form_signing.submit_run(session, run, on=FILED)
    with acting(session, "operations_manager"):
        with pytest.raises(RuleError):
            form_signing.return_run(session, run, reason=" ")
        form_signing.return_run(session, run, reason="核对场地面积")
    assert (run.state, run.turn) == ("draft", 2)
    sign(session, run)
    assert len(form_signing.signatures_of(session, run, turn=0)) == 4


def test_filed_copy_receipt_and_the_filing_of_the_year(session, run):
    sign(session, run)
    filing = session.scalars(select(StatisticsFiling).where(StatisticsFiling.year == 2025)).one()
    assert (run.filing_id, filing.receipt, filing.filed_on, run.state) == (filing.id, "HJ-2025-01", FILED, "filed")
    (copy,) = attachments.of(session, run, kind="filed_copy")
    with attachments.open_file(session, copy) as stream:
        sheet = openpyxl.load_workbook(stream).active
    place = {f.code: f.cell for f in forms.fields_of(session, run.form)}
    assert sheet[place["TDF7B00"]].value == 5000 and sheet[place["TDF7B01"]].value in ("未报", "not reported")
    foot = [r[1].value for r in sheet.iter_rows() if r[1].value]
    assert any(run.seal in str(v) for v in foot)
    assert "张三" in [r[3].value for r in sheet.iter_rows()]  # the copy that is filed names its people in full …
    with acting(session, "operations_clerk"):
        again = openpyxl.load_workbook(io.BytesIO(form_layout.export_run(session, run))).active
    assert "张三" not in [r[3].value for r in again.iter_rows()]  # … a download masks them
    assert form_layout.place("AB12") == (11, 27) and form_layout.place("7D") is None


def test_a_later_change_is_a_delta_never_a_changed_past(session, built, run):
    sign(session, run)
    kept = {k: c.value for k, c in cells(session, run).items()}
    assert form_runs.changes_since(session, run) == []
    statement_row = session.scalars(select(form_sources.FirmStatement).where(form_sources.FirmStatement.firm_id == built[1][0].id)).all()[
        -1
    ]
    statement_row.revenue += 1000
    session.flush()
    assert [(x.code, Decimal(now) - Decimal(then)) for x, then, now in form_runs.changes_since(session, run)] == [("INC08", 1000)]
    assert {k: c.value for k, c in cells(session, run).items()} == kept and form_signing.seal_of(session, run) == run.seal


def test_map_editor(session, built, run):
    """R-71 to R-74: the used edition stays, a copy is edited and takes its place; figures and codes are checked."""
    old = form_of(session, GZ)
    field = forms.fields_of(session, old)[0]
    with acting(session, "operations_manager"):
        with refused("ratings.R-71"):
            forms.change_field(session, field, caption="x")
        with pytest.raises(DatabaseError), session.begin_nested():
            session.execute(update(FormField).where(FormField.id == field.id).values(caption="x"))
        new = forms.new_edition(session, old)
        assert (new.edition, new.state, len(forms.fields_of(session, new))) == (2, "draft", len(forms.fields_of(session, old)))
        with refused("ratings.R-72", "income.gold"):
            forms.create_field(session, form_id=new.id, code="X1", caption="新项", unit="thousand", source="income.gold")
        with refused("ratings.R-73", "NO1"):
            forms.create_check(session, form_id=new.id, code="X", left_side="NO1+INC01", op="eq", right_side="INC01", sentence="x")
        with refused("ratings.R-73"):
            forms.create_check(session, form_id=new.id, code="X", left_side="INC01 INC02", op="eq", right_side="INC01", sentence="x")
        item = next(x for x in forms.fields_of(session, new) if x.code == "INC01")
        with refused("ratings.R-73", "C5"):
            forms.remove_field(session, item)
        forms.create_field(
            session, form_id=new.id, code="X1", caption="创业导师数", unit="count", source="measure:mentor_count", cell="D90"
        )
        twin = forms.create_field(session, form_id=new.id, code="X2", caption="重复位置", unit="count", cell="D90")
        with refused("ratings.R-72", "D90"):
            forms.activate_form(session, new, on=date(2026, 3, 1))
        forms.remove_field(session, twin)
        forms.activate_form(session, new, on=date(2026, 3, 1))
    assert (old.state, new.state, run.form_id) == ("retired", "active", old.id)
    assert session.scalar(select(FormCheck.id).where(FormCheck.form_id == new.id).limit(1)) is not None


def test_per_enterprise_forms_of_a_carrier(session, built):
    """26 items for every firm of the stock and the year's graduates; counted together with a fixed number of statements."""
    c, firms = built
    with acting(session, "operations_clerk"):
        assert form_runs.create_firm_runs(session, form_of(session, FIRM), carrier_id=c.id, period="2025") == 44
        assert form_runs.create_firm_runs(session, form_of(session, FIRM), carrier_id=c.id, period="2025") == 0
    row = session.scalars(select(FormRun).where(FormRun.firm_id == firms[0].id)).one()
    mine = cells(session, row)
    assert (mine["01"].value, mine["19"].value, mine["19"].shown, mine["10"].value, mine["11"].value) == (
        firms[0].name,
        "1300",
        "1",
        "no",
        None,
    )
    assert mine["09"].value == "yes" and "04" not in {f.code for f in form_cells.open_findings(session, row)}


def test_deadlines(session, park, built):
    """R-90: begun when the year is over, one to-do; a second one when late; none long after and none once filed."""
    c = built[0]
    assert form_deadlines.open_filings(session, on=date(2026, 1, 2), park_id=park.id) == {"begun": 1, "made": 1}
    assert form_deadlines.open_filings(session, on=date(2026, 2, 15), park_id=park.id) == {"begun": 0, "made": 0}
    assert form_deadlines.open_filings(session, on=date(2026, 2, 16), park_id=park.id) == {"begun": 0, "made": 1}
    assert form_deadlines.open_filings(session, on=date(2026, 9, 1), park_id=park.id) == {"begun": 0, "made": 0}
    row = session.scalars(select(FormRun).where(FormRun.carrier_id == c.id)).one()
    asked = session.scalars(select(todos.Todo).where(todos.Todo.record_id == row.id)).all()
    assert {t.due_on for t in asked} == {date(2026, 2, 15)} and {t.assignee_name for t in asked} >= {"operations_clerk", "finance"}
    assert not {"leadership", "operations_manager"} & {t.assignee_name for t in asked}  # they sign
    assert len(asked) == 2 * len({t.assignee_id for t in asked})
    assert [r.id for r in form_deadlines.late_forms(session, date(2026, 2, 16))] == [row.id]


def test_unknown_carriers_and_readers(session, run):
    with acting(session, "system_administrator"), pytest.raises(NotAllowed):
        form_layout.workbook(session, run)
    with acting(session, "leadership"), pytest.raises(NotAllowed):
        form_runs.count_run(session, run)


def test_indicators(session, built, run):
    """Tile, list, export and JSON say the same; on time is what was filed by its day; unreported items until it is frozen."""
    mine = {k.code: k for k in OWN}
    month, today = Period.parse("2026-02"), date(2026, 3, 1)
    open_cells = run.open_cells
    assert check_all(session, list(mine.values()), month, today=today) == []
    before = {c: measured_now(session, k, Window(month, today), run.park_id, str(run.carrier_id)) for c, k in mine.items()}
    assert (before["ratings.form_open_cells"].numerator, before["ratings.forms_on_time"].numerator) == (open_cells, 0)
    sign(session, run)
    assert check_all(session, list(mine.values()), month, today=today) == []
    after = {c: measured_now(session, k, Window(month, today), run.park_id, str(run.carrier_id)) for c, k in mine.items()}
    assert after["ratings.form_open_cells"].numerator in (0, None)
    assert (after["ratings.forms_on_time"].numerator, after["ratings.forms_on_time"].denominator) == (1, 1)
