"""The app as Django knows it."""

from django.apps import AppConfig


class HoldingsConfig(AppConfig):
    """What a holder has beside sealed sources."""

    name = "tocsin.server.holdings"
    label = "holdings"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Add tabs, panels and a check to the register, count for licences, take documents."""
        from tocsin.server.holdings.counted import open_counting
        from tocsin.server.holdings.panels import open_holdings

        open_counting()
        open_holdings()
