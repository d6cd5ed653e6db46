"""What a message says to type next: the words that help, not those that were just refused."""

from __future__ import annotations

from pathlib import Path

import handmade
import pytest

from app.demo_data.loading import refuse_unless_empty
from app.refusal import Refusal
from dbops import manifest
from dbops.environments.model import Server
from dbops.errors import Refused, Unreachable
from dbops.manifest import Manifest
from dbops.runner import Answer
from dbops.server import ExistingServer

DUMP = Path("/kept here/other.dump")


@pytest.mark.parametrize(
    ("server", "asked"),
    [
        (Server(host="db.example.com", port=5433), "--host=db.example.com --port=5433"),
        (Server(host="db.example.com"), "--host=db.example.com --port=5432"),
        (Server(service="sanbou"), "--dbname=service=sanbou"),
    ],
)
def test_a_server_that_is_not_there_is_asked_by_what_needs_it_not(
    tmp_path, monkeypatch, server, asked
):
    monkeypatch.setattr("dbops.runner.read", lambda *_, **__: Answer(code=2, out="", error=""))
    environment = handmade.make_environment(tmp_path, backend="server", server=server)
    with pytest.raises(Unreachable) as raised:
        ExistingServer(environment=environment).probe()
    program, _, rest = raised.value.next_command.partition(" ")
    assert Path(program).name == "pg_isready"
    assert rest == f"{asked}, until it accepts connections"


def test_another_environments_dump_is_named_as_it_was_typed(tmp_path):
    found = Manifest(
        dump=DUMP,
        environment="vm_prod",
        taken_at="20261122T183847Z",
        revision=handmade.HEAD,
        server_version=170010,
        size_bytes=1,
        sha256="0",
        rows=(),
    )
    environment = handmade.make_environment(tmp_path)
    with pytest.raises(Refused) as raised:
        manifest.check_usable(None, found, environment, origin=None, server=170010)
    assert raised.value.next_command == (
        "inv restore --dump '/kept here/other.dump' --env local_dev --from vm_prod"
    )


class _Connection:
    """A database that says which environment it is, with these tables missing, or rows in all."""

    def __init__(self, environment, missing):
        self.environment, self.missing = environment, missing

    def scalar(self, statement):
        return self.environment if "dbops.environment" in str(statement) else "sanbou_dev"

    def scalars(self, *_):
        return self

    def all(self):
        return self.missing

    def execute(self, _):
        pass


@pytest.mark.parametrize(("environment", "named"), [("local_dev", " --env local_dev"), (None, "")])
@pytest.mark.parametrize(
    ("missing", "verb"), [([], "inv db-init-from-snapshot --finish"), (["ref.site"], "inv al-up")]
)
def test_demo_data_names_the_environment_that_it_could_not_fill(environment, named, missing, verb):
    with pytest.raises(Refusal) as raised:
        refuse_unless_empty(_Connection(environment, missing))
    assert f"({verb}{named})" in str(raised.value)
