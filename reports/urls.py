from django.urls import path

from reports import views

urlpatterns = [path("overdue/", views.overdue, name="overdue")]
