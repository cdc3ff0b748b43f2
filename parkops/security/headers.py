"""Response headers on every answer, errors included (G40), and the nonce that inline scripts carry."""

from __future__ import annotations

import secrets
from typing import Any

from flask import Response, current_app, g, request

HSTS = "max-age=31536000; includeSubDomains"
PERMISSIONS = "accelerometer=(), camera=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), payment=(), usb=()"


def csp_nonce() -> str:
    """The nonce of this response; templates write `<script nonce="{{ csp_nonce() }}">`."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    return g.csp_nonce


def policy() -> str:
    """Scripts from this site or with the nonce; styles likewise, style attributes allowed (charts, grids); nothing else."""
    nonce = f"'nonce-{csp_nonce()}'"
    parts = {
        "default-src": "'self'", "script-src": f"'self' {nonce}", "script-src-attr": "'none'", "style-src": f"'self' {nonce}",
        "style-src-attr": "'unsafe-inline'", "img-src": "'self' data: blob:", "font-src": "'self' data:", "connect-src": "'self'",
        "object-src": "'none'", "base-uri": "'none'", "frame-src": "'none'", "frame-ancestors": "'none'", "form-action": "'self'",
        "worker-src": "'self' blob:", "manifest-src": "'self'",
    }
    return "; ".join(f"{k} {v}" for k, v in parts.items())


def is_static() -> bool:
    """Files of the front end: no log-in, no database, may be cached."""
    endpoint = request.endpoint or ""
    return endpoint == "static" or endpoint.endswith(".static")


def add(response: Response) -> Response:
    """after_request: what a view set itself wins only for caching of static files and for downloads' own names."""
    headers: Any = response.headers
    headers["Content-Security-Policy"] = policy()
    headers["X-Content-Type-Options"] = "nosniff"
    headers["X-Frame-Options"] = "DENY"
    headers["Referrer-Policy"] = "same-origin"  # the CSRF check on TLS needs the referrer of our own pages
    headers["Permissions-Policy"] = PERMISSIONS
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    headers.pop("Server", None)
    if not is_static():
        headers["Cache-Control"] = "no-store"
        headers.pop("Expires", None)
    if current_app.config["PARKOPS"].https:
        headers["Strict-Transport-Security"] = HSTS
    return response
