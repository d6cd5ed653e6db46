"""What `check` and `revision --autogenerate` compare: the application's models with its schemas."""

from __future__ import annotations

import importlib
import logging
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, MetaData, text

from dbops_migrator.failures import USAGE, Failure

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger("dbops_migrator")

_VERSION_TABLE = ("public", "alembic_version")
_PARTITIONS = """
SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relispartition
"""


def options(models: str, connection: Connection) -> dict[str, Any]:
    """Return what `context.configure` needs to compare models with the database.

    Args:
        models: `module:attribute`; exit code 4 when it cannot be imported.
        connection: whose search_path is `public`: Alembic takes the first schema for the default.
    """
    metadata = load_metadata(models)
    return {
        "target_metadata": metadata,
        "include_schemas": True,
        "include_name": name_filter(metadata, connection),
        "compare_type": True,
        "compare_server_default": True,
        "process_revision_directives": drop_empty_revision,
    }


def load_metadata(models: str) -> MetaData:
    """Return the metadata of a declarative base, or the metadata itself."""
    module, _, attribute = models.partition(":")
    try:
        found: object = getattr(importlib.import_module(module), attribute)
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise Failure(f"cannot import the models {models}: {reason}", code=USAGE) from error
    metadata = getattr(found, "metadata", found)
    if not isinstance(metadata, MetaData):
        raise Failure(f"the models {models} have no SQLAlchemy metadata", code=USAGE)
    return metadata


def name_filter(metadata: MetaData, connection: Connection) -> Callable[..., bool]:
    """Return Alembic's `include_name`: the models' schemas and public, without partitions.

    A partition is made and dropped by operations, not by revisions; the catalogue knows them.
    """
    schemas = {None, *(table.schema for table in metadata.tables.values())}
    left_out = {
        _VERSION_TABLE,
        *((row[0], row[1]) for row in connection.execute(text(_PARTITIONS))),
    }

    def include_name(name: str | None, kind: str, parents: dict[str, str | None]) -> bool:
        if kind == "schema":
            return name in schemas
        return kind != "table" or (parents["schema_name"] or "public", name) not in left_out

    return include_name


def drop_empty_revision(context: Any, _revision: object, directives: list[Any]) -> None:
    """Write no file when the models and the database agree; `check` needs its empty revision."""
    writes = getattr(context.config.cmd_opts, "autogenerate", False)
    if writes and directives[0].upgrade_ops.is_empty():
        directives[:] = []
        log.info("nothing to write: the models and the database agree")
