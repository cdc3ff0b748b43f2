"""Printed statements of amenities."""
