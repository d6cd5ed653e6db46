"""The way to a host, from what `ssh -G` says; no ssh runs here."""

from __future__ import annotations

from pathlib import Path

import pytest

from dbops import runner, ssh_config
from dbops.environments.model import Host
from dbops.errors import ExitCode, UsageProblem
from dbops.runner import Answer

DEFAULTS = {
    "user": "me",
    "port": "22",
    "userknownhostsfile": "~/.ssh/known_hosts ~/.ssh/known_hosts2",
    "globalknownhostsfile": "/etc/ssh/ssh_known_hosts",
    "identityfile": "~/.ssh/id_none",
    "identitiesonly": "no",
}


class Ssh:
    """Answers `ssh -G` from an ssh_config given by host; what it was asked is kept in `asked`."""

    def __init__(self, **hosts):
        self.hosts, self.asked = hosts, []

    def read(self, words):
        assert words[:2] == ["ssh", "-G"]
        assert words[-2] == "--"
        *options, _, address = words[2:]
        self.asked.append((address, options))
        given = dict(zip(options[::2], options[1::2], strict=True))
        named = {"-p": "port", "-l": "user", "-i": "identityfile"}
        own = {named[flag]: value for flag, value in given.items()}
        said = {**DEFAULTS, "hostname": address, **self.hosts.get(address, {}), **own}
        lines = [f"{key} {value}" for key, value in said.items()]
        return Answer(code=0, out="\n".join(lines), error="")


@pytest.fixture
def configured(monkeypatch):
    def make(**hosts):
        ssh = Ssh(**hosts)
        monkeypatch.setattr(runner, "read", ssh.read)
        return ssh

    return make


def host(**facts):
    return Host(address="vm", directory="/srv/app", **facts)


def test_without_a_jump_the_host_is_the_only_hop(configured):
    configured(vm={"hostname": "10.0.0.7", "user": "deploy"})
    (hop,) = ssh_config.route(host())
    assert (hop.address, hop.port, hop.user, hop.known_as) == ("10.0.0.7", 22, "deploy", "10.0.0.7")
    assert str(hop) == "deploy@10.0.0.7:22"


def test_what_environments_yaml_says_goes_before_what_ssh_config_says(configured, tmp_path):
    key = tmp_path / "key"
    key.touch()
    ssh = configured(vm={"user": "other", "port": "2200"})
    (hop,) = ssh_config.route(host(user="deploy", port=2022, key=str(key)))
    assert (hop.user, hop.port, hop.keys) == ("deploy", 2022, (str(key),))
    assert ssh.asked == [("vm", ["-p", "2022", "-l", "deploy", "-i", str(key)])]


def test_a_port_other_than_22_is_part_of_the_name_in_known_hosts(configured):
    configured(vm={"hostname": "10.0.0.7", "port": "2200"})
    assert ssh_config.route(host())[0].known_as == "[10.0.0.7]:2200"


def test_a_host_key_alias_is_the_name_in_known_hosts(configured):
    configured(vm={"hostkeyalias": "production", "port": "2200"})
    assert ssh_config.route(host())[0].known_as == "production"


@pytest.mark.parametrize(
    ("jump", "asked", "user", "port"),
    [
        ("gate", ("gate", []), "me", 22),
        ("deploy@gate", ("gate", ["-l", "deploy"]), "deploy", 22),
        ("deploy@gate:2200", ("gate", ["-p", "2200", "-l", "deploy"]), "deploy", 2200),
        ("gate:2200", ("gate", ["-p", "2200"]), "me", 2200),
    ],
)
def test_a_jump_host_goes_first_by_its_own_user_and_port(configured, jump, asked, user, port):
    ssh = configured()
    first, last = ssh_config.route(host(jump=jump))
    assert (first.address, first.user, first.port) == ("gate", user, port)
    assert last.address == "vm"
    assert ssh.asked[1] == asked


def test_several_jump_hosts_are_gone_through_in_order(configured):
    configured()
    route = ssh_config.route(host(jump="a@one:2201,b@two"))
    assert list(map(str, route)) == ["a@one:2201", "b@two:22", "me@vm:22"]


def test_the_jump_of_ssh_config_counts_where_environments_yaml_names_none(configured):
    configured(vm={"proxyjump": "one"})
    assert [each.address for each in ssh_config.route(host())] == ["one", "vm"]
    assert [each.address for each in ssh_config.route(host(jump="two"))] == ["two", "vm"]


def test_a_proxy_jump_of_none_is_no_jump(configured):
    configured(vm={"proxyjump": "none"})
    assert len(ssh_config.route(host())) == 1


def test_a_jump_host_is_reached_through_its_own_and_no_circle_is_gone(configured):
    configured(vm={"proxyjump": "one,two"}, one={"proxyjump": "zero"}, two={"proxyjump": "three"})
    assert [hop.address for hop in ssh_config.route(host())] == ["zero", "one", "two", "vm"]
    configured(vm={"proxyjump": "one"}, one={"proxyjump": "one"})
    assert [hop.address for hop in ssh_config.route(host())] == ["one", "vm"]


def test_a_proxy_command_has_its_tokens_filled_in_and_none_is_none(configured):
    said = {"hostname": "10.0.0.5", "port": "2222", "user": "deploy"}
    configured(vm={**said, "proxycommand": "ssh -W %h:%p -l %r -o x=%n,%%h,%z jump"})
    filled = "ssh -W 10.0.0.5:2222 -l deploy -o x=vm,%h,%z jump"
    assert ssh_config.route(host())[0].proxy_command == filled
    configured(vm={"proxycommand": "none"})
    assert ssh_config.route(host())[0].proxy_command == ""


def test_known_hosts_of_environments_yaml_replaces_all_others(configured):
    configured()
    (hop,) = ssh_config.route(host(known_hosts="/etc/ours with a blank"))
    assert hop.known_hosts == (Path("/etc/ours with a blank"),)
    (hop,) = ssh_config.route(host())
    home = Path.home() / ".ssh"
    assert hop.known_hosts[:2] == (home / "known_hosts", home / "known_hosts2")
    assert hop.known_hosts[2] == Path("/etc/ssh/ssh_known_hosts")


def test_only_keys_that_exist_are_offered(configured, tmp_path):
    here = tmp_path / "key"
    here.touch()
    configured(vm={"identityfile": str(here)})
    assert ssh_config.route(host())[0].keys == (str(here),)
    configured(vm={"identityfile": str(tmp_path / "none")})
    assert ssh_config.route(host())[0].keys == ()


@pytest.mark.parametrize(
    ("said", "offered", "socket"),
    [
        ({}, True, ""),
        ({"identitiesonly": "yes"}, True, ""),
        ({"identityagent": "none"}, False, ""),
        ({"identityagent": "SSH_AUTH_SOCK"}, True, ""),
        ({"identityagent": "/run/agent"}, True, "/run/agent"),
    ],
)
def test_the_agent_is_asked_as_ssh_would_ask_it(configured, said, offered, socket):
    configured(vm=said)
    (hop,) = ssh_config.route(host())
    assert (hop.agent, hop.agent_socket) == (offered, socket)
    assert hop.listed_only == ("identitiesonly" in said)


def test_a_key_file_has_its_tokens_filled_in(configured, tmp_path):
    here = tmp_path / "10.0.0.5_deploy"
    here.touch()
    configured(vm={"hostname": "10.0.0.5", "user": "deploy", "identityfile": f"{tmp_path}/%h_%r"})
    assert ssh_config.route(host())[0].keys == (str(here),)


def test_what_to_type_goes_the_same_way(configured):
    configured()
    typed = [each.ssh for each in ssh_config.route(host(jump="a@one:2201,two", user="b"))]
    assert typed == ["ssh -p 2201 a@one", "ssh -J a@one:2201 me@two", "ssh -J a@one:2201,two b@vm"]
    (hop,) = ssh_config.route(host(port=2022, key="~/my key", known_hosts="/srv/known"))
    assert hop.ssh == "ssh -i '~/my key' -p 2022 -o UserKnownHostsFile=/srv/known me@vm"
    configured(vm={"proxyjump": "one"})  # ssh knows that by itself
    assert ssh_config.route(host())[-1].ssh == "ssh me@vm"


def test_a_configuration_that_ssh_refuses_is_said_in_its_own_words(monkeypatch):
    error = "/home/me/.ssh/config: line 3: Bad configuration option: prot\nterminating, 1 bad\n"
    monkeypatch.setattr(runner, "read", lambda _: Answer(code=255, out="", error=error))
    with pytest.raises(UsageProblem) as raised:
        ssh_config.route(host())
    assert raised.value.code == ExitCode.USAGE
    assert raised.value.message == (
        "error: ssh cannot resolve vm\n"
        "where: ssh_config\n"
        "why:   terminating, 1 bad\n"
        "next:  ssh -G vm"
    )
