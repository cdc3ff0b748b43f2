"""`/home/indicators`: which indicators stand on one's home."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from flask import flash, g, redirect, request

from ...i18n import _, _l
from ...reports.kpi_sheet import module_title
from .. import homekpis
from ..editing import attempt
from ..home import roles_of
from ..views import Page, route


class HomeIndicatorsPage(Page):
    """The choice, kept for the person."""

    route_base = "/home/indicators"
    resource = "core.kpi"
    title = _l("Indicators on my home")

    @route("/", "read")
    def index(self) -> Any:
        """Every monthly indicator with a box, by module."""
        return self._form()

    @route("/", "read", methods=("POST",))
    def keep(self) -> Any:
        """Keep the choice and go home."""
        codes = request.form.getlist("codes")
        _done, refusal = attempt(self.session, lambda: homekpis.choose(self.session, codes))
        if refusal is not None:
            return self._form(set(codes), str(refusal), refusal.status)
        flash(_("Saved."), "success")
        return redirect("/", 303)

    def _form(self, codes: set[str] | None = None, refusal: str | None = None, status: int = 200) -> Any:
        kpis = homekpis.offered(self.session)
        if codes is None:
            role = next((r for r in roles_of(g.user) if r in homekpis.ROLES), "")
            codes = {k.code for k in homekpis.chosen(self.session, kpis, role)}
        groups = [(module_title(name), list(own)) for name, own in groupby(kpis, lambda k: k.module)]
        return self.draw("parkops/home_indicators.html", status, title=self.title, groups=groups, codes=codes, limit=homekpis.LIMIT,
                         refusal=refusal)


PAGES = [HomeIndicatorsPage]
