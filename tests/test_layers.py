"""What the rooms promise each other: names that are only strings, and values that two of them must agree on."""

import ast
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.db import models

from helpdesk.celery import app

ROOMS = ("helpdesk", "audit", "directory", "sla", "escalation", "knowledge", "tickets", "contact", "reports")
SOURCES = [path for room in ROOMS for path in sorted((settings.BASE_DIR / room).rglob("*.py"))]


def nudged():
    """Return every task name that the product nudges, with its file."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "after_commit":
                yield path, node.args[0].value


class TestTasks:
    """E-II.1a: what is nudged and what is scheduled exists, so that nothing queued waits for nobody."""

    @pytest.fixture(autouse=True)
    def loaded(self):
        app.loader.import_default_modules()

    def test_every_nudge_names_a_task(self):
        names = {name for _, name in nudged()}
        assert len(names) >= 5
        assert names <= set(app.tasks)

    def test_every_scheduled_task_exists(self):
        assert {entry["task"] for entry in app.conf.beat_schedule.values()} <= set(app.tasks)

    def test_behind_every_nudge_there_is_a_sweep(self):
        # What a lost nudge left is found by another task of the schedule.
        behind = {
            "contact.email.check_inbox": "contact.email.check_inboxes",
            "contact.email.try_server": "contact.email.try_sending",
            "contact.email.deliver": "contact.email.deliver_due",
            "contact.email.file_copies": "contact.email.recover",
            "contact.email.link_received": "contact.email.check_inboxes",
            "contact.email.compare": "contact.email.compare_nightly",
            "sla.recalculate": "sla.resume_recalculations",
            "directory.work_import": "directory.resume_imports",
        }
        scheduled = {entry["task"] for entry in app.conf.beat_schedule.values()}
        assert {behind.get(name, name) for _, name in nudged()} <= scheduled


class TestTime:
    """Style 2.3: one reading of the clock at the edge, none below it; every instant in the database is aware."""

    # Modules of views, tasks, and what a request or a sign-in goes through.
    EDGES = {
        *("views.py", "ledger.py", "decisions.py", "draft_views.py", "junk_views.py", "tasks.py"),
        *("bulk_views.py", "client_views.py", "hand_over_views.py", "link_views.py"),
        *("context.py", "folder_mail.py", "signs.py"),
    }

    def test_only_edges_read_the_clock(self):
        readers = {
            path.relative_to(settings.BASE_DIR)
            for path in SOURCES
            if "timezone.now(" in path.read_text(encoding="utf-8")
            or "datetime.now(" in path.read_text(encoding="utf-8")
        }
        below = {path for path in readers if path.name not in self.EDGES and not set(path.parts) & {"commands", "demo"}}
        assert below == set()

    def test_no_column_fills_itself_from_the_clock(self):
        ours = [model for room in ROOMS if room != "helpdesk" for model in apps.get_app_config(room).get_models()]
        fields = [field for model in ours for field in model._meta.fields if isinstance(field, models.DateTimeField)]
        assert fields
        assert not [field for field in fields if field.auto_now or field.auto_now_add]


class TestStates:
    """E-II: indexes name states by their codes; each is one that exists."""

    def test_every_state_in_an_index_or_constraint_exists(self):
        for room in ("sla", "tickets", "contact"):
            for model in apps.get_app_config(room).get_models():
                if not any(field.name == "state" for field in model._meta.fields):
                    continue
                known = set(model.State.values)
                conditions = [
                    rule.condition
                    for rule in (*model._meta.indexes, *model._meta.constraints)
                    if getattr(rule, "condition", None)
                ]
                assert {state for condition in conditions for state in states_in(condition)} <= known


def states_in(condition):
    for child in condition.children:
        if isinstance(child, models.Q):
            yield from states_in(child)
        elif child[0] == "state":
            yield child[1]
        elif child[0] == "state__in":
            yield from child[1]


class TestTests:
    """Style 2.8: no test package shadows an app."""

    def test_no_package_files_among_the_tests(self):
        assert list(Path(settings.BASE_DIR, "tests").rglob("__init__.py")) == []
