"""Files beside any record: stored by content hash outside the web root, allowed kinds only, the owner's right decides.

The file's name is kept for people; on disk it is `files/ab/cd/<sha-256>`. One content is stored once, however often it is
attached. Files are always served as downloads, never shown inside our origin."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import unicodedata
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Index, String, select
from sqlalchemy.orm import Mapped

from . import refs
from .clock import now
from .config import config
from .db.base import Record, field
from .db.park_optional import ParkOptional, owner_park
from .db.session import scope_of
from .errors import NotAllowed, NotFound, Problem, RuleError
from .i18n import _l
from .security import access
from .security.masking import log_unmask

LARGEST = 20 * 1024 * 1024
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# extension -> (content type, accepted first bytes; empty: text that must decode)
ALLOWED: dict[str, tuple[str, tuple[bytes, ...]]] = {
    "pdf": ("application/pdf", (b"%PDF-",)),
    "png": ("image/png", (b"\x89PNG\r\n\x1a\n",)),
    "jpg": ("image/jpeg", (b"\xff\xd8\xff",)),
    "jpeg": ("image/jpeg", (b"\xff\xd8\xff",)),
    "gif": ("image/gif", (b"GIF87a", b"GIF89a")),
    "webp": ("image/webp", (b"RIFF",)),
    "docx": ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", (b"PK\x03\x04",)),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", (b"PK\x03\x04",)),
    "pptx": ("application/vnd.openxmlformats-officedocument.presentationml.presentation", (b"PK\x03\x04",)),
    "ofd": ("application/ofd", (b"PK\x03\x04",)),
    "zip": ("application/zip", (b"PK\x03\x04",)),
    "doc": ("application/msword", (OLE,)),
    "xls": ("application/vnd.ms-excel", (OLE,)),
    "ppt": ("application/vnd.ms-powerpoint", (OLE,)),
    "wps": ("application/octet-stream", (OLE, b"PK\x03\x04")),
    "txt": ("text/plain; charset=utf-8", ()),
    "csv": ("text/csv; charset=utf-8", ()),
}
PACKAGES = {"docx": "word/", "xlsx": "xl/", "pptx": "ppt/", "ofd": "OFD.xml"}
RESERVED = re.compile(r"[\x00-\x1f\x7f<>:\"/\\|?*\u202a-\u202e\u2066-\u2069\u200e\u200f]")


GUARDS: dict[str, Callable[[Any, Any], bool]] = {}  # resource -> may(session, owner): who may open files of an owner they may read
# (resource, kind) -> personal columns such a file shows in the clear: opened by who may unmask the resource, and every look is logged
CLEAR: dict[tuple[str, str], tuple[str, ...]] = {}
SEALED: set[str] = set()  # resources whose files only their module keeps: people put none beside and take none off


class Attachment(ParkOptional, Record):
    """A file beside a record. `kind`: what it proves (certificate, minute, statement …), free code of the module."""

    __tablename__ = "core_attachment"
    __table_args__ = (
        Index("ix_core_attachment_record", "resource", "record_id"), Index("ix_core_attachment_sha256", "sha256"),
        CheckConstraint("size >= 0", name="size"),
    )
    resource: Mapped[str] = field(String(80), _l("Kind of record"))
    record_id: Mapped[int] = field(BigInteger, _l("Record"))
    filename: Mapped[str] = field(String(200), _l("File name"))
    content_type: Mapped[str] = field(String(120), _l("Content type"))
    size: Mapped[int] = field(BigInteger, _l("Size (bytes)"))
    sha256: Mapped[str] = field(String(64), _l("Checksum"), fmt="code")
    kind: Mapped[str | None] = field(String(40), _l("Kind"))
    uploaded_by_id: Mapped[int | None] = field(BigInteger, _l("User id"))
    uploaded_by: Mapped[str] = field(String(80), _l("Uploaded by"))
    is_removed: Mapped[bool] = field(Boolean, _l("Removed"), default=False, server_default="false")

    def __str__(self) -> str:
        return self.filename


def clean_name(filename: str) -> str:
    """A name that is safe everywhere: no path, no control or direction characters, no leading dots, at most 150 long."""
    name = unicodedata.normalize("NFC", filename or "").replace("\\", "/").rsplit("/", 1)[-1]
    name = re.sub(r"\s+", " ", RESERVED.sub("", name)).strip(" .")
    stem, dot, ext = name.rpartition(".")
    if not dot:
        stem, ext = name, ""
    stem = stem.strip(" .")[:140] or "file"
    return f"{stem}.{ext[:10].lower()}" if ext else stem


def path_of(sha256: str) -> Path:
    """Where a content lies."""
    if not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise NotFound(_l("There is no such file."))
    return config().files_dir / sha256[:2] / sha256[2:4] / sha256


def _refuse(code: str, message: Any) -> RuleError:
    return RuleError([Problem(code, message, "file")])


def _receive(stream: BinaryIO) -> tuple[Path, str, int, bytes]:
    """Copy to a temporary file beside the store, counting and hashing; never more than LARGEST in a file, 64 KiB in memory."""
    folder = config().files_dir / "tmp"
    folder.mkdir(parents=True, exist_ok=True, mode=0o750)
    digest, size, head = hashlib.sha256(), 0, b""
    fd, name = tempfile.mkstemp(dir=folder)
    try:
        with os.fdopen(fd, "wb") as out:
            while block := stream.read(65536):
                size += len(block)
                if size > LARGEST:
                    raise _refuse("file.large", _l("The file is larger than 20 MiB. Split or compress it."))
                head = head or block[:64]
                digest.update(block)
                out.write(block)
            out.flush()
            os.fsync(out.fileno())
    except BaseException:
        os.unlink(name)
        raise
    return Path(name), digest.hexdigest(), size, head


def _check_kind(path: Path, name: str, size: int, head: bytes) -> str:
    """The content type, after the extension, the first bytes and (for packages) the inside agree."""
    ext = name.rpartition(".")[2].lower() if "." in name else ""
    if ext not in ALLOWED:
        raise _refuse("file.kind", _l("Files of this kind are not accepted. Use one of: %(kinds)s.", kinds=", ".join(ALLOWED)))
    if size == 0:
        raise _refuse("file.empty", _l("The file is empty."))
    content_type, starts = ALLOWED[ext]
    wrong = _refuse("file.content", _l("The content is not what the name says. Save the file as .%(ext)s and try again.", ext=ext))
    if starts and not head.startswith(starts):
        raise wrong
    if ext == "webp" and head[8:12] != b"WEBP":
        raise wrong
    if ext in PACKAGES and not _package_holds(path, PACKAGES[ext]):
        raise wrong
    if not starts and not _is_text(path):
        raise wrong
    return content_type


def _package_holds(path: Path, part: str) -> bool:
    try:
        with zipfile.ZipFile(path) as z:
            return any(n.startswith(part) for n in z.namelist()) and not any("vbaproject" in n.lower() for n in z.namelist())
    except (zipfile.BadZipFile, OSError, ValueError):
        return False


def _is_text(path: Path) -> bool:
    raw = path.read_bytes()
    if b"\x00" in raw[:4096] and not raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return False
    for encoding in ("utf-16",) if raw.startswith((b"\xff\xfe", b"\xfe\xff")) else ("utf-8", "gb18030"):
        try:
            raw.decode(encoding)
            return True
        except UnicodeDecodeError:
            continue
    return False


def attach(session: Any, owner: Any, stream: BinaryIO, filename: str, kind: str | None = None) -> Attachment:
    """Store a file beside `owner`; needs `change`, `add` or `act` on the owner's resource.

    Raises RuleError (`file.large|kind|content|empty`, field `file`). The same content beside the same record is one
    attachment. A file whose transaction fails stays in the store unreferenced until `sweep` removes it."""
    resource, record_id = refs.ref(owner)
    if not any(access.may(session, resource, word) for word in ("change", "add", "act")):
        raise NotAllowed(_l("You may not attach files to this record."))
    refs.load(session, resource, record_id)
    name = clean_name(filename)
    temporary, sha256, size, head = _receive(stream)
    try:
        content_type = _check_kind(temporary, name, size, head)
        have = session.execute(select(Attachment).where(
            Attachment.resource == resource, Attachment.record_id == record_id, Attachment.sha256 == sha256,
            ~Attachment.is_removed)).scalars().first()
        if have is not None:
            return have
        target = path_of(sha256)
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)
    scope = scope_of(session)
    row = Attachment(resource=resource, record_id=record_id, park_id=owner_park(session, owner), filename=name,
                     content_type=content_type, size=size, sha256=sha256, kind=kind, uploaded_by_id=scope.user_id,
                     uploaded_by=scope.user_name, is_removed=False, created_at=now())
    session.add(row)
    session.flush()
    return row


def of(session: Any, owner: Any, kind: str | None = None) -> list[Attachment]:
    """Files beside a record, oldest first; needs `read` on the owner's resource."""
    resource, record_id = refs.ref(owner)
    access.require(session, resource, "read")
    wanted = select(Attachment).where(Attachment.resource == resource, Attachment.record_id == record_id, ~Attachment.is_removed)
    if kind is not None:
        wanted = wanted.where(Attachment.kind == kind)
    return list(session.execute(wanted.order_by(Attachment.id)).scalars())


def find(session: Any, attachment_id: int) -> Attachment:
    """One attachment whose owner the actor may read; NotFound otherwise (also for a foreign park or no right)."""
    row = session.execute(select(Attachment).where(Attachment.id == attachment_id, ~Attachment.is_removed)).scalar_one_or_none()
    if row is None or not access.may(session, row.resource, "read"):
        raise NotFound(_l("There is no such file."))
    owner = refs.load(session, row.resource, row.record_id)
    if row.resource in GUARDS and not GUARDS[row.resource](session, owner):
        raise NotFound(_l("There is no such file."))
    if (row.resource, row.kind) in CLEAR and not access.may_unmask(session, row.resource):
        raise NotAllowed(_l("This file names people in full. Ask somebody who may see them."))
    return row


def open_file(session: Any, attachment: Attachment) -> BinaryIO:
    """The content, opened for reading; NotFound in one sentence when the store has lost it."""
    found = find(session, attachment.id)
    if (found.resource, found.kind) in CLEAR:
        log_unmask(session, found.resource, [found.record_id], CLEAR[found.resource, found.kind], park_id=found.park_id)
    try:
        return path_of(attachment.sha256).open("rb")
    except FileNotFoundError:
        raise NotFound(_l("The file's content is missing in the store. Restore it from the backup.")) from None


def require_unsealed(resource: str) -> None:
    """NotAllowed for records whose files nobody changes by hand."""
    if resource in SEALED:
        raise NotAllowed(_l("The files of this record are made with it and stay as they are. Attach yours to another record."))


def remove(session: Any, attachment: Attachment) -> None:
    """Take a file off its record; audited. The content stays in the store, as evidence."""
    access.require(session, attachment.resource, "change")
    attachment.is_removed = True
    session.flush()


def missing(session: Any) -> list[Attachment]:
    """Attachments whose content is not in the store, or has another size (integrity check)."""
    rows = session.execute(select(Attachment).where(~Attachment.is_removed)).scalars()
    return [a for a in rows if not path_of(a.sha256).is_file() or path_of(a.sha256).stat().st_size != a.size]


def sweep(session: Any, older_than: float) -> int:
    """Delete contents nobody refers to that were stored before `older_than` (POSIX time); returns how many."""
    store, gone = config().files_dir, 0
    for path in store.glob("??/??/*") if store.is_dir() else ():
        if path.stat().st_mtime < older_than and session.execute(
                select(Attachment.id).where(Attachment.sha256 == path.name).limit(1)).first() is None:
            path.unlink(missing_ok=True)
            gone += 1
    for path in (store / "tmp").glob("*"):
        if path.stat().st_mtime < older_than:
            path.unlink(missing_ok=True)
    return gone
