"""Inspections, findings, security goals, yearly reconciliation, campaigns."""
