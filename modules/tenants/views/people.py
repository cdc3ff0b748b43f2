"""People and their parts at firms."""

from __future__ import annotations

from parkops import clock
from parkops.i18n import _l
from parkops.web.resource import Action, Col, Filter, Input, Related, Resource, Section, Titles, View

from ..models.person import FirmPerson, Person

PEOPLE = "modules.tenants.services.people"

PERSON = Resource(
    name="tenants.person", model=Person, titles=Titles(_l("People"), _l("Person"), _l("New person")), icon="users",
    columns=(Col("name", important=True, link=True, width=120), Col("gender", width=80), Col("mobile", important=True, width=130),
             Col("email", width=180), Col("education", width=110), Col("trait", important=True, width=200), Col("serial", width=90),
             Col("school", hidden=True), Col("nationality", hidden=True), Col("born_on", hidden=True), Col("id_number", hidden=True)),
    sections=(Section(_l("Person"), ("name", "gender", "born_on", "nationality", "id_number")),
              Section(_l("Contact"), ("mobile", "email")),
              Section(_l("Background"), ("education", "school", "trait", "serial", "note"))),
    create=f"{PEOPLE}:add_person", change=f"{PEOPLE}:change_person", remove=f"{PEOPLE}:remove_person",
    views=(View("all", _l("All"), (), sort="-id"),
           View("serial", _l("Serial entrepreneurs"), (Filter("serial", "eq", True),))),
    tabs=(Related("parts", _l("Parts at firms"), "tenants.firm_person", "person_id", order=10),),
    search=("name", "mobile", "email"), sort="-id", menu=("firms", 20))

PART = Resource(
    name="tenants.firm_person", model=FirmPerson, titles=Titles(_l("Parts at firms"), _l("Part at a firm"), _l("Add a person to a firm")),
    icon="user-check",
    columns=(Col("person_id", important=True, link=True, width=120), Col("part", important=True, width=150),
             Col("firm_id", important=True, width=240), Col("position", width=120), Col("person.mobile", _l("Mobile"), width=130),
             Col("since", width=110), Col("until", width=110), Col("is_main", width=90)),
    sections=(Section(_l("Part"), ("firm_id", "person_id", "part", "position", "since", "until", "is_main")),),
    create=f"{PEOPLE}:add_part", change=f"{PEOPLE}:change_part", remove=f"{PEOPLE}:remove_part",
    actions=(Action("end", _l("End"), f"{PEOPLE}:end_part",
                    (Input("on", "date", _l("Date"), required=True, default=lambda s: clock.today()),), word="change"),),
    views=(View("now", _l("Present"), (Filter("until", "empty"),)), View("all", _l("All"), ())),
    load=("firm", "person"), sort="-id", parent=("firm_id", "tenants.firm"), menu=("firms", 30))

RESOURCES = [PERSON, PART]
