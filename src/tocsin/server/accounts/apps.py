"""The app as Django knows it."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """People and organisations."""

    name = "tocsin.server.accounts"
    label = "accounts"
    default_auto_field = "django.db.models.BigAutoField"
