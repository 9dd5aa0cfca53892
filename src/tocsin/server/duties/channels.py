"""The ways out of the server: e-mail and a command. Both say only that something waits, and where.

The content of a notice stays on the page, behind the sign-in: an e-mail and the journal of a
command are read by others. Rows of every realm but LIVE stay on the page altogether, so that an
exercise never rings a telephone of the real world.
"""

from __future__ import annotations

import json
import shlex
import smtplib
import subprocess
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.utils import translation
from django.utils.translation import gettext as _

from tocsin.server.accounts.models import Person, Realm
from tocsin.server.duties.models import Channel, Delivery, Notice

COMMAND_TIMEOUT_S = 20
EMAIL_TIMEOUT_S = 5
"""For the connection and for each answer of the mail server."""


def channels_of(notice: Notice, person: Person) -> list[str]:
    """Channels by which a person is called."""
    found = [Channel.PAGE.value]
    if notice.realm != Realm.LIVE:
        return found
    if settings.TOCSIN.email_url and person.email:
        found.append(Channel.EMAIL.value)
    if settings.TOCSIN.notice_command:
        found.append(Channel.COMMAND.value)
    return found


def send(delivery: Delivery) -> str:
    """Carry out one delivery; the outcome as a short text, beginning with ``failed`` if it did."""
    try:
        if delivery.channel == Channel.EMAIL:
            return _email(delivery)
        if delivery.channel == Channel.COMMAND:
            return _command(delivery)
    except (OSError, smtplib.SMTPException, subprocess.SubprocessError) as error:
        return f"failed: {type(error).__name__}"
    return "shown"


def _email(delivery: Delivery) -> str:
    parts = urlsplit(settings.TOCSIN.email_url)
    connection = get_connection(
        "django.core.mail.backends.smtp.EmailBackend",
        host=parts.hostname or "localhost",
        port=parts.port or (465 if parts.scheme == "smtps" else 587),
        username=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        use_ssl=parts.scheme == "smtps",
        use_tls=parts.scheme != "smtps" and bool(parts.username),
        timeout=EMAIL_TIMEOUT_S,
    )
    with translation.override(delivery.person.language or settings.LANGUAGE_CODE):
        subject = _("Tocsin: something waits for you")
        body = _("Sign in and open “My notices”. Call {step}.").format(step=delivery.step + 1)
    sender = f"tocsin@{settings.ALLOWED_HOSTS[0]}"
    EmailMessage(subject, body, sender, [delivery.person.email], connection=connection).send()
    return "sent"


def _command(delivery: Delivery) -> str:
    """Run the operator's program: no shell, no arguments of ours, a JSON object on its input."""
    said = {
        "notice": str(delivery.notice_id),
        "person": str(delivery.person_id),
        "role": delivery.role,
        "step": delivery.step + 1,
        "realm": delivery.notice.realm,
        "due_at": delivery.due_at.isoformat(),
        "address": delivery.notice.address,
    }
    done = subprocess.run(  # noqa: S603 - the operator's own program from the configuration
        shlex.split(settings.TOCSIN.notice_command),
        input=json.dumps(said).encode(),
        capture_output=True,
        timeout=COMMAND_TIMEOUT_S,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin"},
        check=False,
    )
    return "sent" if done.returncode == 0 else f"failed: exit status {done.returncode}"
