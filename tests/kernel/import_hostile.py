"""Files that want to hurt the importer, generated. `FILES` maps a name to (file name, bytes, control).

control: without the scan the reading child fails, times out or yields a wrong table (asserted by the tests)."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable

CT = ('<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
      '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
      '<Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" '
      'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>')
RELS = ('<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>')
NS = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
HEAD = '<row r="1"><c r="A1" t="inlineStr"><is><t>名称</t></is></c></row>'


def book_xml(sheets: int = 1, extra: str = "") -> str:
    inner = "".join(f'<sheet name="S{i}" sheetId="{i}" r:id="rId{i}"/>' for i in range(1, sheets + 1))
    return (f'<?xml version="1.0"?><workbook {NS} xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/'
            f'relationships">{extra}<sheets>{inner}</sheets></workbook>')


def book_rels(sheets: int = 1) -> str:
    base = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    inner = "".join(f'<Relationship Id="rId{i}" Type="{base}/worksheet" Target="worksheets/sheet{i}.xml"/>'
                    for i in range(1, sheets + 1))
    return (f'<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{inner}'
            f'<Relationship Id="rIdS" Type="{base}/styles" Target="styles.xml"/>'
            f'<Relationship Id="rIdT" Type="{base}/sharedStrings" Target="sharedStrings.xml"/></Relationships>')


def sheet_xml(data: str = HEAD, after: str = "", before: str = "") -> str:
    return f'<?xml version="1.0"?>{before}<worksheet {NS}><sheetData>{data}</sheetData>{after}</worksheet>'


def xlsx(sheet: str | bytes | None = None, *, sheets: int = 1, extra: dict[str, str | bytes] | None = None,
         drop: tuple[str, ...] = (), book_extra: str = "") -> bytes:
    """A small workbook from parts."""
    parts: dict[str, str | bytes] = {
        "[Content_Types].xml": CT, "_rels/.rels": RELS, "xl/workbook.xml": book_xml(sheets, book_extra),
        "xl/_rels/workbook.xml.rels": book_rels(sheets), "xl/styles.xml": f"<styleSheet {NS}/>",
        "xl/sharedStrings.xml": f"<sst {NS}/>"}
    for i in range(1, sheets + 1):
        parts[f"xl/worksheets/sheet{i}.xml"] = sheet if sheet is not None and i == 1 else sheet_xml()
    parts.update(extra or {})
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        for name, body in parts.items():
            if name not in drop:
                z.writestr(name, body)
    return out.getvalue()


def cell(ref: str, text: str = "x") -> str:
    return f'<c r="{ref}" t="inlineStr"><is><t>{text}</t></is></c>'


def row(n: int, *cells: str) -> str:
    return f'<row r="{n}">{"".join(cells)}</row>'


def lying_size() -> bytes:
    """The directory says 100 bytes; the member unpacks to 64 MiB."""
    raw = xlsx(sheet_xml(HEAD + "<!--" + "a" * (64 << 20) + "-->"))
    at = raw.rindex(b"xl/worksheets/sheet1.xml") - 46
    return raw[: at + 24] + struct.pack("<I", 100) + raw[at + 28:]


def bad_crc() -> bytes:
    raw = bytearray(xlsx())
    at = bytes(raw).rindex(b"xl/worksheets/sheet1.xml") - 46
    raw[at + 16] ^= 0xFF
    return bytes(raw)


def encrypted_flag() -> bytes:
    raw = bytearray(xlsx())
    at = bytes(raw).rindex(b"xl/worksheets/sheet1.xml") - 46
    raw[at + 8] |= 1
    return bytes(raw)


def twice() -> bytes:
    out = io.BytesIO(xlsx())
    with zipfile.ZipFile(out, "a") as z:
        z.writestr("XL/worksheets/SHEET1.xml", sheet_xml(HEAD + row(2, cell("A2", "other"))))
    return out.getvalue()


def overlapping() -> bytes:
    """A flat bomb: one 10 MiB kernel of zeros named by many directory entries."""
    kernel = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = kernel.compress(b"\0" * (10 << 20)) + kernel.flush()
    crc = zlib.crc32(b"\0" * (10 << 20))
    name = b"xl/media/a.bin"
    local = struct.pack("<IHHHHHIIIHH", 0x04034B50, 20, 0, 8, 0, 0, crc, len(body), 10 << 20, len(name), 0) + name + body
    central = b""
    for i in range(400):
        entry = f"xl/media/{i}.bin".encode()
        central += struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 20, 20, 0, 8, 0, 0, crc, len(body), 10 << 20, len(entry), 0, 0,
                               0, 0, 0, 0) + entry
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 400, 400, len(central), len(local), 0)
    return local + central + end


def entities() -> bytes:
    lol = "".join(f'<!ENTITY l{i} "{("&l" + str(i - 1) + ";") * 10}">' for i in range(1, 10))
    dtd = f'<!DOCTYPE lolz [<!ENTITY l0 "lol">{lol}]>'
    return xlsx(sheet_xml(row(1, cell("A1", "&l9;")), before=dtd))


def external_entity() -> bytes:
    dtd = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
    return xlsx(sheet_xml(row(1, cell("A1", "&e;")), before=dtd))


# --- legacy .xls ---------------------------------------------------------------------------------------------------------

def record(kind: int, body: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def bof(kind: int) -> bytes:
    return record(0x809, struct.pack("<HHHHII", 0x600, kind, 0xDBB, 0x7CC, 0, 6))


def label(r: int, c: int, text: str) -> bytes:
    raw = text.encode("utf-16-le")
    return record(0x204, struct.pack("<HHHHB", r, c, 0, len(raw) // 2, 1) + raw)


def biff(cells: bytes, *, globals_: bytes = b"", sheets: int = 1) -> bytes:
    """A BIFF8 stream of globals and one sheet."""
    def bounds(at: int) -> bytes:
        return b"".join(record(0x85, struct.pack("<IHBB", at, 0, 2, 0) + b"S" + bytes([48 + i % 10])) for i in range(sheets))

    start = len(bof(5)) + len(globals_) + len(bounds(0)) + len(record(0x0A))
    sheet = bof(0x10) + cells + record(0x0A)
    return bof(5) + globals_ + bounds(start) + record(0x0A) + sheet


def ole(streams: dict[str, bytes]) -> bytes:
    """A compound file with each stream in the big FAT (padded to the cutoff)."""
    sectors, fat, entries = [], [], []
    for name, body in streams.items():
        body = body + b"\0" * max(0, 4096 - len(body))
        first, count = len(sectors), -(-len(body) // 512)
        body = body.ljust(count * 512, b"\0")
        sectors += [body[i * 512 : i * 512 + 512] for i in range(count)]
        fat += [*range(first + 1, first + count), 0xFFFFFFFE]
        entries.append((name, 2, first, count * 512))
    directory = entry("Root Entry", 5, 0xFFFFFFFE, 0, child=1) + b"".join(
        entry(n, k, s, z, right=i + 2 if i + 1 < len(entries) else 0xFFFFFFFF) for i, (n, k, s, z) in enumerate(entries))
    directory = directory.ljust(-(-len(directory) // 512) * 512, b"\0")
    dir_start = len(sectors)
    n = len(directory) // 512
    sectors += [directory[i * 512 : i * 512 + 512] for i in range(n)]
    fat += [*range(dir_start + 1, dir_start + n), 0xFFFFFFFE]
    need = 1
    while need * 128 < len(fat) + need:
        need += 1
    fat_start = len(sectors)
    fat += [0xFFFFFFFD] * need
    raw = struct.pack(f"<{need * 128}I", *fat, *([0xFFFFFFFF] * (need * 128 - len(fat))))
    places = [fat_start + i for i in range(need)]
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 16 + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + b"\0" * 6
    header += struct.pack("<IIIIIIIII", 0, need, dir_start, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    header += struct.pack("<109I", *places, *([0xFFFFFFFF] * (109 - need)))
    return header + b"".join(sectors) + raw


def entry(name: str, kind: int, start: int, size: int, *, child: int = 0xFFFFFFFF, right: int = 0xFFFFFFFF) -> bytes:
    text = name.encode("utf-16-le") + b"\0\0"
    return (text.ljust(64, b"\0") + struct.pack("<HBBIII", len(text), kind, 1, 0xFFFFFFFF, right, child) + b"\0" * 36
            + struct.pack("<III", start, size, 0))


def xls(cells: bytes = b"", **kw: object) -> bytes:
    return ole({"Workbook": biff(label(0, 0, "名称") + cells, **kw)})  # type: ignore[arg-type]


def cyclic_ole() -> bytes:
    raw = bytearray(xls())
    at = 512 + struct.unpack_from("<I", raw, 76)[0] * 512
    struct.pack_into("<I", raw, at + 12, 0)  # sector 3 points back to 0
    return bytes(raw)


def formula_record(r: int, c: int) -> bytes:
    return record(0x06, struct.pack("<HHHdHIH", r, c, 0, 0.0, 2, 0, 3) + b"\x1e\x01\x00")


Maker = Callable[[], bytes]
FORMULA = '<row r="2"><c r="A2"><f>1+1</f><v></v></c></row>'
FILES: dict[str, tuple[str, Maker]] = {
    "far cell": ("a.xlsx", lambda: xlsx(sheet_xml(HEAD + row(1048576, cell("XFD1048576"))))),
    "far row": ("a.xlsx", lambda: xlsx(sheet_xml(HEAD + row(1048576, cell("A1048576"))))),
    "far column": ("a.xlsx", lambda: xlsx(sheet_xml(row(1, cell("A1"), cell("XFD1"))))),
    "thin giant": ("a.xlsx", lambda: xlsx(sheet_xml(HEAD + row(199999, cell("GP199999"))))),
    "reference beyond the sheet": ("a.xlsx", lambda: xlsx(sheet_xml(HEAD + row(9999999, cell("ZZZ9999999"))))),
    "reference of nonsense": ("a.xlsx", lambda: xlsx(sheet_xml(HEAD + '<row r="2"><c r="A-1"><v>1</v></c></row>'))),
    "one giant cell": ("a.xlsx", lambda: xlsx(sheet_xml(HEAD + row(2, cell("A2", "a" * (180 << 20)))))),
    "long cell": ("a.xlsx", lambda: xlsx(sheet_xml(HEAD + row(2, cell("A2", "a" * 40_000))))),
    "giant attribute": ("a.xlsx", lambda: xlsx(sheet_xml(HEAD + f'<row r="2" x="{"a" * (3 << 20)}"/>'))),
    "giant shared string": ("a.xlsx", lambda: xlsx(extra={
        "xl/sharedStrings.xml": f"<sst {NS}><si><t>{'a' * (3 << 20)}</t></si></sst>"})),
    "entities": ("a.xlsx", entities),
    "external entity": ("a.xlsx", external_entity),
    "doctype only": ("a.xlsx", lambda: xlsx(sheet_xml(before="<!DOCTYPE worksheet>"))),
    "deep nesting": ("a.xlsx", lambda: xlsx(sheet_xml(HEAD + "<a>" * 50_000 + "</a>" * 50_000))),
    "broken xml": ("a.xlsx", lambda: xlsx(sheet_xml(HEAD + "<row r='2'><c>"))),
    "lying size": ("a.xlsx", lying_size),
    "wrong checksum": ("a.xlsx", bad_crc),
    "zip bomb": ("a.xlsx", lambda: xlsx(extra={"xl/media/a.bin": b"\0" * (190 << 20)})),
    "overlapping members": ("a.xlsx", overlapping),
    "member twice": ("a.xlsx", twice),
    "many sheets": ("a.xlsx", lambda: xlsx(sheets=10_000)),
    "many members": ("a.xlsx", lambda: xlsx(extra={f"xl/media/{i}.bin": b"" for i in range(10_000)})),
    "many styles": ("a.xlsx", lambda: xlsx(extra={
        "xl/styles.xml": f'<styleSheet {NS}><cellXfs>{"<xf/>" * 20_000}</cellXfs></styleSheet>'})),
    "many merged cells": ("a.xlsx", lambda: xlsx(sheet_xml(after="<mergeCells>" + "".join(
        f'<mergeCell ref="A{i}:B{i}"/>' for i in range(2, 6000)) + "</mergeCells>"))),
    "formula without result": ("a.xlsx", lambda: xlsx(sheet_xml(HEAD + FORMULA))),
    "macros": ("a.xlsx", lambda: xlsx(extra={"xl/vbaProject.bin": b"macro"})),
    "embedded xls": ("a.xlsx", lambda: xlsx(extra={"xl/embeddings/a.xls": b"\xd0\xcf\x11\xe0"})),
    "external link": ("a.xlsx", lambda: xlsx(extra={"xl/externalLinks/externalLink1.xml": "<externalLink/>"})),
    "path traversal": ("a.xlsx", lambda: xlsx(extra={"../../etc/cron.d/x": "x"})),
    "encrypted member": ("a.xlsx", encrypted_flag),
    "encrypted package": ("a.xls", lambda: ole({"EncryptedPackage": b"x" * 5000, "EncryptionInfo": b"x"})),
    "encrypted package named xlsx": ("a.xlsx", lambda: ole({"EncryptedPackage": b"x" * 5000})),
    "zip without workbook": ("a.xlsx", lambda: xlsx(drop=("xl/workbook.xml",))),
    "cut off": ("a.xlsx", lambda: xlsx()[:-40]),
    "xls named xlsx": ("a.xlsx", xls),
    "xlsx named csv": ("a.csv", xlsx),
    "text named xlsx": ("a.xlsx", lambda: "名称\n甲".encode()),
    "xls far cell": ("a.xls", lambda: xls(label(65535, 255, "x"))),
    "xls thin giant": ("a.xls", lambda: xls(label(65535, 199, "x"))),
    "xls encrypted": ("a.xls", lambda: xls(globals_=record(0x2F, b"\0" * 54))),
    "xls many sheets": ("a.xls", lambda: xls(sheets=10_000)),
    "xls many styles": ("a.xls", lambda: xls(globals_=record(0xE0, b"\0" * 20) * 20_000)),
    "xls macros": ("a.xls", lambda: ole({"Workbook": biff(label(0, 0, "名称")), "_VBA_PROJECT_CUR": b"x"})),
    "xls formula without result": ("a.xls", lambda: xls(formula_record(1, 0))),
    "xls cyclic chain": ("a.xls", cyclic_ole),
    "xls record beyond end": ("a.xls", lambda: ole({"Workbook": bof(5) + record(0x85, b"\0" * 8) + struct.pack("<HH", 0xFC, 8000)})),
    "xls cut off": ("a.xls", lambda: xls()[:700]),
    "word file": ("a.xls", lambda: ole({"WordDocument": b"x" * 5000})),
    "csv with NUL": ("a.csv", lambda: b"name\na\x00b\n"),
    "csv of random bytes": ("a.csv", lambda: b"\xff\x80\xff\x80" * 100),
    "csv utf-32": ("a.csv", lambda: "名称\n甲".encode("utf-32")),
    "csv broken utf-16": ("a.csv", lambda: b"\xff\xfe\x00\xd8\x00"),
    "csv open quote": ("a.csv", lambda: "名称,电话\n\"甲,1\n乙,2\n".encode()),
    "csv giant cell": ("a.csv", lambda: b"name\n" + b"a" * (2 << 20) + b"\n"),
    "csv giant header": ("a.csv", lambda: b"a," * 300 + b"\n"),
    "csv many rows": ("a.csv", lambda: b"name\n" + b"a\n" * 300_000),
    "empty": ("a.csv", lambda: b""),
    "blank": ("a.csv", lambda: b"\n\n\n"),
    "too large": ("a.csv", lambda: b"a" * (21 << 20)),
    "wrong suffix": ("a.exe", lambda: b"MZ"),
}
