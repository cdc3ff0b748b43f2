"""Tokens for interfaces: log in, refresh, log out. The same lock-out, one-time code and sessions as the log-in page."""

from __future__ import annotations

from typing import Any

from flask import g, jsonify, request
from flask_appbuilder.api import BaseApi, expose
from flask_jwt_extended import create_access_token, create_refresh_token

from .. import clock
from ..i18n import _
from ..security import lockout, sessions


class ParkSecurityApi(BaseApi):
    """`/api/v1/security/…`: bearer tokens of 15 minutes, refreshable for at most 12 hours after the log-in."""

    resource_name = "security"
    openapi_spec_tag = "Security"
    csrf_exempt = False  # `security.setup.check_csrf` decides

    def add_apispec_components(self, api_spec: Any) -> None:
        """The bearer schemes of the interface's description."""
        super().add_apispec_components(api_spec)
        for name in ("jwt", "jwt_refresh"):
            api_spec.components.security_scheme(name, {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"})

    @expose("/login", methods=["POST"])
    def login(self) -> Any:
        """User name and password (and code) for an access token
        ---
        post:
          description: Log in. `code` is the one-time code of users with two-step log-in.
          requestBody:
            required: true
            content:
              application/json:
                schema:
                  type: object
                  required: [username, password]
                  properties:
                    username: {type: string, maxLength: 320}
                    password: {type: string, maxLength: 1024}
                    code: {type: string, maxLength: 12}
                    provider: {type: string, enum: [db]}
                    refresh: {type: boolean}
          responses:
            200:
              description: Tokens
              content:
                application/json:
                  schema:
                    type: object
                    properties:
                      access_token: {type: string}
                      refresh_token: {type: string}
            400: {description: Not understood}
            401: {description: Refused}
            429: {description: Too many tries}
        """
        body = request.get_json(silent=True)
        problem = _problem(body)
        if problem:
            return jsonify({"message": problem}), 400
        now, address = clock.now(), request.remote_addr or ""
        done = sessions.log_in(body["username"], body["password"], body.get("code"), now=now, address=address, via="api")
        if done.outcome == "locked":
            return jsonify({"message": locked_text()}), 429
        if done.outcome == "code":
            return jsonify({"message": _("Send the one-time code as `code`."), "code_required": True}), 401
        if done.outcome != "ok":
            return jsonify({"message": wrong_text()}), 401
        sid = sessions.open_session(done.user_id or 0, now=now, address=address, agent=request.user_agent.string, kind="api",
                                    username=done.username)
        claims = {"sid": sid, "epoch": done.epoch}
        answer = {"access_token": create_access_token(identity=str(done.user_id), additional_claims=claims, fresh=True)}
        if body.get("refresh"):
            answer["refresh_token"] = create_refresh_token(identity=str(done.user_id), additional_claims=claims)
        return jsonify(answer)

    @expose("/refresh", methods=["POST"])
    def refresh(self) -> Any:
        """A new access token for a refresh token
        ---
        post:
          description: Refresh; the session behind the token must still be open.
          responses:
            200: {description: A new access token}
            401: {description: Refused}
          security:
            - jwt_refresh: []
        """
        if not g.user.is_authenticated or g.get("session_token") is None or g.user.kind != "api":
            return jsonify({"message": _("Please log in first; your session may have ended.")}), 401
        return jsonify({"access_token": create_access_token(
            identity=str(g.user.id), additional_claims={"sid": g.session_token}, fresh=False)})

    @expose("/logout", methods=["POST"])
    def logout(self) -> Any:
        """End the session behind the token
        ---
        post:
          description: Log out; the token is refused from the next call on.
          responses:
            200: {description: Logged out}
            401: {description: Refused}
          security:
            - jwt: []
        """
        if not g.user.is_authenticated or g.user.kind != "api":
            return jsonify({"message": _("Please log in first; your session may have ended.")}), 401
        sessions.end_session(g.session_token, now=clock.now())
        return jsonify({"message": _("Logged out")})


def _problem(body: Any) -> str | None:
    if not isinstance(body, dict):
        return _("Send a JSON object with username and password.")
    for key, longest in (("username", 320), ("password", 1024)):
        if not isinstance(body.get(key), str) or not 0 < len(body[key]) <= longest:
            return _("Send a JSON object with username and password.")
    if not isinstance(body.get("code") or "", str) or body.get("provider", "db") != "db":
        return _("Send a JSON object with username and password.")
    return None


def wrong_text() -> str:
    """One sentence for a wrong name, a wrong password and a deactivated user alike."""
    return _("User name or password is wrong. Check both; after five wrong tries the name is locked for 30 minutes.")


def locked_text() -> str:
    minutes = int(lockout.LOCKED.total_seconds() // 60)
    return _("Too many failed log-ins for this name. Try again in %(n)s minutes or ask a system administrator.", n=minutes)
