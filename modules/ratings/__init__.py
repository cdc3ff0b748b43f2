"""Ratings: recognition, rating schemes, what-if, composite indices."""
