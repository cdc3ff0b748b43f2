"""The page where a bank file is looked at before it is imported, and the matching page: lines left, proposals right, one key."""

from __future__ import annotations

import hashlib
import re
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

from flask import flash, jsonify, redirect, request
from sqlalchemy import func, select

from modules.tenants.models.firm import Firm
from parkops import settings
from parkops.config import config
from parkops.db.session import scope_of
from parkops.errors import NotFound, ParkOpsError, Refused
from parkops.i18n import _, _l
from parkops.security import access, masking
from parkops.web import idempotency
from parkops.web.editing import as_rule_error, attempt
from parkops.web.values import amount_typed
from parkops.web.views import PK, Page, route

from .. import calc_matching as calc
from ..models.bank import BankLine
from ..models.bill import Bill
from ..models.deposit import Deposit
from ..models.receipt import BankAccount
from ..services import bank_book, bank_statements, bank_tables, matching

SHOWN, LIMIT = 100, 20 * 1024 * 1024
SUFFIXES = (".csv", ".txt", ".xlsx", ".xls", ".xml", ".sta", ".mt940", ".940", ".fin")
WHY = {
    "bill_number": _l("Bill %(value)s stands in the text"),
    "credit_code": _l("Credit code %(value)s stands in the text"),
    "contract": _l("Contract %(value)s stands in the text"),
    "account": _l("Account %(value)s paid for this firm before"),
    "name": _l("The payer has the firm's name"),
    "name_learnt": _l("%(value)s paid for this firm before"),
    "former_name": _l("The payer has a former name of the firm"),
    "name_in_text": _l("The firm's name stands in the text"),
    "short_name": _l("The payer has the firm's short name"),
    "named_bill": _l("Exactly the bill named: %(value)s"),
    "one_bill": _l("Exactly one open bill: %(value)s"),
    "all_bills": _l("Exactly all %(value)s open bills"),
    "first_due": _l("Exactly the %(value)s bills due first"),
    "several": _l("Exactly these bills: %(value)s"),
    "deposit": _l("Exactly what is missing of deposit %(value)s"),
    "part": _l("Less than the %(value)s that are open"),
    "over": _l("More than the %(value)s that are open; the rest is an advance"),
    "nothing_open": _l("The firm owes nothing; the money is an advance"),
    "only_amount": _l("Nothing names the payer, but only this firm owes this amount"),
    "unclear": _l("Another firm fits as well: look closely"),
}


def why(reason: calc.Reason) -> str:
    """A reason in words."""
    return str(_(WHY[reason.code].msgid, value=reason.value))


class BankImportPage(Page):
    """`/billing/bank-import/`: choose account and file, see what it holds, choose columns once, import."""

    route_base = "/billing/bank-import"
    resource = "billing.bank_statement"
    title = _l("Import a bank statement")
    menu = ("bank", 10)
    icon = "file-upload"
    menu_word = "add"

    @route("/", "add")
    def index(self) -> Any:
        """The form."""
        return self._draw({})

    @route("/look", "add", methods=("POST",))
    def look(self) -> Any:
        """Read the file (a new one, or the one kept while columns are chosen) and show what it holds; nothing is written."""
        typed = request.form.to_dict()
        try:
            path, name = self._file(typed)
            found = bank_statements.look(self.session, path, name, **self._values(typed))
            account = bank_statements.account_of(self.session, self._values(typed)["bank_account_id"])
        except ParkOpsError as e:
            return self._draw(typed, problems=as_rule_error(e).problems, status=422)
        return self._draw(typed, found, bank_statements.problems_of(account, found).found)

    @route("/save", "add", methods=("POST",))
    def save(self) -> Any:
        """Import it. Repeating the same form has one effect."""
        typed = {k: v for k, v in request.form.items() if k not in ("csrf_token", "_once")}
        claimed = idempotency.claim(self.session, request.form.get("_once"), request.path, typed, needed=True)
        if claimed.answer is not None:
            self.session.rollback()
            return redirect(str(claimed.answer.get("url") or "/billing/bank_statement/"), 303)
        row, refusal = attempt(self.session, lambda: self._import(typed, claimed))
        if refusal is not None:
            return self._draw(typed, problems=as_rule_error(refusal).problems, status=422)
        if row is None:
            flash(_("Every line of the file is known already; nothing was added."), "info")
            return redirect("/billing/bank-import/", 303)
        flash(_("%(n)s lines were imported, %(known)s were known already.", n=row.lines, known=row.known), "success")
        return redirect(f"/billing/matching/?statement={row.id}", 303)

    def _import(self, typed: dict[str, str], claimed: Any) -> Any:
        path, name = self._file(typed)
        row = bank_statements.import_statement(self.session, path, name, **self._values(typed))
        idempotency.keep(
            self.session, claimed, {"url": f"/billing/matching/?statement={row.id}" if row is not None else "/billing/bank-import/"}
        )
        return row

    def _values(self, typed: dict[str, str]) -> dict[str, Any]:
        columns = {k[2:]: int(v) for k, v in typed.items() if k.startswith("c.") and v.isdigit()}
        account = typed.get("bank_account_id", "")
        if not account.isdigit():
            raise Refused(_l("Choose the bank account the file is of."))
        return {
            "bank_account_id": int(account),
            "columns": columns or None,
            "opening": amount_typed(typed.get("opening")),
            "closing": amount_typed(typed.get("closing")),
        }

    def _file(self, typed: dict[str, str]) -> tuple[Path, str]:
        """The upload, kept by its checksum while columns are chosen (the name of a kept file is never taken from the form)."""
        given, folder = request.files.get("file"), config().data_dir / "imports"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        name = Path((given.filename if given and given.filename else typed.get("filename", "")).replace("\\", "/")).name[-200:]
        suffix = Path(name).suffix.lower()
        if suffix not in SUFFIXES:
            raise Refused(_l("Choose the statement's file: .csv, .xlsx, .xls, .xml (CAMT.053) or .sta (MT940)."))
        if given and given.filename:
            raw = given.stream.read(LIMIT + 1)
            if len(raw) > LIMIT:
                raise Refused(_l("The file is larger than %(n)s MiB; ask the bank for a shorter period.", n=LIMIT // 1024 // 1024))
            typed["sha256"], typed["filename"] = hashlib.sha256(raw).hexdigest(), name
            with tempfile.NamedTemporaryFile(dir=folder, delete=False) as out:
                out.write(raw)
            Path(out.name).replace(folder / f"{typed['sha256']}{suffix}")
        digest = typed.get("sha256", "")
        path = folder / f"{digest}{suffix}"
        if not re.fullmatch(r"[0-9a-f]{64}", digest) or not path.exists():
            raise Refused(_l("The uploaded file is no longer kept; upload it again."))
        return path, name

    def _draw(self, typed: dict[str, str], found: Any = None, problems: Any = (), status: int = 200) -> Any:
        accounts = self.session.scalars(select(BankAccount).where(BankAccount.active).order_by(BankAccount.name)).all()
        return self.draw(
            "billing/bank_import.html",
            status,
            typed=typed,
            found=found,
            problems=problems,
            accounts=accounts,
            fields=bank_tables.FIELDS,
            once=idempotency.new_key(),
            accept=",".join(SUFFIXES),
        )


class MatchingPage(Page):
    """`/billing/matching/`: open bank lines left, proposals right with score and reason; keyboard only is enough."""

    route_base = "/billing/matching"
    resource = "billing.bank_line"
    title = _l("Match bank lines")
    menu = ("bank", 20)
    icon = "arrows-left-right"
    menu_word = "act"

    @route("/", "act")
    def index(self) -> Any:
        """The lines to match of an account or statement (the oldest hundred), with their proposals."""
        query = select(BankLine).where(BankLine.state == "open")
        account, statement = request.args.get("account", ""), request.args.get("statement", "")
        query = query.where(BankLine.bank_account_id == int(account)) if account.isdigit() else query
        query = query.where(BankLine.statement_id == int(statement)) if statement.isdigit() else query
        count = self.session.scalar(select(func.count()).select_from(query.subquery()))
        lines = self.session.scalars(query.order_by(BankLine.on_date, BankLine.id).limit(SHOWN)).all()
        accounts = self.session.scalars(select(BankAccount).order_by(BankAccount.name)).all()
        found = bank_book.proposals(self.session, lines)
        certain = matching.safe(self.session, lines, found)
        return self.draw(
            "billing/match.html",
            rows=self._rows(lines, found, {x.id for x, _p in certain}),
            count=count,
            accounts=accounts,
            account=account,
            statement=statement,
            safe=len(certain),
            sentence=matching.in_words(certain),
            score=settings.get(self.session, "billing.match_score"),
            once=idempotency.new_key(),
            shown=SHOWN,
        )

    def _rows(self, lines: Any, found: dict[int, list[calc.Proposal]], certain: set[int]) -> list[dict[str, Any]]:
        firm_ids = {p.firm_id for ps in found.values() for p in ps}
        firms = dict(self.session.execute(select(Firm.id, Firm.name).where(Firm.id.in_(firm_ids))).tuples().all())
        bills = {
            b.id: b
            for b in self.session.scalars(
                select(Bill)
                .where(Bill.firm_id.in_(firm_ids), Bill.kind == "bill", Bill.state == "posted", Bill.settled != Bill.gross)
                .order_by(Bill.due_on, Bill.id)
            )
        }
        clear = access.may_unmask(self.session, self.resource)
        return [
            {
                "id": x.id,
                "on": x.on_date.isoformat(),
                "amount": str(x.amount - x.matched),
                "shown": f"{x.amount - x.matched:,.2f}",
                "payer": x.payer or "",
                "text": x.text or "",
                "account": (x.payer_account or "") if clear else masking.mask("bank", x.payer_account) or "",
                "fee": matching.is_fee(self.session, x),
                "safe": x.id in certain,
                "proposals": [self._proposal(p, firms[p.firm_id], bills, x) for p in found[x.id]],
            }
            for x in lines
        ]

    def _proposal(self, p: calc.Proposal, name: str, bills: dict[int, Bill], line: BankLine) -> dict[str, Any]:
        parts = dict(p.pairs)
        mine = [b for b in bills.values() if b.firm_id == p.firm_id]
        return {
            "firm": p.firm_id,
            "name": name,
            "score": p.score,
            "reasons": [why(r) for r in p.reasons],
            "rest": str(p.rest),
            "deposit": p.deposit_id,
            "codes": [r.code for r in p.reasons],
            "bills": [
                {
                    "id": b.id,
                    "number": b.number,
                    "due": b.due_on.isoformat(),
                    "open": str(b.gross - b.settled),
                    "part": str(parts.get(b.id, "")),
                    "month": f"{b.month:%Y-%m}",
                }
                for b in mine
            ],
        }

    def _line(self, pk: int) -> BankLine:
        found = self.session.scalars(select(BankLine).where(BankLine.id == pk)).first()
        if found is None:
            raise NotFound(_l("There is no such record in your parks."))
        return found

    @route(f"/{PK}/firm/<int:firm_id>", "act")
    def firm(self, pk: int, firm_id: int) -> Any:
        """JSON: the proposal for a firm somebody chose."""
        line = self._line(pk)
        book = bank_book.load_book(self.session, line.park_id, [firm_id])
        if firm_id not in book.payers:
            raise NotFound(_l("There is no such record in your parks."))
        named = calc.tokens(line.text)
        found = calc.of_firm(line.amount - line.matched, book.payers[firm_id], (), named)
        bills = {
            b.id: b
            for b in self.session.scalars(
                select(Bill).where(Bill.id.in_([b.id for b in book.payers[firm_id].bills])).order_by(Bill.due_on, Bill.id)
            )
        }
        return jsonify(self._proposal(found, book.payers[firm_id].name, bills, line))

    @route(f"/{PK}/recorded", "act")
    def recorded(self, pk: int) -> Any:
        """JSON: receipts, refunds and deposit movements that may be this money already."""
        found, moves = matching.recorded(self.session, self._line(pk))
        deposits = {d.id: d.number for d in self.session.scalars(select(Deposit).where(Deposit.id.in_([m.deposit_id for m in moves])))}
        return jsonify(
            {
                "rows": [
                    {"receipt": r.id, "label": f"{r.number} · {r.received_on} · {r.firm.name if r.firm else _('Payer unknown')}"}
                    for r in found
                ]
                + [{"move": m.id, "label": f"{deposits[m.deposit_id]} · {m.on_date}"} for m in moves]
            }
        )

    @route(f"/{PK}/accept", "act", methods=("POST",))
    def accept(self, pk: int) -> Any:
        """JSON `{firm, pairs: {bill: amount}, advance, once}`: the parts and the advance together are what is left of the line."""
        body = request.get_json(silent=True) or {}
        return self._do(pk, body, lambda line: self._accept(line, body))

    def _accept(self, line: BankLine, body: dict[str, Any]) -> str:
        pairs = [(int(i), a) for i, v in (body.get("pairs") or {}).items() if (a := amount_typed(str(v)))]
        advance, left = amount_typed(str(body.get("advance") or "")) or Decimal(0), line.amount - line.matched
        if body.get("firm") and left - sum((a for _i, a in pairs), advance):
            raise Refused(_l("The difference is not 0 yet. Change the parts, or put the rest under advance."))
        if body.get("deposit"):
            matching.receive_deposit_of(self.session, line, deposit_id=int(body["deposit"]))
            return _("The deposit was received.")
        made = matching.accept_line(
            self.session,
            line,
            firm_id=int(body["firm"]) if body.get("firm") else None,
            pairs=pairs,
            score=int(body["score"]) if str(body.get("score", "")).isdigit() else None,
            why=str(body.get("why") or "")[:500] or None,
        )
        return _("Receipt %(number)s was posted.", number=made.number)

    @route(f"/{PK}/ignore", "act", methods=("POST",))
    def ignore(self, pk: int) -> Any:
        """JSON `{reason, once}`."""
        body = request.get_json(silent=True) or {}
        return self._do(
            pk, body, lambda line: matching.ignore_line(self.session, line, reason=str(body.get("reason") or "")) and _("Left out.")
        )

    @route(f"/{PK}/tie", "act", methods=("POST",))
    def tie(self, pk: int) -> Any:
        """JSON `{receipt | move, once}`."""
        body = request.get_json(silent=True) or {}
        ids = {f"{n}_id": int(body[n]) for n in ("receipt", "move") if str(body.get(n, "")).isdigit()}
        return self._do(pk, body, lambda line: matching.tie_line(self.session, line, **ids) and _("Tied to what was recorded."))

    def _do(self, pk: int, body: dict[str, Any], work: Any) -> Any:
        """One command with its one-time key: repeated, it answers the same and does nothing."""
        claimed = idempotency.claim(
            self.session, body.get("once"), request.path, {k: v for k, v in body.items() if k != "once"}, needed=True
        )
        if claimed.answer is not None:
            self.session.rollback()
            return jsonify(claimed.answer)

        def run() -> dict[str, Any]:
            answer = {"message": str(work(self._line(pk)))}
            left = self._line(pk)
            answer["left"] = str(left.amount - left.matched) if left.state == "open" else "0"
            idempotency.keep(self.session, claimed, answer)
            return answer

        done, refusal = attempt(self.session, run)
        if refusal is not None:
            return jsonify({"message": str(refusal)}), 422
        return jsonify(done)

    @route("/safe", "act", methods=("POST",))
    def safe(self) -> Any:
        """Accept every line shown whose proposal reaches the score."""
        typed = {k: v for k, v in request.form.items() if k not in ("csrf_token", "_once")}
        claimed = idempotency.claim(self.session, request.form.get("_once"), request.path, typed, needed=True)
        if claimed.answer is None:
            done, refusal = attempt(self.session, lambda: self._safe(typed, claimed))
            flash(str(as_rule_error(refusal)) if refusal is not None else done, "danger" if refusal is not None else "success")
        else:
            self.session.rollback()
        return redirect(f"/billing/matching/?account={typed.get('account', '')}&statement={typed.get('statement', '')}", 303)

    def _safe(self, typed: dict[str, str], claimed: Any) -> str:
        ids = [int(i) for i in typed.get("ids", "").split(",") if i.isdigit()][:SHOWN]
        done = matching.accept_safe(self.session, self.session.scalars(select(BankLine).where(BankLine.id.in_(ids))).all())
        idempotency.keep(self.session, claimed, {"done": scope_of(self.session).user_id})
        return done


PAGES = [BankImportPage, MatchingPage]
