"""Charge lines, bills, receipts, deposits and the ledger."""
