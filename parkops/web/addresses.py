"""The address people reach this installation by: what links in QR codes, invitations and letters begin with."""

from __future__ import annotations

from typing import Any

from flask import has_request_context, request

from .. import settings


def public_url(session: Any) -> str:
    """The address of the settings (`core.public_url`), else the one this request came by; without a slash at its end."""
    return settings.public_url(session) or (request.host_url.rstrip("/") if has_request_context() else "")
