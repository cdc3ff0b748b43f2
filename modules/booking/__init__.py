"""Bookable resources, calendars, rules, entitlements."""
