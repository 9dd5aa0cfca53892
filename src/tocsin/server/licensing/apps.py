"""The app as Django knows it."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LicensingConfig(AppConfig):
    """Licences, sheets and orders."""

    name = "tocsin.server.licensing"
    label = "licensing"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Stand at the register's gate, on its pages and among its checks; let orders lapse."""
        from tocsin.server.duties.timers import register
        from tocsin.server.licensing.checks import CHECKS
        from tocsin.server.licensing.gate import licence_gate
        from tocsin.server.licensing.orders import lapse_orders, orders_of
        from tocsin.server.licensing.panels import licences_of_holder
        from tocsin.server.licensing.services import belongings
        from tocsin.server.register import beyond

        register(lapse_orders)
        beyond.GATES.append(licence_gate)
        beyond.BELONGINGS += [belongings, orders_of]
        beyond.CHECKS += CHECKS
        beyond.HOLDER_PANELS.append(licences_of_holder)
        beyond.TABS += [
            beyond.Tab("licensing:list", _("Licences"), "licences.read"),
            beyond.Tab("licensing:orders", _("Orders"), "licences.read"),
            beyond.Tab("licensing:check", _("Check an order"), "licences.check"),
        ]
