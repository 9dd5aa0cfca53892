"""Room ``nuclear``."""
