"""Special pages of loans: pre-check of a firm, dry run over all firms, replay under another scheme, days by party, dossier."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from flask import Response, redirect, request

from parkops import clock
from parkops.clock import Period
from parkops.db import audit
from parkops.db.session import scope_of
from parkops.errors import Refused
from parkops.i18n import _l
from parkops.refs import load
from parkops.reports.document import Column, Document, Section, Table
from parkops.reports.registry import TYPES, draw
from parkops.web.values import amount_typed, day_typed, id_typed
from parkops.web.views import PK, Page, commit, route

from ..models.scheme import LoanScheme
from ..services import dossier, precheck, schemes
from ..states import LOAN, PARTIES
from . import _tabs

VERDICT = {"pass": _l("Met"), "fail": _l("Not met"), "unknown": _l("Cannot say")}


def months_of(text: str | None) -> int | None:
    """A term in months as typed."""
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= 600):
        raise Refused(_l("Enter the term in months, such as 24."))
    return int(text)


def amount_of(text: str | None) -> Decimal | None:
    """Yuan as typed, separators allowed; more than nothing."""
    value = amount_typed(text)
    if value is not None and value <= 0:
        raise Refused(_l("Enter an amount such as 300000."))
    return value


class _Scheme(Page):
    """What the pages share: the park and the scheme asked for."""

    resource = "loans.case"

    def park(self) -> int:
        park = scope_of(self.session).park_id
        if park is None:
            raise Refused(_l("Choose a park first."))
        return park

    def scheme(self, name: str, on: date, *, default: bool = True) -> LoanScheme | None:
        found = id_typed(request.args.get(name))
        if found is not None:
            return load(self.session, "loans.scheme", found)
        return schemes.scheme_on(self.session, self.park(), on) if default else None


class LoanPrecheckPage(_Scheme):
    """`/loans/precheck/?firm=&amount=&term=&on=`: one firm, rule by rule, with value, source and clause. It writes nothing."""

    route_base = "/loans/precheck"
    title = _l("Pre-check of a firm")
    menu = ("loans", 20)
    icon = "checklist"

    @route("/", "read")
    def index(self) -> Any:
        """The page."""
        on, firm_id = day_typed(request.args.get("on")) or clock.today(), id_typed(request.args.get("firm"))
        scheme, run = self.scheme("scheme", on), None
        firm = load(self.session, "tenants.firm", firm_id) if firm_id is not None else None
        if firm is not None:
            run = precheck.dry_run(
                self.session,
                scheme,
                on=on,
                amount=amount_of(request.args.get("amount")),
                term_months=months_of(request.args.get("term")),
                firms=[firm],
            )
        return self.draw(
            "loans/precheck.html",
            title=self.title,
            on=on,
            firm=firm,
            run=run,
            scheme=scheme,
            schemes=_tabs.park_schemes(self.session, self.park()),
        )


class LoanDryRunPage(_Scheme):
    """`/loans/dry_run/?on=&amount=&term=&scheme=&other=`: who would qualify, and who flips under another scheme; also as XLSX."""

    route_base = "/loans/dry_run"
    title = _l("Who would qualify for a loan")
    menu = ("loans", 30)
    icon = "list-search"

    def run(self) -> precheck.DryRun:
        on = day_typed(request.args.get("on")) or clock.today()
        return precheck.dry_run(
            self.session,
            self.scheme("scheme", on),
            on=on,
            amount=amount_of(request.args.get("amount")),
            term_months=months_of(request.args.get("term")),
            other=self.scheme("other", on, default=False),
        )

    @route("/", "read")
    def index(self) -> Any:
        """The page. It writes nothing."""
        run = self.run()
        return self.draw(
            "loans/dry_run.html",
            title=self.title,
            run=run,
            why=precheck.why_of,
            verdicts=VERDICT,
            schemes=_tabs.park_schemes(self.session, self.park()),
        )

    @route("/export", "export")
    def export(self) -> Any:
        """The list as a workbook."""
        run = self.run()
        other = [str(VERDICT[r.other.verdict]) if r.other is not None else "" for r in run.rows]
        rows = [
            [r.firm.name, r.firm.credit_code or "", str(VERDICT[r.verdict]), precheck.why_of(r.outcome), o]
            for r, o in zip(run.rows, other, strict=True)
        ]
        columns = (
            Column(_l("Firm"), width=2),
            Column(_l("Unified social credit code"), width=1.5),
            Column(_l("Result")),
            Column(_l("Why, or what to collect"), width=4),
            Column(_l("Under the other scheme")),
        )
        document = Document(
            self.title,
            f"{run.scheme} · {run.on} · {run.amount:,.2f} · {run.term_months}",
            (Section(_l("Firms"), table=Table(columns, rows)),),
            clock.now(),
            scope_of(self.session).user_name,
        )
        audit.event(
            self.session,
            "export",
            {"loan_dry_run": run.scheme.code, "on": run.on.isoformat(), "count": len(rows)},
            resource="loans.case",
            park_id=run.scheme.park_id,
        )
        commit()
        return attachment(draw(document, "xlsx"), TYPES["xlsx"], f"loan-dry-run-{run.on}.xlsx")


class LoanReplayPage(_Scheme):
    """`/loans/replay/?scheme=`: the stored pre-checks of all cases under another scheme, those that flip first."""

    route_base = "/loans/replay"
    title = _l("Replay under another scheme")
    menu = ("loans", 35)
    icon = "repeat"

    @route("/", "read")
    def index(self) -> Any:
        """The page. It writes nothing."""
        scheme = self.scheme("scheme", clock.today())
        rows = precheck.replay_cases(self.session, self.park(), scheme)
        return self.draw(
            "loans/replay.html",
            title=self.title,
            rows=rows,
            scheme=scheme,
            verdicts=VERDICT,
            schemes=_tabs.park_schemes(self.session, self.park()),
        )


class LoanDaysPage(_Scheme):
    """`/loans/days/?period=2022`: our days, bank days, HR days, per case and on average."""

    route_base = "/loans/days"
    title = _l("Days by party")
    menu = ("loans", 65)
    icon = "clock-hour-4"

    @route("/", "read")
    def index(self) -> Any:
        """The page."""
        try:
            period = Period.parse(request.args.get("period") or str(clock.today().year))
        except ValueError:
            raise Refused(_l("Choose a period, such as 2022-06, 2022Q2 or 2022.")) from None
        rows = _tabs.days_table(self.session, self.park(), period.start, period.end)
        return self.draw(
            "loans/days.html",
            title=self.title,
            rows=rows,
            period=period,
            parties=PARTIES,
            averages=_tabs.averages(rows),
            states=LOAN.choices,
        )


class LoanDossierPage(Page):
    """`/loans/dossier/<case>`: the dossier as a zip."""

    route_base = "/loans/dossier"
    resource = "loans.case"

    @route(f"/{PK}", "export")
    def index(self, pk: int) -> Any:
        """The file; the download is in the audit trail."""
        case = load(self.session, "loans.case", pk)
        raw = dossier.make_dossier(self.session, case, on=clock.today(), at=clock.now(), made_by=scope_of(self.session).user_name)
        commit()
        return attachment(raw, "application/zip", f"loan-{case.number}.zip")


class LoanStartPage(_Scheme):
    """The button above an empty list of schemes: the national ones of the region, to be adapted."""

    route_base = "/loans/start"
    resource = "loans.scheme"

    @route("/", "add", methods=("POST",))
    def index(self) -> Any:
        """Enters them once; a park that has schemes keeps its own."""
        schemes.start_park(self.session, park_id=self.park())
        commit()
        return redirect("/loans/scheme/", 303)


def attachment(raw: bytes, kind: str, name: str) -> Response:
    """A download."""
    return Response(raw, content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})


PAGES = [LoanPrecheckPage, LoanDryRunPage, LoanReplayPage, LoanDaysPage, LoanDossierPage, LoanStartPage]
