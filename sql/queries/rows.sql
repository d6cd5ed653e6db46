-- Which tables hold rows, and which sequences were drawn from? One line each: name, tab, count or value.
-- Extensions' own tables, this tool's and Alembic's are left out. ONLY: a partition holds its rows itself.
SET client_encoding = 'UTF8';
SELECT format('SELECT %L, count(*) FROM ONLY %I.%I HAVING count(*) > 0',
              format('%s.%s', n.nspname, c.relname), n.nspname, c.relname)
  FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'dbops')
   AND (n.nspname, c.relname) <> ('public', 'alembic_version')
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
                    WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
 ORDER BY 1 \gexec

SELECT format('%s.%s', schemaname, sequencename), last_value FROM pg_catalog.pg_sequences
 WHERE last_value IS NOT NULL AND schemaname NOT IN ('dbops') ORDER BY 1;
