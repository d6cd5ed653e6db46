"""How commands run next to a PostgreSQL in a docker compose project."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbops.commands.shell import RUN, Brought, lines, words
from dbops.runbook import Step

if TYPE_CHECKING:
    from dbops.environments.model import Compose, Environment
    from dbops.state import Service

HEALTHY_WITHIN_SECONDS = 180
# Where files lie in the database's container while one command reads them: two may run side by
# side, and each run's directory has a name of its own.
INSIDE = "/tmp/dbops-${1##*/}"  # noqa: S108  in the container, of this run alone
_LEFT_BEHIND = "find /tmp -maxdepth 1 -name 'dbops-*' -mmin +1440 -exec rm -rf {} +"
# Programs on libpq find the database as the service itself does.
_WITH_LIBPQ = (
    "PGHOST=$POSTGRES_HOST PGPORT=${POSTGRES_PORT:-5432} PGUSER=$POSTGRES_USER "
    'PGPASSWORD=$POSTGRES_PASSWORD PGDATABASE=$POSTGRES_DB exec python -m "$@"'
)
# What a run tells its commands; docker compose passes on only what it is told to.
WELL = ("healthy", "running")
PASSED_ON = ("DBOPS_RUN_ID", "DBOPS_ACTOR", "PGAPPNAME", "PGOPTIONS")


def compose(environment: Environment, *arguments: str) -> list[str]:
    """Return the words of docker compose for ENVIRONMENT's project, whatever the shell says."""
    settings = settings_of(environment)
    return [
        "docker",
        "compose",
        "--ansi=never",
        f"--project-directory={environment.project_directory}",
        f"--project-name={settings.project}",
        *(f"--file={environment.path(each)}" for each in settings.files),
        *(f"--env-file={environment.path(each)}" for each in settings.env_files),
        *arguments,
    ]


def settings_of(environment: Environment) -> Compose:
    """Return the compose section, which a compose environment has (checked when it was read)."""
    if environment.compose is None:
        message = f"{environment.name} has no compose section"
        raise ValueError(message)
    return environment.compose


@dataclass(frozen=True, kw_only=True)
class ComposeBackend:
    """Builds the words that reach the services of one compose project."""

    environment: Environment
    service: Service

    # The image creates POSTGRES_DB when its volume is new.
    brings_database = True

    def tool(self, name: str, *arguments: str, database: str | None = None) -> list[str]:
        """Return the words of a client program in the database's own container."""
        settings = self.environment.database
        return self._execute(
            settings_of(self.environment).database_service,
            name,
            f"--username={settings.user}",
            f"--dbname={database or settings.name}",
            *arguments,
        )

    def alembic(
        self, *arguments: str, database: str | None = None, config: str | None = None
    ) -> str:
        """Return the shell text that runs Alembic in the application's container."""
        file = f"/srv/{config or self.environment.migrations.ini}"
        # DATABASE_URL, where the container has one, would lead to the live database all the same.
        other = [f"--env=POSTGRES_DB={database}", "--env=DATABASE_URL="] if database else []
        return words(
            *self._execute(
                *other,
                settings_of(self.environment).application_service,
                *("alembic", "--config", file, *arguments),
            )
        )

    def python(self, module: str, *arguments: str) -> str:
        """Return the shell text that runs one of the project's modules beside the database."""
        service = settings_of(self.environment).application_service
        return words(*self._execute(service, "sh", "-c", _WITH_LIBPQ, "sh", module, *arguments))

    def terminal(self, *arguments: str) -> list[str]:
        """Return the words of a psql on this terminal."""
        inside = self.tool("psql", *arguments)
        return [each for each in inside if each != "-T"] if not arguments else inside

    def bring(self, *files: str) -> Brought:
        """Copy FILES to the database: what comes through a pipe is committed half when it breaks.

        What a killed run left there goes after a day.
        """
        service = settings_of(self.environment).database_service
        staged = f"{RUN}/brought"
        copies = [f"cp {file} {staged}/{number}.sql" for number, file in enumerate(files)]
        remove = words(*self._execute(service, "rm", "-rf"))
        return Brought(
            fetch=lines(
                f"rm -rf {staged}; mkdir {staged}",
                *copies,
                words(*self._execute(service, "sh", "-c", _LEFT_BEHIND)),
                f'{words(*compose(self.environment, "cp"))} {staged}/. "{service}:{INSIDE}"',
            ),
            paths=tuple(f'"{INSIDE}/{number}.sql"' for number in range(len(files))),
            remove=f'{remove} "{INSIDE}"; rm -rf {staged}',
        )

    def start(self) -> tuple[Step, ...]:
        """Return the step that starts the services and waits until they are healthy."""
        return () if self._is_well() else self.bring_up()

    def bring_up(self) -> tuple[Step, ...]:
        """Return the step that builds what has changed and waits until all services are well."""
        wait = ("--wait", f"--wait-timeout={HEALTHY_WITHIN_SECONDS}")
        up = ("up", "--detach", "--build", *wait)
        return (
            Step(
                title=f"start the services of {settings_of(self.environment).project}, healthy",
                command=lines(
                    f"{words(*compose(self.environment, *up))} >{RUN}/up 2>&1 || {{",
                    words(*compose(self.environment, "logs", "--tail=20")),
                    words(*compose(self.environment, "ps", "--all")),
                    f"tail -n 3 {RUN}/up; exit 1; }}",
                ),
                verify=words(*self.tool("psql", "--no-psqlrc", "--command=SELECT 1")),
            ),
        )

    def _is_well(self) -> bool:
        settings = settings_of(self.environment)
        wanted = {settings.database_service, settings.application_service}
        return wanted <= {name for name, state in self.service.services if state in WELL}

    def stop(self) -> tuple[Step, ...]:
        """Return the step that removes the containers and never a volume."""
        if self.service.status == "absent" or not self.service.services:
            return ()
        project = settings_of(self.environment).project
        return (
            Step(
                title=f"stop the services of {project}, keeping their volumes",
                command=words(*compose(self.environment, "down")),
            ),
        )

    def restart(self) -> tuple[Step, ...]:
        """Return the steps that stop the services and start them again."""
        stopped = ComposeBackend(
            environment=self.environment, service=type(self.service)(status="stopped")
        )
        return (*self.stop(), *stopped.start())

    def remove(self) -> tuple[Step, ...]:
        """Return the steps that stop the services and remove the database's volume."""
        if self.service.status == "absent":
            return self.stop()
        volume = settings_of(self.environment).volume
        gone = f"if docker volume inspect {shlex.quote(volume)} >/dev/null 2>&1; then exit 1; fi"
        remove = Step(
            title=f"remove the volume {volume}",
            command=words("docker", "volume", "rm", "--", volume),
            verify=gone,
        )
        return (*self.stop(), remove)

    def logs(self, count: int, service: str | None, *, follow: bool) -> list[str]:
        """Return the words that show the last COUNT lines of the services' logs."""
        more = ["--follow"] if follow else []
        only = [service] if service else []
        return compose(self.environment, "logs", f"--tail={count}", *more, *only)

    def beside(self) -> list[str]:
        """Return the words put before a program that runs in the database's container."""
        return self._execute(settings_of(self.environment).database_service)

    def _execute(self, *arguments: str) -> list[str]:
        passed = [f"--env={each}" for each in PASSED_ON]
        return compose(self.environment, "exec", "-T", *passed, *arguments)
