"""Indicators of the tenants module: the chain of firms, their results, and the support they get."""
