-- Roles, ownership and privileges of one database. Idempotent: a second run changes nothing.
--
--   psql --no-psqlrc --set ON_ERROR_STOP=1 --single-transaction \
--        --set owner=sanbou_owner --set migrator=sanbou_migrator --set app=sanbou_app \
--        --set readonly=sanbou_readonly --set backup=sanbou_backup --set refresher=sanbou_refresher \
--        --set schemas=public,raw,ref,mart,stg,kpi --file sql/bootstrap_roles.sql
--
-- A role whose variable is unset or empty is left out; a schema that does not exist is skipped. Run it
-- as a superuser. A role with CREATEROLE does what it may; what it may not is a WARNING each.
-- Passwords are never set here. An existing role keeps its attributes, its password among them.
-- The search_path is empty for the rest of the transaction: every name here is qualified.

\set QUIET on

\if :{?owner}
\else
    \set owner ''
\endif
\if :{?migrator}
\else
    \set migrator ''
\endif
\if :{?app}
\else
    \set app ''
\endif
\if :{?readonly}
\else
    \set readonly ''
\endif
\if :{?backup}
\else
    \set backup ''
\endif
\if :{?refresher}
\else
    \set refresher ''
\endif
-- For a database beside the real one: nothing that the whole cluster shares is made or changed.
\if :{?scratch}
\else
    \set scratch ''
\endif
\if :{?schemas}
\else
    \set schemas 'public,raw,ref,mart,stg,kpi'
\endif

-- psql does not expand variables inside $$...$$; settings carry them there. \gset prints nothing.
SELECT pg_catalog.set_config('search_path', '', true),
       pg_catalog.set_config('dbops.role_owner', :'owner', true),
       pg_catalog.set_config('dbops.role_migrator', :'migrator', true),
       pg_catalog.set_config('dbops.role_app', :'app', true),
       pg_catalog.set_config('dbops.role_readonly', :'readonly', true),
       pg_catalog.set_config('dbops.role_backup', :'backup', true),
       pg_catalog.set_config('dbops.role_refresher', :'refresher', true),
       pg_catalog.set_config('dbops.scratch', :'scratch', true),
       pg_catalog.set_config('dbops.schemas', :'schemas', true)
\gset dbops_

-- ALTER ... OWNER takes ACCESS EXCLUSIVE: waiting for it without a limit would block every reader.
SELECT pg_catalog.set_config('lock_timeout', '2s', true)
WHERE pg_catalog.current_setting('lock_timeout') = '0'
\gset dbops_

-- The role with this purpose, NULL when it was left out. The cast cuts at 63 bytes, as CREATE ROLE does.
CREATE FUNCTION pg_temp.dbops_name(purpose text) RETURNS name LANGUAGE sql STABLE AS $$
    SELECT nullif(current_setting('dbops.role_' || purpose), '')::name
$$;

-- The same once it exists.
CREATE FUNCTION pg_temp.dbops_role(purpose text) RETURNS name LANGUAGE sql STABLE AS $$
    SELECT rolname FROM pg_catalog.pg_roles WHERE rolname = pg_temp.dbops_name(purpose)
$$;

-- The application's schemas that exist.
CREATE FUNCTION pg_temp.dbops_schemas() RETURNS SETOF name LANGUAGE sql STABLE AS $$
    SELECT nspname FROM pg_catalog.pg_namespace
    WHERE nspname = ANY (regexp_split_to_array(btrim(current_setting('dbops.schemas')), '\s*,\s*'))
$$;

-- Who gets what on which kind of object. MAINTAIN exists since PostgreSQL 17; before, only an owner
-- may refresh a materialized view, and the refresher is not made one.
CREATE FUNCTION pg_temp.dbops_privileges() RETURNS TABLE (grantee name, kind text, privileges text)
LANGUAGE sql STABLE AS $$
    SELECT pg_temp.dbops_role(p.purpose), p.kind, p.privileges
    FROM (VALUES ('app', 'TABLE', 'SELECT, INSERT, UPDATE, DELETE', 0),
                 ('app', 'SEQUENCE', 'USAGE', 0),
                 ('app', 'ROUTINE', 'EXECUTE', 0),
                 ('readonly', 'TABLE', 'SELECT', 0),
                 ('backup', 'TABLE', 'SELECT', 0),
                 ('backup', 'SEQUENCE', 'SELECT', 0),
                 ('refresher', 'TABLE', 'SELECT', 0),
                 ('refresher', 'TABLE', 'MAINTAIN', 170000)
         ) AS p (purpose, kind, privileges, version)
    WHERE pg_temp.dbops_role(p.purpose) IS NOT NULL
      AND p.version <= current_setting('server_version_num')::int
$$;

-- Relations, routines and types with their owners, those of extensions left out. A sequence of a column
-- follows its table (has_own_owner is false).
CREATE FUNCTION pg_temp.dbops_objects()
RETURNS TABLE (kind text, schema name, name text, owner oid, has_own_owner boolean, is_version boolean)
LANGUAGE sql STABLE AS $$
    SELECT o.kind, n.nspname, o.name, o.owner, o.has_own_owner, o.is_version
    FROM (
        SELECT CASE c.relkind WHEN 'S' THEN 'SEQUENCE' WHEN 'c' THEN 'TYPE' ELSE 'TABLE' END AS kind,
               c.relnamespace AS schema, c.relowner AS owner, c.oid, 'pg_catalog.pg_class'::regclass AS class,
               format('%s.%I', c.relnamespace::regnamespace, c.relname) AS name,
               NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                           WHERE c.relkind = 'S' AND d.classid = 'pg_catalog.pg_class'::regclass
                             AND d.objid = c.oid AND d.deptype IN ('a', 'i')) AS has_own_owner,
               c.relname = 'alembic_version' AND c.relkind = 'r' AS is_version
        FROM pg_catalog.pg_class c WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'c')
        UNION ALL
        SELECT 'ROUTINE', p.pronamespace, p.proowner, p.oid, 'pg_catalog.pg_proc'::regclass,
               p.oid::regprocedure::text, true, false
        FROM pg_catalog.pg_proc p
        UNION ALL
        SELECT 'TYPE', t.typnamespace, t.typowner, t.oid, 'pg_catalog.pg_type'::regclass,
               t.oid::regtype::text, true, false
        FROM pg_catalog.pg_type t WHERE t.typtype IN ('d', 'e', 'r')
    ) AS o
    JOIN pg_catalog.pg_namespace n ON n.oid = o.schema
    WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                      WHERE d.classid = o.class AND d.objid = o.oid AND d.deptype = 'e')
$$;

-- Run one statement; say so when the privilege for it is missing, and go on.
CREATE FUNCTION pg_temp.dbops_try(statement text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN true;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE WARNING 'not done: % (%)', statement, SQLERRM;
    RETURN false;
END
$$;

DO $roles$
DECLARE
    purpose text;
    wanted name;
BEGIN
    IF current_setting('dbops.scratch') <> '' THEN
        RETURN;
    END IF;
    IF EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = pg_temp.dbops_name('owner') AND rolsuper) THEN
        RAISE EXCEPTION 'role "%" is a superuser: as owner it would make the migrator one',
            pg_temp.dbops_name('owner') USING ERRCODE = 'invalid_parameter_value';
    END IF;
    FOREACH purpose IN ARRAY ARRAY['owner', 'migrator', 'app', 'readonly', 'backup', 'refresher'] LOOP
        wanted := pg_temp.dbops_name(purpose);
        CONTINUE WHEN wanted IS NULL OR pg_temp.dbops_role(purpose) IS NOT NULL;
        IF pg_temp.dbops_try(format('CREATE ROLE %I %s', wanted,
                                    CASE purpose WHEN 'owner' THEN 'NOLOGIN' ELSE 'LOGIN' END)) THEN
            RAISE NOTICE 'role "%" created (%)', wanted, purpose;
        END IF;
    END LOOP;
END
$roles$;

DO $memberships$
DECLARE
    owner name := pg_temp.dbops_role('owner');
    migrator name := pg_temp.dbops_role('migrator');
    backup name := pg_temp.dbops_role('backup');
BEGIN
    IF current_setting('dbops.scratch') <> '' THEN
        RETURN;
    END IF;
    IF owner <> migrator AND NOT pg_has_role(migrator, owner, 'MEMBER') THEN
        PERFORM pg_temp.dbops_try(format('GRANT %I TO %I', owner, migrator));
    END IF;
    -- Since PostgreSQL 16 the creator of a role administers it without being a member; a member it
    -- must be to hand over ownership. A superuser is a member of all.
    IF NOT pg_has_role(owner, 'USAGE') THEN
        PERFORM pg_temp.dbops_try(format('GRANT %I TO %I', owner, current_user));
    END IF;
    -- pg_read_all_data exists since PostgreSQL 14
    IF EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'pg_read_all_data')
       AND NOT pg_has_role(backup, 'pg_read_all_data', 'MEMBER') THEN
        PERFORM pg_temp.dbops_try(format('GRANT pg_read_all_data TO %I', backup));
    END IF;
END
$memberships$;

DO $database$
DECLARE
    purpose text;
    grantee name;
BEGIN
    FOREACH purpose IN ARRAY ARRAY['owner', 'migrator', 'app', 'readonly', 'backup', 'refresher'] LOOP
        grantee := pg_temp.dbops_role(purpose);
        CONTINUE WHEN grantee IS NULL;
        PERFORM pg_temp.dbops_try(format('GRANT %s ON DATABASE %I TO %I',
            CASE purpose WHEN 'owner' THEN 'CONNECT, TEMPORARY, CREATE' ELSE 'CONNECT, TEMPORARY' END,
            current_database(), grantee));
    END LOOP;
    IF EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = 'public') THEN
        PERFORM pg_temp.dbops_try('REVOKE CREATE ON SCHEMA public FROM PUBLIC');
    END IF;
END
$database$;

-- Schema public itself keeps its owner: pg_dump takes another one for a change of the schema. The owner
-- role creates in it and hands out USAGE by a grant. The schema dbops, this tool's own, moves as well.
DO $ownership$
DECLARE
    new_owner name := pg_temp.dbops_role('owner');
    statement text;
BEGIN
    IF new_owner IS NULL THEN
        RETURN;
    END IF;
    FOR statement IN
        SELECT CASE nspname
            WHEN 'public' THEN format('GRANT USAGE, CREATE ON SCHEMA public TO %I WITH GRANT OPTION', new_owner)
            ELSE format('ALTER SCHEMA %I OWNER TO %I', nspname, new_owner) END
        FROM pg_catalog.pg_namespace n
        WHERE (nspname = 'dbops' OR nspname IN (SELECT pg_temp.dbops_schemas()))
          AND nspowner <> (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = new_owner)
          AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                          WHERE d.classid = 'pg_catalog.pg_namespace'::regclass AND d.objid = n.oid
                            AND d.deptype = 'e')
        UNION ALL
        SELECT format('ALTER %s %s OWNER TO %I', kind, name, new_owner)
        FROM pg_temp.dbops_objects()
        WHERE (schema = 'dbops' OR schema IN (SELECT pg_temp.dbops_schemas()))
          AND has_own_owner
          AND owner <> (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = new_owner)
    LOOP
        PERFORM pg_temp.dbops_try(statement);
    END LOOP;
END
$ownership$;

DO $existing_objects$
DECLARE
    statement text;
BEGIN
    FOR statement IN
        SELECT format('GRANT USAGE ON SCHEMA %I TO %I', s, p.grantee)
        FROM pg_temp.dbops_schemas() AS s, (SELECT DISTINCT grantee FROM pg_temp.dbops_privileges()) AS p
        UNION ALL
        SELECT format('GRANT %s ON %s %s TO %I', p.privileges, o.kind,
                      string_agg(o.name, ', ' ORDER BY o.name), p.grantee)
        FROM pg_temp.dbops_privileges() AS p
        JOIN pg_temp.dbops_objects() AS o ON o.kind = p.kind
        WHERE o.schema IN (SELECT pg_temp.dbops_schemas())
          AND (NOT o.is_version OR p.privileges = 'SELECT')
        GROUP BY o.schema, o.kind, p.privileges, p.grantee
    LOOP
        PERFORM pg_temp.dbops_try(statement);
    END LOOP;
END
$existing_objects$;

-- Whatever default privileges gave, the application reads alembic_version and no more.
DO $version_table$
DECLARE
    app name := pg_temp.dbops_role('app');
BEGIN
    IF app IS NOT NULL AND to_regclass('public.alembic_version') IS NOT NULL THEN
        PERFORM pg_temp.dbops_try(format('REVOKE ALL ON TABLE public.alembic_version FROM %I', app));
        PERFORM pg_temp.dbops_try(format('GRANT SELECT ON TABLE public.alembic_version TO %I', app));
    END IF;
END
$version_table$;

-- Default privileges belong to the role that will create: the owner, or without one the current user.
DO $future_objects$
DECLARE
    creator name := coalesce(pg_temp.dbops_role('owner'), current_user);
    statement text;
BEGIN
    FOR statement IN
        SELECT format('ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA %I GRANT %s ON %sS TO %I',
                      creator, s, p.privileges, p.kind, p.grantee)
        FROM pg_temp.dbops_schemas() AS s, pg_temp.dbops_privileges() AS p
    LOOP
        PERFORM pg_temp.dbops_try(statement);
    END LOOP;
END
$future_objects$;

DROP FUNCTION pg_temp.dbops_try, pg_temp.dbops_objects, pg_temp.dbops_privileges, pg_temp.dbops_schemas,
    pg_temp.dbops_role, pg_temp.dbops_name;
