"""Every error of qtask-db.

    QtaskError
    ├── ProcedureError               raised by a stored procedure; carries the contract's `number`
    │   ├── BadInput                 nothing was changed; the call cannot succeed as it stands
    │   │   ├── InvalidArgument      20101
    │   │   ├── UnknownOption        20102
    │   │   ├── InvalidPayload       20103
    │   │   ├── PayloadTooLarge      20104
    │   │   ├── ReservedKey          20105
    │   │   └── QueueNotAllowed      20118
    │   ├── TaskNotFound             20106
    │   ├── TaskNotActive            20107
    │   ├── TaskNotProcessing        20108
    │   ├── StaleAttempt             20109
    │   ├── AttemptsExhausted        20110
    │   ├── DeadlinePassed           20111
    │   ├── TaskNotRetryable         20112
    │   ├── DuplicateOrder           20113
    │   ├── BatchNotFound            20114
    │   ├── TransactionOpen          20115
    │   ├── AlreadyFinished          20116
    │   ├── WrongQueue               20117
    │   ├── TooManyQueues            20119
    │   ├── QueueNotFound            20120
    │   ├── QueueInUse               20121
    │   ├── QueueNotDirect           20122
    │   ├── ScheduleNotFound         20123
    │   └── TaskBusy                 20125
    ├── DatabaseError                the server refused for a reason of its own
    │   ├── DatabaseUnavailable      no connection, or it was lost: connect again
    │   ├── Conflict                 rolled back because of another transaction: run it again
    │   ├── AccessDenied             the account lacks a privilege, or its password is wrong
    │   └── NotInstalled             the schema is missing, or is of another version
    ├── QueueUnavailable             Redis is away, read-only or full
    ├── PayloadMismatch              a payload is not as the handler's model wants it
    └── ConfigurationError           a wrong URL, setting or missing driver

The numbers are those of `sql/constants.toml`; errors are told apart by number, never by their text.
"""

from __future__ import annotations

import re
from typing import ClassVar

from qtask_db.constants import ERROR


class QtaskError(Exception):
    """Base of every error that this package raises."""

    remedy: str | None = None
    """The remedy, if more is known than its class says; empty: its text says it."""


class ProcedureError(QtaskError):
    """An error that a stored procedure raised on purpose."""

    number: ClassVar[int]
    by_number: ClassVar[dict[int, type[ProcedureError]]] = {}

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        number = ERROR.get(re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower())
        if number is not None:
            cls.number = number
            ProcedureError.by_number[number] = cls


class BadInput(ProcedureError):
    """The call cannot succeed with these arguments. Nothing was changed."""


class InvalidArgument(BadInput):
    """An argument is missing, of the wrong type or out of its range; the text names it.

    Correct the argument.
    """


class UnknownOption(BadInput):
    """An option has a name that does not exist.

    Correct the name. If it is one of a newer release, upgrade the schema by `qtask install`.
    """


class InvalidPayload(BadInput):
    """The payload is not a JSON object.

    Pass an object; put another value below a key of one.
    """


class PayloadTooLarge(BadInput):
    """The payload has more bytes than the installed limit.

    Store large data elsewhere and pass a reference, or raise the limit: `qtask install
    --payload-limit`.
    """


class ReservedKey(BadInput):
    """The payload has a key of its own named `task_id` or `task_attempt`, or that of a schedule
    `tick`.

    Rename the key: messages have the first two already, tasks of a schedule the last.
    """


class QueueNotAllowed(BadInput):
    """No new queue may have this name: the installation's `queue_pattern` does not fit it.

    Correct the name, or allow it: `qtask install --queue-pattern`.
    """


class TaskNotFound(ProcedureError):
    """No task has this id: it never existed, was rolled back, or has been purged.

    A consumer drops the message and takes the next one.
    """


class TaskNotActive(ProcedureError):
    """The task is finished, cancelled or failed already.

    A consumer drops the message and takes the next one. `qtask retry` makes a failed or cancelled
    task active again.
    """


class TaskNotProcessing(ProcedureError):
    """The task is waiting; only a started attempt can be finished, failed or extended.

    Start the task first. If it was started, its attempt has been failed or returned meanwhile: stop
    the work.
    """


class StaleAttempt(ProcedureError):
    """Another consumer has started this attempt, or a later one is under way.

    Do no work for this attempt: drop the message, or roll the work back, and take the next one.
    """


class AttemptsExhausted(ProcedureError):
    """The task has been started `max_count` times.

    A consumer drops the message. A relay marks the task as failed; `qtask retry` makes it
    active again.
    """


class DeadlinePassed(ProcedureError):
    """The task's deadline has passed; no attempt starts any more.

    A consumer drops the message. A relay marks the task as failed; `qtask retry --deadline` makes
    it active again.
    """


class TaskNotRetryable(ProcedureError):
    """Only failed and cancelled tasks can be retried.

    `qtask explain` says in which state the task is. A finished one is created again.
    """


class DuplicateOrder(ProcedureError):
    """Another task with the same order number is active, so this one cannot be retried.

    Cancel the active task first, or leave this one as it is.
    """


class TaskBusy(ProcedureError):
    """Another transaction has locked the task, or has just created one with its order number:
    `change_tasks` has not waited for it.

    Call again for this task, in a moment.
    """


class BatchNotFound(ProcedureError):
    """The batch was confirmed or released already, or its lease ran out and another relay has
    claimed it.

    A relay goes on with its next scan. If it happens often, give the lease more time.
    """


class TransactionOpen(ProcedureError):
    """Relay and maintenance procedures commit by themselves and refuse to run inside a caller's
    transaction.

    Commit or roll back first, or call on another connection.
    """


class AlreadyFinished(ProcedureError):
    """This very attempt has finished the task before, so its work was committed.

    Roll back and take the next message.
    """


class WrongQueue(ProcedureError):
    """The task belongs to another queue than the message was taken from: somebody has forged it.
    Nothing was changed.

    Set the message aside, take the next one, and find out who may write to the queue.
    """


class TooManyQueues(ProcedureError):
    """As many queues are registered as `max_queues` allows, so a new one cannot be.

    Remove queues that nobody uses (`qtask remove-queue --idle 30`), or raise the limit: `qtask
    install --max-queues`.
    """


class QueueNotFound(ProcedureError):
    """No queue of this name is registered in the namespace.

    `qtask stats` lists the queues; check name and namespace.
    """


class QueueInUse(ProcedureError):
    """The queue has active tasks, so it cannot be removed.

    Wait until its tasks have ended, or cancel them.
    """


class QueueNotDirect(ProcedureError):
    """None of the queues gives its tasks directly: relays put their messages into Redis.

    Take the messages from Redis, or change the delivery: `qtask delivery QUEUE direct`.
    """


class ScheduleNotFound(ProcedureError):
    """No schedule of this name is in the namespace.

    `qtask schedule list` lists the schedules; check name and namespace.
    """


class DatabaseError(QtaskError):
    """The database refused for a reason that is not in the contract; `__cause__` is the driver's
    error.

    Read its text: to repeat the call does not help.
    """

    number: int | str | None = None
    """The server's or the driver's own, such as 1205 or "DPY-4024"; None if it has none."""
    passing: bool = False
    """Whether an installation that is at work may be the reason: the call is worth repeating."""
    orphaned: bool = False
    """Whether the account is gone with whose rights a procedure or view runs."""


class DatabaseUnavailable(DatabaseError):
    """The server, or the registry that names it, cannot be reached, or the connection was lost.

    Connect again. If it came from a commit, the outcome is unknown: repeat the whole transaction,
    with an order number or `finish_once`, so that it takes effect once.
    """


class Conflict(DatabaseError):
    """The server rolled the transaction back because of another one.

    Roll back, and run the whole transaction again.
    """


class AccessDenied(DatabaseError):
    """The account lacks a privilege, or its password is wrong.

    Check the password and the account's role; `qtask render --grants` writes the roles.
    """


class NotInstalled(DatabaseError):
    """The schema is missing, or of another version than this package.

    Run `qtask install`, or correct the prefix.
    """


class QueueUnavailable(QtaskError):
    """Redis cannot be reached or refuses writes.

    No task is lost: a relay pushes its message when Redis takes it. Check that Redis is up, that it
    takes writes and that its URL is right.
    """


class PayloadMismatch(QtaskError):
    """The payload of a task does not fit the `model` of its handler; the task has failed for good.

    Correct the producer, or give the model's new fields defaults. Then `qtask retry` the tasks.
    """


class ConfigurationError(QtaskError):
    """A URL, a setting or the environment is wrong.

    The text says what to do.
    """
