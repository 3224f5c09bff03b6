from django.contrib import admin
from django.contrib.auth.views import LogoutView
from django.urls import include, path

from helpdesk import views

urlpatterns = [
    path("", views.home, name="home"),
    path("sign-in/", views.SignIn.as_view(), name="sign-in"),
    path("sign-out/", LogoutView.as_view(), name="sign-out"),
    path("strip/", views.strip, name="strip"),
    path("language/", include("django.conf.urls.i18n")),
    path("healthz", views.healthz, name="healthz"),
    path("", include("directory.urls")),
    path("", include("sla.urls")),
    path("", include("escalation.urls")),
    path("", include("knowledge.urls")),
    path("", include("tickets.urls")),
    path("", include("contact.urls")),
    path("", include("reports.urls")),
    path("setup/", admin.site.urls),
]
