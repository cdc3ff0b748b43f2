"""Demo of statutory forms and tax evidence: the year 2021 of one incubator filed and frozen, the next one being prepared, one pack kept."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from modules.tenants.models.carrier import Carrier
from parkops.demo import ARTICLE_DAY, Context, Figure

from .models.exemption import ExemptionPack
from .models.form import StatForm
from .models.form_run import FormRun
from .services import exemption, exemption_pack, exemption_papers, filings, form_cells, form_runs, form_signing, forms
from .services.measures import installed

KEY, YEAR, SIGNED = "carrier-gz007", 2021, date(2022, 1, 25)
CORRECTIONS = (  # what no record of the park counts: from the (invented) audit report of the year
    ("TDF7A10", "20000000"),
    ("TDF7A11", "5000000"),
    ("TDF7C00", "86500000"),
    ("TDF7C10", "61234567.89"),
    ("TDF7B02", "0"),
    ("TDF7B10", "1286400.55"),
    ("TDF7B11", "734219.30"),
)
INCOME = {
    n: Decimal(v)
    for n, v in (
        ("total", "6482316.47"),
        ("rent", "3912440.20"),
        ("property", "823150.00"),
        ("service", "1346726.27"),
        ("investment", "250000.00"),
    )
}
PACK_FIRST, PACK_LAST = date(2022, 1, 1), date(2022, 3, 31)


def load(context: Context) -> None:
    """One line of demo.py calls it."""
    with context.scope("operations_manager") as s:
        forms.ensure_forms(s, context.park_id)
        carrier = _incubator(s, context.park_id)
        if carrier is not None:
            filings.create_income(s, carrier_id=carrier, year=YEAR, source="2021年度审计报告（演示数据）", separate=True, **INCOME)
    if carrier is None:
        return
    with context.scope("operations_clerk") as s:
        run = form_runs.create_run(s, form_id=_form(s, context.park_id), carrier_id=carrier, period=str(YEAR), **_foot()).id
        _prepare(s, run)
        form_signing.submit_run(s, s.get(FormRun, run), on=SIGNED)
    with context.scope("operations_manager") as s:
        form_signing.review_run(s, s.get(FormRun, run), on=SIGNED)
    with context.scope("leadership") as s:
        form_signing.sign_run(s, s.get(FormRun, run), on=SIGNED)
    with context.scope("operations_clerk") as s:
        form_signing.file_run(s, s.get(FormRun, run), on=SIGNED.replace(day=27), receipt="HJTJ-2021-370800-0017")
        form_runs.create_run(s, form_id=_form(s, context.park_id), carrier_id=carrier, period=str(ARTICLE_DAY.year), **_foot())
    if installed("billing"):
        _evidence(context, carrier)
    context.say("ratings: the form of 2021 filed, the next one being prepared, evidence of exemption kept")


def _incubator(s: Any, park_id: int) -> int | None:
    """The incubator whose firms are billed most: its evidence shows something."""
    carriers = select(Carrier.id).where(Carrier.park_id == park_id, Carrier.carrier_type == "incubator", Carrier.closed_on.is_(None))
    first = s.scalar(carriers.where(Carrier.founded_on < date(YEAR, 1, 1)).order_by(Carrier.id).limit(1))
    if not installed("billing"):
        return first
    from modules.billing.models.charge import Charge

    busy = (
        select(Charge.carrier_id).where(Charge.carrier_id.in_(carriers)).group_by(Charge.carrier_id).order_by(func.count(Charge.id).desc())
    )
    return s.scalar(busy.limit(1)) or first


def _form(s: Any, park_id: int) -> int:
    return s.scalar(select(StatForm.id).where(StatForm.park_id == park_id, StatForm.key == KEY, StatForm.state == "active"))


def _foot() -> dict[str, str]:
    return {"head_name": "赵明", "statistician": "刘建国", "filled_by": "王晓燕"}


def _prepare(s: Any, run_id: int) -> None:
    """Corrections by the audit report; what is left is explained."""
    run = s.get(FormRun, run_id)
    items = {x.code: x.id for x in forms.fields_of(s, run.form)}
    cells = form_cells.cells_of(s, [run])[run.id]
    for code, value in CORRECTIONS:
        form_cells.correct_cell(s, cells[items[code]], corrected=value, reason="2021年度审计报告（演示数据）")
    for finding in form_cells.open_findings(s, run):
        words = {"open": "本单位无此项记录，已向上级统计人员说明", "check": "尾差来自未归入分项的收入，已核对", "jump": "已核对原始记录"}
        form_cells.explain_finding(s, finding, explanation=words[finding.kind])


def _evidence(context: Context, carrier_id: int) -> None:
    """Papers for most firms; the gaps that are left are what the pack is for."""
    with context.scope("finance") as s:
        carrier = s.get(Carrier, carrier_id)
        found = exemption.gather(s, carrier, PACK_FIRST, PACK_LAST)
        if not found.pieces:
            return
        common = {"carrier_id": carrier_id, "valid_from": date(2018, 1, 1)}
        exemption_papers.create_paper(s, kind="title", reference="鲁（2018）济宁市不动产权第0012345号", **common)
        exemption_papers.create_paper(s, kind="original_value", reference="固资-2018-001", amount=Decimal("86500000.00"), **common)
        for n, firm_id in enumerate(sorted(found.pieces)):
            if n % 7 != 6:  # every seventh agreement was not handed in
                exemption_papers.create_paper(s, kind="agreement", reference=f"孵化协议-{firm_id}", firm_id=firm_id, **common)
        pack = exemption.keep_pack(s, carrier, first=PACK_FIRST, last=PACK_LAST, today=ARTICLE_DAY, note="2022年第一季度免税备查")
        exemption_pack.store(s, pack)


def _filed(session: Any, park_id: int, on: date) -> tuple[Any, str]:
    r = FormRun
    count = session.scalar(select(func.count(r.id)).where(r.park_id == park_id, r.state == "filed", r.last_day == date(YEAR, 12, 31)))
    return count, "ratings.form_run: filed forms of 2021"


def _tied(session: Any, park_id: int, on: date) -> tuple[Any, str]:
    packs = session.scalars(select(ExemptionPack).where(ExemptionPack.park_id == park_id)).all()
    wrong = [p for p in packs if p.exempt + p.taxable + p.outside != p.billed or not exemption.sound(session, p)]
    return len(wrong), "ratings.exemption_pack: packs whose exempt and taxable income do not make what was billed"


FIGURES = [
    Figure("TJ2021", "2021年度法定报表已报送冻结（份）", 1, _filed),
    Figure("MSTIE", "免税备查包：免税+应税≠开单的包数", 0, _tied),
]
