"""Screens of merchants' turnover."""

from __future__ import annotations

from parkops import clock
from parkops.i18n import _l
from parkops.web.resource import Col, Filter, Input, Resource, Section, Titles, View

from ..models.lease_terms import LeaseTurnover

T = "modules.leasing.services.turnover"

RESOURCES = [
    Resource(
        name="leasing.lease_turnover",
        model=LeaseTurnover,
        titles=Titles(_l("Turnover reports"), _l("Turnover report"), _l("Enter a turnover")),
        icon="cash-register",
        columns=(
            Col("line.lease_id", _l("Lease"), width=160),
            Col("line.lease.firm_id", _l("Firm"), width=220, important=True),
            Col("line_id", width=140),
            Col("month", important=True, link=True),
            Col("amount", important=True, total="sum"),
            Col("reported_on"),
            Col("entered", width=90),
        ),
        sections=(
            Section(
                _l("Turnover report"),
                (
                    Input("line_id", "ref", _l("Lease line"), required=True, ref="leasing.lease_line"),
                    "month",
                    "amount",
                    Input("reported_on", "date", _l("Reported on"), default=lambda s: clock.today()),
                ),
            ),
        ),
        create=f"{T}:enter_turnover",
        change=f"{T}:correct_form",
        remove=f"{T}:remove_turnover",
        importer="leasing.turnover",
        views=(View("month", _l("This month"), (Filter("month", "eq", "@month"),)), View("all", _l("All"), ())),
        sort="-month",
        menu=("leases", 40),
    ),
]
