"""The way in, the strip of the shell, and the sign of life."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from contact.demo.people import demonstration_logins
from directory.models import Role
from directory.queries import role_names_of
from directory.requests import Request

FROM_ABOVE = {Role.Name.DIRECTOR, Role.Name.DEPUTY_DIRECTOR}


class SignIn(LoginView):
    template_name = "sign_in.html"
    authentication_form = AuthenticationForm
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(demonstration_logins=demonstration_logins(), **kwargs)


@login_required
@require_GET
def home(request: Request) -> HttpResponse:
    """Lead each person to their page: directors to what is late, experts to their drafts, the others to the queue."""
    roles = role_names_of(request.user)
    if roles == {Role.Name.EXPERT}:
        return redirect("drafts")
    return redirect("overdue" if roles & FROM_ABOVE and Role.Name.ADMINISTRATOR not in roles else "queue")


@login_required
@require_GET
def strip(request: Request) -> HttpResponse:
    return render(request, "_strip.html")


@require_GET
def healthz(request: HttpRequest) -> HttpResponse:
    """Alive: this process answers. It asks nothing of anything else."""
    return HttpResponse("ok\n", content_type="text/plain")
