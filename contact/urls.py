from django.urls import path

from contact import ledger, views
from contact.email import views as watching

urlpatterns = [
    path("mail/", views.mails, name="mails"),
    path("mail/ledger/", ledger.ledger, name="ledger"),
    path("mail/ledger/<slug:code>/", ledger.ledger, name="ledger"),
    path("mail/ledger/<slug:code>/comparison/", ledger.comparison, name="comparison"),
    path("mail/ledger/<slug:code>/processing/", ledger.reprocessing, name="reprocessing"),
    path("mail/<int:pk>/", views.mail, name="mail"),
    path("mail/<int:pk>/raw/", views.raw, name="mail-raw"),
    path("tickets/<str:number>/messages/<int:message_pk>/raw/", views.message_raw, name="message-raw"),
    path("mail/<int:pk>/processing/", views.processing, name="mail-processing"),
    path("mail/<int:pk>/ticket/", views.mail_ticket, name="mail-ticket"),
    path("mailbox/", watching.mailbox, name="mailbox"),
    path("mailbox/checks/", watching.checks, name="mailbox-checks"),
    path("mailbox/outages/", watching.outages, name="mailbox-outages"),
    path("outgoing/", views.outgoing, name="outgoing"),
    path("outgoing/<str:folder>/<str:name>", views.outgoing_raw, name="outgoing-raw"),
]
