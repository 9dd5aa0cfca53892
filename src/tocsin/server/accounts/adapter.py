"""How the sign-in library behaves here."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.stagekit import clear_login
from django.http import HttpRequest, HttpResponse


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Nobody makes an account for themselves; people are invited."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Closed."""
        return False

    def pre_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse | None:
        """Nobody of a closed organisation signs in."""
        if not user.may_come_in:
            clear_login(request)
            answer: HttpResponse = self.respond_user_inactive(request, user)
            return answer
        found: HttpResponse | None = super().pre_login(request, user, **kwargs)
        return found

    def populate_username(self, request: HttpRequest, user: Any) -> None:
        """People have no user name."""
