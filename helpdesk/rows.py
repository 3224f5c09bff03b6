"""Many rows in one statement: for sweeps, loads and the intake of mail, which write thousands.

`insert_many` takes model instances. For the others rows are tuples of plain values in the order of `names`, which are
column attributes ("desk_id", "due_at"); the model's defaults do not apply. On PostgreSQL rows go in by COPY and are
changed by one UPDATE; SQLite has no way to the server.
"""

import csv
import json
from collections.abc import Iterable, Sequence
from io import StringIO
from itertools import count, islice
from typing import Any

from django.db import connection, transaction
from django.db.models import Field, ForeignKey, JSONField, Model

Row = Sequence[Any]
CHUNK = 64 * 1024  # characters handed to the server at a time


def insert_rows(model: type[Model], names: Sequence[str], rows: Iterable[Row]) -> None:
    """Insert rows into the table of `model`."""
    fields = _fields(model, names)
    columns = ", ".join(_quoted(field) for field in fields)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # \N stands for nothing only where nothing is allowed: elsewhere it is text that somebody wrote.
            needed = ", ".join(_quoted(field) for field in fields if not field.null)
            options = f"FORMAT csv, NULL '\\N', FORCE_NOT_NULL ({needed})"
            copied = f"COPY {_table(model)} ({columns}) FROM STDIN WITH ({options})"
            with connection.wrap_database_errors:  # Django does so for `execute` only
                cursor.copy_expert(copied, _Csv(fields, rows), CHUNK)
        else:
            marks = ", ".join(["%s"] * len(fields))
            prepared = [[_prepared(*one) for one in zip(fields, row, strict=True)] for row in rows]
            cursor.executemany(f"INSERT INTO {_table(model)} ({columns}) VALUES ({marks})", prepared)


@transaction.atomic(savepoint=False)
def insert_many(made: Sequence[Model]) -> None:
    """Insert new instances of one model and give them their ids; they may refer to each other.

    What `bulk_create` does, by COPY: a third of the time, and they stay instances for what follows.
    """
    if not made:
        return
    model = type(made[0])
    names = [field.attname for field in model._meta.concrete_fields]
    for one, pk in zip(made, reserve_ids(model, len(made)), strict=True):
        one.pk, one._state.adding, one._state.db = pk, False, connection.alias
    for field in model._meta.concrete_fields:
        if isinstance(field, ForeignKey):
            _note_keys(field, made)
    insert_rows(model, names, ([getattr(one, name) for name in names] for one in made))


def _note_keys(field: "ForeignKey[Any, Any]", made: Sequence[Model]) -> None:
    """Put the id of what an instance refers to beside it: that may have been saved since."""
    for one in made:
        if getattr(one, field.attname) is None and field.is_cached(one):
            related = field.get_cached_value(one)
            setattr(one, field.attname, related and related.pk)


def update_rows(model: type[Model], names: Sequence[str], rows: Sequence[Row]) -> None:
    """Give each row its own values; the first of `names` is "id"."""
    if not rows:
        return
    key, *fields = _fields(model, names)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # The values travel as one JSON text: quicker to write and to read than a literal for each.
            types = ", ".join(f"{_quoted(field)} {field.db_type(connection)}" for field in (key, *fields))
            given = ", ".join(f"{_quoted(field)} = new.{_quoted(field)}" for field in fields)
            columns = [key.column, *(field.column for field in fields)]
            values = json.dumps([dict(zip(columns, row, strict=True)) for row in rows], default=str)
            changed = f"UPDATE {_table(model)} old SET {given} FROM json_to_recordset(%s) AS new({types})"
            cursor.execute(f"{changed} WHERE old.{_quoted(key)} = new.{_quoted(key)}", [values])
        else:
            given = ", ".join(f"{_quoted(field)} = %s" for field in fields)
            prepared = [[*map(_prepared, fields, row[1:]), row[0]] for row in rows]
            cursor.executemany(f"UPDATE {_table(model)} SET {given} WHERE {_quoted(key)} = %s", prepared)


def reserve_ids(model: type[Model], number: int) -> list[int]:
    """Return ids that nobody else will get, for rows that refer to each other; inside a transaction."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            sequence = "pg_get_serial_sequence(%s, 'id')"
            cursor.execute(f"SELECT nextval({sequence}) FROM generate_series(1, %s)", [model._meta.db_table, number])
            return [row[0] for row in cursor.fetchall()]
        # The transaction holds the only lock for writing.
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [model._meta.db_table])
        found = cursor.fetchone()
        return list(islice(count((found[0] if found else 0) + 1), number))


class _Csv:
    """Rows as a file in CSV that is written while it is read: the server stores the first while the next are made."""

    def __init__(self, fields: Sequence["Field[Any, Any]"], rows: Iterable[Row]) -> None:
        self._jsons = [place for place, field in enumerate(fields) if isinstance(field, JSONField)]
        self._rows = iter(rows)

    def read(self, size: int) -> str:
        """Return about `size` characters, whole rows; "" at the end."""
        text = StringIO()
        write = csv.writer(text).writerow
        for row in self._rows:
            line = ["\\N" if value is None else value for value in row]
            for place in self._jsons:
                if row[place] is not None:
                    line[place] = json.dumps(row[place])
            write(line)
            if text.tell() >= size:
                break
        return text.getvalue()


def _prepared(field: "Field[Any, Any]", value: Any) -> Any:
    return field.get_db_prep_save(value, connection)


def _fields(model: type[Model], names: Sequence[str]) -> list["Field[Any, Any]"]:
    by_name = {field.attname: field for field in model._meta.concrete_fields}
    return [by_name[name] for name in names]


def _table(model: type[Model]) -> str:
    return connection.ops.quote_name(model._meta.db_table)


def _quoted(field: "Field[Any, Any]") -> str:
    return connection.ops.quote_name(str(field.column))
