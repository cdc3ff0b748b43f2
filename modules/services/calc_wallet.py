"""Licence wallet: the standing of a permit on a day, and the signed number of a code. Pure.

A code is `<random number>.<signature>`; the signature is HMAC-SHA-256 over firm, issue and number, cut to 96 bits."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from datetime import date

TOKEN = re.compile(r"^([A-Za-z0-9_-]{16,32})\.([A-Za-z0-9_-]{16})$")
REMIND = (60, 30, 7)


def standing(state: str, valid_from: date, valid_to: date | None, on: date) -> str:
    """valid, suspended, revoked, given_up, not_yet or expired on that day; the last day still counts."""
    if state != "valid":
        return state
    if on < valid_from:
        return "not_yet"
    return "expired" if valid_to is not None and on > valid_to else "valid"


def sign(key: bytes, firm_id: int, serial: int, public_id: str) -> str:
    """16 characters; needs the key."""
    text = f"{firm_id}:{serial}:{public_id}".encode()
    return base64.urlsafe_b64encode(hmac.new(key, text, hashlib.sha256).digest()[:12]).decode()


def token(key: bytes, firm_id: int, serial: int, public_id: str) -> str:
    """What the address of a code ends with."""
    return f"{public_id}.{sign(key, firm_id, serial, public_id)}"


def parts(text: str) -> tuple[str, str] | None:
    """(number, signature) of a token, or None when it has not the shape of one."""
    found = TOKEN.match(text)
    return (found[1], found[2]) if found else None


def genuine(key: bytes, firm_id: int, serial: int, public_id: str, signature: str) -> bool:
    """Whether the signature is ours; in constant time."""
    return hmac.compare_digest(sign(key, firm_id, serial, public_id), signature)


def reminder(valid_to: date, on: date, days: tuple[int, ...] = REMIND) -> int | None:
    """The tightest warning that is reached on that day: 60, 30 or 7; None before, and once it is over."""
    left = (valid_to - on).days
    return min((d for d in days if 0 <= left <= d), default=None)
