"""Grants on carriers, mentors, staff, qualifications, results, data calls and visits; `roles.py` joins them to its own."""

from __future__ import annotations

from parkops.security.roles import Grant

DAILY = (  # a clerk's own records
    "mentor", "mentor_agreement", "mentoring_session", "credential", "staff", "recruitment", "qualification", "ip", "financing",
    "exit_event", "award", "statement", "data_call", "data_call_response", "visit", "follow_up", "honour")
MASTERS = ("carrier", "carrier_recognition", "carrier_grade", "carrier_change", "capital_project", "capital_milestone")
CONTACTS = ("mentor", "staff", "data_call_response", "carrier")  # personal data the work needs; unmasking is logged
EVERYTHING = DAILY + MASTERS
FOR_FINANCE = ("carrier", "qualification", "financing", "statement", "data_call", "capital_project", "capital_milestone")

GRANTS = [
    *(Grant("operations_clerk", f"tenants.{thing}", "read add change remove act export") for thing in DAILY),
    *(Grant("operations_clerk", f"tenants.{thing}", "read export") for thing in MASTERS),
    *(Grant("operations_clerk", f"tenants.{thing}", "unmask") for thing in CONTACTS),
    *(Grant("operations_manager", f"tenants.{thing}", "read add change remove act export") for thing in EVERYTHING),
    *(Grant("operations_manager", f"tenants.{thing}", "unmask") for thing in CONTACTS),
    *(Grant("finance", f"tenants.{thing}", "read export") for thing in FOR_FINANCE),
    *(Grant("leadership", f"tenants.{thing}", "read export") for thing in EVERYTHING if thing != "data_call_response"),
    *(Grant(role, f"tenants.{thing}", "read add change act export") for role in ("operations_clerk", "operations_manager")
      for thing in ("portal_account", "portal_invitation")),
    *(Grant(role, "tenants.shared_file", "read add remove export") for role in ("operations_clerk", "operations_manager")),
    Grant("operations_manager", "tenants.portal_invitation", "unmask"),
]
