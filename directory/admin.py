"""The set-up pages for people and desks, until they have pages of their own."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from directory.actions.clients import index_clients
from directory.models import Client, ClientAddress, ClientPhone, Desk, Employee, Role, User


class LowerEmail(forms.ModelForm):  # type: ignore[type-arg]
    """Addresses are kept in lower case: a person is found by them."""

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).strip().lower()


class UserForm(LowerEmail):
    """A person who may sign in; an empty password leaves the old one."""

    new_password = forms.CharField(widget=forms.PasswordInput(render_value=False), required=False)

    class Meta:
        model = User
        fields = ["email", "is_active", "is_staff", "is_superuser"]

    def save(self, commit: bool = True) -> User:
        user: User = super().save(commit=False)
        if self.cleaned_data["new_password"]:
            user.set_password(self.cleaned_data["new_password"])
        if commit:
            user.save()
        return user


@admin.register(User)
class UserAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    form = UserForm
    list_display = ("email", "is_active", "is_staff")
    search_fields = ("email",)


class RoleInline(admin.TabularInline):  # type: ignore[type-arg]
    model = Role
    extra = 1


@admin.register(Employee)
class EmployeeAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("__str__", "position", "phone", "user")
    list_select_related = ("user",)
    inlines: ClassVar = [RoleInline]


@admin.register(Desk)
class DeskAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("name", "code", "address", "starts_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A desk needs a calendar and terms: `manage.py create_administrator` makes it whole."""
        return False


class AddressInline(admin.TabularInline):  # type: ignore[type-arg]
    model = ClientAddress
    form = LowerEmail
    extra = 1


class PhoneInline(admin.TabularInline):  # type: ignore[type-arg]
    model = ClientPhone
    extra = 1


@admin.register(Client)
class ClientAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("name", "kind", "is_confirmed")
    list_filter = ("kind", "is_confirmed")
    search_fields = ("name", "addresses__email")
    inlines: ClassVar = [AddressInline, PhoneInline]

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        index_clients([form.instance.pk])
