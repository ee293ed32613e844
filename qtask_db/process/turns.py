"""Whose turn it is: queues share what their consumer can do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence


class Turns:
    """The order in which queues are asked. While several have tasks, each gets as many as its
    weight says beside the weights of the others; what one leaves, the others get.
    """

    def __init__(self, weights: Mapping[str, int]) -> None:
        self._weights = weights
        self._served = dict.fromkeys(weights, 0.0)
        """Tasks that each has given, divided by its weight."""

    def order(self) -> list[str]:
        """Those that have had least come first."""
        return sorted(self._served, key=self._served.__getitem__)

    def gave(self, order: Sequence[str], queues: Iterable[str]) -> None:
        """Asked in this order, they have given tasks: `queues` names the queue of each."""
        if len(order) < 2 or not (counts := Counter(queues)):
            return
        reached = max(place for place, queue in enumerate(order) if queue in counts)
        level = self._served[order[reached]]
        # A queue that had nothing saves up no turns: a burst later would keep out the others.
        for queue in order[:reached]:
            self._served[queue] = max(self._served[queue], level)
        for queue, count in counts.items():
            self._served[queue] += count / self._weights[queue]
