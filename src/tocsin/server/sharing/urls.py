"""Addresses of the pages on who sees what."""

from __future__ import annotations

from django.urls import path

from tocsin.server.sharing import views

app_name = "sharing"
urlpatterns = [
    path("sharing/", views.overview, name="overview"),
    path("sharing/agreements", views.agreement_new, name="agreement_new"),
    path("sharing/agreements/<uuid:pk>/end", views.agreement_end, name="agreement_end"),
    path("sharing/compartments", views.compartment_new, name="compartment_new"),
    path("sharing/compartments/<uuid:pk>/", views.compartment, name="compartment"),
    path("sharing/compartments/<uuid:pk>/members", views.member_new, name="member_new"),
    path("sharing/members/<int:pk>/end", views.member_end, name="member_end"),
    path("sharing/proposals/<uuid:pk>", views.proposal_decide, name="proposal_decide"),
    path("sharing/releases/<uuid:pk>/end", views.release_end, name="release_end"),
    path("sharing/<str:noun>/<uuid:pk>/", views.explain, name="explain"),
    path("sharing/<str:noun>/<uuid:pk>/release", views.release_row, name="release"),
    path("sharing/<str:noun>/<uuid:pk>/level", views.level, name="level"),
]
