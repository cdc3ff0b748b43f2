"""Screens of statutory forms: maps and their editor, filings, cells, findings, signatures."""

from __future__ import annotations

from parkops.i18n import _l
from parkops.web import slots
from parkops.web.resource import Action, Col, Filter, Input, ListButton, Related, Resource, Section, Tab, Tile, Titles, View

from ..models.form import FormCheck, FormField, StatForm
from ..models.form_run import FormCell, FormFinding, FormRun, FormSignature
from . import _forms

F = "modules.ratings.services.forms"
R = "modules.ratings.services.form_runs"
C = "modules.ratings.services.form_cells"
M = "modules.ratings.services.form_many"

FORM = Resource(
    "ratings.form",
    StatForm,
    Titles(_l("Field maps of forms"), _l("Field map of a form"), _l("New field map")),
    columns=(
        Col("title", width=320, important=True, link=True),
        Col("version_name", width=140),
        Col("edition", width=80, important=True),
        Col("state", width=100, important=True),
        Col("subject", width=120),
        Col("grain", width=110),
        Col("due_days", width=110),
        Col("doc_no", width=200),
        Col("provenance", width=130),
        Col("key", width=150),
    ),
    sections=(
        Section(
            _l("Field map of a form"), ("key", "version_name", "title", "title_en", "subject", "carrier_types", "doc_no", "provenance")
        ),
        Section(_l("Period and limits"), ("grain", "due_days", "jump_percent", "counts_as_statistics", "note")),
    ),
    create=f"{F}:create_form",
    change=f"{F}:change_form",
    remove=f"{F}:remove_form",
    workflow="modules.ratings.states_forms:FORM",
    editable_in=("draft",),
    actions=(
        Action("edition", _l("New edition"), f"{F}:new_edition", word="add"),
        Action(
            "firm_runs",
            _l("Begin for every firm of a carrier"),
            f"{M}:begin_firm_runs",
            (Input("carrier_id", "ref", _l("Carrier"), True, ref="tenants.carrier"), Input("period", "text", _l("Period"), True)),
            word="read",
            guard=f"{M}:why_not_firm_runs",
        ),
    ),
    buttons=(ListButton(_l("Enter the shipped field maps"), "/ratings/start_forms/", word="add", icon="download"),),
    tabs=(
        Tab("map", _l("The map"), "ratings/form_map.html", _forms.map_data, order=1),
        Related("fields", _l("Items"), "ratings.form_field", "form_id", order=10),
        Related("checks", _l("Cross-checks"), "ratings.form_check", "form_id", order=20),
        Related("runs", _l("Filings"), "ratings.form_run", "form_id", order=30),
    ),
    views=(View("all", _l("All"), ()), View("active", _l("In use"), (Filter("state", "eq", "active"),), "title")),
    offered=(Filter("state", "eq", "active"),),
    search=("key", "title", "doc_no"),
    sort="key",
    menu=("forms", 30),
    icon="forms",
    code_field="key",
)
FIELD = Resource(
    "ratings.form_field",
    FormField,
    Titles(_l("Items of forms"), _l("Item of a form"), _l("New item of the form")),
    columns=(
        Col("code", width=100, important=True, link=True),
        Col("caption", width=280, important=True),
        Col("section", width=140),
        Col("unit", width=110),
        Col("source", width=190),
        Col("required", width=80),
        Col("watched", width=100),
        Col("cell", width=80),
        Col("position", width=90),
        Col("form_id", hidden=True),
    ),
    sections=(
        Section(_l("Item of a form"), ("form_id", "code", "section", "section_en", "caption", "caption_en", "unit", "source")),
        Section(_l("How it is treated"), ("required", "watched", "cell", "position", "provenance", "note")),
    ),
    create=f"{F}:create_field",
    change=f"{F}:change_field",
    remove=f"{F}:remove_field",
    load=("form",),
    sort="position",
    parent=("form_id", "ratings.form"),
    icon="list-details",
)
CHECK = Resource(
    "ratings.form_check",
    FormCheck,
    Titles(_l("Cross-checks of forms"), _l("Cross-check of a form"), _l("New cross-check")),
    columns=(
        Col("code", width=90, important=True, link=True),
        Col("sentence", width=280, important=True),
        Col("left_side", width=260),
        Col("op", width=110),
        Col("right_side", width=160),
        Col("position", width=90),
        Col("form_id", hidden=True),
    ),
    sections=(
        Section(
            _l("Cross-check of a form"),
            ("form_id", "code", "left_side", "op", "right_side", "sentence", "sentence_en", "provenance", "position"),
        ),
    ),
    create=f"{F}:create_check",
    change=f"{F}:change_check",
    remove=f"{F}:remove_check",
    load=("form",),
    sort="position",
    parent=("form_id", "ratings.form"),
    icon="equal",
)
RUN = Resource(
    "ratings.form_run",
    FormRun,
    Titles(_l("Statutory forms"), _l("Statutory form filed"), _l("New statutory form")),
    columns=(
        Col("number", width=130, important=True, link=True),
        Col("form.title", _l("Statutory form"), 280, True),
        Col("carrier.name", _l("Carrier"), 220, True),
        Col("firm.name", _l("Firm"), 200),
        Col("last_day", width=120),
        Col("due_on", width=110, important=True),
        Col("state", width=130, important=True),
        Col("open_cells", width=110),
        Col("open_findings", width=120),
        Col("filed_on", width=110),
        Col("receipt", width=150),
        Col("form_id", hidden=True),
        Col("carrier_id", hidden=True),
        Col("firm_id", hidden=True),
    ),
    sections=(
        Section(
            _l("Statutory form filed"),
            (
                "form_id",
                "carrier_id",
                Input("firm_id", "ref", _l("Firm"), ref="tenants.firm", help=_l("Only of a form filled in for a firm")),
                Input("period", "text", _l("Period"), True, help=_l("A year such as 2025, or a quarter such as 2025Q1")),
            ),
        ),
        Section(_l("At the foot of the form"), ("head_name", "statistician", "filled_by", "phone", "note")),
    ),
    create=f"{R}:create_run",
    change=f"{R}:change_run",
    workflow="modules.ratings.states_forms:FILING",
    editable_in=("draft",),
    actions=(
        Action("count", _l("Count again"), f"{R}:count_run", word="change", guard=f"{R}:why_not_count"),
        Action(
            "explain_open",
            _l("Explain all unreported items"),
            f"{C}:explain_open",
            (Input("explanation", "text", _l("Explanation"), True),),
            word="change",
            guard=f"{R}:why_not_count",
        ),
    ),
    bulk=(
        Action("count_many", _l("Count again"), f"{M}:count_many", word="change"),
        Action("submit_many", _l("Hand to the statistician"), f"{M}:submit_many", (Input("on", "date", _l("Date"), True),), "change"),
        Action("review_many", _l("Review as statistician"), f"{M}:review_many", (Input("on", "date", _l("Date"), True),)),
        Action("sign_many", _l("Sign as head"), f"{M}:sign_many", (Input("on", "date", _l("Date"), True),)),
    ),
    tabs=(
        Tab("sheet", _l("The form"), "ratings/form_sheet.html", _forms.sheet_data, order=1),
        Related("findings", _l("Review findings"), "ratings.form_finding", "run_id", order=10),
        Related("cells", _l("Cells"), "ratings.form_cell", "run_id", order=20),
        Related("signatures", _l("Signatures"), "ratings.form_signature", "run_id", order=30),
        Tab("since", _l("Changed since"), "ratings/form_since.html", _forms.since_data, order=40),
    ),
    views=(
        View("all", _l("All"), ()),
        View("due", _l("Forms to be filed"), (Filter("state", "ne", "filed"), Filter("last_day", "lt", "@today")), "due_on"),
        View("late", _l("Late forms"), (Filter("state", "ne", "filed"), Filter("due_on", "lt", "@today")), "due_on"),
        View("to_review", _l("With the statistician"), (Filter("state", "eq", "submitted"),), "due_on"),
        View("to_sign", _l("Forms to sign"), (Filter("state", "eq", "reviewed"),), "due_on"),
        View("carriers", _l("Of carriers"), (Filter("firm_id", "empty", True),), "-last_day"),
    ),
    load=("form", "carrier", "firm", "prepared_by", "filing"),
    search=("number", "carrier.name", "firm.name"),
    sort="-id",
    menu=("forms", 10),
    icon="file-certificate",
    code_field="number",
)
CELL = Resource(
    "ratings.form_cell",
    FormCell,
    Titles(_l("Cells of forms"), _l("Cell of a form")),
    columns=(
        Col("item.code", _l("Code"), 100, True, link=True),
        Col("item.caption", _l("Caption"), 280, True),
        Col("value", width=160),
        Col("corrected", width=140),
        Col("shown", width=140, important=True),
        Col("item.unit", _l("Unit"), 110),
        Col("previous", width=140),
        Col("run_id", hidden=True),
    ),
    sections=(
        Section(_l("Cell of a form"), ("run_id", "field_id", "value", "shown", "previous")),
        Section(_l("Correction"), ("corrected", "reason", "corrected_by")),
    ),
    actions=(
        Action(
            "correct",
            _l("Correct the value"),
            f"{C}:correct_cell",
            (
                Input("corrected", "text", _l("Corrected value"), help=_l("Exact: money in yuan, not in thousands; empty takes it back")),
                Input("reason", "text", _l("Reason")),
            ),
            word="change",
            guard=f"{C}:why_not_correct",
        ),
    ),
    tabs=(Tab("rows", _l("Rows behind it"), "ratings/form_cell.html", _forms.cell_data, order=1),),
    load=("run", "item"),
    search=("item.code", "item.caption"),
    sort="id",
    parent=("run_id", "ratings.form_run"),
    icon="table",
)
FINDING = Resource(
    "ratings.form_finding",
    FormFinding,
    Titles(_l("Findings of forms"), _l("Finding of a form")),
    columns=(
        Col("kind", width=190, important=True),
        Col("code", width=100, important=True, link=True),
        Col("item.caption", _l("Caption"), 240),
        Col("check.sentence", _l("What must hold"), 240),
        Col("left_value", width=120),
        Col("right_value", width=120),
        Col("explanation", width=280, important=True),
        Col("explained_by", width=120),
        Col("run_id", hidden=True),
    ),
    sections=(
        Section(
            _l("Finding of a form"),
            ("run_id", "kind", "code", "field_id", "check_id", "left_value", "right_value", "explanation", "explained_by"),
        ),
    ),
    actions=(
        Action(
            "explain",
            _l("Explain it"),
            f"{C}:explain_finding",
            (Input("explanation", "longtext", _l("Explanation"), True),),
            word="change",
            guard=f"{C}:why_not_explain",
        ),
    ),
    load=("run", "item", "check"),
    sort="id",
    parent=("run_id", "ratings.form_run"),
    icon="alert-triangle",
)
SIGNATURE = Resource(
    "ratings.form_signature",
    FormSignature,
    Titles(_l("Signatures of forms"), _l("Signature of a form")),
    columns=(
        Col("part", width=180, important=True),
        Col("user_name", width=160, important=True),
        Col("signed_on", width=120, important=True),
        Col("turn", width=130),
        Col("run.number", _l("Number"), 140, link=True),
        Col("run_id", hidden=True),
    ),
    sections=(Section(_l("Signature of a form"), ("run_id", "turn", "part", "user_name", "signed_on")),),
    load=("run",),
    sort="id",
    parent=("run_id", "ratings.form_run"),
    icon="signature",
)
RESOURCES = [FORM, FIELD, CHECK, RUN, CELL, FINDING, SIGNATURE]

slots.tab("tenants.carrier", Related("forms", _l("Statutory forms"), "ratings.form_run", "carrier_id", order=34))
slots.tab("tenants.firm", Related("forms", _l("Statutory forms"), "ratings.form_run", "firm_id", order=86))
ROWS = ("form.title", "carrier.name")
slots.tile(Tile("ratings.forms_due", _l("Forms to be filed"), "ratings.form_run", "due", ("operations_clerk",), ROWS, 61))
slots.tile(Tile("ratings.forms_review", _l("Forms to review"), "ratings.form_run", "to_review", ("operations_manager",), ROWS, 61))
slots.tile(Tile("ratings.forms_sign", _l("Forms to sign"), "ratings.form_run", "to_sign", ("leadership",), ROWS, 61))
slots.tile(Tile("ratings.forms_late", _l("Late forms"), "ratings.form_run", "late", ("operations_manager", "leadership"), ROWS, 62))
