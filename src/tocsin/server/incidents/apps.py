"""The app as Django knows it."""

from django.apps import AppConfig


class IncidentsConfig(AppConfig):
    """Incidents."""

    name = "tocsin.server.incidents"
    label = "incidents"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Hear of confirmed alarms."""
        from tocsin.server.alarms.outbox import register
        from tocsin.server.incidents.services import hear_of_alarm

        register(hear_of_alarm)
