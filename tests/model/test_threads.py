"""Work of its own for each core."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from seqcli.model.threads import each_on_a_core


def blas_threads() -> set[int]:
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


def test_all_items_are_worked_on_by_as_many_threads_as_products_may_use() -> None:
    names, inside, found = set(), set(), np.zeros(40)
    together = threading.Barrier(3, timeout=20)

    def work(number: int) -> None:
        if number < 3:
            together.wait()  # passed only where three threads work at once
        names.add(threading.current_thread().name)
        inside.update(blas_threads())
        found[number] = number

    with threadpool_limits(3, "blas"):
        each_on_a_core(work, range(40))
        assert blas_threads() == {3}
    assert found.tolist() == list(range(40))
    assert len(names) == 3
    assert inside == {1}


@pytest.mark.parametrize("threads", [1, 2])
def test_what_fails_is_raised_and_the_rest_left(threads: int) -> None:
    begun = []

    def work(number: int) -> None:
        begun.append(number)
        if number == 1:
            raise ValueError("not this one")

    with threadpool_limits(threads, "blas"), pytest.raises(ValueError, match="not this one"):
        each_on_a_core(work, range(1000))
    assert len(begun) < 1000
