"""The page of returns: every fund, every vintage and the whole on any day; and the kept figures as a list."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from parkops.i18n import _l
from parkops.refs import load
from parkops.security import access
from parkops.web import slots
from parkops.web.resource import Col, Filter, Resource, Section, Tile, Titles, View
from parkops.web.views import PK, Page, route

from ..calc_standing import pooled, standing
from ..models.standing import FundStanding
from ..services import returns
from . import glance


def newest(model: Any, context: Any) -> Any:
    """Whether it is the newest kept day of its fund."""
    other = FundStanding.__table__.alias("newer")
    last = (
        select(func.max(other.c.on_date))
        .where(other.c.park_id == model.park_id, other.c.fund_id.is_not_distinct_from(model.fund_id), other.c.on_date <= context.today)
        .scalar_subquery()
    )
    return model.on_date == last


STANDING = Resource(
    "funds.standing",
    FundStanding,
    Titles(_l("Figures of funds over time"), _l("Figures of a fund on a day")),
    columns=(
        Col("on_date", width=110, important=True, link=True),
        Col("fund.name", _l("Fund"), 220, True),
        Col("tvpi", width=80, important=True),
        Col("dpi", width=80),
        Col("rvpi", width=80),
        Col("moic", width=80),
        Col("net_irr", width=100),
        Col("gross_irr", width=100),
        Col("net_why", width=160),
        Col("committed"),
        Col("paid_in"),
        Col("distributed"),
        Col("invested"),
        Col("nav"),
        Col("cash"),
        Col("newest", _l("Newest"), 80, sql=newest, fmt="bool", hidden=True),
        Col("fund_id", hidden=True),
    ),
    sections=(
        Section(
            _l("Returns"), ("fund_id", "on_date", "tvpi", "dpi", "rvpi", "moic", "net_irr", "net_why", "gross_irr", "gross_why", "pic")
        ),
        Section(
            _l("Amounts"),
            (
                "committed",
                "paid_in",
                "distributed",
                "recallable",
                "invested",
                "returned",
                "cost",
                "holdings",
                "receivable",
                "cash",
                "accrued_carry",
                "nav",
                "firms",
            ),
        ),
    ),
    views=(
        View("latest", _l("Newest"), (Filter("newest", "eq", True),), "fund_id"),
        View("now", _l("Funds today"), (Filter("newest", "eq", True), Filter("fund_id", "notempty")), "fund_id"),
        View("funds", _l("Each fund"), (Filter("fund_id", "notempty"),), "-on_date"),
        View("whole", _l("All funds as one"), (Filter("fund_id", "empty"),), "-on_date"),
        View("all", _l("All"), (), "-on_date"),
    ),
    load=("fund",),
    search=("fund.name",),
    sort="-on_date",
    menu=("returns", 20),
    icon="chart-line",
)


class ReturnsPage(Page):
    """`/funds/returns/?on=2025-12-31`: all funds, vintages and the whole; `/funds/returns/<fund>`: one fund at a glance."""

    route_base = "/funds/returns"
    resource = "funds.fund"
    title = _l("Fund returns")
    menu = ("returns", 10)
    icon = "chart-arrows-vertical"

    @route("/")
    def index(self) -> Any:
        """A line per fund, per vintage, and the whole as Σ ÷ Σ."""
        session, on = self.session, glance.asked_day()
        found = [f for f in returns.all_funds(session) if f.established_on <= on]
        books = returns.books(session, found)
        whole = pooled(list(books.values()), on)
        lines = [(f, standing(books[f.id], on)) for f in found]
        vintages = {v: pooled([books[f.id] for f in found if f.vintage == v], on) for v in sorted({f.vintage for f in found})}
        first = min((f.established_on for f in found), default=on)
        return self.draw(
            "funds/returns.html",
            on=on,
            lines=lines,
            vintages=vintages,
            whole=whole,
            times=glance.times,
            rate=glance.rate_text,
            data=glance.chart(list(books.values()), first, on) if found else None,
            large=glance.figures(whole),
            may_export=access.may(session, self.resource, "export"),
        )

    @route(f"/{PK}")
    def fund(self, pk: int) -> Any:
        """One fund at a glance."""
        row = load(self.session, "funds.fund", pk)
        return self.draw("funds/fund.html", data=glance.of_fund(self.session, row))


RESOURCES = [STANDING]
PAGES = [ReturnsPage]
slots.tile(
    Tile(
        "funds.returns",
        _l("Funds: TVPI, DPI, net IRR"),
        "funds.standing",
        "now",
        ("leadership", "operations_manager"),
        ("fund.name", "tvpi", "dpi", "net_irr"),
        20,
    )
)
