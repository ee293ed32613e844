"""The command line: one thin command a procedure, one line an error.

Modules of the package that need a driver, Redis or rich are imported inside the commands, so that
`qtask --help` and completion in a shell are quick.
"""

from __future__ import annotations

import click

from qtask_db.cli.commands import (
    audit,
    changes,
    create,
    doctor,
    processes,
    queues,
    redrive,
    removal,
    run,
    schema,
    show,
    stats,
    tasks,
    upkeep,
)
from qtask_db.cli.commands.importing import command as importing
from qtask_db.cli.commands.schedules import command as schedules
from qtask_db.cli.errors import EPILOG, QtaskGroup
from qtask_db.cli.state import connection_options, prefix_option, print_version, redis_options

__all__ = ["main"]


@click.group(
    cls=QtaskGroup,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@connection_options
@redis_options
@prefix_option
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=print_version,
    help="Print the version and leave.",
)
def main() -> None:
    """Durable tasks in MySQL or Oracle, put on Redis queues until they are done.

    \b
    First steps:
      export QTASK_DATABASE_URL='mysql://user:password@host/schema'
          (or 'oracle://user:password@host/?service_name=NAME')
      export QTASK_REDIS_URL='redis://host:6379/0'
      qtask install                       create the tables and procedures
      qtask doctor                        check that everything is in order
      qtask create 'bind order' '{"order_no": "8973"}' 1h GCR:ORDER:BIND
      qtask relay                         put due tasks on Redis
      qtask stats --watch                 see them flow

    \b
    Without Redis, the workers take the tasks from the database:
      qtask install --delivery direct     for new queues; qtask delivery for those that are there
      qtask worker orders:worker

    The options of the connection may stand before or after the name of a command. A URL that is a
    secret may lie in a file that QTASK_DATABASE_URL_FILE or QTASK_REDIS_URL_FILE names.
    """


main.add_section("Schema", [schema.install, schema.uninstall, schema.render, doctor.doctor])
main.add_section("", [doctor.config])
main.add_section("Processes", [run.relay, run.worker, processes.ps])
main.add_section("Tasks", [create.create, create.delay, tasks.explain, tasks.list_])
main.add_section("", [show.show, changes.cancel, changes.retry, changes.fail, schedules.schedule])
main.add_section("", [importing.import_original])
main.add_section("Queues", [stats.stats, queues.pause, queues.resume, queues.delivery])
main.add_section("", [upkeep.expire, upkeep.purge, audit.audit, redrive.redrive])
main.add_section("", [removal.remove_queue])
