"""The register: who holds which source, where, and what happened to it."""
