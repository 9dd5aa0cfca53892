"""The app as Django knows it."""

from django.apps import AppConfig


class HoldingsConfig(AppConfig):
    """What a holder has beside sealed sources."""

    name = "tocsin.server.holdings"
    label = "holdings"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Stand on the register's pages, count for licences, and hand on what is missing."""
        from tocsin.server.duties.timers import register
        from tocsin.server.holdings.counted import open_counting
        from tocsin.server.holdings.outbox import deliver_pending
        from tocsin.server.holdings.panels import open_holdings

        register(deliver_pending)
        open_counting()
        open_holdings()
