"""Taking messages from several queues, of which some may be unusable."""

# mypy: allow-untyped-calls
from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Sequence

from redis.cluster import RedisCluster

from qtask_db.errors import QueueUnavailable
from qtask_db.log import get_logger
from qtask_db.transport.aside import Aside
from qtask_db.transport.commands import concerns_one_queue, reason
from qtask_db.transport.keys import Prefixed
from qtask_db.transport.kinds import Raw
from qtask_db.transport.url import TROUBLE, RedisClient

# No command of a Cluster waits on keys of two slots: they are asked in turn, so many seconds each.
_CLUSTER_WAIT = 0.05


class QueueUnusable(QueueUnavailable):
    """Some queues took or gave no message: their key is of another type, their shard is away."""

    def __init__(self, reasons: dict[str, str], lengths: dict[str, int]) -> None:
        super().__init__("; ".join(f"{queue}: {reason}" for queue, reason in reasons.items()))
        self.reasons = reasons
        """Why, by queue."""
        self.lengths = lengths
        """The lengths of the queues that did take their messages."""

    def __reduce__(self) -> tuple[type[QueueUnusable], tuple[dict[str, str], dict[str, int]]]:
        return type(self), (self.reasons, self.lengths)


class Taking:
    """Serves the first queue that has messages. A command on several keys fails for all if one key
    is not a queue, or may not be read: then they are asked one by one, and that one is set aside.
    """

    def __init__(self, kind: Prefixed) -> None:
        self._kind = kind
        self._aside = Aside(get_logger("qtask_db.worker"))

    def usable(self, queues: Iterable[str]) -> list[str]:
        """Those that are not set aside."""
        return [queue for queue in queues if queue not in self._aside]

    def check(self, client: RedisClient, queues: Sequence[str]) -> None:
        """Sets aside unusable queues. Raises QueueUnusable if that is all of them."""
        for queue in queues:
            try:
                self._kind.check(client, queue)
            except TROUBLE as error:
                self._put_aside(client, queue, queues, error)
        self._raise_if_none_is_left(queues)

    def take(
        self, client: RedisClient, queues: Sequence[str], count: int, size: int, timeout: float
    ) -> list[Raw]:
        """See `Queues.take`. Raises redis-py's errors, and QueueUnusable."""
        again = [queue for queue in queues if queue in self._aside]
        if again and (taken := self._take_each(client, again, queues, count, size)):
            return taken
        self._raise_if_none_is_left(queues)
        usable = self.usable(queues)
        try:
            if isinstance(client, RedisCluster):
                return self._take_in_turn(client, usable, count, size, timeout)
            return self._kind.take(client, usable, count, size, timeout)
        except TROUBLE as error:
            if not (isinstance(client, RedisCluster) or concerns_one_queue(error)):
                raise
            failed = error
        taken = self._take_each(client, usable, queues, count, size)
        if not taken:
            self._raise_if_none_is_left(queues)
            if usable == self.usable(queues):
                raise failed  # it is of none of them: the next try must not come at once
        return taken

    def _take_in_turn(
        self, client: RedisCluster, queues: list[str], count: int, size: int, timeout: float
    ) -> list[Raw]:
        """Across slots: looks at each group of queues at once, then waits a little on each."""
        slots: dict[int, list[str]] = {}
        for queue in queues:
            slots.setdefault(client.keyslot(self._kind.key(queue)), []).append(queue)
        until = time.monotonic() + timeout
        wait = 0.0
        while True:
            for names in slots.values():
                taken = self._kind.take(client, names, count, size, wait)
                if taken or (wait and time.monotonic() >= until):
                    return taken
            if timeout <= 0:
                return []
            wait = timeout if len(slots) == 1 else _CLUSTER_WAIT

    def _take_each(
        self,
        client: RedisClient,
        queues: Sequence[str],
        among: Sequence[str],
        count: int,
        size: int,
    ) -> list[Raw]:
        """One by one, without waiting, to find out which of them cannot be used."""
        for queue in queues:
            if self._aside.rests(queue):
                continue
            try:
                taken = self._kind.take(client, [queue], count, size, 0)
            except TROUBLE as error:
                self._put_aside(client, queue, among, error)
                continue
            self._aside.back(queue)
            if taken:
                return taken
        return []

    def _put_aside(
        self, client: RedisClient, queue: str, among: Sequence[str], error: Exception
    ) -> None:
        """With a shard of a Cluster go all its queues. Raises what concerns the whole Redis."""
        concerned = [queue]
        if not concerns_one_queue(error):
            if not isinstance(client, RedisCluster):
                raise error
            with contextlib.suppress(*TROUBLE):
                shards = {one: client.get_node_from_key(self._kind.key(one)) for one in among}
                concerned = [one for one in among if shards[one] == shards[queue]]
        for one in concerned:
            self._aside.put(one, reason(error))

    def _raise_if_none_is_left(self, queues: Sequence[str]) -> None:
        if not self.usable(queues):
            reasons = self._aside.reasons
            raise QueueUnusable({queue: reasons[queue] for queue in queues}, {})
