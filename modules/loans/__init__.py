"""Guaranteed start-up loans: the park serves the case, it is not the lender."""
