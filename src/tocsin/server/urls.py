"""Every address. What may be reached by whom stands in ``data/url_access.csv``."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from tocsin.server.api import api
from tocsin.server.console import views as console
from tocsin.server.console.map_tiles import map_plan, map_tiles
from tocsin.server.health import views as health
from tocsin.server.live import streams
from tocsin.server.people.signing_in import logged

urlpatterns: list[URLPattern | URLResolver] = [
    path("", console.home, name="home"),
    path("health", console.health, name="health"),
    path("search/", console.search_page, name="search"),
    path("map/tiles.pmtiles", map_tiles, name="map_tiles"),
    path("map/plan.json", map_plan, name="map_plan"),
    path("server/", health.page, name="server_health"),
    path("live/alarms", streams.alarms, name="live_alarms"),
    path("theme", console.theme, name="theme"),
    path("realm", console.realm, name="realm"),
    path("language", console.language, name="set_language"),
    path("", include("tocsin.server.people.urls")),
    path("", include("tocsin.server.sharing.urls")),
    path("documents/", include("tocsin.server.documents.urls")),
    path("register/", include("tocsin.server.register.urls")),
    path("licences/", include("tocsin.server.licensing.urls")),
    path("holdings/", include("tocsin.server.holdings.urls")),
    path("oversight/", include("tocsin.server.oversight.urls")),
    path("measurements/", include("tocsin.server.measurements.urls")),
    path("devices/", include("tocsin.server.ingest.urls")),
    path("alarms/", include("tocsin.server.alarms.urls")),
    path("incidents/", include("tocsin.server.incidents.urls")),
    path("notices/", include("tocsin.server.notices.urls")),
    path("tracing/", include("tocsin.server.tracing.urls")),
    path("statistics/", include("tocsin.server.statistics.urls")),
    path("picture/", include("tocsin.server.picture.urls")),
    path("outlets/", include("tocsin.server.outlets.urls")),
    path("duties/", include("tocsin.server.duties.urls")),
    path("log/", include("tocsin.server.transparency.urls")),
    path("account/", logged("allauth.account.urls")),
    path("account/second-factor/", logged("allauth.mfa.urls")),
    path("account/sessions/", logged("allauth.usersessions.urls")),
    path("api/1/", api.urls),
]
handler400 = "tocsin.server.errors.bad_request"
handler403 = "tocsin.server.errors.permission_denied"
handler404 = "tocsin.server.errors.not_found"
handler500 = "tocsin.server.errors.server_error"
