"""What a firm declares and proves for a loan on a day: staff, hires of the groups, arrears, other loans, earlier uses. Dated facts; the
newest one that is still current answers the rules. What is empty was not asked: it is not zero."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Boolean, CheckConstraint, Date, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from modules.tenants.models.firm import Firm
from parkops.db.base import ParkScoped, Record, field, fk
from parkops.i18n import _l


class LoanStanding(ParkScoped, Record):
    """Loan facts of a firm on a day, with where they come from."""

    __tablename__ = "loans_standing"
    __table_args__ = (
        UniqueConstraint("park_id", "firm_id", "on_date"),
        CheckConstraint("staff_total > 0", name="staff_total"),
        CheckConstraint("hired_eligible >= 0 AND hired_eligible <= staff_total", name="hired_eligible"),
        CheckConstraint("earlier_uses BETWEEN 0 AND 20", name="earlier_uses"),
    )
    __reported__ = ("staff_total", "hired_eligible", "contracts_year", "in_arrears", "other_loans", "past_overdue", "earlier_uses")
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"))
    on_date: Mapped[date] = field(Date, _l("As of"))
    staff_total: Mapped[int | None] = field(Integer, _l("Staff with labour contracts"))
    hired_eligible: Mapped[int | None] = field(Integer, _l("Hired of the groups within 12 months"))
    contracts_year: Mapped[bool | None] = field(Boolean, _l("Contracts of the hires for a year or longer"))
    in_arrears: Mapped[bool | None] = field(Boolean, _l("Wages or social insurance in arrears"))
    other_loans: Mapped[bool | None] = field(Boolean, _l("Has other loans"))
    past_overdue: Mapped[bool | None] = field(Boolean, _l("Was overdue in this programme"))
    earlier_uses: Mapped[int | None] = field(
        Integer, _l("Earlier uses elsewhere"), help=_l("Loans of this programme not served by the park"))
    source: Mapped[str] = field(String(200), _l("Source"), help=_l("Staff list, social insurance proof, credit report"))
    firm: Mapped[Firm] = relationship(foreign_keys="LoanStanding.firm_id")

    def __str__(self) -> str:
        return f"{self.on_date}"
