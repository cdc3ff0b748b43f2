"""Contract documents: fields, amounts in capitals, numbered, attached; uploaded templates; the PDF read back (C-90 to C-92)."""

import io
from datetime import date
from decimal import Decimal as D

import pytest
from lease_help import draft, rent
from pypdf import PdfReader

from modules.leasing.services import contract_text, contracts
from parkops import attachments
from parkops.errors import RuleError

ON = date(2026, 1, 1)


def text_of(content):
    return "\n".join(b if isinstance(b, str) else "\n".join(" ".join(r) for r in b) for b in contract_text.blocks(content))


def content(session, attachment_id):
    return attachments.path_of(session.get(attachments.Attachment, attachment_id).sha256).read_bytes()


def pdf_text(raw):
    return "".join("".join(page.extract_text() for page in PdfReader(io.BytesIO(raw)).pages).split())


def test_word_and_pdf_hold_the_same_contract(session):
    lease = draft(session, rent("30.5"), rent("4", item="property_fee", cycle_months=3), deposit_amount=D("6000"))
    made = contracts.make_contract(session, lease, kind="lease", on=ON)
    word, pdf = text_of(content(session, made.docx_id)), pdf_text(content(session, made.pdf_id))
    assert made.number == lease.number and {a.kind for a in attachments.of(session, lease)} == {"contract"}
    for part in (
        "房屋租赁合同",
        lease.number,
        lease.firm.name,
        "30.5元/㎡·月",
        "41,400.00",
        "人民币肆万壹仟肆佰元整",
        "人民币陆仟元整",
        "2026年12月31日",
    ):
        assert part in word.replace(" ", "") and part in pdf, part
    assert "{{" not in word and "{%" not in word


def test_made_again_it_is_another_issue(session):
    lease = draft(session)
    assert [contracts.make_contract(session, lease, kind="lease", on=ON).copy for _n in range(2)] == [1, 2]


@pytest.mark.parametrize("kind", ["lease", "amendment", "transfer", "termination"])
def test_every_built_in_text_fills(session, kind):
    word = contract_text.render(contract_text.built_in(kind), contract_text.fields(session, draft(session), number="X-1", on=ON))
    assert "X-1" in text_of(word) and "{{" not in text_of(word)


def own_template(*paragraphs):
    from docx import Document

    doc, out = Document(), io.BytesIO()
    for p in paragraphs:
        doc.add_paragraph(p)
    doc.save(out)
    out.seek(0)
    out.filename = "own.docx"
    out.stream = out
    return out


def test_an_uploaded_template_replaces_the_built_in_text(session):
    lease = draft(session)
    row = contracts.create_template(
        session, kind="lease", name="2026版", document=own_template("园区合同 {{ number }}", "合计 {{ total_capitals }}")
    )
    word = text_of(content(session, contracts.make_contract(session, lease, kind="lease", on=ON).docx_id))
    assert word == f"园区合同 {lease.number}\n合计 人民币叁万陆仟元整"
    contracts.drop_template(session, row)
    assert "第一条" in text_of(content(session, contracts.make_contract(session, lease, kind="lease", on=ON).docx_id))


@pytest.mark.parametrize("field", ["{{ number.__class__.__mro__ }}", "{{ nothing }}", "{% for x in number %}"])
def test_a_wrong_or_hostile_template_is_a_sentence(session, field):
    lease = draft(session)
    contracts.create_template(session, kind="lease", name="x", document=own_template(field))
    with pytest.raises(RuleError) as caught:
        contracts.make_contract(session, lease, kind="lease", on=ON)
    assert [p.code for p in caught.value.problems] == ["leasing.C-91"]
