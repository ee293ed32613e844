"""How many servers a load takes, from what one task costs: the model behind docs/guides/scaling.md.

Costs are those of `scripts/bench --case cost --json`. Every one of them grows in proportion to the
load, so a shard is full when its processors or its log are, and the rest is division.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from dataclasses import dataclass
from pathlib import Path

FIGURES = Path(__file__).resolve().parents[3] / "docs" / "figures" / "cost.json"
RATES = (1_000, 10_000, 100_000, 1_000_000)
LIFE = ("create_many", "scan", "start", "finish", "purge")
"""The steps of the database for a task that finishes at its first attempt."""
EXAMPLES = """examples:
  scripts/bench scaling
  scripts/bench scaling --cores 32 --disk 1000 --singles 1
  scripts/bench --case cost --json > cost.json && scripts/bench scaling cost.json --rate 50000
"""


@dataclass(frozen=True)
class Load:
    """Tasks a second, and what they are like."""

    rate: float
    singles: float
    attempts: float


@dataclass(frozen=True)
class Machines:
    """The hardware of a database server, and how far it may be used."""

    cores: float
    scaling: float
    disk: float
    use: float


@dataclass(frozen=True)
class Costs:
    """Of one step, for one task: microseconds of the server and of the client, bytes of log."""

    server: dict[str, float]
    client: dict[str, float]
    log: dict[str, float]

    @classmethod
    def read(cls, path: Path) -> Costs:
        found: dict[str, dict[str, float]] = {"server": {}, "client": {}, "log": {}}
        for case in json.loads(path.read_text())["cases"]:
            step, _, kind = case["name"].removeprefix("cost of ").partition(", ")
            if case["name"].startswith("cost of "):
                found[kind][step] = float(case["value"])
        if missing := {*LIFE, "create", "push", "take"} - found["server"].keys():
            raise ValueError(f"{path} has no cost of {', '.join(sorted(missing))}")
        return cls(**found)

    def of_life(self, kind: dict[str, float], load: Load) -> float:
        """Of a whole life: created alone or in bulk, queued and started some times."""
        created = load.singles * kind["create"] + (1 - load.singles) * kind["create_many"]
        again = load.attempts * (kind["scan"] + kind["start"])
        return created + again + kind["finish"] + kind["purge"]


def needs(costs: Costs, load: Load, machines: Machines) -> dict[str, float]:
    """Servers and processes for this load, as fractions: rounding up is the reader's."""
    seconds = costs.of_life(costs.server, load) / 1e6
    processors = load.rate * seconds / (machines.use * machines.cores * machines.scaling)
    log = load.rate * costs.of_life(costs.log, load) / (machines.use * machines.disk * 1e6)
    again = load.rate * load.attempts
    client, server = costs.client, costs.server
    return {
        "database servers, by processors": processors,
        "database servers, by log": log,
        "relays": again * (client["scan"] + client["push"]) / 1e6 / machines.use,
        "worker processes": again
        * (client["take"] + client["start"] + client["finish"])
        / 1e6
        / machines.use,
        "Redis servers": again * (server["push"] + server["take"]) / 1e6 / machines.use,
    }


def main() -> int:
    arguments = _arguments()
    try:
        costs = Costs.read(arguments.figures)
    except (OSError, ValueError, KeyError) as error:
        print(f"scaling: {error}", file=sys.stderr)
        return 1
    machines = Machines(arguments.cores, arguments.scaling, arguments.disk, arguments.use)
    rates = arguments.rate or RATES
    columns = [
        needs(costs, Load(rate, arguments.singles, arguments.attempts), machines) for rate in rates
    ]
    life = Load(1, arguments.singles, arguments.attempts)
    print(
        f"a task: {costs.of_life(costs.server, life):.0f} us of the database's processors, "
        f"{costs.of_life(costs.log, life):,.0f} bytes of its log\n"
    )
    print(f"{'tasks a second':34}" + "".join(f"{rate:>12,}" for rate in rates))
    for name in columns[0]:
        print(f"{name:34}" + "".join(f"{math.ceil(column[name]):>12,}" for column in columns))
    tight = max(("by processors", "by log"), key=lambda end: columns[0][f"database servers, {end}"])
    print(f"\nThe databases are full {tight} first.")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/bench scaling",
        description="Reckon how many servers a load takes, from what one task costs.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "figures", nargs="?", type=Path, default=FIGURES, help="of scripts/bench --case cost --json"
    )
    parser.add_argument("--rate", action="append", type=int, metavar="N", help="tasks a second")
    parser.add_argument(
        "--cores", type=_positive, default=16, metavar="N", help="of a database server  [16]"
    )
    parser.add_argument(
        "--scaling", type=_share, default=0.7, metavar="S",
        help="how much of a core each further core adds, an assumption  [0.7]",
    )  # fmt: skip
    parser.add_argument(
        "--disk", type=_positive, default=500, metavar="N", help="MB a second of its log  [500]"
    )
    parser.add_argument(
        "--use",
        type=_share,
        default=0.6,
        metavar="S",
        help="of everything, to have a reserve [0.6]",
    )
    parser.add_argument(
        "--singles", type=_share_or_none, default=0.0, metavar="S",
        help="of the tasks are created alone, in a transaction of their own  [0]",
    )  # fmt: skip
    parser.add_argument(
        "--attempts", type=_positive, default=1.05, metavar="N", help="of a task, on average [1.05]"
    )
    return parser.parse_args()


def _positive(text: str) -> float:
    if (value := float(text)) <= 0:
        raise argparse.ArgumentTypeError(f"{text} is not greater than 0")
    return value


def _share(text: str) -> float:
    if not 0 < (value := float(text)) <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not above 0 and at most 1")
    return value


def _share_or_none(text: str) -> float:
    return 0.0 if float(text) == 0 else _share(text)


if __name__ == "__main__":
    sys.exit(main())
