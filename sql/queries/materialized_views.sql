-- Which materialized views are there, what must be refreshed before each, and may it be concurrent?
-- One line of JSON. Dependencies are followed through plain views (pg_rewrite holds a view's query).
SET client_encoding = 'UTF8';
WITH RECURSIVE reads AS (
    SELECT DISTINCT r.ev_class AS reader, d.refobjid AS source
      FROM pg_catalog.pg_depend AS d
      JOIN pg_catalog.pg_rewrite AS r ON r.oid = d.objid
      JOIN pg_catalog.pg_class AS c ON c.oid = d.refobjid AND c.relkind IN ('v', 'm')
     WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass
       AND d.deptype = 'n' AND d.refobjid <> r.ev_class
), through AS (
    SELECT r.reader, r.source FROM reads AS r
    UNION
    SELECT t.reader, r.source
      FROM through AS t
      JOIN pg_catalog.pg_class AS c ON c.oid = t.source AND c.relkind = 'v'
      JOIN reads AS r ON r.reader = t.source
)
SELECT coalesce(json_agg(json_build_object(
    'name', format('%s.%s', n.nspname, v.relname),
    'populated', v.relispopulated,
    'bytes', pg_catalog.pg_relation_size(v.oid),
    -- CONCURRENTLY wants a unique index on plain columns without WHERE (else 55000).
    'unique_index', EXISTS (
        SELECT FROM pg_catalog.pg_index AS i
         WHERE i.indrelid = v.oid AND i.indisunique AND i.indisvalid AND i.indimmediate
           AND i.indpred IS NULL AND i.indexprs IS NULL),
    'sources', (SELECT coalesce(json_agg(format('%s.%s', sn.nspname, s.relname)
                                         ORDER BY sn.nspname, s.relname), '[]')
                  FROM through AS t
                  JOIN pg_catalog.pg_class AS s ON s.oid = t.source AND s.relkind = 'm'
                  JOIN pg_catalog.pg_namespace AS sn ON sn.oid = s.relnamespace
                 WHERE t.reader = v.oid)
) ORDER BY n.nspname, v.relname), '[]')
  FROM pg_catalog.pg_class AS v
  JOIN pg_catalog.pg_namespace AS n ON n.oid = v.relnamespace
 WHERE v.relkind = 'm';
