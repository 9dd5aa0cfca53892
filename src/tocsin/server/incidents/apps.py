"""The app as Django knows it."""

from django.apps import AppConfig


class IncidentsConfig(AppConfig):
    """Incidents."""

    name = "tocsin.server.incidents"
    label = "incidents"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Hear of alarms, of what is lost and of levels; let documents hang on incidents."""
        from tocsin.server.alarms import outbox as alarms
        from tocsin.server.documents.hanging import open_for
        from tocsin.server.duties import timers
        from tocsin.server.holdings import outbox as holdings
        from tocsin.server.incidents.losses import hear_of_batch, hear_of_source
        from tocsin.server.incidents.marks import stay_within
        from tocsin.server.incidents.persons import erase_over
        from tocsin.server.incidents.services import hear_of_alarm
        from tocsin.server.marking.services import LEVEL_HEARERS
        from tocsin.server.register import outbox as register

        alarms.register(hear_of_alarm)
        register.register(hear_of_source)
        holdings.register(hear_of_batch)
        LEVEL_HEARERS.append(stay_within)
        timers.register(erase_over)
        open_for("incidents.incident", read="incidents.read", add="incidents.write")
