"""The app as Django knows it."""

from django.apps import AppConfig


class RegisterConfig(AppConfig):
    """Register of sources."""

    name = "tocsin.server.register"
    label = "register"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Follow decay, hand on what apps above must hear of, and let documents hang here."""
        from tocsin.server.duties.timers import register
        from tocsin.server.register.checking import check_when_due
        from tocsin.server.register.import_turns import resume_silent
        from tocsin.server.register.outbox import deliver_pending
        from tocsin.server.register.papers import open_register
        from tocsin.server.register.services import follow_decay

        register(follow_decay)
        register(deliver_pending)
        register(resume_silent)
        register(check_when_due)
        open_register()
