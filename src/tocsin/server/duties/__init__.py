"""Duties: legal clocks, country profiles, the duty roster, and notices that someone must answer."""
