"""The app as Django knows it."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NoticesConfig(AppConfig):
    """Public notices."""

    name = "tocsin.server.notices"
    label = "notices"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Stand in the section of incidents."""
        from tocsin.server.incidents.beyond import TABS
        from tocsin.server.register.beyond import Tab

        TABS.append(Tab("notices:list", _("Public notices"), "notices.read"))
