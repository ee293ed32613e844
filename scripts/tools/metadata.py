"""The README and the links of a package index, for the builds of hatchling.

QTASK_REPOSITORY is the address of the repository that a release is made from. With it, what the
README links and shows is found from any page; without it the README stays as it is.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

ROOT = Path(__file__).parents[2]
LINK = re.compile(r"(?<=\]\()(?!\w+:|#)[^)]+")
PICTURE = re.compile(r"(?<=src=\")(?!\w+:)[^\"]+|(?<=srcset=\")(?!\w+:)[^\"]+")


class Hook(MetadataHookInterface):
    """Adds `readme` and `urls`."""

    def update(self, metadata: dict[str, Any]) -> None:
        text = (ROOT / "README.md").read_text(encoding="utf-8")
        repository = os.environ.get("QTASK_REPOSITORY", "").rstrip("/")
        metadata["urls"] = {}
        if repository:
            text = absolute(text, repository, f"v{metadata['version']}")
            metadata["urls"] = {
                "Repository": repository,
                "Documentation": f"{repository}/tree/v{metadata['version']}/docs",
                "Changelog": f"{repository}/blob/v{metadata['version']}/CHANGELOG.md",
                "Issues": f"{repository}/issues",
            }
        metadata["readme"] = {"content-type": "text/markdown", "text": text}


def absolute(text: str, repository: str, tag: str) -> str:
    """The text, in which no link and no picture depends on where it is shown."""
    text = PICTURE.sub(lambda found: f"{repository}/raw/{tag}/{found[0]}", text)
    return LINK.sub(lambda found: f"{repository}/blob/{tag}/{found[0]}", text)
