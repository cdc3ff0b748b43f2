"""The forms a data call may use, as versioned field lists. A field's code is the statement column it fills.

`torch-enterprise 2017` maps the published 2017 per-enterprise form (domain notes 13.3, a public copy). It is NOT the
present official form, which was not found; a newer one becomes a new version here and old calls keep their own list."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from parkops.i18n import _l


@dataclass(frozen=True)
class FormField:
    """kind money|count|area; no: item number of the form; part_of: its total; signed: may be negative."""

    code: str
    title: Any
    kind: str
    no: str = ""
    required: bool = False
    part_of: str | None = None
    signed: bool = False
    group: str = ""


@dataclass(frozen=True)
class Form:
    """grain year|month; unit is what the form counts money in; official: shown as the sentence under the title."""

    code: str
    version: str
    title: Any
    grain: str
    unit: str
    fields: tuple[FormField, ...]
    source: Any


GROUPS = {
    "money": _l("Operations"),
    "staff": _l("People"),
    "ip": _l("Intellectual property and technology"),
}

TORCH_2017 = Form(
    "torch-enterprise", "2017-enterprise", _l("Torch per-enterprise form"), "year", "thousand",
    (
        FormField("angel_vc", _l("Angel or venture capital obtained"), "money", "16", True, group="money"),
        FormField("premises_area", _l("Area occupied in the carrier"), "area", "17", group="money"),
        FormField("revenue", _l("Total revenue"), "money", "19", True, group="money"),
        FormField("net_profit", _l("Net profit"), "money", "20", True, signed=True, group="money"),
        FormField("imports", _l("Import value"), "money", "21", group="money"),
        FormField("exports", _l("Export value"), "money", "", group="money"),
        FormField("rd_expense", _l("R&D expense"), "money", "22", True, group="money"),
        FormField("tax_paid", _l("Taxes and fees paid"), "money", "23", True, group="money"),
        FormField("total_assets", _l("Total assets"), "money", "", group="money"),
        FormField("staff_total", _l("Staff"), "count", "24", True, group="staff"),
        FormField("staff_doctor", _l("Staff with a doctorate"), "count", "24", part_of="staff_total", group="staff"),
        FormField("staff_college", _l("Staff with college degree or above"), "count", "24", part_of="staff_total",
                  group="staff"),
        FormField("staff_returnee", _l("Returned overseas staff"), "count", "24", part_of="staff_total", group="staff"),
        FormField("staff_talent", _l("Staff from talent programmes"), "count", "24", part_of="staff_total", group="staff"),
        FormField("staff_graduate", _l("Fresh graduates hired"), "count", "24", part_of="staff_total", group="staff"),
        FormField("staff_rd", _l("R&D staff"), "count", "", part_of="staff_total", group="staff"),
        FormField("ip_applied", _l("IP applications in the year"), "count", "25", True, group="ip"),
        FormField("ip_granted", _l("IP granted in the year"), "count", "25", True, group="ip"),
        FormField("ip_valid", _l("Valid IP held"), "count", "25", True, group="ip"),
        FormField("ip_invention", _l("of which invention patents"), "count", "25", part_of="ip_valid", group="ip"),
        FormField("ip_software", _l("of which software copyrights"), "count", "25", part_of="ip_valid", group="ip"),
        FormField("ip_plant", _l("of which plant varieties"), "count", "25", part_of="ip_valid", group="ip"),
        FormField("ip_layout", _l("of which IC layout designs"), "count", "25", part_of="ip_valid", group="ip"),
        FormField("foreign_patents_bought", _l("Foreign patents bought"), "count", "25", group="ip"),
        FormField("tech_contracts", _l("Technology contracts"), "count", "25", group="ip"),
        FormField("tech_contract_amount", _l("Amount of technology contracts"), "money", "25", group="ip"),
        FormField("national_projects", _l("National science projects undertaken"), "count", "25", group="ip"),
        FormField("provincial_awards", _l("Awards of provincial level or above"), "count", "25", group="ip"),
    ),
    _l("Follows the published 2017 per-enterprise form; it is not the present official form."),
)

MONTHLY_1 = Form(
    "monthly-basic", "1", _l("Monthly headcount and revenue"), "month", "thousand",
    (
        FormField("revenue", _l("Revenue of the month"), "money", "1", True, group="money"),
        FormField("staff_total", _l("Staff"), "count", "2", True, group="staff"),
        FormField("staff_graduate", _l("Fresh graduates hired"), "count", "3", part_of="staff_total", group="staff"),
        FormField("tax_paid", _l("Taxes and fees paid"), "money", "4", group="money"),
        FormField("exports", _l("Export value"), "money", "5", group="money"),
    ),
    _l("The park's own monthly form."),
)

FORMS: dict[tuple[str, str], Form] = {(f.code, f.version): f for f in (TORCH_2017, MONTHLY_1)}
LATEST: dict[str, Form] = {f.code: f for f in FORMS.values()}  # later versions are listed later


def frozen_fields(form: Form) -> list[dict[str, Any]]:
    """The list a call keeps for good when it is made (titles are looked up again by code, so languages still work)."""
    return [{k: v for k, v in asdict(f).items() if k != "title"} for f in form.fields]


def thaw(fields: list[dict[str, Any]], form_code: str, form_version: str) -> tuple[FormField, ...]:
    """Back to fields; a code that no form knows any more is titled by its code."""
    form = FORMS.get((form_code, form_version)) or LATEST.get(form_code)
    titles = {f.code: f.title for f in form.fields} if form else {}
    return tuple(FormField(title=titles.get(f["code"], f["code"]), **f) for f in fields)
