"""The app as Django knows it."""

from django.apps import AppConfig


class MeasurementsConfig(AppConfig):
    """Uploads and measurements."""

    name = "tocsin.server.measurements"
    label = "measurements"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Let the timer process hand on what a crash left behind."""
        from tocsin.server.duties import timers
        from tocsin.server.measurements.outbox import deliver_pending
        from tocsin.server.measurements.tasks import resume_stopped

        timers.register(deliver_pending)
        timers.register(resume_stopped)
