"""Room ``formats``."""
