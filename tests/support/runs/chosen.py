"""On which servers, and in which surroundings, a run has been told to test."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from servers import ServerError, releases, url

from .surroundings import BOTH, SURROUNDINGS, Surrounding

ALL = "all"


def add_options(parser: pytest.Parser) -> None:
    parser.addoption(
        "--servers",
        action="append",
        default=[],
        metavar="RELEASE,…",
        help="test on these releases, out of Debian's packages, one of each engine: "
        f"{', '.join(releases.RELEASES)}. Databases that are not named are left out; if none is "
        f"named, tests that use none of these are. `{ALL}`: run after run, until each was met",
    )
    parser.addoption(
        "--surroundings",
        action="append",
        default=[],
        metavar="NAME,…",
        help="run the tests that use the schema, such as tests/contract, in each of these hostile "
        f"surroundings: {', '.join(SURROUNDINGS)}; `{ALL}`: in each of them",
    )


def configure(config: pytest.Config) -> None:
    """Refuses what does not exist, and lets `servers` and all child processes know the rest."""
    own = [name for name in BOTH if url.configured(name)]
    if surroundings(config) and own:
        names = " and ".join(map(url.variable, own))
        raise pytest.UsageError(f"--surroundings starts servers of its own: unset {names}")
    words = list(filter(None, [os.environ.get(releases.VARIABLE), *config.getoption("--servers")]))
    if ALL in words:
        return  # the runs that this one starts will say it
    try:
        releases.read(",".join(words))
    except ServerError as error:
        raise pytest.UsageError(f"--servers: {error}") from error
    os.environ[releases.VARIABLE] = ",".join(words)


def engines(config: pytest.Config) -> tuple[str, ...]:
    """The database engines of the releases that are named."""
    named = releases.named(config.getoption("--servers"))
    return tuple(name for name in named if name not in releases.BESIDE)


def unasked(config: pytest.Config, item: pytest.Item) -> bool:
    """Whether nobody has asked for this test: no database is named, and it uses none of those that
    are.
    """
    named = releases.named(config.getoption("--servers"))
    fixtures = getattr(item, "fixturenames", ())
    uses_one = any(f"{name}_server" in fixtures or name in item.path.stem for name in named)
    return bool(named) and named.keys() <= {*releases.BESIDE} and not uses_one


def surroundings(config: pytest.Config) -> list[Surrounding]:
    """Those of `--surroundings`."""
    names = [n for text in config.getoption("--surroundings") for n in text.split(",") if n]
    if names == [ALL]:
        return list(SURROUNDINGS.values())
    for name in names:
        if name not in SURROUNDINGS:
            known = ", ".join([ALL, *SURROUNDINGS])
            raise pytest.UsageError(f"--surroundings has {name!r}: choose from {known}")
    return [SURROUNDINGS[name] for name in dict.fromkeys(names)]


def run_rounds(config: pytest.Config) -> int | None:
    """`--servers all`: one run after another; the first that fails decides what this one returns.
    None without that option.
    """
    if config.getoption("--servers") != [ALL]:
        return None
    given = [str(one) for one in config.invocation_params.args]
    place = next(n for n, one in enumerate(given) if one in (ALL, f"--servers={ALL}"))
    codes = []
    for names in releases.rounds():
        print(f"== --servers {names}", flush=True)
        given[place] = names if given[place - 1] == "--servers" else f"--servers={names}"
        codes.append(subprocess.call([sys.executable, "-m", "pytest", *given]))
    return next(filter(None, codes), 0)
