"""The page where payments are entered: pick a firm, tick its open bills, type what came in."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask import flash, jsonify, redirect, request
from sqlalchemy import select

from modules.tenants.models.firm import Firm
from parkops import clock
from parkops.errors import ParkOpsError
from parkops.i18n import _, _l
from parkops.web import idempotency
from parkops.web.editing import as_rule_error, attempt
from parkops.web.values import amount_typed, day_typed
from parkops.web.views import Page, route

from ..calc_allocation import RULES
from ..models.receipt import BankAccount, Receipt
from ..services import allocations, receipts_forms
from ..services.receipts import advance_left
from .receipts import RULE_NOW, WAYS


class PaymentPage(Page):
    """`/billing/payment/?firm=7`: pick a firm, tick its open bills, type what came in; the difference must suit."""

    route_base = "/billing/payment"
    resource = "billing.receipt"
    title = _l("Enter a payment")
    menu = ("receipts", 5)
    icon = "cash-register"
    menu_word = "add"

    @route("/", "add")
    def index(self) -> Any:
        """The form, for a firm (`firm`), perhaps with one bill chosen (`bill`)."""
        return self._draw({"received_on": clock.today().isoformat(), "kind": "bank"})

    @route("/plan", "add")
    def plan(self) -> Any:
        """JSON: what a rule would settle with an amount; nothing is saved."""
        try:
            amount, on = amount_typed(request.args.get("amount")), day_typed(request.args.get("on")) or clock.today()
            rule = request.args.get("rule")
            found = allocations.preview(
                self.session,
                int(request.args.get("firm", "0")),
                amount=amount or Decimal(0),
                on=on,
                allocate=rule if rule in RULES else "setting",
            )
        except (ParkOpsError, ValueError) as e:
            return jsonify({"message": str(e)}), 422
        return jsonify({"shares": [{"bill": b.id, "amount": str(s.amount), "left": str(s.left)} for b, s in found]})

    @route("/save", "add", methods=("POST",))
    def save(self) -> Any:
        """Post the receipt. Repeating the same form has one effect."""
        typed = {k: v for k, v in request.form.items() if k not in ("csrf_token", "_once")}
        claimed = idempotency.claim(self.session, request.form.get("_once"), request.path, typed, needed=True)
        if claimed.answer is not None:
            self.session.rollback()
            return redirect(str(claimed.answer.get("url") or "/billing/receipt/"), 303)
        row, refusal = attempt(self.session, lambda: self._post(typed, claimed))
        if refusal is not None:
            return self._draw(typed, refusal)
        flash(_("Receipt %(number)s over %(amount)s was posted.", number=row.number, amount=f"{row.amount:,.2f}"), "success")
        return redirect(f"/billing/receipt/{row.id}", 303)

    def _post(self, typed: dict[str, str], claimed: Any) -> Receipt:
        pairs = [(int(k[2:]), amount_typed(v)) for k, v in typed.items() if k.startswith("a.") and k[2:].isdigit() and v.strip()]
        firm, account = typed.get("firm") or "", typed.get("bank_account_id") or ""
        row = receipts_forms.take_payment(
            self.session,
            firm_id=int(firm) if firm.isdigit() else None,
            amount=amount_typed(typed.get("amount")),
            kind=typed.get("kind") or "bank",
            received_on=day_typed(typed.get("received_on")) or clock.today(),
            payer=typed.get("payer"),
            reference=typed.get("reference"),
            bank_account_id=int(account) if account.isdigit() else None,
            pairs=[(i, a) for i, a in pairs if a] if firm else None,
        )
        idempotency.keep(self.session, claimed, {"url": f"/billing/receipt/{row.id}"})
        return row

    def _draw(self, typed: dict[str, str], refusal: ParkOpsError | None = None) -> Any:
        firm_id = request.values.get("firm", "")
        firm = self.session.get(Firm, int(firm_id)) if firm_id.isdigit() else None
        bills = allocations.open_bills(self.session, firm.id) if firm is not None else []
        problems = as_rule_error(refusal).problems if refusal is not None else []
        accounts = self.session.scalars(select(BankAccount).where(BankAccount.active).order_by(BankAccount.name)).all()
        chosen = request.args.get("bill", "")
        return self.draw(
            "billing/payment.html",
            422 if refusal is not None else 200,
            firm=firm,
            bills=bills,
            typed=typed,
            accounts=accounts,
            ways=WAYS,
            problems=problems,
            today=clock.today(),
            once=idempotency.new_key(),
            chosen=chosen,
            rules=RULE_NOW.choices(self.session),
            advance=advance_left(self.session, firm.id) if firm is not None else None,
        )


PAGES = [PaymentPage]
