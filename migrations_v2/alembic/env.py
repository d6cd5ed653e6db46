"""Alembic's entry: chooses what a command needs, and nothing more.

Commands that only read take no lock and change no setting. Those that write hold the migration
lock, act as the owner role, and keep every statement within its timeouts. `check` and `revision
--autogenerate` alone import the models.

A library caller may hand over `config.attributes["connection"]`: it is used as it is, and locking,
role and timeouts are the caller's.
"""

from __future__ import annotations

from logging.config import fileConfig
from typing import TYPE_CHECKING, Any

from alembic import context
from dbops_migrator import autogenerate, sessions
from dbops_migrator.failures import exit_with_code
from dbops_migrator.lock import MigrationLock
from dbops_migrator.migration import Migration
from dbops_migrator.revision_log import RevisionLog
from dbops_migrator.settings import Settings, database_url
from dbops_migrator.steps import Steps

if TYPE_CHECKING:
    from sqlalchemy import Connection

READING = ("branches", "current", "edit", "heads", "history", "show")
COMPARING = ("check", "revision")


def main() -> None:
    if context.config.cmd_opts is None:
        return run()
    if context.config.config_file_name is not None:
        fileConfig(
            context.config.config_file_name, disable_existing_loggers=False, encoding="utf-8"
        )
    with exit_with_code():
        return run()


def run() -> None:
    settings = Settings.read(context.config)
    given: Connection | None = context.config.attributes.get("connection")
    if context.is_offline_mode():
        write_sql(settings)
    elif given is not None:
        run_on(given, settings)
    elif settings.command in (*READING, *COMPARING):
        read(settings)
    else:
        migrate(settings)


def write_sql(settings: Settings) -> None:
    """Write the statements out: no connection, no URL, literals in place."""
    target: dict[str, Any] = {
        "dialect_name": "postgresql+psycopg2",
        "dialect_opts": {"paramstyle": "named"},
    }
    context.configure(**target)
    context.configure(
        **target,
        fn=Steps(context.get_context().opts["fn"], settings),
        literal_binds=True,
        version_table_schema="public",
        transaction_per_migration=True,
        on_version_apply=RevisionLog(settings),
    )
    with context.begin_transaction():
        context.run_migrations()


def read(settings: Settings) -> None:
    engine = sessions.engine_for(database_url(), settings, search_path="public")
    with sessions.connect(engine) as connection:
        run_on(connection, settings)


def run_on(connection: Connection, settings: Settings) -> None:
    """Run a command on a connection as it is."""
    comparing = settings.command in COMPARING
    context.configure(
        connection=connection,
        version_table_schema="public",
        transaction_per_migration=True,
        on_version_apply=RevisionLog(settings),
        **(autogenerate.options(settings.models, connection) if comparing else {}),
    )
    with context.begin_transaction():
        context.run_migrations()


def migrate(settings: Settings) -> None:
    engine = sessions.engine_for(database_url(), settings)
    with (
        MigrationLock(engine, settings.lock_wait) as lock,
        sessions.connect(engine) as connection,
    ):
        sessions.act_as_owner(connection, settings.owner_role)
        Migration(connection, lock, settings).run()


main()
