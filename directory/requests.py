"""The type of a request of a person who is signed in, for views."""

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from directory.models import User


class Request(HttpRequest):
    user: User
    htmx: HtmxDetails
    # Counted once for the page and for the navigation around it.
    queue_counts: dict[str, int]
