"""Public notices of incidents, imported."""
