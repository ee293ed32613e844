"""Queues share a consumer by their weights, and a full one starves nobody."""

from __future__ import annotations

from collections import Counter

from qtask_db.process.turns import Turns


def serve(turns: Turns, held: dict[str, int], most: int, takes: int) -> Counter[str]:
    """Takes from the first queues that hold something, as a take does; the tasks of each queue."""
    given: Counter[str] = Counter()
    for _ in range(takes):
        order, room = turns.order(), most
        taken: list[str] = []
        for queue in order:
            number = min(room, held[queue])
            held[queue] -= number
            room -= number
            taken += [queue] * number
        turns.gave(order, taken)
        given.update(taken)
    return given


def test_a_full_first_queue_starves_nobody() -> None:
    held = {"FULL": 1_000_000, "CALM": 3}
    given = serve(Turns({"FULL": 1, "CALM": 1}), held, 1_000, 2)
    assert held["CALM"] == 0
    assert given["FULL"] == 1_997


def test_weights_are_shares() -> None:
    for most in (1, 7, 1_000):
        held = dict.fromkeys(("A", "B", "C"), 10_000_000)
        given = serve(Turns({"A": 1, "B": 3, "C": 6}), held, most, 1_000)
        shares = [round(10 * given[queue] / given.total()) for queue in "ABC"]
        assert shares == [1, 3, 6], most


def test_what_one_queue_leaves_the_others_get() -> None:
    held = {"A": 0, "B": 10_000, "C": 10_000}
    given = serve(Turns({"A": 1_000, "B": 1, "C": 1}), held, 10, 100)
    assert (given["B"], given["C"]) == (500, 500)


def test_a_queue_that_was_empty_has_saved_up_nothing() -> None:
    turns = Turns({"A": 1, "B": 1})
    held = {"A": 0, "B": 10_000_000}
    serve(turns, held, 10, 1_000)
    held["A"] = 10_000
    given = serve(turns, held, 10, 20)
    assert abs(given["A"] - given["B"]) <= 20


def test_one_queue_is_always_first() -> None:
    turns = Turns({"A": 1})
    turns.gave(["A"], ["A"] * 5)
    turns.gave(["A"], [])
    assert turns.order() == ["A"]


def test_queues_that_have_nothing_keep_their_order() -> None:
    turns = Turns({"A": 1, "B": 1, "C": 1})
    turns.gave(turns.order(), [])
    assert turns.order() == ["A", "B", "C"]
