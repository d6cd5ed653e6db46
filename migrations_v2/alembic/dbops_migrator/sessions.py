"""Sessions on the server: how they are opened, and as whom they act."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, text
from sqlalchemy.exc import OperationalError

from dbops_migrator.failures import UNREACHABLE, Failure

if TYPE_CHECKING:
    from dbops_migrator.settings import Settings

log = logging.getLogger("dbops_migrator")

# Without a check the server runs a dead client's statement to its end, holding its locks. The
# setting exists since PostgreSQL 14, and a server without POLLRDHUP (macOS) refuses it.
_SESSION = """
DO $$
BEGIN
    PERFORM set_config('idle_in_transaction_session_timeout', '0', false);
    PERFORM set_config(name, '0', false) FROM pg_settings WHERE name = 'idle_session_timeout';
    PERFORM set_config('client_connection_check_interval', '1s', false);
EXCEPTION WHEN undefined_object OR invalid_parameter_value OR feature_not_supported THEN
    NULL;
END
$$
"""

# Membership WITH SET FALSE exists since PostgreSQL 16; before, a member may always SET ROLE.
_MAY_BECOME = """
SELECT pg_has_role(session_user, oid, CASE
    WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END)
FROM pg_roles WHERE rolname = :role
"""


def engine_for(url: URL, settings: Settings, *, search_path: str = "") -> Engine:
    """Return an engine whose sessions are named, and notice a dead network within a minute."""
    arguments = {
        "application_name": settings.application_name,
        "connect_timeout": 10,
        "keepalives": 1,
        "keepalives_idle": 30,
        "keepalives_interval": 10,
        "keepalives_count": 3,
    }
    if search_path:
        arguments["options"] = f"-c search_path={search_path}"
    return create_engine(url, poolclass=NullPool, connect_args=arguments)


def connect(engine: Engine, *, autocommit: bool = False) -> Connection:
    """Return an open session without idle limits; exit code 69 when the server does not answer."""
    try:
        connection = engine.connect()
    except OperationalError as error:
        reason = " ".join(str(error.orig).split())
        where = f"{engine.url.host or 'the local socket'}/{engine.url.database}"
        raise Failure(f"cannot connect to {where}: {reason}", code=UNREACHABLE) from error
    if autocommit:
        connection = connection.execution_options(isolation_level="AUTOCOMMIT")
    connection.execute(text(_SESSION))
    connection.commit()
    return connection


def act_as_owner(connection: Connection, role: str) -> None:
    """Act as `role` when it exists and the session user may; else say so and go on."""
    if not role:
        return
    allowed = connection.scalar(text(_MAY_BECOME), {"role": role})
    if allowed:
        connection.execute(text("SELECT set_config('role', :role, false)"), {"role": role})
    else:
        user = connection.scalar(text("SELECT session_user"))
        why = "does not exist" if allowed is None else f"may not be taken by {user}"
        log.info("role %s %s: new objects will belong to %s", role, why, user)
    connection.commit()
