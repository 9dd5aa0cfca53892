"""Addresses of the pages on the log."""

from __future__ import annotations

from django.urls import path

from tocsin.server.transparency import views

app_name = "audit"
urlpatterns = [
    path("", views.events, name="events"),
    path("<int:pk>/", views.event, name="event"),
    path("<int:pk>/proof.json", views.proof, name="proof"),
    path("checkpoints/", views.checkpoints, name="checkpoints"),
    path("checkpoints/<int:size>/", views.checkpoint, name="checkpoint"),
    path("checkpoints/<int:size>/checkpoint.txt", views.checkpoint_text, name="checkpoint_text"),
    path("checkpoints/compare", views.compare, name="compare"),
    path("checkpoints/witness", views.witness, name="witness"),
    path("log.jsonl", views.export, name="export"),
]
