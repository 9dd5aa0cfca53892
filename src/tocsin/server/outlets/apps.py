"""The app as Django knows it."""

from django.apps import AppConfig


class OutletsConfig(AppConfig):
    """Ways out."""

    name = "tocsin.server.outlets"
    label = "outlets"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Send what is due at every tick of the timers, and see the last ones through."""
        from tocsin.server.duties import timers
        from tocsin.server.outlets.sending import end_sending, send_due

        timers.register(send_due, last=True)
        timers.register_end(end_sending)
