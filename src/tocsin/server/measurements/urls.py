"""Addresses of measurements."""

from __future__ import annotations

from django.urls import path

from tocsin.server.measurements import views

app_name = "measurements"
urlpatterns = [
    path("", views.measurement_list, name="list"),
    path("table.csv", views.measurement_list_csv, name="list_csv"),
    path("upload/", views.upload, name="upload"),
    path("uploads/", views.upload_list, name="uploads"),
    path("uploads/<uuid:pk>/", views.upload_state, name="upload_state"),
    path("uploads/<uuid:pk>/again/", views.upload_again, name="upload_again"),
    path("uploads/<uuid:pk>/original", views.upload_original, name="upload_original"),
    path("instruments/", views.instrument_list, name="instruments"),
    path("<uuid:pk>/", views.measurement, name="measurement"),
    path("<uuid:pk>/analyse/", views.reanalyse, name="reanalyse"),
    path("<uuid:pk>/original", views.original, name="original"),
    path("<uuid:pk>/n42", views.n42, name="n42"),
    path("<uuid:pk>/table.csv", views.table, name="table"),
    path("<uuid:pk>/analyses/<int:number>/map.geojson", views.places, name="places"),
]
