"""Every local command. `inv --list` shows them, `inv --help COMMAND` explains one.

Nothing heavy is imported here: `inv --list` and completion read this file on every key press.
"""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from invoke.collection import Collection
from invoke.tasks import task

# Invoke keeps Python from caching bytecode; without it every command compiles this tool anew.
sys.dont_write_bytecode = bool(sys.flags.dont_write_bytecode)

from dbops import hints  # noqa: E402

if TYPE_CHECKING:
    from invoke.context import Context

ENV = {"env": "the environment, by name or alias, as environments.yaml has it"}
JSON = {"json": "print one JSON document instead of text"}
CHANGE = {
    **ENV,
    "plan": "print exactly what would run, and change nothing",
    **JSON,
}
DESTROY = {
    **CHANGE,
    "force": "required on a protected environment",
    "confirm": "the environment's name, where no terminal is there to type it",
}

command = partial(task, auto_shortflags=False)


def change(env: str | None, decide: Any, conclude: Any, **options: Any) -> None:  # noqa: ANN401
    """Carry out a verb made of its two halves."""
    from dbops import perform

    perform.change(env, perform.Verb(plan=decide, conclude=conclude), perform.Options(**options))


# Services


@command(help=CHANGE)
def up(c: Context, env: str | None = None, plan: bool = False, json: bool = False) -> None:
    """Start the environment's PostgreSQL, making its data directory and database when missing."""
    from dbops.operations import services

    change(env, services.up, services.is_up, plan=plan, json=json)


@command(help=CHANGE)
def down(c: Context, env: str | None = None, plan: bool = False, json: bool = False) -> None:
    """Stop the environment's PostgreSQL; its data stays."""
    from dbops.operations import services

    change(env, services.down, services.is_up, plan=plan, json=json)


@command(help=CHANGE)
def restart(c: Context, env: str | None = None, plan: bool = False, json: bool = False) -> None:
    """Stop PostgreSQL and start it again."""
    from dbops.operations import services

    change(env, services.restart, services.is_up, plan=plan, json=json)


@command(help={**ENV, **JSON})
def ps(c: Context, env: str | None = None, json: bool = False) -> None:
    """Show what runs: status, version, port, socket and data directory."""
    from dbops import output, perform

    found = perform.target(env)
    output.facts(found.place.facts(found.place.probe()), machine=json)


@command(
    help={
        **ENV,
        "service": "one service of a compose project; all of them when left out",
        "lines": "how many lines (default 50)",
        "follow": "go on showing new lines",
    }
)
def logs(
    c: Context,
    env: str | None = None,
    service: str | None = None,
    lines: int = 50,
    follow: bool = False,
) -> None:
    """Show the end of the services' logs."""
    from dbops import perform
    from dbops.operations import services

    sys.exit(services.logs(perform.target(env), lines=lines, service=service, follow=follow))


@command(help={**ENV, **JSON})
def config(c: Context, env: str | None = None, json: bool = False) -> None:
    """Show the environment as it is read from environments.yaml, defaults included."""
    from dbops import output, perform

    output.config(perform.target(env).environment, machine=json)


@command(help={**ENV, **JSON})
def health(c: Context, env: str | None = None, json: bool = False) -> None:
    """Ask whether the database answers and is at head; exit 1 when it is not."""
    from dbops import output, perform
    from dbops.operations import services

    output.answer(services.healthy(*perform.look(env)), machine=json)


@command(help={**ENV, **JSON})
def doctor(c: Context, env: str | None = None, json: bool = False) -> None:
    """Look for what is not as it should be, with the command for each; exit 2 when there is any."""
    from dbops import output, perform
    from dbops.operations import doctor as operation

    sys.exit(output.findings(operation.examine(*perform.look(env)), machine=json))


@command(help={**ENV, "command": "one statement to run instead of a prompt"})
def psql(c: Context, env: str | None = None, command: str | None = None) -> None:
    """Open psql on the environment's database, or run one statement."""
    from dbops import perform
    from dbops.operations import services

    sys.exit(services.psql(*perform.look(env), command))


@command(help=DESTROY)
def enroll(
    c: Context,
    env: str | None = None,
    plan: bool = False,
    json: bool = False,
    force: bool = False,
    confirm: str | None = None,
) -> None:
    """Mark this machine as the host of an environment, so that its commands may act here."""
    from dbops import perform
    from dbops.operations import enrolment

    verb = perform.Verb(plan=enrolment.enroll, conclude=enrolment.enrolled, marks=True)
    options = perform.Options(plan=plan, json=json, force=force, confirm=confirm)
    perform.change(env, verb, options)


# Databases


@command(help=DESTROY)
def db_apply_snapshot(
    c: Context,
    env: str | None = None,
    plan: bool = False,
    json: bool = False,
    force: bool = False,
    confirm: str | None = None,
) -> None:
    """Load the snapshot into an empty database, all or nothing; a filled one is refused."""
    from dbops.operations import databases

    options = {"plan": plan, "json": json, "force": force, "confirm": confirm}
    change(env, databases.apply_snapshot, databases.applied, **options)


@command(help=CHANGE)
def db_bootstrap_roles(
    c: Context, env: str | None = None, plan: bool = False, json: bool = False
) -> None:
    """Create the roles, their privileges and default privileges where they are missing."""
    from dbops.operations import databases

    change(env, databases.bootstrap_roles, databases.roles_ready, plan=plan, json=json)


@command(help=DESTROY)
def db_reset_volume(
    c: Context,
    env: str | None = None,
    plan: bool = False,
    json: bool = False,
    force: bool = False,
    confirm: str | None = None,
) -> None:
    """Stop PostgreSQL and remove everything the environment stores."""
    from dbops.operations import databases

    options = {"plan": plan, "json": json, "force": force, "confirm": confirm}
    change(env, databases.reset_volume, databases.removed, **options)


@command(help={**DESTROY, "finish": "also stamp the baseline and upgrade to head"})
def db_init_from_snapshot(
    c: Context,
    env: str | None = None,
    finish: bool = False,
    plan: bool = False,
    json: bool = False,
    force: bool = False,
    confirm: str | None = None,
) -> None:
    """Remove what is stored, then build the database from the snapshot and bootstrap the roles."""
    from dbops.operations import databases

    options = {"plan": plan, "json": json, "force": force, "confirm": confirm}
    build = partial(databases.init_from_snapshot, finish=finish)
    change(env, build, databases.initialised, **options)


@command(
    help={
        **CHANGE,
        "years": "how many years of daily slips (default: the generator's)",
        "scale": "how many times as many slips a day (default 1)",
    }
)
def demo_data(
    c: Context,
    env: str | None = None,
    years: int = 0,
    scale: int = 0,
    plan: bool = False,
    json: bool = False,
) -> None:
    """Fill an empty, unprotected environment with believable rows and refresh its views."""
    from dbops.operations import demo, views

    load = partial(demo.load, years=years or None, scale=scale or None)
    change(env, load, views.refreshed, plan=plan, json=json)


# Backups


@command(help=CHANGE)
def backup(c: Context, env: str | None = None, plan: bool = False, json: bool = False) -> None:
    """Take a dump, read it back in full, and keep it with a manifest of what it holds."""
    from dbops.operations import backups

    change(env, backups.backup, backups.taken, plan=plan, json=json)


@command(
    help={
        **CHANGE,
        "verify": "hash every dump again; exit 2 when one is damaged",
        "restore-test": "restore one into a scratch database and compare every table",
        "dump": "the dump to restore-test; the newest when left out",
    }
)
def backups(
    c: Context,
    env: str | None = None,
    verify: bool = False,
    restore_test: bool = False,
    dump: str | None = None,
    plan: bool = False,
    json: bool = False,
) -> None:
    """List the backups, newest first; verify them, or prove one by restoring it."""
    from dbops import output, perform
    from dbops.operations import backups as operation

    if restore_test:
        test, tested = operation.restore_test, operation.tested
        change(env, partial(test, dump=dump), partial(tested, dump=dump), plan=plan, json=json)
        return
    found = operation.listed(perform.target(env), verify=verify)
    sys.exit(output.backups(found, machine=json))


@command(
    help={
        **DESTROY,
        "dump": "a dump in pg_dump's custom format",
        "sql": "a file of SQL, as plain pg_dump writes it",
        "from": "the environment the dump is of, when that is another one",
    }
)
def restore(
    c: Context,
    env: str | None = None,
    dump: str | None = None,
    sql: str | None = None,
    from_: str | None = None,
    plan: bool = False,
    json: bool = False,
    force: bool = False,
    confirm: str | None = None,
) -> None:
    """Restore beside the live database, compare, and swap it in; the old one is kept aside."""
    from dbops.operations import backups

    options = {"plan": plan, "json": json, "force": force, "confirm": confirm}
    decide = partial(backups.restore, dump=dump, sql=sql, origin=from_)
    change(env, decide, backups.restored, **options)


@command(help=DESTROY)
def restore_forget(
    c: Context,
    env: str | None = None,
    plan: bool = False,
    json: bool = False,
    force: bool = False,
    confirm: str | None = None,
) -> None:
    """Drop the databases that earlier restores kept aside."""
    from dbops.operations import backups

    options = {"plan": plan, "json": json, "force": force, "confirm": confirm}
    change(env, backups.forget, backups.forgotten, **options)


# Revisions


@command(help=CHANGE)
def al_up(c: Context, env: str | None = None, plan: bool = False, json: bool = False) -> None:
    """Bring the database to head; an empty one is built from the snapshot first."""
    from dbops.operations import migrations

    change(env, migrations.upgrade, migrations.where, plan=plan, json=json)


@command(help=DESTROY)
def al_down(
    c: Context,
    env: str | None = None,
    plan: bool = False,
    json: bool = False,
    force: bool = False,
    confirm: str | None = None,
) -> None:
    """Take the newest applied revision back."""
    from dbops.operations import migrations

    options = {"plan": plan, "json": json, "force": force, "confirm": confirm}
    change(env, migrations.downgrade, migrations.where, **options)


@command(help={**ENV, **JSON})
def al_cur(c: Context, env: str | None = None, json: bool = False) -> None:
    """Show which revision the database is at."""
    from dbops import output, perform
    from dbops.operations import migrations

    output.current(migrations.current(*perform.look(env)), machine=json)


@command(help={**ENV, **JSON})
def al_hist(c: Context, env: str | None = None, json: bool = False) -> None:
    """Show every revision, newest first, and which ones are applied."""
    from dbops import output, perform
    from dbops.operations import migrations

    output.history(migrations.history(*perform.look(env)), machine=json)


@command(help={**ENV, **JSON})
def al_heads(c: Context, env: str | None = None, json: bool = False) -> None:
    """Show the head of the revision files; exit 1 when there is more than one."""
    from dbops import output, perform

    output.heads(perform.target(env).graph, machine=json)


@command(
    help={**DESTROY, "rev": "the revision to record, an id or the unambiguous beginning of one"}
)
def al_stamp(
    c: Context,
    env: str | None = None,
    rev: str | None = None,
    plan: bool = False,
    json: bool = False,
    force: bool = False,
    confirm: str | None = None,
) -> None:
    """Record a revision as applied, running nothing; works from a legacy head too."""
    from dbops.operations import migrations

    options = {"plan": plan, "json": json, "force": force, "confirm": confirm}
    change(env, partial(migrations.stamp, revision=rev), migrations.where, **options)


@command(help={**DESTROY, "accept": "the hash of differences you looked at and want to keep"})
def al_adopt(
    c: Context,
    env: str | None = None,
    accept: str | None = None,
    plan: bool = False,
    json: bool = False,
    force: bool = False,
    confirm: str | None = None,
) -> None:
    """Take a database of a legacy or unknown history over, once its schema equals the snapshot."""
    from dbops.operations import migrations

    options = {"plan": plan, "json": json, "force": force, "confirm": confirm}
    change(env, partial(migrations.adopt, accept=accept), migrations.where, **options)


@command(help={**CHANGE, "message": "the revision's title"})
def al_rev(
    c: Context,
    env: str | None = "local_dev",
    message: str | None = None,
    plan: bool = False,
    json: bool = False,
) -> None:
    """Write an empty revision file after the head (default environment: local_dev)."""
    from dbops.operations import authoring

    new = partial(authoring.new, message=message, autogenerate=False)
    change(env, new, authoring.written, plan=plan, json=json)


@command(help={**CHANGE, "message": "the revision's title"})
def al_rev_auto(
    c: Context,
    env: str | None = "local_dev",
    message: str | None = None,
    plan: bool = False,
    json: bool = False,
) -> None:
    """Write a revision with what the models have and the database has not (default: local_dev)."""
    from dbops.operations import authoring

    new = partial(authoring.new, message=message, autogenerate=True)
    change(env, new, authoring.written, plan=plan, json=json)


@command(help={**ENV, **JSON})
def al_check(c: Context, env: str | None = None, json: bool = False) -> None:
    """Compare the models with the database at head; exit 2 when they differ."""
    from dbops import output, perform
    from dbops.operations import authoring

    output.answer(authoring.check(*perform.look(env)), machine=json)


@command(help=ENV)
def al_plan(c: Context, env: str | None = None) -> None:
    """Print the SQL an upgrade to head would run."""
    from dbops import output, perform
    from dbops.operations import authoring

    output.upgrade_sql(authoring.upgrade_sql(*perform.look(env)))


@command(help=ENV)
def al_cur_legacy(c: Context, env: str | None = None) -> None:
    """Show where the legacy history says the database is, where one is configured."""
    from dbops import perform
    from dbops.operations import legacy

    found = perform.target(env)
    legacy.ini(found, "al-cur-legacy")
    sys.exit(legacy.current(*perform.look(env)))


@command(help=DESTROY)
def al_up_legacy(
    c: Context,
    env: str | None = None,
    plan: bool = False,
    json: bool = False,
    force: bool = False,
    confirm: str | None = None,
) -> None:
    """Upgrade by the legacy history, where one is configured."""
    from dbops.operations import legacy

    options = {"plan": plan, "json": json, "force": force, "confirm": confirm}
    move = partial(legacy.move, verb="al-up-legacy", direction="upgrade", revision="head")
    change(env, move, legacy.moved, **options)


@command(help=DESTROY)
def al_down_legacy(
    c: Context,
    env: str | None = None,
    plan: bool = False,
    json: bool = False,
    force: bool = False,
    confirm: str | None = None,
) -> None:
    """Downgrade by one revision of the legacy history, where one is configured."""
    from dbops.operations import legacy

    options = {"plan": plan, "json": json, "force": force, "confirm": confirm}
    move = partial(legacy.move, verb="al-down-legacy", direction="downgrade", revision="-1")
    change(env, move, legacy.moved, **options)


# Baseline and views


@command(help=CHANGE)
def baseline_export(
    c: Context,
    env: str | None = "local_dev",
    plan: bool = False,
    json: bool = False,
) -> None:
    """Write the snapshot anew from a database at head, proven first (default: local_dev)."""
    from dbops.operations import baseline

    change(env, baseline.export, baseline.exported, plan=plan, json=json)


@command(help={**CHANGE, "view": "one view, as schema.name; all of them when left out"})
def mv_refresh(
    c: Context,
    env: str | None = None,
    view: str | None = None,
    plan: bool = False,
    json: bool = False,
) -> None:
    """Refresh the materialized views in the order of their dependencies."""
    from dbops.operations import views

    change(env, partial(views.refresh, view=view), views.refreshed, plan=plan, json=json)


# This checkout


@command(help={"only": "an expression that chooses tests, as pytest's -k", "unit": "no database"})
def test(c: Context, only: str = "", unit: bool = False) -> None:
    """Run this checkout's tests."""
    from dbops.operations import checkout

    sys.exit(checkout.test(only=only, unit=unit))


@command
def check(c: Context) -> None:
    """Run the formatter, the linter and the type checker over this checkout."""
    from dbops.operations import checkout

    sys.exit(checkout.check())


@command(help={"runs": "how often each command is timed (default 11)"})
def benchmark(c: Context, runs: int = 11) -> None:
    """Time this tool beside what people use instead; exit 1 when a bound is missed."""
    from dbops.operations import checkout

    sys.exit(checkout.benchmark(runs=runs))


namespace = Collection()
for _task in [each for each in list(globals().values()) if hasattr(each, "body")]:
    namespace.add_task(_task)
hints.check(sys.argv, namespace)
