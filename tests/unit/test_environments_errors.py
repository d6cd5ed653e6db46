from __future__ import annotations

from pathlib import Path

import pytest

from dbops.environments import beside
from dbops.environments.validation import validate
from dbops.errors import ExitCode, UsageProblem

HEAD = "project: shop\nenvironments:\n  here:\n    backend: embedded\n    database: {name: shop}\n"
BACKENDS = "'embedded', 'compose' or 'server'"
PATH = "a path inside the project: relative, without .."
TIME = "a time with its offset, as in 2026-12-28T00:00:00+09:00 (ISO 8601)"
NEXT = "next:  correct the file, then run the same command again"


def _problem(content):
    raw = content if isinstance(content, bytes) else content.encode()
    with pytest.raises(UsageProblem) as raised:
        validate(Path("e.yaml"), raw)
    assert raised.value.code == ExitCode.USAGE
    return raised.value


def _said(content):
    """Return every error of CONTENT as `line:col: text`."""
    told = _problem(content)
    others = told.why.split("\n       ")[1:]
    return [line.removeprefix("e.yaml:") for line in (f"{told.where}: {told.what}", *others)]


def test_one_error_is_told_in_four_lines():
    assert _problem(HEAD + "    bakup: {keep: 3}\n").message == (
        'error: environments.here.bakup: unknown key (did you mean "backup"?)\n'
        "where: e.yaml:6:5\n"
        "why:   the whole file is checked before any command runs\n" + NEXT
    )


def test_every_error_is_told_at_once_in_the_order_of_the_file():
    content = HEAD + "    embedded: {prt: 5, port: x}\n    guard: {protected: 1}\nname: x\n"
    assert _problem(content).message == (
        'error: environments.here.embedded.prt: unknown key (did you mean "port"?)\n'
        "where: e.yaml:6:16\n"
        "why:   3 more in this file\n"
        "       e.yaml:6:24: environments.here.embedded.port: needs a whole number, got 'x'\n"
        "       e.yaml:7:13: environments.here.guard.protected: needs true or false, got 1\n"
        "       e.yaml:8:1: name: unknown key\n" + NEXT
    )


def test_a_number_in_the_place_of_text_has_to_be_quoted():
    told = _said(HEAD + "    migrations: {legacy_heads: [20251212]}\n")
    what = 'needs text, got 20251212 (quote it: "20251212")'
    assert told == [f"6:33: environments.here.migrations.legacy_heads[0]: {what}"]


@pytest.mark.parametrize("key", ["password", "db_password", "apiKey", "token", "pwd", "SECRET"])
def test_a_secret_is_refused_and_never_shown(key):
    told = _problem(HEAD + f"    roles: {{{key}: hunter2}}\n")
    why = "secrets never stand in this file; use an env file, passfile or key file"
    assert told.what == f"environments.here.roles.{key}: {why}"
    assert "hunter2" not in told.message


def test_a_password_in_a_url_is_refused_and_never_shown():
    told = _problem(HEAD + '    health: {url: "http://me:hunter2@x/health"}\n')
    assert told.what == (
        "environments.here.health.url: needs a http or https address without user and password,"
        " got 'http://...@x/health'"
    )
    assert "hunter2" not in told.message


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("host: {address: x}", "host.directory: this key is missing"),
        (
            "host: {address: -oX, directory: /x}",
            "host.address: needs a host name, address or ssh alias, got '-oX'",
        ),
        *(
            (
                f"host: {{address: x, directory: {folder}}}",
                "host.directory: needs the whole path on the host, from / on",
            )
            for folder in ("~/app", "srv/app")
        ),
        (
            "host: {address: x, directory: /x}\n    backup: {directory: ~/backups}",
            "backup.directory: is on the host: needs the whole path there, without ~",
        ),
        ("embedded: {port: 0}", "embedded.port: needs a port from 1 to 65535, got 0"),
        ("embedded: {port: 65536}", "embedded.port: needs a port from 1 to 65535, got 65536"),
        ("backup: 7", "backup: needs a mapping of keys, got 7"),
        ("backup:", "backup: needs a mapping of keys, got nothing"),
        ("aliases: dev", "aliases: needs a list, got 'dev'"),
        (
            "refresh: {source: snapshots}",
            "refresh.source: needs 'snapshot', got 'snapshots' (did you mean \"snapshot\"?)",
        ),
        ("migrations: {snapshot: /etc/x}", f"migrations.snapshot: needs {PATH}, got '/etc/x'"),
        (
            "migrations: {snapshot: a/../../x}",
            f"migrations.snapshot: needs {PATH}, got 'a/../../x'",
        ),
        (
            "migrations: {legacy_heads: [0001_baseline]}",
            "migrations.legacy_heads[0]: the baseline is not of the old history",
        ),
        ("compose: {project: x, files: [], volume: v}", "compose.files: needs at least one file"),
        (
            "guard: {freezes: [{start: 2026-01-01, end: 2026-01-02T00:00:00Z, reason: x}]}",
            f"guard.freezes[0].start: needs {TIME}, got '2026-01-01'",
        ),
        (
            "guard: {freezes: [{start: 2026-01-02T00Z, end: 2026-01-02T09+09, reason: x}]}",
            "guard.freezes[0].end: needs a time after its start",
        ),
        ("aliases: [here]", "aliases[0]: 'here' already names here"),
        ("aliases: [a, a]", "aliases[1]: 'a' already names here"),
    ],
)
def test_a_wrong_value_is_told_with_what_it_needs(line, what):
    head = HEAD.replace("backend: embedded", "backend: server\n    server: {service: x}")
    (told,) = _said(f"{head}    {line}\n")
    assert told.partition(" environments.here.")[2] == what


@pytest.mark.parametrize(
    ("backend", "what"),
    [
        ("compose", "compose needs a section `compose:` beside it"),
        ("server", "server needs a section `server:` beside it"),
        ("compos", f"needs {BACKENDS}, got 'compos' (did you mean \"compose\"?)"),
    ],
)
def test_a_backend_needs_its_section(backend, what):
    told = _said(HEAD.replace("embedded", backend))
    assert told == [f"4:5: environments.here.backend: {what}"]


def test_an_embedded_server_is_never_on_another_host():
    told = _said(HEAD + "    host: {address: x, directory: /srv/x}\n")
    what = "embedded runs on this machine; it takes no `host:`"
    assert told == [f"4:5: environments.here.backend: {what}"]


def test_two_environments_cannot_share_a_compose_project_or_an_alias():
    compose = "compose: {project: x, files: [a], volume: v}"
    entry = f"{{backend: compose, database: {{name: x}}, aliases: [z], {compose}}}"
    assert _said(f"project: shop\nenvironments:\n  a: {entry}\n  b: {entry}\n") == [
        "4:56: environments.b.aliases[0]: 'z' already names a",
        "4:70: environments.b.compose.project: 'x' is already used by a on the same host",
    ]


def test_a_retired_name_leads_to_an_environment_and_names_none():
    assert _said(HEAD + "retired: {here: here, old: gone}\n") == [
        "6:11: retired.here: still names here",
        "6:23: retired.old: 'gone' is not an environment",
    ]


def test_the_name_of_an_environment_has_its_pattern():
    told = _said(HEAD.replace("here", '"本番; x"'))
    needs = "needs 1 to 32 of a-z, 0-9 and _, starting with a letter"
    assert told == [f"3:3: environments.'本番; x': {needs}, got '本番; x'"]


def test_an_error_in_the_defaults_is_told_once_and_there():
    content = HEAD + "  there:\n    backend: embedded\n    database: {name: x}\n"
    assert _said(content + "defaults:\n  backup: {keep: many}\n") == [
        "10:12: defaults.backup.keep: needs a whole number, got 'many'"
    ]


def test_what_the_defaults_leave_out_is_missing_from_the_environment():
    assert _said(HEAD + "defaults: {server: {port: 5}, compose: {files: [a]}}\n") == [
        "3:3: environments.here.server: needs a service or a host",
        "3:3: environments.here.compose.project: this key is missing",
        "3:3: environments.here.compose.volume: this key is missing",
    ]


def test_a_file_needs_a_project_and_an_environment():
    assert _said("environments: {}\n") == [
        "1:1: environments: needs at least one environment",
        "1:1: project: this key is missing",
    ]


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("x" * 41, "needs at most 40 characters: what is built beside it has a longer name"),
        ("sanbou_rehearsal", "ends in _rehearsal, as what is built beside a database does"),
        ("a_before_20261122183957", "ends in _before_20261122183957, as what is built beside"),
    ],
)
def test_a_database_is_not_called_what_is_built_beside_one(name, what):
    told = _problem(HEAD.replace("{name: shop}", f"{{name: {name}}}"))
    assert told.what.startswith(f"environments.here.database.name: {what}")


@pytest.mark.parametrize("purpose", beside.PURPOSES)
def test_what_is_built_beside_the_longest_name_is_not_cut_by_postgresql(purpose):
    live = "x" * beside.LONGEST
    assert not beside.wrong(live)
    assert len(beside.named(live, purpose)) <= 63
    assert beside.wrong(beside.named("sanbou", purpose))
