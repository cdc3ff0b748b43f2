"""Clerks run the desks, managers decide, finance takes and pays money, leadership and auditor read."""

from __future__ import annotations

from parkops.security.roles import Grant

DESK = (
    "housing_application",
    "housing_contract",
    "reservation",
    "block",
    "meal_card",
    "place",
    "child",
    "pickup",
    "health_order",
    "visit",
    "slot",
    "event",
    "registration",
    "notice",
    "notice_receipt",
    "survey",
    "survey_question",
    "survey_sheet",
    "operator_contract",
    "operator_kpi",
    "operator_statement",
    "operator_finding",
    "housing_damage",
    "room",
    "folio_line",
    "venue",
    "title",
    "period",
)
SETUP = ("facility", "apartment", "bed", "room_type", "room_rate", "outlet", "till", "meal_plan", "care_class", "package")
READ = ("hotel_day", "top_up", "meal_use", "health_invoice", "survey_answer")
ALL = (*DESK, *SETUP, *READ)

GRANTS = [
    *(Grant("operations_clerk", f"amenities.{n}", "read add change remove export") for n in DESK),
    *(Grant("operations_clerk", f"amenities.{n}", "read export") for n in (*SETUP, *READ)),
    Grant("operations_clerk", "amenities.housing_contract", "act unmask"),
    Grant("operations_clerk", "amenities.meal_use", "add"),
    Grant("operations_clerk", "amenities.hotel_day", "add"),
    Grant("operations_clerk", "amenities.reservation", "act unmask"),
    Grant("operations_clerk", "amenities.room", "act"),
    Grant("operations_clerk", "amenities.pickup", "unmask"),
    Grant("operations_clerk", "amenities.child", "unmask"),
    Grant("operations_clerk", "amenities.registration", "act unmask"),
    Grant("operations_clerk", "amenities.visit", "act unmask"),
    Grant("operations_clerk", "amenities.meal_card", "unmask"),
    *(Grant("operations_manager", f"amenities.{n}", "read add change remove act export unmask") for n in (*DESK, *SETUP)),
    *(Grant("operations_manager", f"amenities.{n}", "read act export") for n in READ),
    *(Grant("finance", f"amenities.{n}", "read export") for n in ALL),
    Grant("finance", "amenities.housing_contract", "act"),
    Grant("finance", "amenities.top_up", "add act"),
    Grant("finance", "amenities.meal_card", "act unmask"),
    Grant("finance", "amenities.meal_use", "act"),
    Grant("finance", "amenities.health_invoice", "add"),
    Grant("finance", "amenities.hotel_day", "add"),
    Grant("finance", "amenities.operator_statement", "act"),
    *(Grant("leadership", f"amenities.{n}", "read") for n in ALL if n not in ("child", "pickup", "folio_line", "survey_answer")),
    Grant("leadership", "amenities.operator_statement", "act"),
]
