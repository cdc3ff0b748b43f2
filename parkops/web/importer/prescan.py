"""Look before opening: a streaming scan of an uploaded workbook that refuses what would hurt, in one sentence.

Runs inside the reading child. Nothing here trusts a size that the file states about itself: members are inflated with a
counter and XML is streamed through expat, which also tells merged cells and formulas without a stored result."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.parsers import expat

from ...errors import Refused
from ...i18n import _l

MIB = 1024 * 1024
MAX_FILE = 20 * MIB
MAX_UNPACKED = 200 * MIB
MAX_RATIO, RATIO_FROM = 100, 4 * MIB  # a member may grow hundredfold only while it stays small
MAX_MEMBERS, MAX_SHEETS, MAX_STYLES = 500, 50, 10_000
MAX_ROWS, MAX_COLUMNS, MAX_AREA = 200_050, 200, 6_000_000
MAX_CELL = 32_767  # the spreadsheet's own limit for a cell's text
MAX_TOKEN = 256 * 1024  # expat keeps one tag in memory
MAX_DEPTH = 40
MAX_MERGED = 5_000
OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_REF = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")


@dataclass
class Facts:
    """What the scan learnt. merged: (first row, first column, last row, last column) of the first sheet, from 1."""

    sheets: list[str] = field(default_factory=list)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)


def column_number(letters: str) -> int:
    n = 0
    for c in letters:
        n = n * 26 + ord(c) - 64
    return n


def column_letters(n: int) -> str:
    out = ""
    while n:
        n, rest = divmod(n - 1, 26)
        out = chr(65 + rest) + out
    return out


def refuse_far(ref: str) -> None:
    raise Refused(_l("Cell %(cell)s lies outside the %(rows)s rows and %(columns)s columns an import may have; delete "
                     "it or copy the table into a new workbook.", cell=ref, rows=MAX_ROWS - 50, columns=MAX_COLUMNS))


def refuse_formula(ref: str) -> None:
    raise Refused(_l("Cell %(cell)s holds a formula that was never calculated; open the file in the spreadsheet "
                     "program, save it and upload it again.", cell=ref))


def refuse_damaged() -> None:
    raise Refused(_l("The workbook is damaged; open it in the spreadsheet program, save it again and upload it."))


def refuse_styles() -> None:
    raise Refused(_l("The workbook has too many cell styles; copy the table into a new workbook as values."))


class Extent:
    """The bounding box of the cells with content; refuses far cells and thinly filled giants."""

    def __init__(self) -> None:
        self.top = self.left = 10**9
        self.bottom = self.right = 0

    def add(self, row: int, column: int) -> None:
        if row > MAX_ROWS or column > MAX_COLUMNS:
            refuse_far(f"{column_letters(column)}{row}")
        self.top, self.bottom = min(self.top, row), max(self.bottom, row)
        self.left, self.right = min(self.left, column), max(self.right, column)

    def check(self) -> None:
        if self.bottom and (self.bottom - self.top + 1) * (self.right - self.left + 1) > MAX_AREA:
            refuse_far(f"{column_letters(self.right)}{self.bottom}")


class Xml:
    """Expat with the doors shut: no DTD, no entities, no giant token, no deep nesting."""

    def __init__(self, member: str):
        self.member, self.depth, self.fed = member, 0, 0
        self.parser = p = expat.ParserCreate(namespace_separator=" ")
        p.StartDoctypeDeclHandler = self.doctype
        p.StartElementHandler, p.EndElementHandler = self.start, self.end
        p.CharacterDataHandler = self.text

    def doctype(self, *_args: Any) -> None:
        raise Refused(_l("The workbook holds a document type or entity declaration, which no spreadsheet program "
                         "writes; save it again with one."))

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            refuse_damaged()
        self.opened(name.rpartition(" ")[2], attributes)

    def end(self, name: str) -> None:
        self.depth -= 1
        self.closed(name.rpartition(" ")[2])

    def opened(self, tag: str, attributes: dict[str, str]) -> None: ...

    def closed(self, tag: str) -> None: ...

    def text(self, data: str) -> None: ...

    def run(self, blocks: Iterator[bytes]) -> None:
        """Stream the member; a tag that does not end within MAX_TOKEN is refused before it fills the memory."""
        try:
            for block in blocks:
                self.fed += len(block)
                self.parser.Parse(block, False)
                if self.fed - max(self.parser.CurrentByteIndex, 0) > MAX_TOKEN:
                    raise Refused(_l("The workbook holds an oversized entry; copy the table into a new workbook."))
            self.parser.Parse(b"", True)
        except expat.ExpatError:
            refuse_damaged()


class SheetXml(Xml):
    """Cells of one sheet: place, formula without result, length of inline text, merged ranges."""

    def __init__(self, member: str):
        super().__init__(member)
        self.extent, self.merged = Extent(), []
        self.row = self.column = self.length = 0
        self.has_formula = self.has_value = self.is_text = self.empty_result = False
        self.inside = ""

    def opened(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "c":
            self.cell(attributes.get("r"))
            self.is_text = attributes.get("t") == "str"
        elif tag == "row":
            self.row = self.number(attributes["r"]) if "r" in attributes else self.row + 1
            self.column = 0
        elif tag in ("v", "f", "t"):
            self.inside, self.length = tag, 0 if tag != "t" else self.length
            self.has_formula = self.has_formula or tag == "f"
            self.empty_result = self.empty_result or (tag == "v" and self.is_text)  # a formula that gives ""
        elif tag == "mergeCell":
            self.merge(attributes.get("ref", ""))

    def number(self, text: str) -> int:
        if not text.isdigit() or len(text) > 9:
            refuse_damaged()
        return int(text)

    def cell(self, ref: str | None) -> None:
        found = _REF.fullmatch(ref) if ref else None
        if ref and not found:
            refuse_damaged()
        if found:
            self.row, self.column = int(found[2]), column_number(found[1])
        else:
            self.column += 1
        self.has_formula = self.has_value = self.empty_result = False
        self.length = 0

    def text(self, data: str) -> None:
        if self.inside:
            self.length += len(data)
            if self.length > MAX_CELL:
                raise Refused(_l("Cell %(cell)s holds more than %(n)s characters; shorten it.",
                                 cell=f"{column_letters(self.column)}{self.row}", n=MAX_CELL))
            if self.inside != "f":
                self.has_value = True

    def closed(self, tag: str) -> None:
        if tag in ("v", "f", "t"):
            self.inside = ""
        elif tag == "c":
            if self.has_formula and not (self.has_value or self.empty_result):
                refuse_formula(f"{column_letters(self.column)}{self.row}")
            if self.has_value:
                self.extent.add(self.row, self.column)

    def merge(self, ref: str) -> None:
        first, _sep, last = ref.partition(":")
        a, b = _REF.fullmatch(first), _REF.fullmatch(last or first)
        if not a or not b or len(self.merged) >= MAX_MERGED:
            raise Refused(_l("The sheet has too many merged cells; unmerge them and upload the file again."))
        self.merged.append((int(a[2]), column_number(a[1]), int(b[2]), column_number(b[1])))


class StringsXml(Xml):
    """The shared strings: length of each."""

    length = 0

    def opened(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "si":
            self.length = 0

    def text(self, data: str) -> None:
        self.length += len(data)
        if self.length > MAX_CELL + 64:
            raise Refused(_l("A cell holds more than %(n)s characters; shorten it.", n=MAX_CELL))


class StylesXml(Xml):
    count = 0

    def opened(self, tag: str, attributes: dict[str, str]) -> None:
        self.count += tag in ("xf", "numFmt", "font", "fill", "border", "dxf")
        if self.count > MAX_STYLES:
            refuse_styles()


class BookXml(Xml):
    def __init__(self, member: str):
        super().__init__(member)
        self.names: list[str] = []

    def opened(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "sheet":
            self.names.append(attributes.get("name", ""))


def inflate(book: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    """The member's bytes in blocks; the ratio and the stated size are checked against what really comes out."""
    total = 0
    with book.open(info) as stream:
        while block := stream.read(64 * 1024):
            total += len(block)
            if total > info.file_size or total > MAX_UNPACKED:
                refuse_bomb()
            yield block
    if total != info.file_size:
        refuse_damaged()


def refuse_bomb() -> None:
    raise Refused(_l("The workbook unpacks to far more than its size; copy the table into a new workbook."))


def check_members(book: zipfile.ZipFile, size: int) -> list[zipfile.ZipInfo]:
    """Names, sizes and kinds of the zip's members."""
    infos = book.infolist()
    if len(infos) > MAX_MEMBERS or sum(i.filename.startswith("xl/worksheets/") for i in infos) > MAX_SHEETS:
        raise Refused(_l("The workbook has too many sheets; keep the one to import."))
    if len({i.filename.lower() for i in infos}) != len(infos):
        refuse_damaged()
    if sum(i.file_size for i in infos) > MAX_UNPACKED or sum(i.compress_size for i in infos) > size:
        refuse_bomb()
    for i in infos:
        if i.file_size > RATIO_FROM and i.file_size > MAX_RATIO * max(i.compress_size, 1):
            refuse_bomb()
        check_member(i)
    return infos


def check_member(info: zipfile.ZipInfo) -> None:
    name = info.filename.lower()
    if info.flag_bits & 0x1:
        raise Refused(_l("The file is protected by a password; remove the password and upload it again."))
    plain = info.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
    if not plain or "\x00" in name or ".." in name.split("/"):
        refuse_damaged()
    if "vbaproject" in name or name.startswith("xl/macrosheets/"):
        raise Refused(_l("The workbook holds macros; save it as .xlsx without macros and upload it again."))
    if name.startswith(("xl/embeddings/", "xl/externallinks/")) or name.endswith((".xls", ".zip", ".exe")):
        raise Refused(_l("The workbook holds embedded or linked files; copy the table into a new workbook."))


def scan_xlsx(path: Path) -> Facts:
    """Refuse a hostile or unusable .xlsx; return what the reader needs to know. Raises Refused."""
    facts = Facts()
    try:
        with zipfile.ZipFile(path) as book:
            infos = check_members(book, path.stat().st_size)
            names = {i.filename for i in infos}
            if "xl/workbook.xml" not in names:
                raise Refused(_l("The file is not an Excel workbook; save the table as .xlsx, .xls or .csv."))
            for info in infos:
                scan_member(book, info, facts)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OSError, RuntimeError):
        refuse_damaged()
    return facts


def scan_member(book: zipfile.ZipFile, info: zipfile.ZipInfo, facts: Facts) -> None:
    name = info.filename
    if not name.endswith((".xml", ".rels")):
        for _block in inflate(book, info):
            pass
        return
    scanner = scanner_of(name)
    scanner.run(inflate(book, info))
    if isinstance(scanner, SheetXml):
        scanner.extent.check()
        facts.sheets.append(name)
        if name.endswith("/sheet1.xml") or not facts.merged:
            facts.merged = scanner.merged
    elif isinstance(scanner, BookXml) and len(scanner.names) > MAX_SHEETS:
        raise Refused(_l("The workbook has too many sheets; keep the one to import."))


def scanner_of(name: str) -> Xml:
    if name.startswith("xl/worksheets/") and "/_rels/" not in name:
        return SheetXml(name)
    by_name = {"xl/sharedStrings.xml": StringsXml, "xl/styles.xml": StylesXml, "xl/workbook.xml": BookXml}
    return by_name.get(name, Xml)(name)
