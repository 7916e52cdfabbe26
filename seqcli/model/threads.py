"""Independent pieces of NumPy work on all cores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from threadpoolctl import ThreadpoolController

Item = TypeVar("Item")


def cores() -> int:
    """In how many threads `each_on_a_core` works."""
    return min([library["num_threads"] for library in ThreadpoolController().select(user_api="blas").info()], default=1)


def each_on_a_core(work: Callable[[Item], None], items: Sequence[Item]) -> None:
    """Call `work` with each item, in as many threads as matrix products may use, each of whose products uses one.
    Threads that share each product wait for one another at the end of each; those that have work of their own do not.
    Results do not depend on how many there are. What `work` raises is raised, and what has not begun is left."""
    products = ThreadpoolController().select(user_api="blas")
    count = min([len(items), *(library["num_threads"] for library in products.info())])
    with products.limit(limits=1):
        if count <= 1:
            for item in items:
                work(item)
            return
        pool = ThreadPoolExecutor(count)
        try:
            for _ in pool.map(work, items):
                pass
        finally:
            pool.shutdown(cancel_futures=True)
