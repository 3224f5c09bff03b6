"""A look-up that an index serves on both databases: `key__begins="ozo"`."""

from typing import Any

from django.db.models import CharField, Lookup


@CharField.register_lookup
class Begins(Lookup):
    """Whether a text begins with these words, which hold no sign of a pattern (`directory.folding`)."""

    lookup_name = "begins"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        return self._pattern(compiler, connection, "LIKE", str(self.rhs).replace("_", r"\_") + "%")

    def as_sqlite(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        # LIKE does not mind the case there, so it cannot use the index; GLOB can.
        return self._pattern(compiler, connection, "GLOB", f"{self.rhs}*")

    def _pattern(self, compiler: Any, connection: Any, operator: str, pattern: str) -> tuple[str, list[Any]]:
        left, params = self.process_lhs(compiler, connection)
        return f"{left} {operator} %s", [*params, pattern]
