"""Screens of contract documents and templates."""

from __future__ import annotations

from typing import Any

from parkops.i18n import _l
from parkops.web.resource import Action, Col, Input, Resource, Section, Tab, Titles

from ..models.contract import Contract, ContractTemplate

C = "modules.leasing.services.contracts"


def files(session: Any, row: Contract) -> dict[str, Any]:
    """Links to the two files."""
    return {"row": row}


RESOURCES = [
    Resource(
        name="leasing.contract",
        model=Contract,
        titles=Titles(_l("Contract documents"), _l("Contract document")),
        icon="file-certificate",
        columns=(
            Col("number", important=True, link=True, width=160),
            Col("copy", width=70),
            Col("kind", important=True, width=140),
            Col("lease_id", width=160),
            Col("made_on", important=True),
            Col("made_by"),
            Col("docx_id", width=200),
            Col("pdf_id", width=200),
        ),
        sections=(
            Section(
                _l("Contract document"), ("number", "copy", "kind", "lease_id", "template_id", "made_on", "made_by", "docx_id", "pdf_id")
            ),
        ),
        tabs=(Tab("files", _l("Files"), "leasing/lease_contract_files.html", files, order=5),),
        search=("number",),
        sort="-id",
        menu=("leases", 20),
    ),
    Resource(
        name="leasing.contract_template",
        model=ContractTemplate,
        titles=Titles(_l("Contract templates"), _l("Contract template"), _l("Upload a template")),
        icon="file-type-docx",
        columns=(
            Col("name", important=True, link=True, width=240),
            Col("kind", important=True, width=160),
            Col("active", important=True),
            Col("note", width=260),
        ),
        sections=(Section(_l("Contract template"), ("kind", "name", Input("document", "file", _l("Word file")), "note")),),
        create=f"{C}:create_template",
        change=f"{C}:change_form",
        actions=(
            Action("use", _l("Use this one"), f"{C}:use_template", word="change", primary=True),
            Action("drop", _l("Use the built-in text again"), f"{C}:drop_template", word="change"),
        ),
        sort="kind",
        menu=("setup", 50),
    ),
]
