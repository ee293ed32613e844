"""The command audit: what the database says should be in Redis, what is there, and what to do."""

from __future__ import annotations

import datetime
import shlex
from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from qtask_db.cli import errors, output
from qtask_db.cli.output import json_option, plural
from qtask_db.cli.state import State, database_options, pass_state, redis_options
from qtask_db.models import PLACES

if TYPE_CHECKING:
    from qtask_db.models import QueueAudit


@dataclass(frozen=True, slots=True)
class Finding:
    """One queue of Redis with the tasks of all namespaces that share it."""

    queue: str
    places: Counter[str]
    messages: int | None
    """None if the key is not a queue."""
    missing: int
    """Messages that should be there."""
    surplus: int
    """Messages that no task explains."""
    direct: bool = False
    """In all namespaces: no task of it needs a message."""

    @property
    def is_wrong(self) -> bool:
        """Whether somebody has to do something."""
        return bool(self.missing) or (self.messages is None and not self.direct)

    def sentences(self) -> list[str]:
        """The numbers of tasks in each place, in words."""
        places = self.places
        queued = places["waiting"] + places["requeued"]
        if self.direct:
            return self._of_a_direct_queue(queued)
        if self.messages is None:
            return ["Its key in Redis is neither a list nor a stream: relays cannot push to it."]
        said = [
            f"{plural(queued, 'task')} queued and not started,"
            f" {plural(self.messages, 'message')} in Redis."
        ]
        if self.missing:
            said.append(
                f"{plural(self.missing, 'message')} fewer than tasks: lost, or a consumer has taken"
                " them this moment. The tasks come again when their intervals have passed; those"
                f" that wait, at once after: qtask redrive {shlex.quote(self.queue)}"
            )
        if self.surplus:
            said.append(
                f"{plural(self.surplus, 'message')} more than tasks: copies, or of tasks that"
                " are terminal. Consumers drop them; there is nothing to do."
            )
        if places["unconfirmed"]:
            said.append(
                f"{plural(places['unconfirmed'], 'task')} of batches that are not confirmed: about"
                " to be pushed, or pushed again by any relay when the lease has run out."
            )
        rest = self._others(fresh="new, pushed by their creators or soon by a relay")
        return said + ([f"Besides: {'; '.join(rest)}."] if rest else [])

    def _of_a_direct_queue(self, queued: int) -> list[str]:
        rest = self._others(fresh="new", due="due, for a worker to take")
        said = [f"Direct: no message is needed. Tasks: {'; '.join(rest) or 'no others'}."]
        if self.messages:
            said.append(
                f"{plural(self.messages, 'message')} left in Redis from before: workers with a"
                " Redis URL take them, and drop those whose tasks have moved on."
            )
        if queued:
            said.append(
                f"{plural(queued, 'task')} queued in Redis before and not started: they come again"
                " when their intervals have passed; if their messages are lost, at once after:"
                f" qtask redrive {shlex.quote(self.queue)}"
            )
        return said

    def _others(self, fresh: str, due: str = "due, for a relay to claim") -> list[str]:
        """Where the tasks are that are not queued."""
        texts = {
            "fresh": fresh,
            "due": due,
            "parked": "until the queue is resumed or has room",
            "later": "until their time has come",
            "running": "with consumers",
        }
        return [
            f"{self.places[name]:,} {text}" for name, text in texts.items() if self.places[name]
        ]


def compare(
    rows: Iterable[QueueAudit], before: dict[str, int], after: dict[str, int]
) -> list[Finding]:
    """By queue. Redis was asked before and after the database: moves in between do not count."""
    queues: dict[str, Counter[str]] = {}
    needed: Counter[str] = Counter()
    through_redis = set()
    for row in rows:
        queues.setdefault(row.queue, Counter()).update({n: getattr(row, n) for n in PLACES})
        if row.delivery != "direct":
            needed[row.queue] += row.waiting + row.requeued - row.unconfirmed
            through_redis.add(row.queue)
    findings = []
    for queue, places in queues.items():
        looks = [lengths[queue] for lengths in (before, after) if queue in lengths]
        queued = places["waiting"] + places["requeued"]
        missing = needed[queue] - max(looks, default=needed[queue])
        surplus = min(looks, default=0) - queued - places["fresh"] - places["due"]
        findings.append(
            Finding(
                queue, places, after.get(queue), max(0, missing), max(0, surplus),
                direct=queue not in through_redis,
            )
        )  # fmt: skip
    return findings


@click.command(short_help="Compare tasks with the messages in Redis.")
@database_options
@redis_options
@json_option
@pass_state
def audit(state: State, *, as_json: bool) -> None:
    """Compare, queue by queue, the queued tasks with the messages in Redis.

    Nothing is changed. The exit code is 1 if messages are missing, or a key is not a queue.

    Tasks of direct queues need no messages; those that are left from before are told. If all queues
    are direct, no Redis URL is needed.

    \b
    Examples:
      qtask audit
      qtask audit --json | jq '.queues[] | select(.missing > 0)'
    """
    findings, batches = _look(state)
    missing = sum(finding.missing for finding in findings)
    if as_json:
        output.echo_json(
            {
                "at": output.iso(datetime.datetime.now(datetime.timezone.utc)),
                "queues": [_plain(finding) for finding in findings],
                "batches": batches,
                "missing": missing,
                "surplus": sum(finding.surplus for finding in findings),
            }
        )
    else:
        for finding in findings:
            red = "red" if finding.is_wrong else None
            click.secho(output.visible(finding.queue), bold=True, fg=red)
            for sentence in finding.sentences():
                output.echo(f"  {sentence}")
        _conclude(findings, batches, missing)
    if any(finding.is_wrong for finding in findings):
        click.get_current_context().exit(errors.REFUSED)


def _look(state: State) -> tuple[list[Finding], dict[str, int]]:
    from qtask_db import calls
    from qtask_db.transport.queues import count_messages
    from qtask_db.transport.url import connect

    with state.connect() as conn, ExitStack() as stack:
        rows = calls.audit(conn)
        names, before, after = {row.queue for row in rows}, {}, {}
        if state.redis_url or not rows or any(row.delivery != "direct" for row in rows):
            redis = stack.enter_context(connect(state.required_redis_url()))
            before = count_messages(redis, names, state.queue_prefix)
            rows = calls.audit(conn)
            after = count_messages(redis, names, state.queue_prefix)
        batches = conn.select("unconfirmed_batches", ("lapsed", "tasks"))
    return compare(rows, before, after), {
        "unconfirmed": len(batches),
        "lapsed": sum(bool(lapsed) for lapsed, _ in batches),
        "tasks": sum(int(tasks) for _, tasks in batches),
    }


def _plain(finding: Finding) -> dict[str, Any]:
    return {
        "queue": finding.queue,
        "direct": finding.direct,
        "messages": finding.messages,
        **{name: finding.places[name] for name in PLACES},
        "missing": finding.missing,
        "surplus": finding.surplus,
        "text": " ".join(finding.sentences()),
    }


def _conclude(findings: list[Finding], batches: dict[str, int], missing: int) -> None:
    if batches["unconfirmed"]:
        count = batches["unconfirmed"]
        output.echo(
            f"{count:,} {'batch is' if count == 1 else 'batches are'} not confirmed, with"
            f" {plural(batches['tasks'], 'task')}; {batches['lapsed']:,} past the lease."
        )
    if not findings:
        click.echo("no tasks yet")
    elif missing:
        output.echo(f"{plural(missing, 'message')} missing; look again: does the number stay?")
    else:
        click.echo("no message is missing")
