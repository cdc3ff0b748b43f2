"""Comparing two records of one firm and merging them: whose value survives, field by field."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, request
from sqlalchemy import func, select

from parkops import clock
from parkops.errors import ParkOpsError
from parkops.i18n import _, _l
from parkops.refs import load
from parkops.security import masking
from parkops.web.editing import attempt
from parkops.web.resources import resolved
from parkops.web.show import shown
from parkops.web.views import PK, Page, route

from ..models.firm import Firm
from ..services import merge
from ..services.firms import referrers

OTHER = PK.replace("pk", "other")


class MergePage(Page):
    """`/tenants/merge/<keep>/<drop>`: both records side by side."""

    route_base = "/tenants/merge"
    resource = "tenants.firm"
    title = _l("Merge firms")

    @route(f"/{PK}/{OTHER}", "remove")
    def compare(self, pk: int, other: int) -> Any:
        """The fields that differ, what belongs to the record that goes, and the choice."""
        return self._draw(pk, other)

    @route(f"/{PK}/{OTHER}/do", "remove", methods=("POST",))
    def merge(self, pk: int, other: int) -> Any:
        """Merge as chosen."""
        keep, drop = load(self.session, self.resource, pk), load(self.session, self.resource, other)
        choices = {n: request.form[n] for n in merge.MERGE_FIELDS if request.form.get(n) in ("keep", "drop")}
        _done, refusal = attempt(self.session, lambda: self._merge(keep, drop, choices))
        if refusal is None:
            flash(_("Merged into %(name)s.", name=str(keep)), "success")
            return redirect(f"/tenants/firm/{pk}?tab=merges", 303)
        return self._draw(pk, other, refusal)

    def _merge(self, keep: Firm, drop: Firm, choices: dict[str, str]) -> None:
        merge.merge_firms(self.session, keep, drop=drop, on=clock.today(), choices=choices,
                          discard_conflicts=request.form.get("discard_conflicts") == "1")

    def _draw(self, pk: int, other: int, refusal: ParkOpsError | None = None) -> Any:
        keep, drop = load(self.session, self.resource, pk), load(self.session, self.resource, other)
        return self.draw("tenants/merge.html", 422 if refusal is not None else 200, keep=keep, drop=drop, rows=self._rows(keep, drop),
                         belongs=self._belongs(drop), refusal=str(refusal) if refusal is not None else None)

    def _rows(self, keep: Firm, drop: Firm) -> list[dict[str, Any]]:
        columns = Firm.__table__.columns
        out = []
        for name in merge.MERGE_FIELDS:
            mine, theirs = getattr(keep, name), getattr(drop, name)
            if mine != theirs and (mine, theirs) not in ((None, False), (False, None)):
                chosen = request.form.get(name) or ("drop" if mine is None else "keep")
                out.append({"name": name, "label": columns[name].info.get("label") or name, "chosen": chosen,
                            "keep": self._text(keep, name), "drop": self._text(drop, name)})
        return out

    def _text(self, firm: Firm, name: str) -> str:
        info, type_ = Firm.__table__.columns[name].info, Firm.__table__.columns[name].type
        value = masking.shown(self.session, self.resource, firm, name, unmask=False) if info.get("personal") else getattr(firm, name)
        choices = getattr(type_, "choices", None)
        return str(choices.label(value)) if choices is not None and value is not None else shown(info.get("fmt") or "text", value)

    def _belongs(self, drop: Firm) -> list[tuple[str, int]]:
        """What moves: title of the kind of record and how many."""
        out = []
        for model, column in referrers():
            count = self.session.scalar(select(func.count()).select_from(model).where(column == drop.id))
            if count:
                out.append((self._title(model.__resource__), count))
        return out

    def _title(self, name: str) -> str:
        try:
            return str(resolved(name).resource.titles.many)
        except ParkOpsError:
            return name


class DuplicatesPage(Page):
    """`/tenants/duplicates/search`: what the weekly job does, at once, for the person's parks."""

    route_base = "/tenants/duplicates"
    resource = merge.PAIRS

    @route("/search", "add", methods=("POST",))
    def search(self) -> Any:
        """Look through the firms and go back to the list."""
        found, refusal = attempt(self.session, lambda: merge.find_duplicates(self.session, on=clock.today()))
        if refusal is not None:
            flash(str(refusal), "danger")
        else:
            flash(_("%(found)s possible pairs, %(new)s of them new.", found=found["found"], new=found["new"]), "success")
        return redirect("/tenants/duplicate_pair/?view=open", 303)


PAGES = [MergePage, DuplicatesPage]
