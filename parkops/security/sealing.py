"""Text sealed at rest: identity numbers and the like are unreadable in the database, in dumps and in the audit trail.

    id_number: Mapped[str | None] = field(SealedText(), _l("Identity number"), personal="id_number")
    id_print: Mapped[str | None] = field(String(64), ...)       # fingerprint(number): equality without opening

A token is `v1.<key id>.<Fernet token>` (the package cryptography: AES-128-CBC, then HMAC-SHA-256), with keys derived by HKDF from
the installation's `sealing_key`. That key lies beside the data folder's other secrets and in no backup: without it
a row with a sealed value is refused in one sentence, as is a token that was tampered with. Keep a copy of the key apart."""

from __future__ import annotations

import base64
import hashlib
import hmac
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import String
from sqlalchemy.types import TypeDecorator

from ..config import config, secret
from ..errors import Refused
from ..i18n import _l

LOST = _l("This value was sealed with another key. Put the installation's sealing_key back, then open it again.")


def _derived(master: str, name: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"parkops sealing " + name).derive(master.encode())


@lru_cache(maxsize=4)
def _keys(master: str) -> tuple[str, Fernet, bytes]:
    """(key id, what seals, key of fingerprints)."""
    return _derived(master, b"id").hex()[:8], Fernet(base64.urlsafe_b64encode(_derived(master, b"text"))), _derived(master, b"print")


def _master() -> str:
    return secret(config(), "sealing_key")


def seal(text: str) -> str:
    """The token of a text; twice the same text gives two tokens."""
    name, sealer, _print = _keys(_master())
    return f"v1.{name}.{sealer.encrypt(text.encode()).decode()}"


def unseal(token: str) -> str:
    """The text of a token. Raises Refused when the key is another one or the token was changed."""
    name, sealer, _print = _keys(_master())
    version, _dot, rest = token.partition(".")
    of, _dot, coded = rest.partition(".")
    if version != "v1" or of != name:
        raise Refused(LOST)
    try:
        return sealer.decrypt(coded.encode()).decode()
    except InvalidToken:
        raise Refused(LOST) from None


def fingerprint(text: str) -> str:
    """Equal texts give equal fingerprints; without the key nobody can try numbers out."""
    return hmac.new(_keys(_master())[2], text.strip().upper().encode(), hashlib.sha256).hexdigest()


class SealedText(TypeDecorator):
    """A text column whose value is sealed on its way into the database and opened on its way out. The audit trail shows dots."""

    impl = String(300)
    cache_ok = True
    sealed = True

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:
        return None if value is None else seal(value)

    def process_result_value(self, value: str | None, dialect: Any) -> str | None:
        return None if value is None else unseal(value)

    def __init__(self, length: int = 300) -> None:
        super().__init__(length)
        self.long = length

    def __repr__(self) -> str:
        return f"sa.String(length={self.long})"
