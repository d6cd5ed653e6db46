"""Grant comprehensive permissions.

Gives every application role its privileges on every application schema: on the objects that exist,
and by default privileges on those that will. The owner and the migrator, its member, have theirs by
ownership. A role or schema that does not exist is skipped by name; an object that the current role
may not grant on, such as one of an extension, is left alone.

MAINTAIN, which lets the refresher refresh a materialized view, exists since PostgreSQL 17. Before,
only an owner may refresh; membership in the owner role is not given here, as it would give all.

Revision ID: 20251212_100000000
Revises: 0001_baseline
"""

from __future__ import annotations

from alembic import op

revision = "20251212_100000000"
down_revision = "0001_baseline"

SCHEMAS = "public, raw, stg, ref, kpi, mart"
OWNER, MIGRATOR = "sanbou_owner", "sanbou_migrator"
GRANTEES = "sanbou_app, sanbou_readonly, sanbou_backup, sanbou_refresher"

# role, kind of object, privileges, first PostgreSQL version
_PRIVILEGES = """
    ('sanbou_app', 'TABLE', 'SELECT, INSERT, UPDATE, DELETE', 0),
    ('sanbou_app', 'SEQUENCE', 'USAGE', 0),
    ('sanbou_app', 'ROUTINE', 'EXECUTE', 0),
    ('sanbou_readonly', 'TABLE', 'SELECT', 0),
    ('sanbou_backup', 'TABLE', 'SELECT', 0),
    ('sanbou_backup', 'SEQUENCE', 'SELECT', 0),
    ('sanbou_refresher', 'TABLE', 'SELECT', 0),
    ('sanbou_refresher', 'TABLE', 'MAINTAIN', 170000)
"""

_NOTICES = f"""
DO $notices$
DECLARE
    missing text;
BEGIN
    FOR missing IN
        SELECT wanted
        FROM unnest(string_to_array('{OWNER}, {MIGRATOR}, {GRANTEES}', ', ')) AS wanted
        WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = wanted)
    LOOP
        RAISE NOTICE 'role "%" does not exist, skipped', missing;
    END LOOP;
    FOR missing IN
        SELECT wanted FROM unnest(string_to_array('{SCHEMAS}', ', ')) AS wanted
        WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = wanted)
    LOOP
        RAISE NOTICE 'schema "%" does not exist, skipped', missing;
    END LOOP;
END
$notices$
"""  # noqa: S608  names are the constants above

_SCHEMA_USAGE = f"""
DO $usage$
DECLARE
    target record;
BEGIN
    FOR target IN
        SELECT n.nspname, r.rolname, n.oid
        FROM pg_catalog.pg_namespace n, pg_catalog.pg_roles r
        WHERE n.nspname = ANY (string_to_array('{SCHEMAS}', ', '))
          AND r.rolname = ANY (string_to_array('{GRANTEES}', ', '))
    LOOP
        IF has_schema_privilege(target.oid, 'USAGE WITH GRANT OPTION') THEN
            EXECUTE format('VERB USAGE ON SCHEMA %I PREPOSITION %I',
                target.nspname, target.rolname);
        ELSIF NOT has_schema_privilege(target.rolname, target.oid, 'USAGE') THEN
            RAISE NOTICE 'schema "%": % may not grant USAGE to "%", skipped',
                target.nspname, current_user, target.rolname;
        END IF;
    END LOOP;
END
$usage$
"""  # noqa: S608  names are the constants above

# Writing alembic_version is the migration's business, whatever default privileges gave.
_EXISTING_OBJECTS = f"""
DO $existing$
DECLARE
    target record;
BEGIN
    FOR target IN
        WITH object (kind, schema, owner, is_version, name, classid, oid) AS (
            SELECT CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END,
                   c.relnamespace, c.relowner,
                   c.relnamespace = 'public'::regnamespace AND c.relname = 'alembic_version',
                   format('%I.%I', n.nspname, c.relname), 'pg_catalog.pg_class'::regclass, c.oid
            FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
            UNION ALL
            SELECT 'ROUTINE', p.pronamespace, p.proowner, false,
                   p.oid::regprocedure::text, 'pg_catalog.pg_proc'::regclass, p.oid
            FROM pg_catalog.pg_proc p
        )
        SELECT r.rolname, o.kind, p.privileges, string_agg(o.name, ', ' ORDER BY o.name) AS names
        FROM (VALUES {_PRIVILEGES}) AS p (role, kind, privileges, version)
        JOIN pg_catalog.pg_roles r ON r.rolname = p.role
        JOIN object o ON o.kind = p.kind AND (NOT o.is_version OR p.privileges = 'SELECT')
        JOIN pg_catalog.pg_namespace n ON n.oid = o.schema
        WHERE n.nspname = ANY (string_to_array('{SCHEMAS}', ', '))
          AND p.version <= current_setting('server_version_num')::int
          AND pg_has_role(o.owner, 'USAGE')
          AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                          WHERE d.classid = o.classid AND d.objid = o.oid AND d.deptype = 'e')
        GROUP BY r.rolname, o.kind, p.privileges, n.nspname
    LOOP
        EXECUTE format('VERB %s ON %s %s PREPOSITION %I',
            target.privileges, target.kind, target.names, target.rolname);
    END LOOP;
END
$existing$
"""  # noqa: S608  names are the constants above

_VERSION_TABLE = """
DO $version$
BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'sanbou_app')
       AND pg_has_role((SELECT relowner FROM pg_catalog.pg_class
                        WHERE oid = to_regclass('public.alembic_version')), 'USAGE') THEN
        REVOKE ALL ON TABLE public.alembic_version FROM sanbou_app;
        VERB SELECT ON TABLE public.alembic_version PREPOSITION sanbou_app;
    END IF;
END
$version$
"""

# Default privileges belong to the role that will create: without FOR ROLE they would be those of
# whoever runs this, and the objects of the owner would reach nobody.
_FUTURE_OBJECTS = f"""
DO $future$
DECLARE
    target record;
    creator name := (SELECT rolname FROM pg_catalog.pg_roles
                     WHERE rolname = '{OWNER}' AND pg_has_role(oid, 'USAGE'));
BEGIN
    IF creator IS NULL THEN
        creator := current_user;
        RAISE NOTICE 'role "{OWNER}" is not available: default privileges are those of "%"',
            creator;
    END IF;
    FOR target IN
        SELECT n.nspname, r.rolname, p.kind, p.privileges
        FROM (VALUES {_PRIVILEGES}) AS p (role, kind, privileges, version)
        JOIN pg_catalog.pg_roles r ON r.rolname = p.role
        JOIN pg_catalog.pg_namespace n ON n.nspname = ANY (string_to_array('{SCHEMAS}', ', '))
        WHERE p.version <= current_setting('server_version_num')::int
    LOOP
        EXECUTE format(
            'ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA %I VERB %s ON %sS PREPOSITION %I',
            creator, target.nspname, target.privileges, target.kind, target.rolname);
    END LOOP;
END
$future$
"""  # noqa: S608  names are the constants above

_STATEMENTS = (_SCHEMA_USAGE, _EXISTING_OBJECTS, _VERSION_TABLE, _FUTURE_OBJECTS)


def upgrade() -> None:
    op.execute(_NOTICES)
    _run("GRANT", "TO")


def downgrade() -> None:
    _run("REVOKE", "FROM")


def _run(verb: str, preposition: str) -> None:
    for statement in _STATEMENTS:
        op.execute(statement.replace("VERB", verb).replace("PREPOSITION", preposition))
