"""The app as Django knows it."""

from django.apps import AppConfig


class IngestConfig(AppConfig):
    """Devices in the field."""

    name = "tocsin.server.ingest"
    label = "ingest"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Tell measurements what was raised already; let the timers resume what a crash left."""
        from tocsin.server.duties import timers
        from tocsin.server.ingest import retention_models  # noqa: F401 - models of this app
        from tocsin.server.ingest.keeping import TURNS
        from tocsin.server.ingest.presented import was_presented
        from tocsin.server.ingest.tasks import resume_left_behind
        from tocsin.server.measurements import beyond

        beyond.register(was_presented)
        timers.register(resume_left_behind)
        timers.register(TURNS.step)
