"""How a command ends: the exit codes, and one line on stderr instead of a traceback."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from qtask_db import errors
from qtask_db.cli import output
from qtask_db.cli.state import State
from qtask_db.doctor.advice import with_advice
from qtask_db.log import mask, trace

OK, REFUSED, USAGE, UNREACHABLE, FAULT, INTERRUPTED = 0, 1, 2, 3, 70, 130

EPILOG = f"""\b
Exit codes:
  {OK:>3}  done
  {REFUSED:>3}  refused: no such task, an argument out of its range, a check of doctor failed
  {USAGE:>3}  the command line is wrong
  {UNREACHABLE:>3}  database or Redis: not reachable, no privilege, not installed, not configured
  {FAULT:>3}  a fault in qtask itself
  {INTERRUPTED:>3}  Ctrl-C (relay and worker stop cleanly instead and exit with 0)
"""


class QtaskGroup(click.Group):
    """A group that shows its commands in sections and turns every error into one line."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sections: list[tuple[str, list[click.Command]]] = []

    def add_section(self, title: str, commands: Sequence[click.Command]) -> None:
        """Add commands under a title; an empty title continues the section before."""
        for command in commands:
            self.add_command(command)
        if title or not self.sections:
            self.sections.append((title, []))
        self.sections[-1][1].extend(commands)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """The names in the order of the sections, which completion in a shell uses too."""
        return [str(command.name) for _, commands in self.sections for command in commands]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write one list of commands a section, all with the same width."""
        width = max(len(name) for name in self.list_commands(ctx))
        limit = formatter.width - 6 - width
        for title, commands in self.sections:
            rows = [(f"{c.name:<{width}}", c.get_short_help_str(limit)) for c in commands]
            with formatter.section(title):
                formatter.write_dl(rows)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; it is not an error if the reader has seen enough, as `head` has."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            silence_stdout()
            return OK
        return result

    def main(  # type: ignore[override, unused-ignore]
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command and exit with the code that its end deserves."""
        code = OK
        _mend_streams()
        try:
            result = super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
            code = result if isinstance(result, int) else OK
        except Exception as error:
            if not standalone_mode:
                raise
            code = self._report(error)
        if not standalone_mode:
            return result
        sys.exit(code)

    def _report(self, error: Exception) -> int:
        if isinstance(error, click.exceptions.NoArgsIsHelpError):
            error.show()
            return USAGE
        state = State.current
        if state is not None and state.debug and not isinstance(error, click.ClickException):
            click.echo(trace(error), err=True)
        code, text = describe(error)
        if code == INTERRUPTED and sys.stderr.isatty():
            click.echo(err=True)
        say(text)
        return code


def describe(error: Exception) -> tuple[int, str]:
    """The exit code of an error and the one line that says what happened and what to do."""
    if isinstance(error, click.UsageError):
        text = error.format_message()
        if error.ctx is not None:
            text = f"{_with_stop(text)} See `{error.ctx.command_path} --help`."
        return USAGE, text
    if isinstance(error, click.ClickException):
        return error.exit_code, error.format_message()
    if isinstance(error, click.Abort):
        if isinstance(error.__cause__ or error.__context__, KeyboardInterrupt):
            return INTERRUPTED, "interrupted"
        return REFUSED, "nothing was changed"
    if isinstance(error, errors.QtaskError):
        return code_of(error), with_advice(error)
    text = f"fault in qtask: {type(error).__name__}: {error} (please report it, with --debug)"
    return FAULT, text


def code_of(error: errors.QtaskError) -> int:
    """The exit code of one of the package's errors."""
    refused = isinstance(error, errors.ProcedureError | errors.Conflict)
    return REFUSED if refused else UNREACHABLE


def say(text: str) -> None:
    """Write one line to stderr, without secrets, as every message that is not a result."""
    output.echo("qtask: " + mask(" ".join(text.split())), err=True)


def _mend_streams() -> None:
    """A closed stream swallows what is written, and one that cannot show a character escapes it."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _with_stop(text: str) -> str:
    return text if text.endswith((".", "?", "!")) else text + "."


def silence_stdout() -> None:
    """Let the interpreter flush into nothing at its end: nobody reads what is left."""
    if sys.stdout is sys.__stdout__ and sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
