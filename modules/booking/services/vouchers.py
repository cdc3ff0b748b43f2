"""Innovation vouchers: quota → use → redemption with proofs (申领额度 → 申请使用 → 申请兑付). Rules K-32 to K-36."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select, type_coerce

from parkops import attachments, records
from parkops.db.session import scope_of
from parkops.db.types import Choices, Money
from parkops.errors import Problem, Problems, RuleError
from parkops.i18n import _, _l
from parkops.money import round_fen
from parkops.security import access

from ..models.entitlement import Voucher, VoucherUse
from ..signals.booking import voucher_redeemed
from ..states_voucher import VOUCHER_USE

RESOURCE = "booking.voucher_use"
PROOFS = Choices("booking.voucher_proof", ("contract", _l("Contract")), ("payment", _l("Proof of payment")),
                 ("report", _l("Result report")))
NEEDED = ("contract", "payment")


def _check(session: Any, values: dict[str, Any], problems: Problems) -> None:
    records.date_order(values, problems, "valid_from", "valid_to", _l("The last day lies before the first. Check both."))
    if values.get("quota") is not None and values["quota"] <= 0:
        problems.add("booking.K-32", _l("Enter a quota above zero."), "quota")


def create_voucher(session: Any, **values: Any) -> Voucher:
    """Record a voucher as the authority gave it."""
    return records.create(session, Voucher, values, _check)


def change_voucher(session: Any, voucher: Voucher, **values: Any) -> Voucher:
    """Correct it; the quota does not go below what is used (K-32)."""
    _lock(session, voucher)

    def check(s: Any, v: dict[str, Any], problems: Problems) -> None:
        _check(s, v, problems)
        used = used_of(s, voucher)
        if v.get("quota") is not None and v["quota"] < used:
            problems.add("booking.K-32", _l("%(used)s of this voucher is used already. Enter at least that.", used=used), "quota")

    return records.change(session, voucher, values, check)


def used_of(session: Any, voucher: Voucher, besides: int | None = None) -> Decimal:
    """What its uses come to, rejected ones left out."""
    query = select(type_coerce(func.coalesce(func.sum(VoucherUse.amount), 0), Money)).where(
        VoucherUse.voucher_id == voucher.id, VoucherUse.state != "rejected")
    return session.scalar(query.where(VoucherUse.id != besides) if besides is not None else query)


def left_of(session: Any, voucher: Voucher) -> Decimal:
    """What is left of the quota."""
    return voucher.quota - used_of(session, voucher)


def _lock(session: Any, voucher: Voucher) -> None:
    session.execute(select(Voucher.id).where(Voucher.id == voucher.id).with_for_update())


def apply_use(session: Any, *, voucher_id: int, used_on: date, cost: Decimal, amount: Decimal, service: str, source: str | None = None,
              source_id: int | None = None) -> VoucherUse:
    """Ask to use part of a voucher for a service (K-32 quota, K-33 days, K-34 share of the cost)."""
    access.require(session, RESOURCE, "add")
    voucher, problems = session.get(Voucher, voucher_id), Problems()
    if voucher is None:
        raise RuleError([Problem("record.no_such_record", _l("There is no such record in your parks."), "voucher_id")])
    _lock(session, voucher)
    left, most = left_of(session, voucher), round_fen(cost * voucher.share_percent / 100)
    if amount <= 0 or cost <= 0:
        problems.add("booking.K-34", _l("Enter amounts above zero."), "amount")
    if amount > left:
        problems.add("booking.K-32", _l("Only %(left)s of the voucher is left. Enter that amount or less.", left=left), "amount")
    if amount > most:
        problems.add("booking.K-34", _l("This voucher pays at most %(percent)s %% of the cost: %(most)s.", percent=voucher.share_percent,
                                        most=most), "amount")
    if not voucher.valid_from <= used_on <= voucher.valid_to:
        problems.add("booking.K-33", _l("The voucher holds from %(first)s to %(last)s. Choose a day within.",
                                        first=voucher.valid_from.isoformat(), last=voucher.valid_to.isoformat()), "used_on")
    if not (service or "").strip():
        problems.add("booking.K-34", _l("Name the service."), "service")
    problems.stop()
    scope = scope_of(session)
    use = VoucherUse(park_id=voucher.park_id, voucher_id=voucher.id, firm_id=voucher.firm_id, used_on=used_on, cost=cost, amount=amount,
                     service=service.strip()[:200], source=source, source_id=source_id, state="applied", applied_by_id=scope.user_id,
                     applied_by=scope.user_name)
    session.add(use)
    session.flush()
    return use


def why_not_approve(session: Any, use: VoucherUse) -> str | None:
    """Guard: not by who applied (K-35)."""
    user = scope_of(session).user_id
    return str(_l("Nobody approves their own request. Ask a colleague.")) if user is not None and user == use.applied_by_id else None


def approve_use(session: Any, use: VoucherUse, *, on: date) -> None:
    """The use is agreed; the amount comes off the firm's bill."""
    access.require(session, RESOURCE, "act")
    use.approved_on = on
    VOUCHER_USE.move(session, use, "approve", on=on)


def add_proof(session: Any, use: VoucherUse, *, kind: str, file: Any) -> str:
    """Keep a proof beside the use."""
    access.require(session, RESOURCE, "change")
    stream = file.stream if hasattr(file, "stream") else file
    attachments.attach(session, use, stream, getattr(file, "filename", None) or "proof", kind=kind)
    return _("Proof kept.")


def missing_proofs(session: Any, use: VoucherUse) -> list[str]:
    """Kinds of proof that are not there yet."""
    have = {a.kind for a in attachments.of(session, use)}
    return [kind for kind in NEEDED if kind not in have]


def why_not_claim(session: Any, use: VoucherUse) -> str | None:
    """Guard: redemption needs contract and payment proof (K-36)."""
    missing = missing_proofs(session, use)
    if not missing:
        return None
    return str(_l("Add the missing proofs first: %(kinds)s.", kinds="、".join(str(PROOFS.label(k)) for k in missing)))


def claim_use(session: Any, use: VoucherUse, *, on: date) -> None:
    """The claim goes to the authority."""
    access.require(session, RESOURCE, "change")
    why = why_not_claim(session, use)
    if why is not None:
        raise RuleError([Problem("booking.K-36", why)])
    use.claimed_on = on
    VOUCHER_USE.move(session, use, "claim", on=on)


def redeem_use(session: Any, use: VoucherUse, *, on: date, amount: Decimal) -> None:
    """The authority has paid, at most what was used."""
    access.require(session, RESOURCE, "act")
    if not 0 <= amount <= use.amount:
        raise RuleError([Problem("booking.K-36", _l("Between 0 and %(most)s was claimed. Check the amount received.", most=use.amount),
                                 "amount")])
    use.redeemed, use.redeemed_on = amount, on
    VOUCHER_USE.move(session, use, "redeem", on=on)
    voucher_redeemed.send(session, use=use, on=on)


def reject_use(session: Any, use: VoucherUse, *, on: date, reason: str) -> None:
    """It does not count; the quota is free again."""
    access.require(session, RESOURCE, "act")
    use.reject_reason = (reason or "").strip()[:300] or None
    VOUCHER_USE.move(session, use, "reject", on=on, reason=reason)
