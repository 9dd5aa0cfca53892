"""The app as Django knows it."""

from django.apps import AppConfig


class DutiesConfig(AppConfig):
    """Legal clocks, roster and notices."""

    name = "tocsin.server.duties"
    label = "duties"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Let the timer process make the calls that are due."""
        from tocsin.server.duties import delivery, services, timers

        timers.register(services.notice_overdue)
        timers.register(services.call_due, last=True)
        timers.register(delivery.dispatch, last=True)
