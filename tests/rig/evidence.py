"""What a machine holds, in a form that two moments can be compared by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.machine import succeeded

if TYPE_CHECKING:
    from rig.hosts import Machine

# pg_dump 17.6 and newer write a random key behind \restrict.
QUESTIONS = {
    "database": """\
db=$(docker ps --quiet --filter label=com.docker.compose.service=db)
[ -z "$db" ] || docker exec "$db" sh -c 'pg_dumpall --username="$POSTGRES_USER"' |
    grep -v -E '^\\\\(un)?restrict ' | sha256sum""",
    "containers": """\
docker ps --all --quiet --no-trunc | sort | xargs --no-run-if-empty docker inspect --format \
    '{{.Name}} {{.Id}} {{.State.StartedAt}} {{.State.Status}}'""",
    "volumes": "docker volume ls --quiet | sort",
    "checkout": "git rev-parse HEAD && git branch --show-current &&"
    " git --no-optional-locks status --porcelain",
    "backups": "[ ! -d backups ] || find backups -type f -exec sha256sum {} + | sort -k 2",
}


def snapshot(machine: Machine) -> dict[str, str]:
    """Return the digest of every database and role, and what else a refusal has to leave alone."""
    script = "\n".join(f"echo '== {name}'\n{asked}" for name, asked in QUESTIONS.items())
    answers = succeeded(machine.on(f"set -e\n{script}")).split("== ")[1:]
    return dict(each.partition("\n")[::2] for each in answers)
