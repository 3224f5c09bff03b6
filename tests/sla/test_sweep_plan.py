"""The sweep reads what is due and nothing else, and many sweeps at once do each thing once."""

import json
from threading import Barrier, Thread

import pytest
from django.db import connection, transaction

from escalation.actions import sweep
from escalation.models import Alert, Notice
from sla.actions import claim_due, claim_untold_breaches, claim_warnings
from sla.models import Deadline
from tests.support.facts import HOUR, SECOND
from tests.support.many import many_deadlines
from tests.support.office import make_desk, make_employee, riga

DUE, LATER = riga("2025-11-11 17:00"), riga("2025-11-12 17:00")


def asked(call):
    """Return the first SELECT on the deadlines that `call` makes, with its parameters."""
    found = []

    def note(execute, sql, params, many, context):
        if sql.startswith("SELECT") and 'FROM "sla_deadline"' in sql:
            found.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note), transaction.atomic():
        call()
        transaction.set_rollback(True)
    return found[0]


def plan_of(sql, params):
    """Return the query's plan as text, and on PostgreSQL how many rows it read besides those it returned."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
            return "\n".join(row[-1] for row in cursor.fetchall()), 0
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", params)
        (plan,) = cursor.fetchone()
        nodes = [plan[0]["Plan"]]
        for node in nodes:
            nodes += node.get("Plans", [])
        return json.dumps(plan), sum(node.get("Rows Removed by Filter", 0) for node in nodes)


@pytest.mark.django_db
class TestPlan:
    """No periodic job ever looks at more rows than are due."""

    @pytest.fixture(autouse=True)
    def many(self, desk):
        many_deadlines(desk, 5000, due_at=DUE, due=50, later_at=LATER)
        Deadline.objects.filter(due_at__gt=LATER).update(warn_at=LATER)
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE sla_deadline")

    def check(self, call, index):
        plan, passed_over = plan_of(*asked(call))
        assert index in plan
        assert "Seq Scan" not in plan
        assert passed_over == 0

    def test_what_is_past_due_is_found_by_its_index(self):
        assert len(claim_due(at=DUE)) == 0
        self.check(lambda: claim_due(at=DUE + SECOND), "deadline_unbreached")

    def test_so_is_what_is_near(self):
        self.check(lambda: claim_warnings(at=LATER - HOUR), "deadline_unwarned")

    def test_so_is_what_nobody_was_told_of(self):
        claim_due(at=DUE + SECOND)
        self.check(claim_untold_breaches, "deadline_untold")


@pytest.mark.django_db(transaction=True)
class TestManyAtOnce:
    """E-II: all of it once, however many workers sweep."""

    def test_four_sweeps_over_a_thousand_break_and_tell_each_once(self, nudges):
        desk = make_desk()
        make_employee("Ilze Kalnciema", "administrator", desk=desk)
        make_employee("Raimonds Straujupe", "deputy_director", desk=desk)
        many_deadlines(desk, 1200, due_at=DUE, due=1000, later_at=LATER)
        together, counted, failed = Barrier(4), [], []

        def run():
            try:
                together.wait(timeout=20)
                counted.append(sweep(at=DUE + SECOND))
            except Exception as failure:
                failed.append(failure)
            finally:
                connection.close()

        threads = [Thread(target=run) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=120)
        assert failed == []
        assert sum(breaches for breaches, _ in counted) == 1000
        self.check_written_once()

    def check_written_once(self):
        from audit.models import Event

        assert Deadline.objects.filter(breached_at=DUE, is_breach_told=True).count() == 1000
        assert Deadline.objects.filter(breached_at=None).count() == 200
        assert Alert.objects.filter(trigger="breach").count() == 1000
        assert Notice.objects.count() == 2000
        assert Event.objects.filter(verb="deadline.breached").count() == 1000
        assert Event.objects.filter(verb="alert.raised").count() == 1000
