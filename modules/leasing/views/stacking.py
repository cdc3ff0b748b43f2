"""The stacking plan (销控图): a building's floors and units to scale, coloured by state or by months to expiry; picture and workbook."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import quote

from flask import Response, request
from sqlalchemy import select

from parkops import clock
from parkops.i18n import _, _l
from parkops.refs import load
from parkops.reports import xlsx
from parkops.reports.document import Column, Document, Section, Table
from parkops.security import access
from parkops.web.values import day_typed
from parkops.web.views import PK, Page, route

from .. import calc_stack_svg as svg
from ..models.space import OUTAGE_CAUSES, UNIT_KINDS, UNIT_STATES, Building
from ..services import stacking

BANDS = {
    "over": _l("Holding over"),
    "m1": _l("Within 1 month"),
    "m3": _l("1 to 3 months"),
    "m6": _l("3 to 6 months"),
    "m12": _l("6 to 12 months"),
    "later": _l("Over a year"),
    "open": _l("No end agreed"),
    "none": _l("Not let"),
}


def amount(value: Any) -> str:
    """Two decimals with thousands separators; nothing for what is unknown."""
    return f"{value:,.2f}" if value is not None else ""


def area(value: Any) -> str:
    """㎡ without needless zeros."""
    return f"{value:,.2f}".rstrip("0").rstrip(".")


class StackingPage(Page):
    """`/leasing/stacking/<building>?on=2026-11-22&colour=expiry`."""

    route_base = "/leasing/stacking"
    resource = "leasing.unit"
    title = _l("Stacking plan")
    menu = ("space", 10)
    icon = "layout-board-split"

    @route("/")
    def index(self) -> Any:
        """The first building that has units."""
        rows = stacking.building_list(self.session, self._day())
        first = next((r["building"] for r in rows if r["units"]), rows[0]["building"] if rows else None)
        return self._draw(first, rows)

    @route(f"/{PK}")
    def plan(self, pk: int) -> Any:
        """One building."""
        return self._draw(load(self.session, "leasing.building", pk), stacking.building_list(self.session, self._day()))

    @route(f"/{PK}/picture.svg", "export")
    def picture(self, pk: int) -> Any:
        """The plan as one SVG; the page makes a PNG of it in the browser."""
        plan = stacking.plan_of(self.session, load(self.session, "leasing.building", pk), self._day())
        colour = self._colour()
        levels = [self._level(s, colour) for s in plan.storeys]
        legend = [(k, f"{words}  {area(total)} ㎡") for k, words, _n, total in self._legend(plan, colour)]
        text = svg.draw(str(plan.building), self._context(plan), legend, levels)
        return self._file(text.encode(), "image/svg+xml; charset=utf-8", f"{plan.building.code}-{plan.on}.svg")

    @route(f"/{PK}/list.xlsx", "export")
    def workbook(self, pk: int) -> Any:
        """The plan as a workbook: a sheet of units, a sheet of floors."""
        from parkops.db.session import scope_of

        plan = stacking.plan_of(self.session, load(self.session, "leasing.building", pk), self._day())
        made = Document(
            _("Stacking plan"), self._context(plan), (self._units(plan), self._floors(plan)), clock.now(), scope_of(self.session).user_name
        )
        return self._file(
            xlsx.write(made), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", f"{plan.building.code}-{plan.on}.xlsx"
        )

    def _day(self) -> date:
        return day_typed(request.args.get("on")) or clock.today()

    def _colour(self) -> str:
        return "expiry" if request.args.get("colour") == "expiry" else "state"

    def _file(self, body: bytes, type_: str, name: str) -> Response:
        from parkops.db import audit
        from parkops.web.views import commit

        audit.event(self.session, "export", {"file": name}, resource="leasing.unit", label=name)
        commit()
        return Response(body, headers={"Content-Type": type_, "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"})

    def _draw(self, building: Building | None, rows: list[dict[str, Any]]) -> Any:
        if building is None:
            return self.draw("leasing/stacking_none.html")
        plan = stacking.plan_of(self.session, building, self._day())
        colour = self._colour()
        widest = scale(plan)
        return self.draw(
            "leasing/stacking.html",
            plan=plan,
            rows=rows,
            colour=colour,
            legend=self._legend(plan, colour),
            key=lambda c: key(c, colour),
            lines=self._lines,
            cards=self._cards(plan),
            area=area,
            widest=widest,
            free=self._free,
            context=self._context(plan),
            may_export=access.may(self.session, "leasing.unit", "export"),
            is_today=plan.on == clock.today(),
            states=UNIT_STATES,
        )

    def _context(self, plan: stacking.Plan) -> str:
        b = plan.building
        parts = [
            _("as of %(day)s", day=plan.on.isoformat()),
            _("%(n)s units", n=len(plan.cells)),
            _("%(area)s ㎡ lettable", area=area(plan.lettable)),
        ]
        if plan.lettable:
            parts.append(_("%(rate)s %% let", rate=f"{plan.area('let') / plan.lettable * 100:.1f}"))
        if b.address or b.region:
            parts.append(f"{b.region or ''}{b.address or ''}")
        return " · ".join(parts)

    def _level(self, s: stacking.Storey, colour: str) -> svg.Level:
        boxes = [svg.Box(c.unit.lettable_area, key(c, colour), self._lines(c)) for c in s.cells]
        return svg.Level(s.floor.name, f"{area(s.area())} ㎡", self._free(s), boxes, s.floor.level > 0)

    def _legend(self, plan: stacking.Plan, colour: str) -> list[tuple[str, str, int, Any]]:
        """(colour key, words, units, area) of what occurs."""
        names = list(BANDS.items()) if colour == "expiry" else list(UNIT_STATES.items())
        out = []
        for code, words in names:
            cells = [c for c in plan.cells if key(c, colour) == code]
            if cells:
                out.append((code, str(words), len(cells), sum(c.unit.lettable_area for c in cells)))
        return out

    def _free(self, storey: stacking.Storey) -> str:
        free, whole = storey.area("vacant", "held"), storey.area()
        if not free:
            return _("fully let") if whole and storey.area("let", "public", "out_of_use") == whole and storey.area("let") else ""
        return _("free %(area)s ㎡ · %(rate)s %%", area=area(free), rate=f"{free / whole * 100:.0f}")

    def _lines(self, cell: stacking.Cell) -> tuple[str, ...]:
        """Three lines: code and area, who or what, rent and end."""
        first = f"{cell.unit.code}  {area(cell.unit.lettable_area)}㎡"
        if cell.lease is not None:
            rent = _("%(price)s yuan/㎡", price=amount(cell.rent_sqm)) if cell.rent_sqm is not None else ""
            return first, cell.lease.firm, " · ".join(filter(None, (rent, f"{cell.lease.ends_on:%Y-%m}" if cell.lease.ends_on else "")))
        words = str(UNIT_STATES.label(cell.state))
        if cell.state == "reserved" and cell.coming is not None:
            return first, cell.coming.firm, f"{words} {cell.coming.starts_on}"
        if cell.hold is not None:
            return first, words, _("until %(day)s", day=cell.hold.expires_on.isoformat())
        if cell.outage is not None:
            return first, words, str(OUTAGE_CAUSES.label(cell.outage.cause))
        return first, words, _("asking %(price)s", price=amount(cell.unit.list_price)) if cell.unit.list_price is not None else ""

    def _cards(self, plan: stacking.Plan) -> dict[str, Any]:
        """What the hover card says and the menu offers, by unit id."""
        may = {
            word: access.may(self.session, *pair)
            for word, pair in {
                "hold": ("leasing.hold", "add"),
                "lease": ("leasing.lease", "add"),
                "see_lease": ("leasing.lease", "read"),
                "act": ("leasing.unit", "act"),
                "outage": ("leasing.outage", "add"),
            }.items()
        }
        who = self._for_whom(plan)
        return {
            str(c.unit.id): {
                "title": f"{c.unit.code} · {UNIT_STATES.label(c.state)}",
                "facts": self._facts(c, who),
                "actions": self._actions(c, may),
            }
            for c in plan.cells
        }

    def _for_whom(self, plan: stacking.Plan) -> dict[int, str]:
        """Hold id -> name of the lead or firm, for readers of leads; two statements."""
        from modules.tenants.models.application import Lead
        from modules.tenants.models.firm import Firm

        held = [c.hold for c in plan.cells if c.hold is not None]
        out: dict[int, str] = {}
        for model, name in ((Lead, "lead_id"), (Firm, "firm_id")):
            ids = {getattr(h, name) for h in held} - {None}
            if ids and access.may(self.session, model.__resource__, "read"):
                names = dict(self.session.execute(select(model.id, model.name).where(model.id.in_(ids))).all())
                out |= {h.id: names[getattr(h, name)] for h in held if getattr(h, name) in names}
        return out

    def _facts(self, c: stacking.Cell, who: dict[int, str]) -> list[tuple[str, str]]:
        u = c.unit
        out = [(_("Kind"), str(UNIT_KINDS.label(u.kind))), (_("Lettable area"), f"{area(u.lettable_area)} ㎡")]
        if u.list_price is not None:
            out.append((_("Asking rent"), _("%(price)s yuan per ㎡ and month", price=amount(u.list_price))))
        if c.lease is not None:
            out += [
                (_("Tenant"), c.lease.firm),
                (_("Lease"), c.lease.number),
                (_("From"), c.lease.starts_on.isoformat()),
                (_("Until"), c.lease.ends_on.isoformat() if c.lease.ends_on else _("No end agreed")),
            ]
            if c.rent is not None:
                out.append((_("Rent per month"), f"{amount(c.rent)} ({_('%(price)s yuan/㎡', price=amount(c.rent_sqm))})"))
        if c.coming is not None:
            out += [(_("Reserved for"), c.coming.firm), (_("From"), c.coming.starts_on.isoformat())]
        if c.hold is not None:
            out += [
                (_("Held for"), who.get(c.hold.id, "—")),
                (_("Held by"), c.hold.holder_name or "—"),
                (_("Held until"), c.hold.expires_on.isoformat()),
            ]
        if c.queue:
            out.append((_("Waiting in line"), str(c.queue)))
        if c.outage is not None:
            out.append((_("Outage"), f"{OUTAGE_CAUSES.label(c.outage.cause)} {c.outage.starts_on} – {c.outage.ends_on or ''}"))
        return out

    def _actions(self, c: stacking.Cell, may: dict[str, bool]) -> list[tuple[str, str]]:
        base, back = f"/leasing/unit/{c.unit.id}", quote(f"/leasing/stacking/{c.unit.building_id}", safe="")
        alive = c.unit.ends_on is None
        out = [(_("Open the unit"), base)]
        if c.lease is not None and may["see_lease"]:
            out += [(_("Open the lease"), f"/leasing/lease/{c.lease.lease_id}"), (_("Open the firm"), f"/tenants/firm/{c.lease.firm_id}")]
        if c.hold is not None:
            out.append((_("Open the hold"), f"/leasing/hold/{c.hold.id}"))
        if alive and c.state in ("vacant", "held", "under_construction") and may["lease"]:
            firm = f"&firm_id={c.hold.firm_id}" if c.hold is not None and c.hold.firm_id else ""
            out.append(
                (_("New lease"), f"/leasing/lease/new?units={c.unit.id}&carrier_id={c.unit.building.carrier_id or ''}{firm}&_next={back}")
            )
        if alive and may["hold"] and may["act"]:
            out.append((_("Hold"), f"{base}/do/hold?_next={back}"))
        if alive and may["outage"] and may["act"]:
            out.append((_("Outage"), f"{base}/do/outage?_next={back}"))
        if alive and may["act"] and c.state != "let":
            out.append((_("Split"), f"{base}/do/split?_next={back}"))
        return out

    def _units(self, plan: stacking.Plan) -> Section:
        columns = (
            Column(_("Floor")),
            Column(_("Unit no.")),
            Column(_("State")),
            Column(_("Lettable area"), "area"),
            Column(_("Tenant"), width=2),
            Column(_("Lease")),
            Column(_("Until"), "date"),
            Column(_("Rent per month"), "money"),
            Column(_("Asking rent"), "decimal"),
        )
        rows = [
            [
                s.floor.name,
                c.unit.code,
                str(UNIT_STATES.label(c.state)),
                c.unit.lettable_area,
                c.lease.firm if c.lease else None,
                c.lease.number if c.lease else None,
                c.lease.ends_on if c.lease else None,
                c.rent,
                c.unit.list_price,
            ]
            for s in plan.storeys
            for c in s.cells
        ]
        rent = [c.rent for c in plan.cells if c.rent is not None]
        return Section(
            _("Units"), table=Table(columns, rows, [_("Sum"), None, None, plan.area(), None, None, None, sum(rent) if rent else None, None])
        )

    def _floors(self, plan: stacking.Plan) -> Section:
        columns = (
            Column(_("Floor")),
            Column(_("Units"), "int"),
            Column(_("Lettable area"), "area"),
            Column(_("Let"), "area"),
            Column(_("Free"), "area"),
        )
        rows = [[s.floor.name, len(s.cells), s.area(), s.area("let"), s.area("vacant", "held")] for s in plan.storeys]
        return Section(
            _("Floors"), table=Table(columns, rows, [_("Sum"), len(plan.cells), plan.area(), plan.area("let"), plan.area("vacant", "held")])
        )


def scale(plan: stacking.Plan) -> Any:
    """The area that fills the width: the largest floor above ground (basements of parking and stores would shrink all others)."""
    above = [s.area() for s in plan.storeys if s.floor.level > 0]
    return max(above, default=0) or max((s.area() for s in plan.storeys), default=0)


def key(cell: stacking.Cell, colour: str) -> str:
    """The colour of a unit: its state, or how soon its lease ends."""
    return cell.state if colour == "state" else cell.band or "none"


PAGES = [StackingPage]
