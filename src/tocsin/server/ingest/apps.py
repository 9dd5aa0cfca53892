"""The app as Django knows it."""

from django.apps import AppConfig


class IngestConfig(AppConfig):
    """Devices in the field."""

    name = "tocsin.server.ingest"
    label = "ingest"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Tell measurements which encounters a device has raised already."""
        from tocsin.server.ingest.presented import was_presented
        from tocsin.server.measurements import beyond

        beyond.register(was_presented)
