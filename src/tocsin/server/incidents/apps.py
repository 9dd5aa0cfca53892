"""The app as Django knows it."""

from django.apps import AppConfig


class IncidentsConfig(AppConfig):
    """Incidents."""

    name = "tocsin.server.incidents"
    label = "incidents"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Hear of confirmed alarms, and of sources that are lost."""
        from tocsin.server.alarms import outbox as alarms
        from tocsin.server.incidents.losses import hear_of_source
        from tocsin.server.incidents.services import hear_of_alarm
        from tocsin.server.register import outbox as register

        alarms.register(hear_of_alarm)
        register.register(hear_of_source)
