"""Venture funds: partners, calls, distributions, pipeline, committee, investments, ownership, valuation, returns."""
