"""One server whose database is put back for each test: cheaper than a server for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Project

ROW = "INSERT INTO ref.tax_rate VALUES ('2019-10-01', 0.100)"


def keep(project: Project, name: str) -> None:
    """Keep the database of local_dev as it is now under NAME."""
    project.psql(
        f"DROP DATABASE IF EXISTS {name}",
        f"CREATE DATABASE {name} TEMPLATE sanbou_dev",
        _privileges(name, of="sanbou_dev"),
        database="postgres",
    )


def renew(project: Project, name: str = "template0") -> None:
    """Put local_dev's database back to what was kept under NAME; to nothing, without one."""
    project.psql(
        "DROP DATABASE IF EXISTS sanbou_dev WITH (FORCE)",
        f"CREATE DATABASE sanbou_dev TEMPLATE {name}",
        "ALTER DATABASE sanbou_dev SET dbops.environment = 'local_dev'",
        _privileges("sanbou_dev", of=name),
        database="postgres",
    )


def _privileges(name: str, *, of: str) -> str:
    """Return what gives a database those of another one, which a copy does not have."""
    there = f"SELECT datacl FROM pg_database WHERE datname = '{of}' AND NOT datistemplate"
    return f"UPDATE pg_database SET datacl = ({there}) WHERE datname = '{name}'"


def versions(project: Project) -> list[str]:
    """Return the rows of alembic_version."""
    return project.psql("SELECT version_num FROM alembic_version ORDER BY 1").splitlines()


def history(project: Project) -> list[str]:
    """Return what the database says was done to it, oldest first."""
    return project.psql(
        "SELECT operation, revision, previous FROM dbops.revision_log ORDER BY id"
    ).splitlines()
