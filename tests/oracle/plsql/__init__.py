"""A strict parser of the PL/SQL that this package is written in. No parser in the package
registries reads it. Anything that this one does not know is an error, so a missing semicolon, END
or parenthesis is one.
"""

from __future__ import annotations

from .declarations import parse
from .parts import Package, Subprogram
from .tokens import Malformed, Token, tokens

__all__ = ["Malformed", "Package", "Subprogram", "Token", "parse", "tokens"]
