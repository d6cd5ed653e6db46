-- Who owns objects in a schema without default privileges there? What they create next will be
-- unreadable to the application's roles: ALTER DEFAULT PRIVILEGES without FOR ROLE covers only the
-- objects of whoever ran it. One line an owner and schema.
SET client_encoding = 'UTF8';
SELECT DISTINCT pg_catalog.pg_get_userbyid(c.relowner), n.nspname
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S')
   AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'dbops')
   AND (n.nspname, c.relname) <> ('public', 'alembic_version')
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
                    WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_default_acl AS a
                    WHERE a.defaclrole = c.relowner AND a.defaclnamespace IN (0, n.oid))
 ORDER BY 1, 2;
