"""Screens of partner halls and messages; the signed interface other halls call."""

from __future__ import annotations

import json
import time
from typing import Any

from flask import jsonify, request

from parkops.db.session import system_scope
from parkops.errors import ParkOpsError, Refused
from parkops.i18n import _l
from parkops.web.actions import refusal_json
from parkops.web.resource import Col, Related, Resource, Section, Titles
from parkops.web.views import Api, route

from .. import calc_sign
from ..models.partner import MESSAGES, PartnerHall, PartnerMessage
from ..services import inbox

P = "modules.services.services.partners"
MOST = 200_000

RESOURCES = [
    Resource(
        "services.partner",
        PartnerHall,
        Titles(_l("Partner halls"), _l("Partner hall"), _l("New partner hall")),
        columns=(
            Col("name", width=220, important=True, link=True),
            Col("code", width=100),
            Col("district", width=160, important=True),
            Col("signed_on", width=110),
            Col("ends_on", width=110),
            Col("url", width=240),
            Col("key_id", width=140),
            Col("active", width=80, important=True),
        ),
        sections=(
            Section(_l("Partner hall"), ("code", "name", "district", "hall_id", "signed_on", "ends_on", "post_address", "phone", "active")),
            Section(_l("Data interface"), ("url", "key_id", "key", "side")),
        ),
        create=f"{P}:create_partner",
        change=f"{P}:change_partner",
        remove=f"{P}:remove_partner",
        tabs=(
            Related("cases", _l("Cases"), "services.case", "partner_id", order=10),
            Related("messages", _l("Messages"), "services.partner_message", "partner_id", order=20),
        ),
        load=("hall",),
        search=("name", "code"),
        sort="code",
        menu=("hall_partners", 10),
        icon="building-bridge",
        code_field="code",
    ),
    Resource(
        "services.partner_message",
        PartnerMessage,
        Titles(_l("Messages of partner halls"), _l("Partner message")),
        columns=(
            Col("at", width=150, important=True, link=True),
            Col("direction", width=90, important=True),
            Col("kind", width=140, important=True),
            Col("partner_id", width=200),
            Col("case_id", width=140),
            Col("key", width=220),
            Col("sent_at", width=150),
        ),
        sections=(Section(_l("Partner message"), ("partner_id", "direction", "kind", "key", "nonce", "case_id", "at", "sent_at")),),
        load=("partner",),
        search=("key",),
        sort="-id",
        menu=("hall_partners", 20),
        icon="mail-forward",
    ),
]


class PartnerInboxApi(Api):
    """`POST /api/v1/services/partner_inbox/`: a message of a partner hall, signed with the pair's common key."""

    route_base = "/api/v1/services/partner_inbox"
    resource = "services.partner_message"
    openapi_spec_tag = "services.partner"
    signed = True
    portal = True

    def refuse(self, word: str | None, resource: str | None) -> Any:
        """The signature decides (SV-63); no log-in and no cookie counts."""
        return None

    @route("/", None, methods=("POST",))
    def index(self) -> Any:
        """Take a message; repeat with the same key and a new nonce at will.
        ---
        post:
          parameters:
          - {in: header, name: X-Hall-Key, required: true, schema: {type: string}}
          - {in: header, name: X-Hall-Time, required: true, schema: {type: string}}
          - {in: header, name: X-Hall-Nonce, required: true, schema: {type: string}}
          - {in: header, name: X-Hall-Signature, required: true, schema: {type: string}}
          requestBody:
            required: true
            content:
              application/json:
                schema:
                  type: object
                  required: [kind, key, body]
                  properties:
                    kind: {type: string, enum: [case, result, withdraw]}
                    key: {type: string}
                    body: {type: object}
          responses:
            200: {description: "Taken; number and state of the case here", content: {application/json: {schema: {type: object}}}}
            400: {description: Headers missing or no JSON object}
            403: {description: "Unknown key, wrong signature, old time, or a nonce that came before"}
            409: {description: Key used for another content}
            422: {description: Refused; one sentence says why}
        """
        sealed = calc_sign.Seal(*(request.headers.get(n, "") for n in calc_sign.NAMES))
        if not all((sealed.key_id, sealed.time, sealed.nonce, sealed.signature)):
            raise Refused(_l("Sign the message: X-Hall-Key, X-Hall-Time, X-Hall-Nonce and X-Hall-Signature are missing."))
        if (request.content_length or 0) > MOST:
            raise Refused(_l("The message is too long."))
        raw = request.get_data()
        try:
            return jsonify(_take(sealed, raw))
        except ParkOpsError as refusal:
            return jsonify(refusal_json(refusal)), refusal.status


def _take(sealed: calc_sign.Seal, raw: bytes) -> dict[str, Any]:
    """Who signed is looked up first; the message is then taken in that park only, in one transaction."""
    with system_scope("services: who signed a partner's message") as s:
        park_id = inbox.partner_of(s, sealed, path=request.path, body=raw, now=int(time.time())).park_id
    message = _message(raw)
    with system_scope("services: message of a partner hall", parks={park_id}, park_id=park_id) as s:
        partner = inbox.partner_of(s, sealed, path=request.path, body=raw, now=int(time.time()))
        return inbox.take(s, partner, kind=message["kind"], key=message["key"], nonce=sealed.nonce, body=message["body"])


def _message(raw: bytes) -> dict[str, Any]:
    try:
        found = json.loads(raw)
    except ValueError:
        found = None
    if not isinstance(found, dict) or found.get("kind") not in MESSAGES or not isinstance(found.get("body"), dict):
        raise Refused(_l("Send a JSON object with kind, key and body."))
    key = found.get("key")
    if not isinstance(key, str) or not key.isprintable() or not 8 <= len(key) <= 120:
        raise Refused(_l("The key of a message has 8 to 120 printable characters."))
    return found


PAGES = [PartnerInboxApi]
