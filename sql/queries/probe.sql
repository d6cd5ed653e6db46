-- Who is this database, which revision is it at, and what does it hold? One line of JSON.
-- Reads the catalogue only; a missing table is asked for before it is read.
SET client_encoding = 'UTF8';
SELECT to_regclass('public.alembic_version') IS NOT NULL AS has_versions,
       to_regclass('dbops.revision_log') IS NOT NULL AS has_log \gset

\if :has_versions
SELECT coalesce(json_agg(version_num ORDER BY version_num), '[]') AS versions
  FROM public.alembic_version \gset
\else
\set versions '[]'
\endif

\if :has_log
SELECT coalesce((SELECT file_sha256 FROM dbops.revision_log
                  WHERE operation = 'snapshot' ORDER BY id DESC LIMIT 1), '') AS snapshot,
       coalesce((SELECT json_agg(json_build_array(revision, file_sha256))
                   FROM (SELECT DISTINCT ON (revision) revision, file_sha256, operation
                           FROM dbops.revision_log
                          WHERE operation IN ('upgrade', 'downgrade') AND file_sha256 IS NOT NULL
                            -- Adopting compared the schema: what made it is settled.
                            AND id > coalesce((SELECT max(id) FROM dbops.revision_log
                                                WHERE operation = 'adopt'), 0)
                          ORDER BY revision, id DESC) AS latest
                  WHERE operation = 'upgrade'), '[]') AS revision_files,
       coalesce((SELECT json_build_array(operation, coalesce(revision, ''))
                   FROM dbops.revision_log ORDER BY id DESC LIMIT 1), '[]') AS recorded \gset
\else
\set snapshot ''
\set recorded '[]'
\set revision_files '[]'
\endif

WITH schemas AS (
    SELECT oid, nspname FROM pg_catalog.pg_namespace
     WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'dbops')
), relations AS (
    SELECT c.oid, format('%s.%s', s.nspname, c.relname) AS name
      FROM pg_catalog.pg_class AS c JOIN schemas AS s ON s.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
       AND NOT (s.nspname = 'public' AND c.relname = 'alembic_version')
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
                        WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
), others AS (
    SELECT p.oid FROM pg_catalog.pg_proc AS p JOIN schemas AS s ON s.oid = p.pronamespace
     WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
                        WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
    UNION ALL
    SELECT t.oid FROM pg_catalog.pg_type AS t JOIN schemas AS s ON s.oid = t.typnamespace
     WHERE t.typtype IN ('d', 'e', 'r') AND NOT EXISTS (
           SELECT FROM pg_catalog.pg_depend AS d
            WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e')
)
SELECT json_build_object(
    'server_version', current_setting('server_version_num')::int,
    'environment', coalesce(current_setting('dbops.environment', true), ''),
    'versions', :'versions'::json,
    'objects', (SELECT count(*) FROM relations) + (SELECT count(*) FROM others),
    'schemas', (SELECT coalesce(json_agg(nspname ORDER BY nspname), '[]') FROM schemas),
    'relations', (SELECT coalesce(json_agg(name ORDER BY name), '[]') FROM relations),
    'tables', (SELECT count(*) FROM pg_catalog.pg_class AS c
                 JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
                WHERE c.relkind = 'r' AND c.relpersistence <> 't'
                  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
                  -- An extension's own tables are in no dump, but for those that hold its settings.
                  AND (NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
                                    WHERE d.classid = 'pg_class'::regclass
                                      AND d.objid = c.oid AND d.deptype = 'e')
                       OR EXISTS (SELECT FROM pg_catalog.pg_extension AS x
                                   WHERE c.oid = ANY (x.extconfig)))),
    'snapshot', :'snapshot',
    -- Its provider and the provider's locale came with PostgreSQL 15, 16 and 17.
    'locale', (SELECT json_build_array(pg_catalog.pg_encoding_to_char(d.encoding), d.datcollate,
                      d.datctype, j ->> 'datlocprovider',
                      coalesce(j ->> 'datlocale', j ->> 'daticulocale'), j ->> 'daticurules',
                      t.spcname)
                 FROM pg_catalog.pg_database AS d
                 JOIN pg_catalog.pg_tablespace AS t ON t.oid = d.dattablespace, to_jsonb(d) AS j
                WHERE d.datname = current_database()),
    'roles', (SELECT json_agg(rolname ORDER BY rolname) FROM pg_catalog.pg_roles
               WHERE rolname !~ '^pg_'),
    -- The index of a partitioned table (relkind I) is invalid until each partition has its own.
    -- Which index another role's session builds is hidden without pg_read_all_stats: it may be any.
    'invalid_indexes', (SELECT coalesce(json_agg(c.oid::regclass::text), '[]')
                          FROM pg_catalog.pg_index AS i
                          JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
                          JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
                         WHERE NOT i.indisvalid AND c.relkind = 'i'
                           AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
                           AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_progress_create_index AS p
                                            WHERE p.index_relid = c.oid OR p.index_relid IS NULL
                                              AND p.datname = current_database())),
    'unpopulated', (SELECT count(*) FROM relations JOIN pg_catalog.pg_class AS c USING (oid)
                     WHERE c.relkind = 'm' AND NOT c.relispopulated),
    'migrating', coalesce((
        SELECT format('pid %s, %s, since %s', a.pid, a.application_name,
                      to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"'))
          FROM pg_catalog.pg_locks AS l JOIN pg_catalog.pg_stat_activity AS a USING (pid)
         WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted
           AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
           AND (l.classid::bigint << 32) | l.objid::bigint = :migration_lock
         LIMIT 1), ''),
    'revision_files', :'revision_files'::json,
    'recorded', :'recorded'::json
);
