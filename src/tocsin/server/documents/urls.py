"""Addresses of documents."""

from __future__ import annotations

from django.urls import path

from tocsin.server.documents import views

app_name = "documents"
urlpatterns = [
    path("on/<str:noun>/<uuid:pk>/add/", views.add, name="add"),
    path("<uuid:pk>/", views.document, name="document"),
    path("<uuid:pk>/file", views.file, name="file"),
    path("<uuid:pk>/thumbnail", views.thumbnail, name="thumbnail"),
    path("<uuid:pk>/original", views.original, name="original"),
    path("<uuid:pk>/withdraw", views.withdraw, name="withdraw"),
]
