"""What stands before a view of a ticket."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from directory.requests import Request


def require_post_or_go(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Let POST through; lead whoever comes by GET, after signing in anew say, to the ticket."""

    @wraps(view)
    def inner(request: Request, number: str, **kwargs: Any) -> HttpResponse:
        if request.method in ("GET", "HEAD"):
            return redirect("ticket", number)
        return require_POST(view)(request, number, **kwargs)

    return inner
