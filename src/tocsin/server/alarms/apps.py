"""The app as Django knows it."""

from django.apps import AppConfig


class AlarmsConfig(AppConfig):
    """Alarms and their adjudication."""

    name = "tocsin.server.alarms"
    label = "alarms"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Let the timer process expire alarms and read the outbox; hear of encounters."""
        from tocsin.server.alarms.listening import hear_of_encounter
        from tocsin.server.alarms.outbox import deliver_pending
        from tocsin.server.alarms.services import expire_due
        from tocsin.server.duties import timers
        from tocsin.server.measurements.outbox import register

        timers.register(expire_due)
        timers.register(deliver_pending)
        register(hear_of_encounter)
