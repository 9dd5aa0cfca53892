"""Alarms: the adjudication of an encounter by named persons, as a history of events."""
