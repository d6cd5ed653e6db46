"""Commands that rehearse an upgrade: the fresh backup restored beside, upgraded, compared."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dbops.commands import database as commands
from dbops.commands import lock_watch, psql, restore, sql
from dbops.commands.shell import RUN, lines, with_environment, words
from dbops.environments import beside
from dbops.environments.frozen import Frozen
from dbops.runbook import Step

if TYPE_CHECKING:
    from dbops.commands.backend import Backend
    from dbops.environments.model import Environment
    from dbops.snapshot import Snapshot

_HERE = f"{RUN}/rehearsal"
_DUMP = r"""'s/^"backup":"\([^"]*\)".*/\1/p'"""
# A tab is before what only the files make.
_SIDES = r"""NR <= 5 { side = sub(/^\t/, "") ? "expected:  " : "rehearsed: "
    print side substr($0, 1, 300) }"""

_WILD = {"*": ".*", "?": "."}
_GLOB = re.compile(r"\[!?\]?[^\]]*\]|.", re.DOTALL)


class Upgrade(Frozen):
    """What is rehearsed.

    Attributes:
        current: the revision the database is at.
        wanted: where it ends.
        count: how many revisions are between them.
        tables: how many tables the backup holds.
        with_rows: the whole backup is restored, not its structure alone.
        snapshot: the schema at the baseline.
        leave_out: the numbers of its lines that this server must not see.
    """

    current: str
    wanted: str
    count: int
    tables: int
    with_rows: bool
    snapshot: Snapshot
    leave_out: tuple[int, ...]


def database(environment: Environment) -> str:
    """Return the name of the database the backup is restored into."""
    return beside.named(environment.database.name, "rehearsal")


def expected(environment: Environment) -> str:
    """Return the name of the database that is built as the files say."""
    return beside.named(environment.database.name, "rehearsal_expected")


def room(backend: Backend, environment: Environment) -> Step:
    """Return the step that sees that the server has room for a second copy of the database."""
    return Step(
        title=f"see that there is room to restore {environment.database.name} once more",
        command=restore.room(backend, environment),
    )


def rehearse(backend: Backend, environment: Environment, upgrade: Upgrade) -> Step:
    """Return the step that restores the proven backup of this run, upgrades it and compares.

    One step, so that what it made is dropped however it ends.
    """
    many = f" ({upgrade.count} revisions)" if upgrade.count > 1 else ""
    what = "the backup" if upgrade.with_rows else "the backup's schema"
    return Step(
        title=f"rehearse the upgrade to {upgrade.wanted}{many} on {what}",
        command=lines(
            f"rm -rf {_HERE}; mkdir {_HERE}",
            _dropped_at_the_end(backend, environment),
            _as_the_files_say(backend, environment, upgrade),
            _restored(backend, environment, upgrade),
            _upgraded(backend, environment, upgrade),
            _compared(environment, upgrade),
        ),
        counts="processing data for table" if upgrade.with_rows else "",
        total=upgrade.tables if upgrade.with_rows else 0,
    )


def _dropped_at_the_end(backend: Backend, environment: Environment) -> str:
    made = (database(environment), expected(environment))
    drop = " && ".join(commands.drop(backend, each) for each in made)
    untouched = words(f"; {environment.database.name} was not touched")
    return lines(
        "finish() {",
        "code=$?; trap - EXIT",
        # A cancelled run ends all sessions of its own name, over and over.
        "export PGAPPNAME=dbops",
        f"{{ {drop} || {{ {drop}; }}; }} >/dev/null 2>&1 || :",
        f'[ "$code" -eq 0 ] || echo "rehearsal: $doing"{untouched}',
        'exit "$code"',
        "}",
        "trap finish EXIT",
    )


def _as_the_files_say(backend: Backend, environment: Environment, upgrade: Upgrade) -> str:
    """Return the shell text that builds what is expected, before and after the upgrade.

    It goes through a dump, as the backup does: some definitions print differently once loaded.
    """
    name = expected(environment)
    load = commands.load_snapshot(
        backend,
        environment,
        snapshot=upgrade.snapshot,
        leave_out=upgrade.leave_out,
        stamp=True,
        roles=environment.migrations.roles is not None,
        database=name,
    )
    is_past = upgrade.current != environment.migrations.baseline
    dump = words(*backend.tool("pg_dump", "--format=custom", database=name))
    return lines(
        "doing='the files alone do not make the expected schema'",
        commands.recreate(backend, environment, name),
        load.command,
        f"( {backend.alembic('upgrade', upgrade.current, database=name)} )" if is_past else "",
        f"{dump} >{_HERE}/expected.dump",
        commands.recreate(backend, environment, name),
        _restore(backend, environment, name, f"{_HERE}/expected.dump"),
        restore.finishing(backend, environment, name, scratch=True).command,
        _catalogue(backend, environment, name, "expected-before"),
        f"( {backend.alembic('upgrade', upgrade.wanted, database=name)} )",
        _catalogue(backend, environment, name, "expected-after"),
    )


def _restored(backend: Backend, environment: Environment, upgrade: Upgrade) -> str:
    name = database(environment)
    versions = ("--data-only", "--schema=public", "--table=alembic_version")
    parts = (("--verbose",),) if upgrade.with_rows else (("--schema-only",), versions)
    return lines(
        "doing='the backup cannot be restored'",
        f"dump=$(sed -n {_DUMP} {RUN}/backup)",
        "began=$(date +%s)",
        commands.recreate(backend, environment, name),
        *(_restore(backend, environment, name, '"$dump"', *each) for each in parts),
        restore.finishing(backend, environment, name, scratch=True).command,
        "restored=$(($(date +%s) - began))",
        _catalogue(backend, environment, name, "rehearsed-before"),
    )


def _restore(
    backend: Backend, environment: Environment, name: str, file: str, *options: str
) -> str:
    user = f"--username={environment.database.user}"
    # A database with a subscription cannot be dropped.
    how = ("--exit-on-error", "--no-subscriptions", *options)
    program = ("pg_restore", *how, user, f"--dbname={name}")
    # The statement that failed may be longer than what is shown of the log.
    why = f"{{ grep -a '^pg_restore: error' {RUN}/log | tail -n 2; exit 1; }}"
    return f"{words(*backend.beside(), *program)} <{file} || {why}"


def _upgraded(backend: Backend, environment: Environment, upgrade: Upgrade) -> str:
    name = database(environment)
    return lines(
        "doing='the upgrade of the restored backup failed'",
        lock_watch.begin(backend, name),
        f"( {backend.alembic('upgrade', upgrade.wanted, database=name)} )",
        lock_watch.end(backend, name),
        _catalogue(backend, environment, name, "rehearsed-after"),
    )


def _catalogue(backend: Backend, environment: Environment, name: str, file: str) -> str:
    """Return the shell text that writes the catalogue of the database NAME, sorted, to FILE.

    Left out is what follows from how a schema came to be and not from what it is: whether a view
    was filled, and the order of columns, which an upgrade never changes.
    """
    query = environment.tool_directory / "sql" / "queries" / "catalogue.sql"
    options = ("--no-align", "--tuples-only", f"--command={sql.UNLIMITED}", "--file=-")
    ask = words(*psql.command(backend, *options, database=name))
    without = """sed -e '/^\\["unpopulated view"/d' -e '/^\\["column order"/d'"""
    return lines(
        f"{ask} <{words(query)} >{_HERE}/catalogue",
        f"{without} {_HERE}/catalogue | LC_ALL=C sort >{_HERE}/{file}",
    )


def _compared(environment: Environment, upgrade: Upgrade) -> str:
    """Return the shell text that writes the figures and tells what the upgrade made differently.

    What differed before it is drift, which is counted and does not stop a release, nor does what
    the upgrade makes of it.
    """
    program = environment.tool_directory / "scripts" / "new_differences.awk"
    files = " ".join(
        f"when={when} side={side} {_HERE}/{side}-{when}"
        for when in ("before", "after")
        for side in ("rehearsed", "expected")
    )
    ignored = "\n".join(map(_expression, environment.drift.ignore))
    told = with_environment({"LC_ALL": "C", "IGNORED": ignored}, words("awk", "-f", program))
    mode = "full" if upgrade.with_rows else "schema"
    known = f'{{"mode":"{mode}","to":"{upgrade.wanted}","restored_seconds":%s,"drift":%s,%s'
    return lines(
        f"doing={words('the schema it leaves is not what the files say')}",
        f"{told} {files} >{_HERE}/differs",
        f"drift=$(head -n 1 {_HERE}/differs)",
        f"sed 1d {_HERE}/differs | LC_ALL=C sort >{_HERE}/new",
        f'printf {words(known)} "$restored" "$drift" "${{figures#?}}" >{RUN}/rehearsal.json',
        f"awk {words(_SIDES)} {_HERE}/new",
        f"[ ! -s {_HERE}/new ]",
    )


def _expression(pattern: str) -> str:
    """Return a pattern of a shell, of the whole text, as awk's regular expression."""
    parts = _GLOB.findall(pattern)
    return f"^{''.join(_in_awk(each) for each in parts)}$"


def _in_awk(part: str) -> str:
    if part in _WILD:
        return _WILD[part]
    if len(part) == 1:
        return f"\\{part}" if part in r"\.^$|()+{}[]" else part
    inside = part[1:-1].replace("\\", "\\\\")
    return f"[^{inside[1:]}]" if inside.startswith("!") else f"[{inside}]"
