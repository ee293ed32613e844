"""`scripts/bench page` writes what was measured into docs/internals/benchmarks.md: the files that
`scripts/bench --save` has put into docs/figures, each between its name and the mark of its end.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parents[3] / "docs"
PAGE = DOCS / "internals" / "benchmarks.md"
_PART = re.compile(r"(<!-- figures/(\S+) -->\n).*?(\n<!-- end -->)", re.DOTALL)


def main() -> int:
    argparse.ArgumentParser(prog="scripts/bench page", description=__doc__).parse_args()
    PAGE.write_text(page())
    return 0


def page() -> str:
    """The page with the figures as they are saved."""

    def filled(part: re.Match[str]) -> str:
        found = json.loads((DOCS / "figures" / part[2]).read_text())
        return part[1] + "\n".join(found["page"]) + part[3]

    return _PART.sub(filled, PAGE.read_text())


if __name__ == "__main__":
    sys.exit(main())
