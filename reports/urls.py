from django.urls import path

from reports import views

urlpatterns = [
    path("overdue/", views.overdue, name="overdue"),
    path("registered/", views.registered, name="registered"),
    path("registered/table.csv", views.registered_table, name="registered-table"),
]
