"""Screens of mentors, their relations to firms and their sessions."""

from __future__ import annotations

from parkops.clock import today
from parkops.i18n import _l
from parkops.web import slots
from parkops.web.resource import Action, Col, Fact, Filter, Input, Related, Resource, Section, Titles, View

from ..models.mentor import Mentor, MentorAgreement, MentoringSession
from ..services import mentors
from . import _columns as c

S = "modules.tenants.services.mentors"
ON = Input("on", "date", _l("Last day"), required=True)

RESOURCES = [
    Resource(
        "tenants.mentor",
        Mentor,
        Titles(_l("Mentors"), _l("Mentor"), _l("New mentor")),
        columns=(
            Col("name", width=110, important=True, link=True),
            Col("organisation", width=220, important=True),
            Col("position", width=140),
            Col("expertise", width=170),
            Col("source", width=130),
            Col("firms", _l("Firms advised"), 100, True, sql=c.firms_advised, fmt="int"),
            Col("last_session", _l("Last session"), 110, sql=c.last_session, fmt="date"),
            Col("appointed_on", width=105),
            Col("left_on", width=105),
            Col("phone", hidden=True),
            Col("email", hidden=True),
        ),
        sections=(
            Section(_l("Mentor"), ("name", "organisation", "position", "expertise", "source")),
            Section(_l("Contact"), ("phone", "email")),
            Section(_l("Appointment"), ("appointed_on", "left_on", "remark")),
        ),
        create=f"{S}:create_mentor",
        change=f"{S}:change_mentor",
        remove=f"{S}:remove_mentor",
        actions=(
            Action(
                "retire",
                _l("End the appointment"),
                f"{S}:retire_mentor",
                inputs=(ON,),
                danger=True,
                help=_l("Ends every running relation of this mentor too."),
            ),
        ),
        tabs=(
            Related("agreements", _l("Firms"), "tenants.mentor_agreement", "mentor_id", order=10),
            Related("sessions", _l("Sessions"), "tenants.mentoring_session", "mentor_id", order=20),
        ),
        views=(
            View("active", _l("In office"), (Filter("left_on", "empty"),), "name"),
            View("idle", _l("Without firms"), (Filter("left_on", "empty"), Filter("firms", "eq", 0)), "name"),
        ),
        search=("name", "organisation", "position"),
        sort="name",
        menu=("incubation", 40),
        icon="user-star",
    ),
    Resource(
        "tenants.mentor_agreement",
        MentorAgreement,
        Titles(_l("Mentoring relations"), _l("Mentoring relation"), _l("New mentoring relation")),
        columns=(
            Col("firm.name", _l("Firm"), 260, True, link=True),
            Col("mentor.name", _l("Mentor"), 110, True),
            Col("from_on", width=105, important=True),
            Col("to_on", width=105),
            Col("running", _l("Running"), 90, sql=c.running("from_on", "to_on"), fmt="bool"),
            Col("goal", width=240),
            Col("firm_id", hidden=True),
            Col("mentor_id", hidden=True),
        ),
        sections=(Section(_l("Mentoring relation"), ("firm_id", "mentor_id", "from_on", "to_on", "goal")),),
        create=f"{S}:create_agreement",
        change=f"{S}:change_agreement",
        remove=f"{S}:remove_agreement",
        load=("firm", "mentor"),
        actions=(Action("end", _l("End"), f"{S}:end_agreement", inputs=(ON,)),),
        views=(View("running", _l("Running"), (Filter("running", "eq", True),), "-from_on"),),
        search=("firm.name", "mentor.name", "goal"),
        sort="-from_on",
        parent=("firm_id", "tenants.firm"),
        menu=("incubation", 41),
        icon="heart-handshake",
    ),
    Resource(
        "tenants.mentoring_session",
        MentoringSession,
        Titles(_l("Mentoring sessions"), _l("Mentoring session"), _l("New mentoring session")),
        columns=(
            Col("topic", width=240, important=True, link=True),
            Col("firm.name", _l("Firm"), 240, True),
            Col("mentor.name", _l("Mentor"), 110),
            Col("held_on", width=105, important=True),
            Col("minutes", width=90, total="sum"),
            Col("outcome", width=260),
            Col("firm_id", hidden=True),
            Col("mentor_id", hidden=True),
        ),
        sections=(Section(_l("Mentoring session"), ("firm_id", "mentor_id", "held_on", "minutes", "topic", "outcome")),),
        create=f"{S}:create_session",
        change=f"{S}:change_session",
        remove=f"{S}:remove_session",
        load=("firm", "mentor"),
        views=(View("month", _l("This month"), (Filter("held_on", "gte", "@month"),), "-held_on"),),
        search=("topic", "firm.name", "mentor.name"),
        sort="-held_on",
        parent=("firm_id", "tenants.firm"),
        menu=("incubation", 42),
        icon="messages",
    ),
]


def _mentor_fact(session, firm):
    names = mentors.mentors_of(session, [firm.id], today()).get(firm.id, [])
    return ", ".join(names), None if names or firm.state != "incubating" else "amber"


slots.fact("tenants.firm", Fact(_l("Mentor"), _mentor_fact))
