"""The same look before opening for legacy .xls: an OLE compound file with a BIFF stream, record by record.

Only what the scan needs: find the workbook stream by its sector chain (bounded, cycles refused), read record heads.
Layout per [MS-CFB] 2.2-2.6 and [MS-XLS] 2.4."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

from ...errors import Refused
from ...i18n import _l
from . import prescan
from .prescan import Extent, Facts, refuse_damaged, refuse_formula

END, FREE = 0xFFFFFFFE, 0xFFFFFFFF
BOF, BOUNDSHEET, FILEPASS, XF, MERGED, FORMULA = 0x809, 0x85, 0x2F, 0xE0, 0xE5, 0x06
CELLS = {0x203, 0x204, 0xFD, 0x27E, 0x205, 0xD6}  # NUMBER LABEL LABELSST RK BOOLERR RSTRING
MULRK = 0xBD


class Compound:
    """A read-only compound file held in memory (at most 20 MiB)."""

    def __init__(self, data: bytes):
        if len(data) < 512 or data[:8] != prescan.OLE_MAGIC:
            refuse_damaged()
        self.data = data
        shift, mini_shift = struct.unpack_from("<HH", data, 30)
        if shift not in (9, 12) or mini_shift != 6:
            refuse_damaged()
        self.size = 1 << shift
        self.limit = len(data) // self.size + 1
        n_fat, directory, _tx, self.cutoff, mini_fat, _n, difat, _nd = struct.unpack_from("<I I I I I I I I", data, 44)
        self.fat = self._fat(n_fat, difat)
        self.entries = list(self._entries(b"".join(self.sectors(directory))))
        self.mini_fat = self._numbers(b"".join(self.sectors(mini_fat))) if mini_fat < END else ()
        root = next((e for e in self.entries if e[1] == 5), None)
        self.mini = b"".join(self.sectors(root[2])) if root and root[2] < END else b""

    def _numbers(self, raw: bytes) -> tuple[int, ...]:
        return struct.unpack(f"<{len(raw) // 4}I", raw[: len(raw) // 4 * 4])

    def sector(self, n: int) -> bytes:
        start = (n + 1) * self.size
        if start >= len(self.data):
            refuse_damaged()
        return self.data[start : start + self.size]

    def _fat(self, count: int, difat: int) -> tuple[int, ...]:
        places = list(struct.unpack_from("<109I", self.data, 76))
        seen = 0
        while difat < END:
            seen += 1
            if seen > self.limit:
                refuse_damaged()
            more = self._numbers(self.sector(difat))
            places += more[:-1]
            difat = more[-1]
        places = [p for p in places if p < END]
        if count > self.limit or len(places) > self.limit:
            refuse_damaged()
        return self._numbers(b"".join(self.sector(p) for p in places))

    def sectors(self, n: int) -> Iterator[bytes]:
        seen = 0
        while n < END:
            seen += 1
            if seen > self.limit or n >= len(self.fat):
                refuse_damaged()
            yield self.sector(n)
            n = self.fat[n]

    def _entries(self, raw: bytes) -> Iterator[tuple[str, int, int, int]]:
        for at in range(0, len(raw) - 127, 128):
            length = struct.unpack_from("<H", raw, at + 64)[0]
            if 2 <= length <= 64:
                name = raw[at : at + length - 2].decode("utf-16-le", "replace")
                start, size = struct.unpack_from("<II", raw, at + 116)
                yield name, raw[at + 66], start, size

    def names(self) -> set[str]:
        return {e[0] for e in self.entries}

    def stream(self, name: str) -> bytes:
        """The stream's bytes; refuses a chain shorter than the stated size."""
        _name, _kind, start, size = next(e for e in self.entries if e[0] == name)
        if size > len(self.data):
            refuse_damaged()
        if size >= self.cutoff:
            raw = b"".join(self.sectors(start))
        else:
            parts, seen = [], 0
            while start < END:
                seen += 1
                if seen > size // 64 + 2 or start >= len(self.mini_fat):
                    refuse_damaged()
                parts.append(self.mini[start * 64 : start * 64 + 64])
                start = self.mini_fat[start]
            raw = b"".join(parts)
        if len(raw) < size:
            refuse_damaged()
        return raw[:size]


def records(stream: bytes) -> Iterator[tuple[int, int, int]]:
    """(type, offset of the body, length) of each record."""
    at, end = 0, len(stream)
    while at + 4 <= end:
        kind, length = struct.unpack_from("<HH", stream, at)
        at += 4
        if length > 8228 or at + length > end:
            if kind == 0 and length == 0:
                return
            refuse_damaged()
        if kind == 0 and length == 0:  # padding behind the last record
            return
        yield kind, at, length
        at += length


def scan_xls(path: Path) -> Facts:
    """Refuse a hostile or unusable .xls. Raises Refused."""
    try:
        book = Compound(path.read_bytes())
        names = book.names()
        if "EncryptedPackage" in names:
            raise Refused(_l("The file is protected by a password; remove the password and upload it again."))
        if "_VBA_PROJECT_CUR" in names or "VBA" in names:
            raise Refused(_l("The workbook holds macros; save it as .xlsx without macros and upload it again."))
        if any(n.startswith(("MBD", "LNK")) for n in names):
            raise Refused(_l("The workbook holds embedded or linked files; copy the table into a new workbook."))
        found = next((n for n in ("Workbook", "Book") if n in names), None)
        if found is None:
            raise Refused(_l("The file is not an Excel workbook; save the table as .xlsx, .xls or .csv."))
        return scan_biff(book.stream(found))
    except (struct.error, StopIteration, IndexError, MemoryError):
        refuse_damaged()
    raise AssertionError("unreachable")


def scan_biff(stream: bytes) -> Facts:
    facts, extent = Facts(), Extent()
    sheets = styles = substream = 0
    for kind, at, length in records(stream):
        if kind == BOF:
            extent.check()
            extent, substream = Extent(), substream + 1
        elif kind == FILEPASS:
            raise Refused(_l("The file is protected by a password; remove the password and upload it again."))
        elif kind == BOUNDSHEET:
            sheets += 1
            if sheets > prescan.MAX_SHEETS:
                raise Refused(_l("The workbook has too many sheets; keep the one to import."))
        elif kind == XF:
            styles += 1
            if styles > prescan.MAX_STYLES:
                prescan.refuse_styles()
        elif kind in CELLS or kind == FORMULA or kind == MULRK:
            scan_cell(stream, kind, at, length, extent)
        elif kind == MERGED and substream == 2:
            merge(stream, at, length, facts)
    extent.check()
    if sheets == 0:
        refuse_damaged()
    return facts


def scan_cell(stream: bytes, kind: int, at: int, length: int, extent: Extent) -> None:
    row, column = struct.unpack_from("<HH", stream, at)
    last = struct.unpack_from("<H", stream, at + length - 2)[0] if kind == MULRK else column
    extent.add(row + 1, last + 1)
    extent.add(row + 1, column + 1)
    # fAlwaysCalc + fCalcOnLoad style flags of writers that never computed the result ([MS-XLS] 2.4.127, bit 1)
    if kind == FORMULA and length >= 16 and struct.unpack_from("<H", stream, at + 14)[0] & 0x2:
        refuse_formula(f"{prescan.column_letters(column + 1)}{row + 1}")


def merge(stream: bytes, at: int, length: int, facts: Facts) -> None:
    count = struct.unpack_from("<H", stream, at)[0]
    if 2 + count * 8 > length:
        refuse_damaged()
    for i in range(count):
        top, bottom, left, right = struct.unpack_from("<4H", stream, at + 2 + i * 8)
        facts.merged.append((top + 1, left + 1, bottom + 1, right + 1))
