"""Licences with limits, signed licence sheets, and the check before an order."""
