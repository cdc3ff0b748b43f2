"""Contract documents: made from the park's template (or the built-in text), numbered, attached to the lease as Word and PDF.

Rules C-90 to C-92. There is no converter from Word to PDF on a bare machine, so the PDF is set from the text of the very Word
file that was made: same paragraphs, same tables, plainer look."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

from sqlalchemy import func, select

from parkops import attachments, clock, records
from parkops.db.session import scope_of
from parkops.errors import Problem, RuleError
from parkops.i18n import _, _l
from parkops.reports.document import Column, Document, Section, Table
from parkops.reports.typst import compile_document
from parkops.security import access

from ..models.contract import CONTRACT_KINDS, Contract, ContractTemplate
from ..models.lease import Lease
from . import contract_text

KIND_OF = {"new": "lease", "renewal": "lease", "amendment": "amendment", "transfer": "transfer"}


def template_for(session: Any, park_id: int, kind: str) -> tuple[ContractTemplate | None, bytes]:
    """The park's active template, else the built-in one."""
    found = session.scalars(
        select(ContractTemplate).where(ContractTemplate.park_id == park_id, ContractTemplate.kind == kind, ContractTemplate.active)
    ).one_or_none()
    if found is None or found.attachment_id is None:
        return None, contract_text.built_in(kind)
    with attachments.path_of(session.get(attachments.Attachment, found.attachment_id).sha256).open("rb") as f:
        return found, f.read()


def make_for_lease(session: Any, lease: Lease, *, on: date) -> str:
    """The button on a lease: the document that fits its origin and state."""
    kind = "termination" if lease.state == "terminated" else KIND_OF[lease.origin]
    made = make_contract(session, lease, kind=kind, on=on)
    return _("Document %(number)s made and attached.", number=made.number)


def make_contract(session: Any, lease: Lease, *, kind: str, on: date) -> Contract:
    """C-90: fill in the template, number it after the lease, attach Word file and PDF. Made again, it is a further issue."""
    access.require(session, Contract.__resource__, "add")
    template, content = template_for(session, lease.park_id, kind)
    number = f"{lease}-{kind[0].upper()}" if kind != "lease" else str(lease)
    issue = 1 + (session.scalar(select(func.max(Contract.copy)).where(Contract.park_id == lease.park_id, Contract.number == number)) or 0)
    try:
        word = contract_text.render(content, contract_text.fields(session, lease, number=number, on=on))
    except ValueError as e:
        raise RuleError(
            [Problem("leasing.C-91", _l("The template has a mistake: %(error)s. Correct it and upload it again.", error=str(e)))]
        ) from e
    pdf = pdf_of(word, scope_of(session).user_name or "")
    name = f"{number}-{issue}" if issue > 1 else number
    files = [
        attachments.attach(session, lease, io.BytesIO(data), f"{name}.{ext}", kind="contract")
        for data, ext in ((word, "docx"), (pdf, "pdf"))
    ]
    row = Contract(
        park_id=lease.park_id,
        number=number,
        copy=issue,
        lease_id=lease.id,
        kind=kind,
        template_id=template.id if template else None,
        made_on=on,
        made_by=scope_of(session).user_name or "?",
        docx_id=files[0].id,
        pdf_id=files[1].id,
    )
    session.add(row)
    session.flush()
    return row


def pdf_of(word: bytes, made_by: str) -> bytes:
    """The PDF of the same content."""
    parts = contract_text.blocks(word)
    title, sections = (parts[0] if parts and isinstance(parts[0], str) else _("Contract")), []
    for block in parts[1:]:
        if isinstance(block, str):
            if sections and sections[-1].table is None:
                sections[-1] = Section("", text=(*sections[-1].text, block))
            else:
                sections.append(Section("", text=(block,)))
        elif block:
            sections.append(Section("", table=Table(tuple(Column(h) for h in block[0]), [list(r) for r in block[1:]])))
    return compile_document(Document(title, "", tuple(sections), clock.now(), made_by))


def create_template(
    session: Any, *, kind: str, name: str, document: Any = None, active: bool = True, note: str | None = None
) -> ContractTemplate:
    """C-91: a Word file of the park. It is tried with an empty lease's fields when it is used; the former one goes out of use."""
    if document is None:
        raise RuleError([Problem("leasing.C-91", _l("Choose the Word file."), "document")])
    row = records.create(session, ContractTemplate, {"kind": kind, "name": name, "active": False, "note": note})
    found = attachments.attach(session, row, getattr(document, "stream", document), document.filename, kind="template")
    if not found.filename.endswith(".docx"):
        raise RuleError([Problem("leasing.C-91", _l("A template is a Word file (.docx)."), "document")])
    row.attachment_id = found.id
    session.flush()
    if active:
        use_template(session, row)
    return row


def change_template(session: Any, row: ContractTemplate, *, name: str, note: str | None = None) -> ContractTemplate:
    """Its name and note; for another file upload a new template."""
    return records.change(session, row, {"name": name, "note": note})


def use_template(session: Any, row: ContractTemplate) -> ContractTemplate:
    """From now on this one is used for its kind."""
    access.require(session, ContractTemplate.__resource__, "change")
    for other in session.scalars(
        select(ContractTemplate).where(
            ContractTemplate.park_id == row.park_id,
            ContractTemplate.kind == row.kind,
            ContractTemplate.active,
            ContractTemplate.id != row.id,
        )
    ):
        other.active = False
    session.flush()
    row.active = True
    session.flush()
    return row


def drop_template(session: Any, row: ContractTemplate) -> ContractTemplate:
    """Out of use; the built-in text is used again."""
    access.require(session, ContractTemplate.__resource__, "change")
    row.active = False
    session.flush()
    return row


def kinds() -> Any:
    """What documents there are."""
    return CONTRACT_KINDS


def change_form(
    session: Any, row: ContractTemplate, *, name: str, note: str | None = None, kind: str | None = None, document: Any = None
) -> ContractTemplate:
    """The form shows kind and file too; another file is another template."""
    return change_template(session, row, name=name, note=note)
