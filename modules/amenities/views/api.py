"""REST for tills: what a card holds, and a sale. A till logs in like any program (bearer token) and names itself in every message."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from flask import jsonify, request

from parkops import clock
from parkops.errors import ParkOpsError, Problem, Refused, RuleError
from parkops.i18n import _l
from parkops.web import idempotency
from parkops.web.actions import refusal_json
from parkops.web.editing import attempt
from parkops.web.rest import json_body
from parkops.web.views import Api, route

from ..services import till


def price_of(value: Any) -> Decimal:
    """Yuan as text or whole number; floats are refused, they are not exact."""
    try:
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise InvalidOperation
        found = Decimal(value)
        if not found.is_finite() or found != round(found, 2) or abs(found) > 1_000_000:
            raise InvalidOperation
    except (InvalidOperation, ValueError):
        raise RuleError([Problem("amenities.Y-28", _l("Give the price in yuan as text, such as 12.50."), "price")]) from None
    return round(found, 2)


class TillApi(Api):
    """`/api/v1/amenities/pos/…`."""

    route_base = "/api/v1/amenities/pos"
    resource = "amenities.meal_use"
    openapi_spec_tag = "amenities.pos"

    @route("/card", "add")
    def card(self) -> Any:
        """What a card holds.
        ---
        get:
          parameters:
          - {in: query, name: card, required: true, schema: {type: string}}
          responses:
            200: {description: "Card, state, balance, employer", content: {application/json: {schema: {type: object}}}}
            401: {description: Not logged in}
            403: {description: No right to sell meals}
            404: {description: No such card in your park}
        """
        return jsonify(till.balance_of(self.session, card=_plain(request.args.get("card"))))

    @route("/consume", "add", methods=("POST",))
    def consume(self) -> Any:
        """Sell a meal; repeat with the same Idempotency-Key at will.
        ---
        post:
          parameters: [{in: header, name: Idempotency-Key, required: true, schema: {type: string}}]
          requestBody:
            required: true
            content:
              application/json:
                schema:
                  type: object
                  required: [till, card, price]
                  properties:
                    till: {type: string, description: Code of the till}
                    card: {type: string, description: Number of the card}
                    price: {type: string, description: "Yuan, such as 12.50"}
          responses:
            200: {description: The sale, content: {application/json: {schema: {type: object}}}}
            400: {description: No key or not a JSON object}
            401: {description: Not logged in}
            403: {description: No right to sell meals}
            404: {description: No such till or card}
            409: {description: Key used for another meal}
            422: {description: "Refused; one sentence says why: empty or blocked card, price"}
        """
        body, key = json_body(), request.headers.get("Idempotency-Key") or ""
        if not idempotency.KEY.fullmatch(key):
            raise Refused(_l("Every sale needs an Idempotency-Key of 8 to 100 printable characters."))

        def work() -> dict[str, Any]:
            return till.consume(
                self.session,
                till=_plain(body.get("till")),
                card=_plain(body.get("card")),
                price=price_of(body.get("price")),
                key=key,
                at=clock.now(),
            ).as_json()

        answer, refusal = attempt(self.session, work)
        return _refused(refusal) if refusal is not None else jsonify(answer)


def _plain(value: Any) -> str:
    """A code as a program sent it, without what no code holds."""
    return str(value or "").replace("\x00", "")[:80]


def _refused(refusal: ParkOpsError) -> Any:
    return jsonify(refusal_json(refusal)), refusal.status


PAGES = [TillApi]
