"""The app as Django knows it."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OversightConfig(AppConfig):
    """What the authority watches over."""

    name = "tocsin.server.oversight"
    label = "oversight"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Stand on the register's pages, and hear of sources that are lost."""
        from tocsin.server.oversight.allowed import belongings
        from tocsin.server.oversight.panels import holder_panel, source_panel
        from tocsin.server.oversight.services.discrepancies import hear_of_source
        from tocsin.server.register import beyond, outbox

        beyond.TABS.append(beyond.Tab("oversight:inspections", _("Oversight"), "oversight.answer"))
        beyond.BELONGINGS.append(belongings)
        beyond.SOURCE_PANELS.append(source_panel)
        beyond.HOLDER_PANELS.append(holder_panel)
        outbox.register(hear_of_source)
