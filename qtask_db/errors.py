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
    │   └── QueueInUse               20121
    ├── DatabaseError                the server refused for a reason of its own
    │   ├── DatabaseUnavailable      no connection, or it was lost: connect again
    │   ├── Conflict                 rolled back because of another transaction: run it again
    │   ├── AccessDenied             the account lacks a privilege, or its password is wrong
    │   └── NotInstalled             the schema is missing, or is of another version
    ├── QueueUnavailable             Redis is away, read-only or full
    └── ConfigurationError           a wrong URL, setting or missing driver

The numbers are those of `sql/constants.toml`; errors are told apart by number, never by their text.
"""

from __future__ import annotations

import re
from typing import ClassVar

from qtask_db.constants import ERROR


class QtaskError(Exception):
    """Base of every error that this package raises."""


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
    """The arguments can never succeed as they stand. Nothing was changed."""


class InvalidArgument(BadInput):
    """An argument is missing, of the wrong type or out of its range; the text names it."""


class UnknownOption(BadInput):
    """An option has a name that does not exist."""


class InvalidPayload(BadInput):
    """The payload is not a JSON object."""


class PayloadTooLarge(BadInput):
    """The payload has more bytes than the installed limit."""


class ReservedKey(BadInput):
    """The payload has a key of its own named `task_id` or `task_attempt`."""


class QueueNotAllowed(BadInput):
    """No new queue may have this name: the installation's `queue_pattern` does not fit it."""


class TaskNotFound(ProcedureError):
    """No task has this id: it never existed, was rolled back, or has been purged."""


class TaskNotActive(ProcedureError):
    """The task is finished, cancelled or failed already."""


class TaskNotProcessing(ProcedureError):
    """The task is waiting; only a started attempt can be finished, failed or extended."""


class StaleAttempt(ProcedureError):
    """Another consumer has taken this attempt, or a later one is under way. Do no work for it."""


class AttemptsExhausted(ProcedureError):
    """The task has been started `max_count` times."""


class DeadlinePassed(ProcedureError):
    """The task's deadline has passed; no attempt starts any more."""


class TaskNotRetryable(ProcedureError):
    """Only failed and cancelled tasks can be retried."""


class DuplicateOrder(ProcedureError):
    """Another task with the same order number is active, so this one cannot be revived."""


class BatchNotFound(ProcedureError):
    """The batch was confirmed or released already, or its lease ran out and another relay has
    claimed it.
    """


class TransactionOpen(ProcedureError):
    """Relay and maintenance procedures commit by themselves and refuse to run inside a caller's
    transaction.
    """


class AlreadyFinished(ProcedureError):
    """This very attempt has finished the task before, so its work was committed: roll back."""


class WrongQueue(ProcedureError):
    """The task belongs to another queue than the message was taken from: somebody has forged it.
    Nothing was changed.
    """


class TooManyQueues(ProcedureError):
    """As many queues are registered as `max_queues` allows, so a new one cannot be."""


class QueueNotFound(ProcedureError):
    """No queue of this name is registered in the namespace."""


class QueueInUse(ProcedureError):
    """The queue has active tasks, so it cannot be removed."""


class DatabaseError(QtaskError):
    """The database refused for a reason that is not in the contract; `__cause__` is the driver's
    error.
    """


class DatabaseUnavailable(DatabaseError):
    """The server cannot be reached, or the connection was lost."""


class Conflict(DatabaseError):
    """The server rolled the transaction back because of another one: run the transaction again."""


class AccessDenied(DatabaseError):
    """The account lacks a privilege, or its password is wrong."""


class NotInstalled(DatabaseError):
    """The schema is not there, or is of another version than this package: run `qtask install`."""


class QueueUnavailable(QtaskError):
    """Redis cannot be reached or refuses writes."""


class ConfigurationError(QtaskError):
    """A URL, a setting or the environment is wrong; the text says what to do."""
