"""Room ``detectors``."""
