"""Addresses of ways out."""

from __future__ import annotations

from django.urls import path

from tocsin.server.outlets import views

app_name = "outlets"
urlpatterns = [
    path("", views.operation_list, name="list"),
    path("table.csv", views.operation_list_csv, name="csv"),
    path("new/", views.operation_new, name="new"),
    path("<uuid:pk>/", views.operation, name="operation"),
    path("<uuid:pk>/agree/", views.operation_agree, name="agree"),
    path("<uuid:pk>/stop/", views.operation_stop, name="stop"),
    path("<uuid:pk>/link/", views.operation_link, name="link"),
    path("<uuid:pk>/now.<str:form>", views.operation_file, name="file"),
    path("feed/<str:token>/now.<str:form>", views.feed, name="feed"),
]
