from __future__ import annotations

import os
import pwd

import handmade
import pytest

from dbops import runner
from dbops.environments.model import Guard, Host, Refresh
from dbops.errors import ExitCode, Problem
from dbops.operations import schedule as operation
from dbops.operations import timetable
from dbops.state import Service, State
from dbops.target import Target

CALENDAR = "Mon..Fri 05:30 Asia/Tokyo"
UNASKED = State(service=Service(status="absent"), database=None)


@pytest.fixture
def account(tmp_path, monkeypatch):
    """A login of its own, not root, whose home is a new directory."""
    entry = pwd.getpwuid(os.getuid())
    home = tmp_path / "home"
    home.mkdir()
    made = pwd.struct_passwd(("deploy", *entry[1:5], str(home), entry[6]))
    monkeypatch.setattr(pwd, "getpwuid", lambda _number: made)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    return home


@pytest.fixture
def systemd(monkeypatch):
    """What each command answers, by one of its words; the rest succeed in silence."""
    answers = {"is-system-running": (0, "running\n")}

    def read(command, **_):
        code, out = next((answers[each] for each in command if each in answers), (0, ""))
        return runner.Answer(code=code, out=out, error="first\nlast\n" if code else "")

    monkeypatch.setattr(operation.runner, "read", read)
    monkeypatch.setattr(operation.shutil, "which", lambda name: f"/usr/bin/{name}")
    return answers


def _target(directory, *, protected=False, host=True, **refresh):
    environment = handmade.make_environment(
        directory,
        backend="compose",
        guard=Guard(protected=protected),
        host=Host(address="stg.example.com", directory="/srv/sanbou_app") if host else None,
        refresh=Refresh(**{"calendar": CALENDAR, **refresh}),
    )
    return Target(environment=environment)


def _told(code, act, *arguments):
    with pytest.raises(Problem) as raised:
        act(*arguments)
    assert raised.value.code == code
    return raised.value.message


@pytest.mark.parametrize(
    "act", [operation.shown, lambda target: operation.install(target, UNASKED)]
)
def test_a_protected_environment_is_never_scheduled(tmp_path, act):
    assert _told(ExitCode.REFUSED, act, _target(tmp_path, protected=True)) == (
        "error: local_dev is protected\n"
        "where: environments.local_dev.guard.protected\n"
        "why:   a refresh replaces the database; a protected one is never refreshed\n"
        "next:  name another environment"
    )


def test_an_environment_without_a_host_or_a_calendar_is_not_scheduled(tmp_path):
    told = _told(ExitCode.USAGE, operation.shown, _target(tmp_path, host=False))
    assert told.startswith("error: local_dev has no host to refresh over SSH\n")
    told = _told(ExitCode.USAGE, operation.shown, _target(tmp_path, calendar=None))
    assert "where: environments.local_dev.refresh.calendar\n" in told
    assert 'such as "Mon..Fri 05:30 Asia/Tokyo"' in told


@pytest.mark.parametrize("name", ["two\nlines", "ends with a space ", "ends with a backslash\\"])
def test_a_path_that_no_unit_can_hold_is_refused(tmp_path, account, name):
    target = _target(tmp_path, ping_url_file=name)
    told = _told(ExitCode.USAGE, operation.shown, target)
    assert told.startswith("error: a path cannot be written in a systemd unit\n")


def test_the_home_in_the_path_of_the_secret_is_that_of_the_account(tmp_path, account):
    found = timetable.of(_target(tmp_path, ping_url_file="~/.config/ping").environment)
    assert found.ping_url_file == account / ".config/ping"
    found = timetable.of(_target(tmp_path, ping_url_file="secrets/ping").environment)
    assert found.ping_url_file == tmp_path / "secrets/ping"


def test_an_owner_without_an_account_is_refused(tmp_path, monkeypatch):
    def unknown(number):
        raise KeyError(number)

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    told = _told(ExitCode.USAGE, operation.shown, _target(tmp_path))
    assert "has no account on this machine\n" in told


def test_what_is_shown_names_the_files_and_what_installs_them(tmp_path, account, systemd):
    shown = operation.shown(_target(tmp_path))
    units = account / ".config/systemd/user"
    assert f"# {units}/dbops-sanbou-local_dev-refresh.service\n[Unit]\n" in shown.sentence
    assert f"# {units}/dbops-sanbou-local_dev-refresh.timer\n[Unit]\n" in shown.sentence
    assert shown.sentence.endswith(" -H local_dev refresh >/dev/null")
    assert shown.next_command.startswith("inv schedule --install --env local_dev\n")
    assert dict(shown.facts)["by_hand"] == (
        "loginctl enable-linger deploy",
        "systemctl --user daemon-reload",
        "systemctl --user enable --now dbops-sanbou-local_dev-refresh.timer",
    )


def test_a_calendar_that_systemd_does_not_understand_is_refused(tmp_path, account, systemd):
    systemd["calendar"] = (1, "")
    told = _told(ExitCode.USAGE, operation.shown, _target(tmp_path, calendar="often"))
    assert told.startswith("error: systemd does not understand 'often'\n")
    assert "\nwhy:   last\n" in told


def test_without_systemd_the_line_for_cron_is_named(tmp_path, account, systemd):
    systemd["is-system-running"] = (1, "offline\n")
    assert _told(ExitCode.FAILED, operation.install, _target(tmp_path), UNASKED) == (
        "error: local_dev: no systemd answers\n"
        "where: the session of deploy\n"
        "why:   systemctl says offline\n"
        "next:  inv schedule --env local_dev, and take the line for cron"
    )


def test_a_ping_url_that_is_missing_or_open_to_others_is_refused(tmp_path, account, systemd):
    target, file = _target(tmp_path, ping_url_file="ping"), tmp_path / "ping"
    told = _told(ExitCode.USAGE, operation.install, target, UNASKED)
    assert told.endswith(f"next:  install -m 0600 /dev/null {file}, and fill it")
    file.write_text("https://ping.example.com/token\n", encoding="utf-8")
    file.chmod(0o640)
    told = _told(ExitCode.USAGE, operation.install, target, UNASKED)
    assert told.endswith(f"next:  chmod 0600 {file}")
    assert "token" not in told
    file.chmod(0o600)
    assert operation.install(target, UNASKED).steps


def test_an_install_checks_writes_and_starts_in_that_order(tmp_path, account, systemd):
    runbook = operation.install(_target(tmp_path), UNASKED)
    assert [each.title for each in runbook.steps] == [
        "have systemd check the units",
        f"write the units to {account}/.config/systemd/user",
        "let the systemd of deploy go on after a logout",
        "start dbops-sanbou-local_dev-refresh.timer",
    ]
    assert not (account / ".config").exists()


def test_an_install_for_an_account_that_goes_on_already_does_not_ask_for_it(
    tmp_path, account, systemd
):
    systemd["show-user"] = (0, "yes\n")
    titles = [each.title for each in operation.install(_target(tmp_path), UNASKED).steps]
    assert len(titles) == 3
    assert "let the systemd of deploy go on after a logout" not in titles


@pytest.mark.parametrize("unlike", ["nothing", "text", "is-enabled", "is-active", "show-user"])
def test_an_install_is_repeated_only_when_something_is_not_as_it_should_be(
    tmp_path, account, systemd, unlike
):
    target = _target(tmp_path)
    schedule = timetable.of(target.environment)
    schedule.units.mkdir(parents=True)
    for name, text in schedule.texts.items():
        (schedule.units / name).write_text(text + "#" * (unlike == "text"), encoding="utf-8")
    systemd["show-user"] = (0, "yes\n")
    if unlike not in {"nothing", "text"}:
        systemd[unlike] = (1, "no\n")
    runbook = operation.install(target, UNASKED)
    assert bool(runbook.steps) is (unlike != "nothing")
    assert runbook.reason == "systemd has these very units, and the timer waits"


def test_root_leaves_what_it_wrote_to_the_owner_of_the_checkout(tmp_path, systemd, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    target = _target(tmp_path)
    if os.getuid() == 0:
        os.chown(tmp_path, 1234, 1234)
    steps = operation.install(target, UNASKED).steps
    last = steps[-1].command.splitlines()
    owner, own = f"--reference={tmp_path}", f"{tmp_path}/.dbops"
    assert last == [
        f"chown -h {owner} -- {own}",
        f"chown -hR {owner} -- {own}/local_dev",
        f"find {own} -maxdepth 1 -name cache -exec chown -hR {owner} -- '{{}}' +",
    ]
    assert not any("--user" in each.command for each in steps)


def test_the_conclusion_says_when_the_next_refresh_is_due(tmp_path, account, systemd):
    systemd["show"] = (0, "Mon 2026-11-23 05:30:00 JST\n")
    said = operation.installed(_target(tmp_path), UNASKED)
    assert said.sentence == "local_dev: systemd refreshes it, next Mon 2026-11-23 05:30:00 JST"
    assert dict(said.facts)["logs"] == (
        f"{account}/.local/state/dbops/sanbou/local_dev/refresh/logs"
    )
