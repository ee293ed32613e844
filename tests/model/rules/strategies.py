"""The arguments that the rules give."""

from __future__ import annotations

import json
from dataclasses import replace

from contract.inputs import HOSTILE, REFUSED
from hypothesis import strategies as st

from qtask_db import Schedule
from qtask_db.constants import DEFAULT, LIMIT

UNIT = 1_000
"""Seconds of the model are counted in these, so that the time an example takes does not matter."""
GRACE = UNIT // 2
SMEAR = 0.3 * UNIT
LONG = (DEFAULT["deadline"] // UNIT + 1) * UNIT
NOBODY = 10**17
NONE = 10**6

units = st.integers(0, 4).map(lambda n: n * UNIT)
some_units = st.integers(1, 3).map(lambda n: n * UNIT)
# Mostly one of the last, so that much happens to each.
which = st.sampled_from((0, 1, 2, 3) * 4 + (4, 5, 6, 7, 8, NONE))
attempts = st.sampled_from(
    ("next", "same", "next", "same", "same", None, 0, 1, 2, -1, 2**31, 2**62)
)
texts = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(st.characters(blacklist_categories=["Cs"]), min_size=1, max_size=LIMIT["name"]),
).filter(lambda text: text.strip(" ") == text)
queues = st.sampled_from(("A", "it's; -- \\ %s \N{GRINNING FACE}"))
helds = st.lists(queues, max_size=2, unique=True)
namespaces = st.sampled_from((None,) * 6 + ("default", "other"))
options = st.fixed_dictionaries(
    {},
    optional={
        "order_no": st.sampled_from(("1", "2", "\N{SNOWMAN}'\"\\")),
        "namespace": namespaces,
        "deadline": some_units,
        "delete_deadline": units,
        "max_count": st.integers(1, 2),
        "on_failure": st.sampled_from(("A", "SAD \N{WHITE FROWNING FACE}")),
    },
)
payloads = st.dictionaries(texts, st.one_of(texts, st.integers(), st.none()), max_size=2).map(
    lambda found: json.dumps(found, ensure_ascii=False)
)
schedule_names = st.sampled_from(("S", "it's"))
EVERY = (900, 1_700)
"""Seconds between two ticks: never at the very moment to which time has passed, nor almost."""
schedules = st.builds(
    lambda given, **rest: Schedule(**given, **rest),
    given=options.map(lambda given: {key: given[key] for key in given if key != "order_no"}),
    name=schedule_names, queue=queues, payload=st.sampled_from(("{}", '{"n": 1}')),
    every=st.sampled_from((*EVERY, None, None)), cron=st.none(), interval=some_units,
    misfire=st.sampled_from(("skip", "once", "all")), max_catch_up=st.integers(1, 3),
    overlap=st.sampled_from(("allow", "skip")), task=st.sampled_from((None, "x")),
).map(lambda one: one if one.every else replace(one, cron="* * * * *"))  # fmt: skip
NUMBERS: dict[str, list[None]] = {
    "start_task": [None], "finish_task": [None], "finish_task_once": [None],
    "extend_task": [None, None], "cancel_task": [], "retry_task": [None],
}  # fmt: skip
"""Verbs of numbers alone, and what they take besides the task."""
BAD_NUMBERS = (None, 2**63, -(2**63) - 1, 2**70, "many", "1; DROP TABLE qtask_task")

hostile_texts = st.tuples(st.just("text"), st.sampled_from(("name", "queue", "order_no")), texts)
refused_creations = st.tuples(
    st.just("creation"), st.sampled_from(("create", "delay", "create_many")),
    st.integers(0, len(REFUSED) - 1),
)  # fmt: skip
bad_numbers = st.tuples(
    st.just("number"), st.sampled_from(sorted(NUMBERS)), st.integers(0, 2),
    st.sampled_from(BAD_NUMBERS),
)  # fmt: skip
