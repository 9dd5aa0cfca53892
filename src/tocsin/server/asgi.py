"""The application as a web server starts it."""

from __future__ import annotations

import os

from django.core.asgi import get_asgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tocsin.server.settings")
_django = get_asgi_application()

# after Django is set up: this reads settings and addresses
from tocsin.server.bodies import BoundedBodies  # noqa: E402
from tocsin.server.ingest.door import Door  # noqa: E402

# read all addresses now: the first alarm or page must not wait for it
get_resolver().reverse_dict  # noqa: B018

application = Door(BoundedBodies(_django))
