from django.urls import path

from directory import views
from directory.clients import views as clients
from directory.register import views as register

urlpatterns = [
    path("profile/", views.profile, name="profile"),
    path("people/", views.people, name="people"),
    path("people/new/", views.new_person, name="new-person"),
    path("people/<int:pk>/", views.person, name="person"),
    path("people/<int:pk>/absences/new/", views.new_absence, name="new-absence-of"),
    path("competences/", views.competences, name="competences"),
    path("competences/topics/new/", views.new_topic, name="new-topic"),
    path("competences/topics/<int:pk>/", views.topic, name="topic"),
    path("competences/orders/new/", views.new_order, name="new-order"),
    path("competences/orders/<int:pk>/", views.order, name="order"),
    path("competences/orders/<int:pk>/change/", views.order_change, name="order-change"),
    path("competences/orders/<int:pk>/end/", views.order_end, name="order-end"),
    path("absences/", views.absences, name="absences"),
    path("absences/new/", views.new_absence, name="new-absence"),
    path("absences/<int:pk>/", views.absence, name="absence"),
    path("absences/<int:pk>/cancellation/", views.absence_cancellation, name="absence-cancellation"),
    path("clients/", clients.clients, name="clients"),
    path("clients/new/", clients.new_client, name="client-new"),
    path("clients/imports/", register.imports, name="client-imports"),
    path("clients/imports/<int:pk>/", register.one, name="client-import"),
    path("clients/imports/<int:pk>/reading/", register.reading, name="client-import-reading"),
    path("clients/imports/<int:pk>/comparison/", register.comparison, name="client-import-comparison"),
    path("clients/imports/<int:pk>/application/", register.application, name="client-import-application"),
    path("clients/<int:pk>/", clients.client, name="client"),
    path("clients/<int:pk>/change/", clients.client_change, name="client-change"),
    path("clients/<int:pk>/confirmation/", clients.client_confirmation, name="client-confirmation"),
    path("clients/<int:pk>/addresses/", clients.client_addresses, name="client-addresses"),
    path("clients/<int:pk>/phones/", clients.client_phones, name="client-phones"),
    path("clients/<int:pk>/assistants/new/", clients.new_delegate, name="client-new-delegate"),
    path("clients/<int:pk>/assistants/<int:delegate_pk>/", clients.delegate, name="client-delegate"),
]
