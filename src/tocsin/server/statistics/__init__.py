"""Counts of incidents, with what they can and cannot say."""
