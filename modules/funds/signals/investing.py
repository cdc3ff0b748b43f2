"""Signals of investing."""

from parkops import hooks

INVESTED = hooks.Signal("funds.invested", doc="A fund paid for an investment: investment, amount, on")
EXITED = hooks.Signal("funds.exited", doc="An exit was agreed by two people: exit")
