"""Files: allowed kinds by name and content, names made safe, stored by hash, the owner's right and park decide."""

from __future__ import annotations

import dataclasses
import io
import time
import zipfile

import pytest
from sqlalchemy import select

from parkops import attachments
from parkops.attachments import LARGEST, Attachment, attach, clean_name
from parkops.config import config
from parkops.db.audit import AuditEntry
from parkops.errors import NotAllowed, NotFound, RuleError
from tests.kernel.samples import SampleThing, make_thing

RIGHTS = "sample.thing:read change act"
PDF = b"%PDF-1.7\n1 0 obj\n"
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 20


def package(part: str, *more: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        for name in (part, *more):
            z.writestr(name, "x")
    return out.getvalue()


@pytest.mark.parametrize(("name", "content"), [
    ("a.pdf", PDF), ("b.PNG", PNG), ("c.jpg", b"\xff\xd8\xff\xe0x"), ("d.docx", package("word/document.xml")),
    ("e.xlsx", package("xl/workbook.xml")), ("f.csv", "名称,金额\n".encode("gb18030")), ("g.txt", "文字".encode()), ("h.zip", package("x")),
    ("i.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 8), ("j.webp", b"RIFF\x00\x00\x00\x00WEBPVP8 ")])
def test_ordinary_files_are_accepted(actor, thing, name, content):
    with actor("operations_clerk", RIGHTS) as s:
        row = attach(s, s.get(SampleThing, thing), io.BytesIO(content), name, "certificate")
        assert attachments.open_file(s, row).read() == content
        assert row.size == len(content) and attachments.path_of(row.sha256).is_relative_to(config().files_dir)
        assert row.filename == name.rpartition(".")[0] + "." + name.rpartition(".")[2].lower()


@pytest.mark.parametrize(("name", "content", "code"), [
    ("x.svg", b"<svg onload=alert(1)>", "file.kind"), ("x.html", b"<script>", "file.kind"), ("x.htm", b"<script>", "file.kind"),
    ("x.xhtml", b"<x/>", "file.kind"), ("x.js", b"1", "file.kind"), ("x.exe", b"MZ", "file.kind"), ("x.pdf.exe", b"%PDF-", "file.kind"),
    ("x.xlsm", package("xl/workbook.xml"), "file.kind"), ("noextension", PDF, "file.kind"), (".pdf", PDF, "file.kind"),
    ("x.pdf", b"<html>", "file.content"), ("x.png", PDF, "file.content"), ("x.docx", package("xl/workbook.xml"), "file.content"),
    ("x.docx", package("word/document.xml", "word/vbaProject.bin"), "file.content"), ("x.xlsx", b"PK\x03\x04broken", "file.content"),
    ("x.webp", b"RIFF\x00\x00\x00\x00WAVE", "file.content"), ("x.txt", b"MZ\x00\x01", "file.content"),
    ("x.csv", b"\x81\x20\xff\xff", "file.content"), ("x.pdf", b"", "file.empty")])
def test_other_files_are_refused_in_one_sentence_and_leave_nothing(actor, thing, name, content, code):
    with actor("operations_clerk", RIGHTS) as s:
        with pytest.raises(RuleError) as e:
            attach(s, s.get(SampleThing, thing), io.BytesIO(content), name)
        assert e.value.codes == [code] and e.value.problems[0].field == "file"
        assert s.scalars(select(Attachment)).all() == []
    assert list((config().files_dir / "tmp").glob("*")) == []


def test_a_file_beyond_twenty_mebibytes_is_refused_while_it_arrives(actor, thing):
    class Endless(io.RawIOBase):
        read_ = 0

        def read(self, n=-1):
            self.read_ += n
            return b"%PDF-" + b"x" * (n - 5)

    stream = Endless()
    with actor("operations_clerk", RIGHTS) as s, pytest.raises(RuleError) as e:
        attach(s, s.get(SampleThing, thing), stream, "big.pdf")
    assert e.value.codes == ["file.large"] and stream.read_ <= LARGEST + 2 * 65536
    assert list((config().files_dir / "tmp").glob("*")) == []


@pytest.mark.parametrize(("given", "kept"), [
    ("../../etc/passwd.pdf", "passwd.pdf"), ("C:\\dir\\证书.PDF", "证书.pdf"), ("a\x00b\r\n.pdf", "ab.pdf"), ("...pdf", "pdf"),
    ("\u202egnp.pdf", "gnp.pdf"), ("a" * 300 + ".pdf", "a" * 140 + ".pdf"), ("", "file"), ('x"<>|?*.pdf', "x.pdf")])
def test_names_are_made_safe(given, kept):
    assert clean_name(given) == kept


def test_the_owners_right_and_park_decide(actor, thing):
    west = make_thing("west", name="west")
    with actor("operations_clerk", RIGHTS) as s:
        row = attach(s, s.get(SampleThing, thing), io.BytesIO(PDF), "a.pdf").id
        s.commit()
        assert s.get(SampleThing, west) is None
    with actor("leadership", "sample.thing:read") as s:
        obj = s.get(SampleThing, thing)
        assert attachments.of(s, obj) == [s.get(Attachment, row)]
        with pytest.raises(NotAllowed):
            attach(s, obj, io.BytesIO(PDF), "b.pdf")
        with pytest.raises(NotAllowed):
            attachments.remove(s, s.get(Attachment, row))
    for rights, park in (("core.todo:read", "east"), (RIGHTS, "west")):
        with actor("operations_clerk_west", rights, park=park) as s, pytest.raises(NotFound):
            attachments.find(s, row)


def test_control_without_the_owner_check_a_foreign_park_reads_the_file(actor, thing):
    """The row alone, read outside the scope, would hand the content out."""
    with actor("operations_clerk", RIGHTS) as s:
        row = attach(s, s.get(SampleThing, thing), io.BytesIO(PDF), "a.pdf").id
        s.commit()
    with actor("operations_clerk_west", RIGHTS, park="west") as s:
        found = s.execute(select(Attachment).where(Attachment.id == row), execution_options={"parkops_unscoped": True}).scalar_one()
        assert attachments.path_of(found.sha256).read_bytes() == PDF


def test_one_content_is_stored_once_and_removal_is_audited(actor, thing):
    with actor("operations_clerk", RIGHTS) as s:
        obj = s.get(SampleThing, thing)
        one, two = attach(s, obj, io.BytesIO(PDF), "a.pdf"), attach(s, obj, io.BytesIO(PDF), "again.pdf")
        assert one is two
        attachments.remove(s, one)
        assert attachments.of(s, obj) == []
        with pytest.raises(NotFound):
            attachments.find(s, one.id)
        ops = s.scalars(select(AuditEntry.op).where(AuditEntry.resource == "core.attachment").order_by(AuditEntry.id)).all()
        assert ops == ["insert", "update"]


def test_lost_content_is_a_sentence_and_found_by_the_check(actor, thing):
    with actor("operations_clerk", RIGHTS) as s:
        row = attach(s, s.get(SampleThing, thing), io.BytesIO(PDF + b"lost"), "a.pdf")
        attachments.path_of(row.sha256).unlink()
        assert attachments.missing(s) == [row]
        with pytest.raises(NotFound, match="backup"):
            attachments.open_file(s, row)


def test_sweep_removes_only_what_nobody_refers_to(actor, thing, monkeypatch, tmp_path):
    """In a folder of its own: the other workers' contents belong to databases this one does not see."""
    own = dataclasses.replace(config(), data_dir=tmp_path)
    monkeypatch.setattr(attachments, "config", lambda: own)
    with actor("operations_clerk", RIGHTS) as s:
        kept = attach(s, s.get(SampleThing, thing), io.BytesIO(PDF + b"kept"), "a.pdf")
        there = attachments.path_of(kept.sha256)
        s.commit()
        gone = attach(s, s.get(SampleThing, thing), io.BytesIO(PDF + b"rolled back"), "b.pdf")
        lost = attachments.path_of(gone.sha256)
        s.rollback()
    with actor("job", park=None, system=True) as s:
        assert attachments.sweep(s, time.time() - 3600) == 0
        assert lost.exists()
        assert attachments.sweep(s, time.time() + 1) == 1
    assert there.exists() and not lost.exists()
