"""Work that is done while the one before it is used: what waits for a server costs no time then."""

from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def ahead(make: Callable[[T], R], items: Iterable[T]) -> Generator[R, None, None]:
    """Yield what `make` makes of each item, in order; the next one is made by another thread meanwhile.

    `make` is a pure function: it uses neither the database nor a line to a server, as both are their thread's own. It
    never runs twice at a time, and is not begun again once the generator is closed; `items` are taken in the caller's
    thread.
    """
    with ThreadPoolExecutor(max_workers=1) as helper:
        coming: Future[R] | None = None
        for item in items:
            made, coming = coming, helper.submit(make, item)
            if made is not None:
                yield made.result()
        if coming is not None:
            yield coming.result()
