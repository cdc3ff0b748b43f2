"""Time-based one-time codes (RFC 6238): a secret per user, a QR code drawn here, and a code that works once.

`check` moves `totp_last_step` forward in one statement, so that the same code sent twice, even at the same instant to two
workers, is accepted once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pyotp
from sqlalchemy import text

from .. import qr

STEP = 30
ISSUER = "ParkOps"
FORCED_ROLES = ("system_administrator", "finance")

USE = text("update core_user set totp_last_step = :step, version = version + 1 where id = :id and totp_enabled"
           " and (totp_last_step is null or totp_last_step < :step)")


def new_secret() -> str:
    return pyotp.random_base32()


def address(secret: str, username: str) -> str:
    """The otpauth:// address an authenticator app reads."""
    return pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name=ISSUER)


def qr_svg(secret: str, username: str) -> str:
    """The QR code as inline SVG without XML declaration; no style attributes, so that the CSP holds."""
    how = {"svgclass": "pk-qr", "lineclass": None, "omitsize": False, "dark": "#000", "light": "#fff"}
    return qr.svg(address(secret, username), scale=5, **how)


def step_of(secret: str, code: str, now: datetime) -> int | None:
    """The time step a code belongs to (the present one or a neighbour), or None."""
    digits = "".join(c for c in code if c.isascii() and c.isdigit())
    if len(digits) != 6:
        return None
    totp, present = pyotp.TOTP(secret), int(now.timestamp()) // STEP
    for step in (present, present - 1, present + 1):
        if pyotp.utils.strings_equal(digits, totp.generate_otp(step)):
            return step
    return None


def check(connection: Any, user_id: int, secret: str, code: str, now: datetime) -> bool:
    """True once per code. Runs on the caller's connection; the caller commits."""
    step = step_of(secret, code, now)
    return step is not None and connection.execute(USE, {"id": user_id, "step": step}).rowcount == 1
