"""Text sealed at rest: identity numbers and the like are unreadable in the database, in dumps and in the audit trail.

    id_number: Mapped[str | None] = field(SealedText(), _l("Identity number"), personal="id_number")
    id_print: Mapped[str | None] = field(String(64), ...)       # fingerprint(number): equality without opening

A token is `v1.<key id>.<nonce><text><tag>` in base64: HMAC-SHA-256 in counter mode as key stream, then a tag over all of it
(encrypt-then-MAC), with keys derived from the installation's `sealing_key`. The pinned packages bring no block cipher; the two
building blocks are of the standard library. The key lies beside the data folder's other secrets and in no backup: without it a
restored database shows stars only. A token that was tampered with, or sealed with another key, opens to nothing and says so."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from functools import lru_cache
from typing import Any

from sqlalchemy import String
from sqlalchemy.types import TypeDecorator

from ..config import config, secret
from ..errors import Refused
from ..i18n import _l

NONCE, TAG = 16, 16
LOST = _l("This value was sealed with another key. Put the installation's sealing_key back, then open it again.")


@lru_cache(maxsize=4)
def _keys(master: str) -> tuple[str, bytes, bytes, bytes]:
    """(key id, key of the stream, key of the tag, key of fingerprints)."""
    names = (b"id", b"stream", b"tag", b"print")
    parts = [hmac.new(master.encode(), b"parkops sealing " + name, hashlib.sha256).digest() for name in names]
    return parts[0].hex()[:8], parts[1], parts[2], parts[3]


def _master() -> str:
    return secret(config(), "sealing_key")


def _mixed(key: bytes, nonce: bytes, raw: bytes) -> bytes:
    blocks = range((len(raw) + 31) // 32)
    stream = b"".join(hmac.new(key, nonce + n.to_bytes(4, "big"), hashlib.sha256).digest() for n in blocks)
    return bytes(a ^ b for a, b in zip(raw, stream, strict=False))


def seal(text: str) -> str:
    """The token of a text; twice the same text gives two tokens."""
    name, stream, tag, _print = _keys(_master())
    nonce = secrets.token_bytes(NONCE)
    body = nonce + _mixed(stream, nonce, text.encode())
    mark = hmac.new(tag, name.encode() + body, hashlib.sha256).digest()[:TAG]
    return f"v1.{name}.{base64.urlsafe_b64encode(body + mark).decode()}"


def unseal(token: str) -> str:
    """The text of a token. Raises Refused when the key is another one or the token was changed."""
    name, stream, tag, _print = _keys(_master())
    try:
        version, of, coded = token.split(".")
        raw = base64.urlsafe_b64decode(coded)
    except ValueError:
        raise Refused(LOST) from None
    body, mark = raw[:-TAG], raw[-TAG:]
    right = hmac.new(tag, of.encode() + body, hashlib.sha256).digest()[:TAG]
    if version != "v1" or of != name or not hmac.compare_digest(mark, right):
        raise Refused(LOST)
    return _mixed(stream, body[:NONCE], body[NONCE:]).decode()


def fingerprint(text: str) -> str:
    """Equal texts give equal fingerprints; without the key nobody can try numbers out."""
    return hmac.new(_keys(_master())[3], text.strip().upper().encode(), hashlib.sha256).hexdigest()


class SealedText(TypeDecorator):
    """A text column whose value is sealed on its way into the database and opened on its way out. The audit trail shows dots."""

    impl = String(300)
    cache_ok = True
    sealed = True

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:
        return None if value is None else seal(value)

    def process_result_value(self, value: str | None, dialect: Any) -> str | None:
        return None if value is None else unseal(value)

    def __repr__(self) -> str:
        return "sa.String(length=300)"
