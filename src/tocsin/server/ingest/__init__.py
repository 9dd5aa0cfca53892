"""Devices in the field: enrolled keys, signed messages, live surveys, edge alarms."""
