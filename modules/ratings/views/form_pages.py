"""Pages of statutory forms, tax evidence and the benefit ledger."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from urllib.parse import quote

from flask import Response, redirect, request
from sqlalchemy import select

from modules.tenants.models.carrier import Carrier
from parkops import clock
from parkops.clock import Period
from parkops.errors import Refused
from parkops.i18n import _l
from parkops.refs import labels, load, url
from parkops.security import access
from parkops.web import idempotency, slots
from parkops.web.resource import Tab
from parkops.web.views import PK, Page, commit, route

from ..services import benefit_book, benefits, exemption, exemption_pack, form_layout, forms
from ..services.benefit_lines import BY_CODE, LINES, MINUTES, MONEY
from .evidence import named
from .rating_pages import _Start
from .recognition_pages import _answer

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SHOWN = 200


def attachment(raw: bytes, kind: str, name: str) -> Response:
    """A download."""
    return Response(raw, content_type=kind, headers={"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"})


class StartFormsPage(_Start):
    """The button above the field maps: enter those shipped."""

    route_base = "/ratings/start_forms"
    resource = "ratings.form"

    @route("/", "add", methods=("POST",))
    def index(self) -> Any:
        """Enters what the park lacks."""
        forms.start_park(self.session, park_id=self.park())
        commit()
        return redirect("/ratings/form/", 303)


class FormFilePage(Page):
    """`/ratings/form_file/7`: the form as a workbook in its layout."""

    route_base = "/ratings/form_file"
    resource = "ratings.form_run"

    @route(f"/{PK}", "export")
    def index(self, pk: int) -> Any:
        """The file; the download is in the audit trail."""
        run = load(self.session, "ratings.form_run", pk)
        raw = form_layout.export_run(self.session, run)
        commit()
        return attachment(raw, XLSX, f"{run.number}.xlsx")


def period_asked(name: str, fallback: str) -> Period:
    """`?period=2021`, `2021Q1` or `2021-05`; Refused in one sentence."""
    text = (request.values.get(name) or fallback).strip()
    try:
        return Period.parse(text)
    except ValueError:
        raise Refused(_l("Enter a year, quarter or month such as 2021, 2021Q3 or 2021-05.")) from None


class ExemptionPage(Page):
    """`/ratings/exemption/?carrier=&period=`: what a pack would hold; posting keeps it."""

    route_base = "/ratings/exemption"
    resource = "ratings.exemption_pack"
    title = _l("Evidence of tax exemption")
    menu = ("forms", 50)
    icon = "receipt-tax"

    @route("/", "read")
    def index(self) -> Any:
        """The preview. It writes nothing."""
        carriers = list(self.session.scalars(select(Carrier).order_by(Carrier.id)))
        last_month = clock.today().replace(day=1) - timedelta(days=1)
        period = period_asked("period", f"{last_month:%Y-%m}")
        wanted = request.args.get("carrier", "")
        carrier = (
            load(self.session, "tenants.carrier", int(wanted)) if wanted.isascii() and wanted.isdigit() else next(iter(carriers), None)
        )
        found = exemption.gather(self.session, carrier, period.start, period.last_day) if carrier is not None else None
        return self.draw(
            "ratings/exemption.html",
            title=self.title,
            carriers=carriers,
            carrier=carrier,
            period=period,
            found=found,
            gaps=named(self.session, found.gaps) if found else [],
            kinds=exemption.GAPS,
            yuan=benefit_book.money.yuan,
            may_keep=access.may(self.session, "ratings.exemption_pack", "add") and period.end <= clock.today(),
            once=idempotency.new_key(),
        )

    @route(f"/{PK}/keep", "add", methods=("POST",))
    def keep(self, pk: int) -> Any:
        """Keep the pack under a number, with its workbook and zip."""
        carrier = load(self.session, "tenants.carrier", pk)
        period = period_asked("period", "")

        def work() -> int:
            pack = exemption.keep_pack(
                self.session, carrier, first=period.start, last=period.last_day, today=clock.today(), note=request.form.get("note")
            )
            exemption_pack.store(self.session, pack)
            return pack.id

        return _answer(self.session, work, lambda record: f"/ratings/exemption_pack/{record}?tab=tie")


class ExemptionFilePage(Page):
    """`/ratings/exemption_file/7?format=xlsx|zip`: a kept pack as workbook or zip."""

    route_base = "/ratings/exemption_file"
    resource = "ratings.exemption_pack"

    @route(f"/{PK}", "export")
    def index(self, pk: int) -> Any:
        """The file as it was kept."""
        pack = load(self.session, "ratings.exemption_pack", pk)
        ending = "zip" if request.args.get("format") == "zip" else "xlsx"
        raw = exemption_pack.hand_out(self.session, pack, ending)
        commit()
        return attachment(raw, "application/zip" if ending == "zip" else XLSX, f"{pack.number}.{ending}")


def helpers() -> dict[str, Any]:
    """What the templates of the ledger call."""
    return {
        "lines": LINES,
        "shown": lambda line, amount: words(line.kind, amount),
        "yuan": lambda fen: f"{benefit_book.money.yuan(fen):,.2f}",
        "hours": lambda minutes: f"{benefit_book.shown(MINUTES, minutes):,.2f}",
    }


def words(kind: str, amount: int | None) -> str:
    """An amount as text; nothing recorded is a dash."""
    if not amount:
        return "—"
    value = benefit_book.shown(kind, amount)
    return f"{value:,.2f}" if kind in (MONEY, MINUTES) else f"{value:,}"


class BenefitPage(Page):
    """`/ratings/benefit/?period=2021`: every firm; `/ratings/benefit/7?period=&line=relief`: one firm with the records of a line."""

    route_base = "/ratings/benefit"
    resource = "tenants.firm"
    title = _l("Benefit ledger")
    menu = ("forms", 70)
    icon = "scale"

    def days(self) -> tuple[date, date, str]:
        text = request.args.get("period")
        return benefits.days_of(text if text is not None else str(clock.today().year), clock.today())

    @route("/", "read")
    def index(self) -> Any:
        """The list with totals of all firms; the first ones are shown, all are in the workbook."""
        first, last, key = self.days()
        rows = benefits.of_all(self.session, first, last)
        lines = benefits.readable(self.session)
        return self.draw(
            "ratings/benefits.html",
            title=self.title,
            key=key,
            rows=rows[:SHOWN],
            count=len(rows),
            total=benefits.together(rows),
            seen=lines,
            hidden=benefits.hidden(self.session),
            may_export=access.may(self.session, "tenants.firm", "export"),
            **helpers(),
        )

    @route("/book", "export")
    def book(self) -> Any:
        """All firms as a workbook."""
        first, last, key = self.days()
        raw = benefit_book.workbook(self.session, first, last, key)
        commit()
        return attachment(raw, XLSX, f"benefit-{key or 'all'}.xlsx")

    @route(f"/{PK}", "read")
    def firm(self, pk: int) -> Any:
        """One firm."""
        first, last, key = self.days()
        firm = load(self.session, "tenants.firm", pk)
        code = request.args.get("line", "")
        if code and code not in BY_CODE:
            raise Refused(_l("There is no such line in the ledger."))
        found = benefits.entries(self.session, firm, code, first, last) if code else []
        names = labels(self.session, [(e.resource, e.record_id) for e in found[:SHOWN]])
        return self.draw(
            "ratings/benefit.html",
            title=self.title,
            firm=firm,
            key=key,
            line=BY_CODE.get(code),
            entries=[(names.get((e.resource, e.record_id)), url(e.resource, e.record_id), e) for e in found[:SHOWN]],
            count=len(found),
            **firm_data(self.session, firm, first, last),
        )


def firm_data(session: Any, firm: Any, first: date, last: date) -> dict[str, Any]:
    """The ledger of one firm with its readable lines."""
    return {
        "ledger": benefits.of_firm(session, firm, first, last),
        "seen": benefits.readable(session),
        "hidden": benefits.hidden(session),
        "rule": benefit_book.RULE,
        **helpers(),
    }


def tab_data(session: Any, firm: Any) -> dict[str, Any]:
    """The tab of a firm: all time."""
    return {"firm": firm, "key": "", **firm_data(session, firm, date(1990, 1, 1), clock.today())}


slots.tab("tenants.firm", Tab("benefit", _l("Benefit ledger"), "ratings/benefit_tab.html", tab_data, order=84))
PAGES = [StartFormsPage, FormFilePage, ExemptionPage, ExemptionFilePage, BenefitPage]
