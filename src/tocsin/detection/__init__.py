"""Room ``detection``."""
