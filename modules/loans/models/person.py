"""Natural persons of loan cases. Nothing of a person is stored without a consent on record; the identity number is sealed at rest."""

from __future__ import annotations

from datetime import date

from sqlalchemy import CheckConstraint, Date, Index, String, Text
from sqlalchemy.orm import Mapped

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Choices, EnumText
from parkops.i18n import _l
from parkops.security.masking import mask
from parkops.security.sealing import SealedText

GROUPS = Choices(  # domain.md 7.2
    "loans.identity_group",
    ("unemployed", _l("Registered unemployed")),
    ("hardship", _l("Person with employment difficulties (disabled included)")),
    ("veteran", _l("Former soldier")),
    ("released", _l("Released from prison")),
    ("graduate", _l("Graduate of a university within five years")),
    ("overcapacity", _l("From a firm closing surplus capacity")),
    ("returned", _l("Migrant worker returned to start a business")),
    ("online", _l("Online merchant")),
    ("poverty", _l("Person lifted out of poverty")),
    ("farmer", _l("Farmer starting a business")),
)
HOW = Choices(
    "loans.consent_how",
    ("paper", _l("Signed on paper")), ("electronic", _l("Electronic signature")), ("face", _l("Given in person, recorded")),
)


class LoanPerson(ParkScoped, Record):
    """A borrower, partner, spouse or guarantor. `id_print` makes equal numbers found without opening them."""

    __tablename__ = "loans_person"
    __table_args__ = (
        Index("uq_loans_person_park_id_id_print", "park_id", "id_print", unique=True, postgresql_where="id_print IS NOT NULL"),
        CheckConstraint("(id_number IS NULL) = (id_print IS NULL)", name="id_print"),
        CheckConstraint("id_number IS NULL OR left(id_number, 3) = 'v1.'", name="sealed"),
        CheckConstraint("withdrawn_on IS NULL OR (withdrawn_on >= consent_on AND id_number IS NULL AND mobile IS NULL)", name="withdrawn"),
        CheckConstraint("length(btrim(name)) > 0", name="name"),
    )
    name: Mapped[str] = field(String(80), _l("Name"), personal="name")
    id_number: Mapped[str | None] = field(SealedText(), _l("Identity number"), personal="id_number")
    id_print: Mapped[str | None] = field(String(64), _l("Fingerprint of the identity number"), fmt="code")
    mobile: Mapped[str | None] = field(String(40), _l("Mobile"), personal="phone")
    identity_group: Mapped[str | None] = field(EnumText(GROUPS), _l("Group of the person"))
    graduated_on: Mapped[date | None] = field(Date, _l("Finished studies on"))
    tenant_person_id: Mapped[int | None] = fk("tenants_person.id", _l("Person at the firm"))
    consent_on: Mapped[date] = field(Date, _l("Consent given on"))
    consent_how: Mapped[str] = field(EnumText(HOW), _l("How consent was given"))
    consent_text: Mapped[str] = field(String(80), _l("Version of the consent text"), fmt="code")
    consent_by: Mapped[str] = field(String(80), _l("Consent recorded by"))
    withdrawn_on: Mapped[date | None] = field(Date, _l("Consent withdrawn on"))
    note: Mapped[str | None] = field(Text, _l("Note"), long=True)

    __search__ = ("name",)

    def __str__(self) -> str:
        return mask("name", self.name)
