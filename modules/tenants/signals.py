"""What this module announces, and what it asks others before it acts. Receivers get the session first."""

from __future__ import annotations

from parkops.hooks import Signal

firm_admitted = Signal("tenants.firm_admitted", doc="session, firm, on, state: a firm or team was admitted on that day")
firm_incorporated = Signal("tenants.firm_incorporated", doc="session, firm, on: a team became a company")
firm_moved = Signal("tenants.firm_moved", doc="session, firm, on, carrier_id, before: a firm changed its carrier")
firm_graduated = Signal("tenants.firm_graduated", doc="session, firm, on: a firm graduated on that day")
firm_left = Signal("tenants.firm_left", doc="session, firm, on, state: a firm left, was dissolved or moved out after graduating")
before_leave = Signal("tenants.before_leave", doc="session, firm, on: Problems that keep the firm from leaving are collected")
moveout_items = Signal(
    "tenants.moveout_items",
    doc="session, firm, moveout: answer with MoveOutLine(code, title, required) for the move-out checklist")
before_merge = Signal("tenants.before_merge", doc="session, kept, dropped: Problems that keep two records from being merged are collected")
firms_merged = Signal("tenants.firms_merged", doc="session, kept, dropped_id: references by number must follow the kept firm")
application_decided = Signal("tenants.application_decided", doc="session, application, decision, on: approved or rejected")
