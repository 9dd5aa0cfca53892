"""Addresses of the live picture."""

from __future__ import annotations

from django.urls import path

from tocsin.server.picture import streams, views

app_name = "picture"
urlpatterns = [
    path("", views.live, name="live"),
    path("stream", streams.live, name="stream"),
    path("replay/", views.replays, name="replays"),
    path("replay/<uuid:pk>/", views.replay, name="replay"),
]
