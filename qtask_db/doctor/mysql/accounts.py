"""With whose rights the objects run, and what the accounts and roles of a server may do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from qtask_db.dialects.mysql.driver import rows_of
from qtask_db.doctor.check import NAMED, Check, fail, ok, procedures_by_role, warn
from qtask_db.doctor.mysql import grants
from qtask_db.schema.mysql import objects

_GRANTED = """
SELECT user, routine_name FROM mysql.procs_priv
WHERE db = DATABASE() AND FIND_IN_SET('Execute', proc_priv)
"""
_VIEWS = """
SELECT table_name FROM information_schema.views
WHERE table_schema = DATABASE() AND table_name = %s
"""
"""Those on which the account has a right."""
_ACCOUNT = "SELECT DATABASE(), CURRENT_USER(), CURRENT_ROLE()"
_GRANTS = "SHOW GRANTS"


def definers(raw: Any, prefix: str) -> Iterator[Check]:
    """With whose rights procedures, views and event run, as far as this account may see them."""
    created = objects.definers(raw, prefix)
    gone = objects.gone(raw, created)
    listed = ", ".join(f"{who} ({len(names)})" for who, names in sorted(created.items()))
    for who in sorted(gone):
        yield fail(
            "definers",
            f"{who}, with whose rights {len(created[who])} objects run, is gone",
            "`qtask install` by an account that stays creates them again",
        )
    if created and not gone:
        yield ok("definers", f"procedures and views run with the rights of {listed}")


def privileges(raw: Any, prefix: str) -> Iterator[Check]:
    """Which of the roles' procedures this account may call."""
    schema, account, current = rows_of(raw, _ACCOUNT)[0]
    held = [row[0] for row in rows_of(raw, _GRANTS)]
    needed = procedures_by_role(prefix)
    everything = set().union(*needed.values())
    may = grants.executable(held, schema, everything)
    full = [role for role, names in needed.items() if names <= may]
    full = [role for role in full if not any(needed[role] < needed[other] for other in full)]
    explained = set().union(*(needed[role] for role in full))
    part = {
        role: names - may
        for role, names in needed.items()
        if not names <= may and names & may - explained
    }
    idle = sorted(grants.roles(held) - grants.active(current))
    idle = [role for role in idle if role.startswith(prefix)]
    if full:
        lacks = [role for role, names in needed.items() if not names <= may]
        text = f"{account} can act as {', '.join(full)}"
        yield ok("privileges", text + (f", not as {', '.join(lacks)}" if lacks else ""))
    elif idle:
        yield fail(
            "privileges",
            f"{account} has the role {', '.join(idle)}, which is not active",
            f"SET DEFAULT ROLE '{idle[0]}' TO the account (MariaDB: FOR)",
        )
    elif not part and rows_of(raw, _VIEWS, (f"{prefix}queue_depth",)):
        yield ok("privileges", f"{account} reads views and may call no procedure")
    elif not part:
        yield fail(
            "privileges",
            f"{account} may call no procedure",
            f"`qtask render --grants` makes roles; GRANT '{prefix}app' to the account",
        )
    for role, missing in part.items():
        yield warn(
            "privileges",
            f"{account} lacks {', '.join(sorted(missing))} to act as {role}",
            "run the script of `qtask render --grants` again",
        )


def roles(raw: Any, prefix: str) -> Iterator[Check]:
    """Whether each role that has something has all that it needs."""
    granted: dict[str, set[str]] = {}
    for role, name in rows_of(raw, _GRANTED):
        granted.setdefault(role, set()).add(str(name).lower())
    for role, needed in procedures_by_role(prefix).items():
        missing = needed - granted.get(prefix + role, needed)
        if missing:
            listed = ", ".join(sorted(missing)[:NAMED])
            yield warn(
                "grants",
                f"the role {prefix}{role} lacks {len(missing)} procedures: {listed}",
                "run the script of `qtask render --grants` again",
            )
    seen = [role for role in procedures_by_role(prefix) if prefix + role in granted]
    yield ok("grants", f"roles that may call: {', '.join(seen) or 'none'}")
