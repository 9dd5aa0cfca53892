"""The application as a web server starts it."""

from __future__ import annotations

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tocsin.server.settings")
_django = get_asgi_application()

# after Django is set up: this reads settings and addresses
from tocsin.server.all_addresses import read_all_addresses  # noqa: E402
from tocsin.server.bodies import BoundedBodies  # noqa: E402
from tocsin.server.ingest.door import Door  # noqa: E402

read_all_addresses()

application = Door(BoundedBodies(_django))
