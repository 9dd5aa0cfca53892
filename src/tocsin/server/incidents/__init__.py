"""Incidents: what happened, opened from a confirmed alarm with everything attached."""
