from datetime import date

from django.urls import path, register_converter

from sla import views


class DateConverter:
    regex = r"\d{4}-\d{2}-\d{2}"

    def to_python(self, value: str) -> date:
        return date.fromisoformat(value)

    def to_url(self, value: date) -> str:
        return value.isoformat()


register_converter(DateConverter, "date")

urlpatterns = [
    path("calendar/<int:year>/", views.calendar, name="calendar"),
    path("calendar/<int:year>/days/<date:on>/", views.day, name="calendar-day"),
    path("calendar/<int:year>/completeness/", views.completeness, name="calendar-completeness"),
    path("calendar/hours/", views.hours, name="calendar-hours"),
    path("calendar/recalculations/<int:pk>/", views.recalculation, name="recalculation"),
    path("terms/", views.terms, name="terms"),
    path("terms/<int:pk>/", views.policy, name="term"),
]
