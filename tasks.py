"""Every command. `inv --list` shows them, `inv --help COMMAND` explains one.

Nothing heavy is imported here: `inv --list` and completion read this file on every key press.
"""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from invoke.collection import Collection

# Invoke keeps Python from caching bytecode; without it every command compiles this tool anew.
sys.dont_write_bytecode = bool(sys.flags.dont_write_bytecode)

from dbops import argv, commandline, hints  # noqa: E402  after the line above
from dbops.commandline import (  # noqa: E402  after the line above
    ENV,
    JSON,
    PLAN,
    answering,
    changing,
    command,
    destroying,
    reading,
)

if TYPE_CHECKING:
    from invoke.context import Context

    Halves = tuple[Any, Any]

# Services


@changing()
def up() -> Halves:
    """Start the environment's PostgreSQL, making its data directory and database when missing."""
    from dbops.operations import services

    return services.up, services.is_up


@changing()
def down() -> Halves:
    """Stop the environment's PostgreSQL; its data stays."""
    from dbops.operations import services

    return services.down, services.is_up


@changing()
def restart() -> Halves:
    """Stop PostgreSQL and start it again."""
    from dbops.operations import services

    return services.restart, services.is_up


@reading()
def ps(c: Context, env: str | None = None, json: bool = False) -> None:
    """Show what runs: status, version, port, socket and data directory."""
    from dbops import output, perform

    found = perform.target(env)
    output.facts(found.place.facts(found.place.probe()), machine=json)


@command(
    help={
        "env": ENV,
        "service": "one service of a compose project; all of them when left out",
        "lines": "how many lines (default 50)",
        "follow": "go on showing new lines",
    }
)
@answering
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


@reading()
def config(c: Context, env: str | None = None, json: bool = False) -> None:
    """Show the environment as it is read from environments.yaml, defaults included."""
    from dbops import output, perform

    output.config(perform.named(env).environment, machine=json)


@reading()
def health(c: Context, env: str | None = None, json: bool = False) -> None:
    """Ask whether the database answers and is at head; exit 1 when not, 69 without an answer."""
    from dbops import output, perform
    from dbops.operations import services

    output.answer(services.healthy(*perform.look(env)), machine=json)


@reading()
def doctor(c: Context, env: str | None = None, json: bool = False) -> None:
    """Look for what is not as it should be, with the command for each; exit 2 when there is any."""
    from dbops import output, perform
    from dbops.operations import doctor as operation

    sys.exit(output.findings(operation.examine(*perform.look(env)), machine=json))


@command(help={"env": ENV, "command": "one statement to run instead of a prompt"})
@answering
def psql(c: Context, env: str | None = None, command: str | None = None) -> None:
    """Open psql on the environment's database, or run one statement."""
    from dbops import perform
    from dbops.operations import services

    sys.exit(services.psql(*perform.look(env, files=False), command))


@destroying(marks=True)
def enroll() -> Halves:
    """Mark a host, and its database, as those of an environment, so that commands may act there."""
    from dbops.operations import enrolment

    return enrolment.enroll, enrolment.enrolled


# Databases


@destroying()
def db_apply_snapshot() -> Halves:
    """Load the snapshot into an empty database, all or nothing; a filled one is refused."""
    from dbops.operations import databases

    return databases.apply_snapshot, databases.applied


@changing()
def db_bootstrap_roles() -> Halves:
    """Create the roles, their privileges and default privileges where they are missing."""
    from dbops.operations import databases

    return databases.bootstrap_roles, databases.roles_ready


@destroying()
def db_reset_volume() -> Halves:
    """Stop PostgreSQL and remove everything the environment stores."""
    from dbops.operations import databases

    return databases.reset_volume, databases.removed


@destroying(finish="also stamp the baseline and upgrade to head")
def db_init_from_snapshot(finish: bool = False) -> Halves:
    """Remove what is stored, then build the database from the snapshot and bootstrap the roles."""
    from dbops.operations import databases

    return partial(databases.init_from_snapshot, finish=finish), databases.initialised


@changing(
    years="how many years of daily slips (default 3)",
    scale="how many times as many slips a day (default 1)",
)
def demo_data(years: int = 3, scale: int = 1) -> Halves:
    """Fill an empty, unprotected environment with believable rows and refresh its views."""
    from dbops.operations import demo, views

    return partial(demo.load, years=years, scale=scale), views.refreshed


# Backups


@changing()
def backup() -> Halves:
    """Take a dump, read it back in full, and keep it with a manifest of what it holds."""
    from dbops.operations import backups

    return backups.backup, backups.taken


@reading(
    changes_with="--restore-test",
    verify="hash every dump again; exit 2 when one is damaged",
    restore_test="restore one into a scratch database and compare every table",
    dump="the dump to restore-test; the newest when left out",
    plan=PLAN,
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
        decide = partial(operation.restore_test, dump=dump)
        verb = perform.Verb(plan=decide, conclude=partial(operation.tested, dump=dump))
        perform.change(env, verb, perform.Options(plan=plan, json=json))
        return
    found = operation.listed(perform.target(env), verify=verify)
    sys.exit(output.backups(found, machine=json))


@destroying(
    dump="a dump in pg_dump's custom format",
    sql="a file of SQL, as plain pg_dump writes it",
    from_="the environment the dump is of, when that is another one",
)
def restore(dump: str | None = None, sql: str | None = None, from_: str | None = None) -> Halves:
    """Restore beside the live database, compare, and swap it in; the old one is kept aside."""
    from dbops.operations import restore as operation

    return partial(operation.restore, dump=dump, sql=sql, origin=from_), operation.restored


@destroying()
def restore_forget() -> Halves:
    """Drop the databases that earlier restores kept aside."""
    from dbops.operations import restore as operation

    return operation.forget, operation.forgotten


# Revisions


@changing(rehearse="full, schema or off: what of the fresh backup the upgrade is tried on first")
def al_up(rehearse: str | None = None) -> Halves:
    """Bring the database to head; an empty one is built from the snapshot first."""
    from dbops.operations import migrations, standing

    return partial(migrations.upgrade, rehearse=rehearse), standing.where


@destroying()
def al_down() -> Halves:
    """Take the newest applied revision back."""
    from dbops.operations import migrations, standing

    return migrations.downgrade, standing.where


@reading()
def al_cur(c: Context, env: str | None = None, json: bool = False) -> None:
    """Show which revision the database is at."""
    from dbops import output, perform
    from dbops.operations import standing

    output.current(standing.current(*perform.look(env)), machine=json)


@reading()
def al_hist(c: Context, env: str | None = None, json: bool = False) -> None:
    """Show every revision, newest first, and which ones are applied."""
    from dbops import output, perform
    from dbops.operations import standing

    found = perform.look(env)
    output.history(standing.history(*found), machine=json)
    output.notes(standing.retold(*found))


@reading()
def al_heads(c: Context, env: str | None = None, json: bool = False) -> None:
    """Show the head of the revision files; exit 1 when there is more than one."""
    from dbops import output, perform

    output.heads(perform.named(env).graph, machine=json)


@destroying(rev="the revision to record, an id or the unambiguous beginning of one")
def al_stamp(rev: str | None = None) -> Halves:
    """Record a revision as applied, running nothing; works from a legacy head too."""
    from dbops.operations import stamping, standing

    return partial(stamping.stamp, revision=rev), standing.where


@destroying(accept="the hash of differences you looked at and want to keep")
def al_adopt(accept: str | None = None) -> Halves:
    """Take a database of a legacy or unknown history over, once its schema equals the snapshot."""
    from dbops.operations import adoption, standing

    return partial(adoption.adopt, accept=accept), standing.where


@changing(env="local_dev", message="the revision's title")
def al_rev(message: str | None = None) -> Halves:
    """Write an empty revision file after the head (default environment: local_dev)."""
    from dbops.operations import authoring

    return partial(authoring.new, message=message, autogenerate=False), authoring.written


@changing(env="local_dev", message="the revision's title")
def al_rev_auto(message: str | None = None) -> Halves:
    """Write a revision with what the models have and the database has not (default: local_dev)."""
    from dbops.operations import authoring

    return partial(authoring.new, message=message, autogenerate=True), authoring.written


@reading()
def al_check(c: Context, env: str | None = None, json: bool = False) -> None:
    """Compare the models with the database at head; exit 2 when they differ."""
    from dbops import output, perform
    from dbops.operations import authoring

    output.answer(authoring.check(*perform.look(env)), machine=json)


@reading(
    against="another environment, or a file that --export wrote; the files when left out",
    export="write the live schema's catalogue to this file instead of comparing it",
)
def drift(
    c: Context,
    env: str | None = None,
    against: str | None = None,
    export: str | None = None,
    json: bool = False,
) -> None:
    """Compare the live schema, object by object, with what it should be; exit 2 on differences."""
    from pathlib import Path

    from dbops import output, perform
    from dbops.operations import drift as operation

    found = perform.look(env)
    if export:
        output.facts(operation.export(*found, Path(export)), machine=json)
        return
    told = operation.drift(*found, against=against, look=perform.look_against)
    sys.exit(output.drift(told, machine=json))


@reading()
def al_which(c: Context, env: str | None = None, json: bool = False) -> None:
    """Say which revision's schema the database really has; exit 2 when that is not what it says."""
    from dbops import output, perform
    from dbops.operations import which

    sys.exit(output.which(which.which(*perform.look(env)), machine=json))


@reading(
    since="only revision files added or changed since this commit was left, such as origin/main",
    pending="only what the environment's database has not applied yet",
    format="table, json, or github for the annotations of a workflow",
)
def al_lint(
    c: Context,
    env: str = "local_dev",
    since: str | None = None,
    pending: bool = False,
    format_: str = "table",
    json: bool = False,
) -> None:
    """Judge revisions, without a database; exit 2 when one blocks (default: local_dev)."""
    from dbops import perform
    from dbops.operations import lint

    target, state = perform.look(env) if pending else (perform.named(env), None)
    report = lint.examine(target, state, since=since)
    sys.exit(lint.show(report, "json" if json else format_))


@reading(machine=False)
def al_plan(c: Context, env: str | None = None) -> None:
    """Print the SQL an upgrade to head would run."""
    from dbops import output, perform
    from dbops.operations import authoring

    output.upgrade_sql(authoring.upgrade_sql(*perform.look(env)))


@command(help={"env": ENV})
@answering
def al_cur_legacy(c: Context, env: str | None = None) -> None:
    """Show where the legacy history says the database is, where one is configured."""
    from dbops import perform
    from dbops.operations import legacy

    legacy.ini(perform.target(env), "al-cur-legacy")
    sys.exit(legacy.current(*perform.look(env)))


@destroying()
def al_up_legacy() -> Halves:
    """Upgrade by the legacy history, where one is configured."""
    from dbops.operations import legacy

    move = partial(legacy.move, verb="al-up-legacy", direction="upgrade", revision="head")
    return move, legacy.moved


@destroying()
def al_down_legacy() -> Halves:
    """Downgrade by one revision of the legacy history, where one is configured."""
    from dbops.operations import legacy

    move = partial(legacy.move, verb="al-down-legacy", direction="downgrade", revision="-1")
    return move, legacy.moved


# Baseline and views


@changing(env="local_dev")
def baseline_export() -> Halves:
    """Write the snapshot anew from a database at head, proven first (default: local_dev)."""
    from dbops.operations import baseline

    return baseline.export, baseline.exported


@reading()
def baseline_verify(c: Context, env: str | None = None, json: bool = False) -> None:
    """Compare snapshot, revisions, models and live database; exit 2 when they differ."""
    from dbops import output, perform
    from dbops.operations import verify

    sys.exit(output.verified(verify.verify(*perform.look(env)), machine=json))


@changing(
    env="local_dev",
    rev="the revision that becomes the baseline, an id or the unambiguous beginning of one",
    accept_rows="tables and sequences, with commas, that a new database will not have filled",
)
def baseline_advance(rev: str | None = None, accept_rows: str | None = None) -> Halves:
    """Move the baseline to a revision, proven first; archive what precedes (default: local_dev)."""
    from dbops.operations import advance

    decide = partial(advance.advance, revision=rev, accepted=accept_rows)
    return decide, partial(advance.advanced, revision=rev)


@changing(view="one view, as schema.name; all of them when left out")
def mv_refresh(view: str | None = None) -> Halves:
    """Refresh the materialized views in the order of their dependencies."""
    from dbops.operations import views

    return partial(views.refresh, view=view), views.refreshed


# Who changes it, and who did


@changing(holds=True, message="why, for those who are refused")
def lock(message: str | None = None) -> Halves:
    """Lock an environment by hand: nothing changes it, people and timers alike."""
    from dbops.operations import holds

    return partial(holds.lock, message=message), holds.concluded


@changing(holds=True)
def unlock() -> Halves:
    """Take the manual lock away."""
    from dbops.operations import holds

    return holds.unlock, holds.concluded


@reading()
def runs(c: Context, env: str | None = None, json: bool = False) -> None:
    """List what was run on an environment, newest first, with who, how long and how it ended."""
    from dbops import output, perform
    from dbops.operations import history

    output.runs(history.listed(perform.target(env)), machine=json)


@reading()
def journal(c: Context, env: str | None = None, json: bool = False) -> None:
    """Show the journal of an environment, whose chain of hashes is checked."""
    from dbops import output, perform
    from dbops.operations import history

    output.journal(history.entries(perform.target(env)), machine=json)


@command(
    help={
        "env": ENV,
        "install": "write the units and start the timer on this machine",
        "plan": PLAN,
        "json": JSON,
    }
)
@answering
def schedule(
    c: Context,
    env: str | None = None,
    install: bool = False,
    plan: bool = False,
    json: bool = False,
) -> None:
    """Show the systemd units and the cron line of an environment's refresh, or install them."""
    from dbops import output, perform
    from dbops.operations import schedule as operation

    if install or plan:
        verb = perform.Verb(plan=operation.install, conclude=operation.installed, marks=True)
        perform.change(env, verb, perform.Options(plan=plan, json=json))
        return
    output.answer(operation.shown(perform.named(env)), machine=json)


# This checkout


@command(help={"only": "an expression that chooses tests, as pytest's -k", "unit": "no database"})
def test(c: Context, only: str = "", unit: bool = False) -> None:
    """Run this checkout's tests."""
    from dbops.operations import development

    sys.exit(development.test(only=only, unit=unit))


@command
def check(c: Context) -> None:
    """Run the formatter, the linter and the type checker over this checkout."""
    from dbops.operations import development

    sys.exit(development.check())


@command
def rig_up(c: Context) -> None:
    """Make a jump host and two VMs on this machine's Docker engine, to try deploys on."""
    from dbops.operations import development

    sys.exit(development.rig("up"))


@command
def rig_down(c: Context) -> None:
    """Take the jump host and the VMs down again."""
    from dbops.operations import development

    sys.exit(development.rig("down"))


@command(help={"runs": "how often each command is timed (default 11)"})
def benchmark(c: Context, runs: int = 11) -> None:
    """Time this tool beside what people use instead; exit 1 when a bound is missed."""
    from dbops.operations import development

    sys.exit(development.benchmark(runs=runs))


namespace = Collection()
for _task in [each for each in list(globals().values()) if hasattr(each, "body")]:
    namespace.add_task(_task)
commandline.keep_compiled(__spec__)
commandline.end_with_reader()
if not argv.is_fabric(sys.argv):  # fabfile.py has more commands
    hints.check(sys.argv, namespace)
