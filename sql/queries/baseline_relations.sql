-- The tables, views and materialized views of this database, without partitions: one string literal a line.
SET client_encoding = 'UTF8';
SELECT format('    %s,', to_json(format('%s.%s', n.nspname, c.relname)))
  FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition AND n.nspname !~ '^pg_'
   AND n.nspname NOT IN ('information_schema', 'dbops')
   AND (n.nspname, c.relname) <> ('public', 'alembic_version')
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
                    WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
 ORDER BY format('%s.%s', n.nspname, c.relname) COLLATE "C";
