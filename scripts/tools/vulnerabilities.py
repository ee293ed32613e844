"""Asks for known vulnerabilities of the installed packages: a part of scripts/lint.

Exits with 1 if there are some. If the advisories cannot be had it says so and exits with 0, so that
people without a network can work. With QTASK_AUDIT=required it exits with 2 then.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any


def main() -> int:
    command = [sys.executable, "-m", "pip_audit", "--format=json", "--skip-editable"]
    done = subprocess.run(
        [*command, "--progress-spinner=off", "--timeout=10"],
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        packages: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        lines = done.stderr.strip().splitlines() or ["pip-audit said nothing"]
        return _not_done(f"pip-audit could not ask: {lines[-1][:300]}")
    asked = [package for package in packages if "vulns" in package]
    found = [package for package in asked if package["vulns"]]
    for package in found:
        for vuln in package["vulns"]:
            fixed = ", ".join(vuln["fix_versions"]) or "no version"
            print(f"{package['name']} {package['version']}: {vuln['id']}, fixed in {fixed}")
    if found:
        return 1
    missed = [p["name"] for p in packages if p not in asked and "editable" not in p["skip_reason"]]
    if missed or not asked:
        return _not_done(
            f"the advisory service knows nothing of {len(missed)} of {len(packages)} packages "
            f"({', '.join(missed[:5])}...)"
        )
    print(f"No known vulnerabilities in {len(asked)} packages")
    return 0


def _not_done(reason: str) -> int:
    sys.stderr.write(f"audit: the dependencies were NOT audited: {reason}\n")
    return 2 if os.environ.get("QTASK_AUDIT") == "required" else 0


if __name__ == "__main__":
    sys.exit(main())
