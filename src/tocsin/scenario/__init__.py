"""Room ``scenario``."""
