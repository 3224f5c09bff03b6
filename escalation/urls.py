from django.urls import path

from escalation import views

urlpatterns = [
    path("notices/", views.notices, name="notices"),
    path("notices/<int:pk>/acknowledgement/", views.acknowledgement, name="acknowledgement"),
    path("outages/<int:pk>/", views.outage, name="outage"),
    path("outages/<int:pk>/end/", views.outage_end, name="outage-end"),
    path("outages/<int:pk>/calls/", views.outage_calls, name="outage-calls"),
]
