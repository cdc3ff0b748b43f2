"""Signatures between halls: HMAC-SHA-256 over everything that matters, with key id, time and nonce. Pure.

The text that is signed has one line each for method, path, key id, sending and receiving side, seconds since 1970, nonce and the
SHA-256 of the body; a changed byte anywhere changes the signature. The two halls of a pair hold the same key and opposite sides: what
a hall sent itself bears the wrong side when it comes back to it."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass

WINDOW = 300  # seconds a message's time may differ from the receiver's clock
NONCE = re.compile(r"[A-Za-z0-9_-]{16,80}")
NAMES = ("X-Hall-Key", "X-Hall-Time", "X-Hall-Nonce", "X-Hall-Signature")


OTHER = {"first": "second", "second": "first"}


@dataclass(frozen=True)
class Seal:
    """What the four headers say."""

    key_id: str
    time: str
    nonce: str
    signature: str

    def headers(self) -> dict[str, str]:
        """As sent."""
        return dict(zip(NAMES, (self.key_id, self.time, self.nonce, self.signature), strict=True))


def signature(key: str, *, sender: str, method: str, path: str, key_id: str, time: str, nonce: str, body: bytes) -> str:
    """Hex digest. `sender` is the side that sends, `first` or `second`."""
    text = "\n".join((method.upper(), path, key_id, sender, OTHER[sender], time, nonce, hashlib.sha256(body).hexdigest()))
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()


def seal(key: str, *, sender: str, method: str, path: str, key_id: str, now: int, nonce: str, body: bytes) -> Seal:
    """The headers of a message of that side."""
    given = {"sender": sender, "method": method, "path": path, "key_id": key_id, "time": str(now), "nonce": nonce, "body": body}
    return Seal(key_id, str(now), nonce, signature(key, **given))


def why_wrong(found: Seal, key: str, *, sender: str, method: str, path: str, body: bytes, now: int) -> str | None:
    """`time`, `nonce` or `signature` when the message is refused, else None. `sender` is the side that may have sent it, the other
    than the receiver's own. The signature is compared in constant time."""
    told = {"key_id": found.key_id, "time": found.time, "nonce": found.nonce}
    right = signature(key, sender=sender, method=method, path=path, body=body, **told)
    if not hmac.compare_digest(right.encode(), found.signature.encode("utf-8", "replace")):
        return "signature"
    if not (found.time.isascii() and found.time.isdigit() and len(found.time) <= 12) or abs(int(found.time) - now) > WINDOW:
        return "time"
    return None if NONCE.fullmatch(found.nonce) else "nonce"
