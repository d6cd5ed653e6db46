-- What is this database's schema? One line of JSON for each object:
--   [kind, identity, definition, parent's kind, parent's identity, second parent's ...].
-- An object cannot be there without its parents: a missing table has no columns. Identities and
-- definitions are SQL, quoted. Reads the catalogue only; left out: the system, members of
-- extensions, this tool's own schema and version table.
\set QUIET on
-- Nothing is visible unqualified, and constants in expressions print alike in every session.
SET search_path = '';
SET quote_all_identifiers = off;
SET DateStyle = 'ISO, YMD';
SET IntervalStyle = 'postgres';
SET TimeZone = 'UTC';
SET extra_float_digits = 1;
SET bytea_output = 'hex';
SET lc_monetary = 'C';
SET client_encoding = 'UTF8';
SET statement_timeout = 0;
SET jit = off;
SET max_parallel_workers_per_gather = 0;

-- pg_publication_namespace is there since PostgreSQL 15.
SELECT to_regclass('pg_catalog.pg_publication_namespace') IS NOT NULL AS has_it \gset
\if :has_it
\set publication_namespace pg_catalog.pg_publication_namespace
\else
\set publication_namespace '(SELECT NULL::oid AS pnpubid, NULL::oid AS pnnspid WHERE false)'
\endif

WITH members AS MATERIALIZED (
    SELECT classid, objid FROM pg_depend
     WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
    UNION ALL
    -- What a range type brings along: its constructors, and the cast to its multirange.
    SELECT classid, objid FROM pg_depend
     WHERE refclassid = 'pg_type'::regclass AND deptype = 'i'
       AND classid IN ('pg_proc'::regclass, 'pg_cast'::regclass)
), schemas AS MATERIALIZED (
    SELECT tableoid, oid, quote_ident(nspname) AS name, nspowner, nspacl FROM pg_namespace
     WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'dbops')
), relations AS MATERIALIZED (
    SELECT c.tableoid, c.*, s.name AS schema, s.name || '.' || quote_ident(c.relname) AS identity,
           CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view'
               WHEN 'S' THEN 'sequence' WHEN 'f' THEN 'foreign table'
               WHEN 'c' THEN 'composite type' ELSE 'table' END AS kind
      FROM pg_class AS c JOIN schemas AS s ON s.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f', 'c')
       AND (s.name, c.relname) <> ('public', 'alembic_version')
       AND (c.tableoid, c.oid) NOT IN (TABLE members)
), ancestors AS MATERIALIZED (
    SELECT i.inhrelid, p.kind, p.identity
      FROM pg_inherits AS i JOIN relations AS p ON p.oid = i.inhparent
     WHERE i.inhseqno = 1
), columns AS MATERIALIZED (
    SELECT r.oid AS relid, r.kind AS relation_kind, r.identity AS relation, r.relkind,
           r.relowner AS owner, a.attnum, quote_ident(a.attname) AS name,
           r.identity || '.' || quote_ident(a.attname) AS identity,
           CASE WHEN a.attinhcount > 0
                THEN p.identity || '.' || quote_ident(a.attname) END AS inherited,
           CASE WHEN r.relkind IN ('r', 'p', 'f') THEN 'column' ELSE r.kind END AS parent_kind,
           format_type(a.atttypid, a.atttypmod)
           || CASE WHEN a.attcollation <> t.typcollation
                   THEN ' COLLATE ' || a.attcollation::regcollation ELSE '' END AS type,
           pg_get_expr(d.adbin, d.adrelid, true) AS expression,
           a.attgenerated, a.attidentity, a.attacl, a.attfdwoptions,
           -- Since PostgreSQL 18 NOT NULL is a constraint with a name. One that PostgreSQL made up says
           -- nothing: it stays when the table is renamed, and a dump of an older server has none.
           CASE WHEN a.attnotnull THEN concat(
                'CONSTRAINT ' || CASE WHEN n.coninhcount = 0 AND n.conname !~ '_not_null\d*$'
                    THEN quote_ident(n.conname) || ' ' END, 'NOT NULL',
                CASE WHEN n.connoinherit THEN ' NO INHERIT' END,
                CASE WHEN NOT n.convalidated THEN ' NOT VALID' END) END AS not_null,
           n.oid AS not_null_oid,
           CASE WHEN a.attstorage <> t.typstorage THEN
                CASE a.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL'
                    WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END END AS storage,
           CASE a.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END AS compression,
           -- -1 up to PostgreSQL 16, NULL since 17
           nullif(a.attstattarget, -1) AS target, a.attoptions
      FROM relations AS r JOIN pg_attribute AS a ON a.attrelid = r.oid
      JOIN pg_type AS t ON t.oid = a.atttypid
      LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
      LEFT JOIN ancestors AS p ON p.inhrelid = r.oid
      LEFT JOIN pg_constraint AS n
           ON n.conrelid = a.attrelid AND n.contype = 'n' AND n.conkey[1] = a.attnum
     WHERE a.attnum > 0 AND NOT a.attisdropped AND r.relkind <> 'S'
), indexes AS MATERIALIZED (
    SELECT x.tableoid, x.oid, quote_ident(x.relname) AS name,
           format('%I.%I', n.nspname, x.relname) AS identity, x.reloptions, x.reltablespace,
           i.indisvalid, i.indisclustered, i.indisreplident,
           r.kind AS relation_kind, r.identity AS relation,
               h.inhparent::regclass::text AS inherited,
           CASE WHEN c.oid IS NULL THEN 'index' ELSE 'constraint' END AS parent_kind,
           CASE WHEN c.oid IS NULL THEN format('%I.%I', n.nspname, x.relname)
                ELSE r.identity || '.' || quote_ident(c.conname) END AS parent,
           CASE WHEN c.oid IS NULL THEN pg_get_indexdef(x.oid, 0, true) END AS definition
      FROM pg_index AS i JOIN relations AS r ON r.oid = i.indrelid
      JOIN pg_class AS x ON x.oid = i.indexrelid JOIN pg_namespace AS n ON n.oid = x.relnamespace
      LEFT JOIN pg_constraint AS c ON c.conindid = x.oid AND c.contype IN ('p', 'u', 'x')
      LEFT JOIN pg_inherits AS h ON h.inhrelid = x.oid
), objects (classoid, oid, kind, identity, definition, owner, acl, acl_type,
            parent_kind, parent, also_kind, also) AS MATERIALIZED (
    SELECT s.tableoid, s.oid, 'schema', s.name, 'CREATE SCHEMA ' || s.name,
           s.nspowner, s.nspacl, 'n'::"char", NULL, NULL, NULL, NULL
      FROM schemas AS s WHERE (s.tableoid, s.oid) NOT IN (TABLE members)
    UNION ALL
    SELECT d.tableoid, d.oid, 'database', 'itself',
           concat(format('ENCODING %s LC_COLLATE %L LC_CTYPE %L', pg_encoding_to_char(d.encoding),
                         j ->> 'datcollate', j ->> 'datctype'),
                  -- since PostgreSQL 15 and 17; both keep their locale apart
                  CASE j ->> 'datlocprovider' WHEN 'i' THEN ' LOCALE_PROVIDER icu LOCALE '
                      WHEN 'b' THEN ' LOCALE_PROVIDER builtin LOCALE ' END
                  || quote_literal(coalesce(j ->> 'datlocale', j ->> 'daticulocale')),
                  ' ICU_RULES ' || quote_literal(j ->> 'daticurules')),
           d.datdba, d.datacl, 'd', NULL, NULL, NULL, NULL
      FROM pg_database AS d, LATERAL to_jsonb(d) AS j WHERE d.datname = current_database()
    UNION ALL
    SELECT e.tableoid, e.oid, 'extension', quote_ident(e.extname),
           format('CREATE EXTENSION %I WITH SCHEMA %I VERSION %L', e.extname, n.nspname,
                  e.extversion),
           e.extowner, NULL, NULL, 'schema', quote_ident(n.nspname), NULL, NULL
      FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace
    UNION ALL
    SELECT r.tableoid, r.oid, r.kind, r.identity,
           concat_ws(' ', CASE WHEN r.relpersistence = 'u' THEN 'UNLOGGED' END,
               CASE r.relkind
                   WHEN 'v' THEN concat('CREATE VIEW ' || r.identity,
                       ' WITH (' || (SELECT string_agg(o, ', ' ORDER BY o COLLATE "C")
                                         FROM unnest(r.reloptions) AS o) || ')',
                       E' AS\n', rtrim(pg_get_viewdef(r.oid, true), ';'))
                   WHEN 'm' THEN concat('CREATE MATERIALIZED VIEW ' || r.identity,
                       ' USING ' || quote_ident(m.amname),
                       ' TABLESPACE ' || quote_ident(s.spcname),
                       E' AS\n', rtrim(pg_get_viewdef(r.oid, true), ';'))
                   ELSE concat(CASE WHEN r.relkind = 'f' THEN 'FOREIGN ' END, 'TABLE',
                       CASE WHEN r.reloftype > 0 THEN ' OF ' || r.reloftype::regtype END,
                       CASE WHEN r.relkind = 'p'
                            THEN ' PARTITION BY ' || pg_get_partkeydef(r.oid) END,
                       ' USING ' || quote_ident(m.amname),
                       ' TABLESPACE ' || quote_ident(s.spcname),
                       ' SERVER ' || quote_ident(f.srvname),
                       ' OPTIONS (' || (SELECT string_agg(format('%I %L', option_name, option_value), ', '
                                                            ORDER BY option_name COLLATE "C")
                                          FROM pg_options_to_table(t.ftoptions)) || ')') END),
           r.relowner, r.relacl, 'r', 'schema', r.schema, p.kind, p.identity
      FROM relations AS r
      LEFT JOIN pg_am AS m ON m.oid = r.relam AND m.amname <> 'heap'
      LEFT JOIN pg_tablespace AS s ON s.oid = r.reltablespace
      LEFT JOIN pg_foreign_table AS t ON t.ftrelid = r.oid
      LEFT JOIN pg_foreign_server AS f ON f.oid = t.ftserver
      LEFT JOIN ancestors AS p ON p.inhrelid = r.oid
     WHERE r.relkind NOT IN ('S', 'c')
    UNION ALL
    SELECT r.tableoid, r.oid, r.kind, r.identity,
           concat('CREATE ', CASE WHEN r.relpersistence = 'u' THEN 'UNLOGGED ' END, 'SEQUENCE ',
                  r.identity, ' AS ', format_type(q.seqtypid, NULL),
                  ' INCREMENT ', q.seqincrement, ' MINVALUE ', q.seqmin, ' MAXVALUE ', q.seqmax,
                  ' START ', q.seqstart, ' CACHE ', q.seqcache,
                  CASE WHEN q.seqcycle THEN ' CYCLE' END,
                  CASE WHEN d.deptype = 'a' THEN ' OWNED BY ' || c.identity END),
           r.relowner, r.relacl, 's',
           CASE d.deptype WHEN 'a' THEN 'column' WHEN 'i' THEN 'identity' ELSE 'schema' END,
           coalesce(c.identity, r.schema), NULL, NULL
      FROM relations AS r JOIN pg_sequence AS q ON q.seqrelid = r.oid
      LEFT JOIN pg_depend AS d ON d.classid = r.tableoid AND d.objid = r.oid AND d.objsubid = 0
            AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
      LEFT JOIN columns AS c ON c.relid = d.refobjid AND c.attnum = d.refobjsubid
    UNION ALL
    SELECT t.tableoid, t.oid, t.kind, t.identity, 'CREATE ' || CASE t.typtype
               WHEN 'd' THEN concat('DOMAIN ', t.identity, ' AS ',
                   format_type(t.typbasetype, t.typtypmod),
                   CASE WHEN t.typcollation <> b.typcollation
                        THEN ' COLLATE ' || t.typcollation::regcollation END,
                   ' DEFAULT ' || pg_get_expr(t.typdefaultbin, 0, true),
                   -- named since PostgreSQL 17, dumped with the name since 18
                   CASE WHEN t.typnotnull THEN concat(' CONSTRAINT ' || (
                       SELECT quote_ident(c.conname) FROM pg_constraint AS c
                        WHERE c.contypid = t.oid AND c.contype = 'n'
                          AND c.conname !~ '_not_null\d*$'
                          AND current_setting('server_version_num')::int >= 180000),
                       ' NOT NULL') END)
               WHEN 'e' THEN format('TYPE %s AS ENUM (%s)', t.identity, (
                   SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder)
                     FROM pg_enum AS e WHERE e.enumtypid = t.oid))
               WHEN 'r' THEN concat('TYPE ', t.identity, ' AS RANGE (SUBTYPE = ',
                   format_type(g.rngsubtype, NULL),
                   ', SUBTYPE_OPCLASS = ' || (SELECT format('%I.%I', n.nspname, o.opcname)
                       FROM pg_opclass AS o JOIN pg_namespace AS n ON n.oid = o.opcnamespace
                      WHERE o.oid = g.rngsubopc AND NOT o.opcdefault),
                   ', COLLATION = ' || nullif(g.rngcollation, 0)::regcollation,
                   ', CANONICAL = ' || nullif(g.rngcanonical, 0)::regproc,
                   ', SUBTYPE_DIFF = ' || nullif(g.rngsubdiff, 0)::regproc,
                   ', MULTIRANGE_TYPE_NAME = ' || g.rngmultitypid::regtype, ')')
               WHEN 'c' THEN format('TYPE %s AS (%s)', t.identity, (
                   SELECT string_agg(c.name || ' ' || c.type, ', ' ORDER BY c.attnum)
                     FROM columns AS c WHERE c.relid = t.typrelid))
               ELSE concat('TYPE ', t.identity, ' (INPUT = ', t.typinput,
                   ', OUTPUT = ', t.typoutput,
                   ', RECEIVE = ' || nullif(t.typreceive, 0)::regproc,
                   ', SEND = ' || nullif(t.typsend, 0)::regproc,
                   ', TYPMOD_IN = ' || nullif(t.typmodin, 0)::regproc,
                   ', TYPMOD_OUT = ' || nullif(t.typmodout, 0)::regproc,
                   ', ANALYZE = ' || nullif(t.typanalyze, 0)::regproc,
                   ', SUBSCRIPT = ' || nullif(t.typsubscript, 0)::regproc,
                   ', INTERNALLENGTH = ', CASE t.typlen WHEN -1 THEN 'variable'
                       ELSE t.typlen::text END,
                   CASE WHEN t.typbyval THEN ', PASSEDBYVALUE' END,
                   ', ALIGNMENT = ', CASE t.typalign WHEN 'c' THEN 'char' WHEN 's' THEN 'int2'
                       WHEN 'i' THEN 'int4' ELSE 'double' END,
                   ', STORAGE = ', CASE t.typstorage WHEN 'p' THEN 'plain' WHEN 'e' THEN 'external'
                       WHEN 'm' THEN 'main' ELSE 'extended' END,
                   ', CATEGORY = ' || quote_literal(nullif(t.typcategory::text, 'U')),
                   CASE WHEN t.typispreferred THEN ', PREFERRED = true' END,
                   ', DEFAULT = ' || quote_literal(t.typdefault),
                   ', ELEMENT = ' || format_type(nullif(t.typelem, 0), NULL),
                   ', DELIMITER = ' || quote_literal(nullif(t.typdelim::text, ',')),
                   CASE WHEN t.typcollation > 0 THEN ', COLLATABLE = true' END, ')') END,
           t.typowner, t.typacl, 'T', 'schema', t.schema, NULL, NULL
      FROM (SELECT y.tableoid, y.*, s.name AS schema,
          s.name || '.' || quote_ident(y.typname) AS identity,
                   CASE y.typtype WHEN 'd' THEN 'domain' WHEN 'e' THEN 'enum' WHEN 'r' THEN 'range'
                       WHEN 'c' THEN 'composite type' ELSE 'base type' END AS kind
              FROM pg_type AS y JOIN schemas AS s ON s.oid = y.typnamespace
             WHERE (y.typtype IN ('d', 'e', 'r') OR (y.typtype = 'b' AND y.typcategory <> 'A')
                    OR y.typrelid IN (SELECT r.oid FROM relations AS r WHERE r.relkind = 'c'))
               AND (y.tableoid, y.oid) NOT IN (TABLE members)) AS t
      LEFT JOIN pg_type AS b ON b.oid = t.typbasetype
      LEFT JOIN pg_range AS g ON g.rngtypid = t.oid
    UNION ALL
    SELECT p.tableoid, p.oid,
           CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END,
           format('%s.%I(%s)', s.name, p.proname, CASE WHEN p.prokind = 'a' AND p.pronargs = 0
                  THEN '*' ELSE oidvectortypes(p.proargtypes) END),
           CASE WHEN p.prokind <> 'a' THEN rtrim(pg_get_functiondef(p.oid), E'\n')
                ELSE concat('CREATE AGGREGATE ', format('%s.%I(%s)', s.name, p.proname, coalesce(
                       nullif(pg_get_function_identity_arguments(p.oid), ''), '*')),
                   ' (SFUNC = ', a.aggtransfn, ', STYPE = ', a.aggtranstype::regtype,
                   ', SSPACE = ' || nullif(a.aggtransspace, 0),
                   ', FINALFUNC = ' || nullif(a.aggfinalfn, 0)::regproc,
                   CASE WHEN a.aggfinalextra THEN ', FINALFUNC_EXTRA' END,
                   CASE WHEN a.aggfinalfn > 0 THEN ', FINALFUNC_MODIFY = ' || m.final END,
                   ', COMBINEFUNC = ' || nullif(a.aggcombinefn, 0)::regproc,
                   ', SERIALFUNC = ' || nullif(a.aggserialfn, 0)::regproc,
                   ', DESERIALFUNC = ' || nullif(a.aggdeserialfn, 0)::regproc,
                   ', INITCOND = ' || quote_literal(a.agginitval),
                   ', MSFUNC = ' || nullif(a.aggmtransfn, 0)::regproc,
                   ', MINVFUNC = ' || nullif(a.aggminvtransfn, 0)::regproc,
                   ', MSTYPE = ' || nullif(a.aggmtranstype, 0)::regtype,
                   ', MSSPACE = ' || nullif(a.aggmtransspace, 0),
                   ', MFINALFUNC = ' || nullif(a.aggmfinalfn, 0)::regproc,
                   CASE WHEN a.aggmfinalextra THEN ', MFINALFUNC_EXTRA' END,
                   CASE WHEN a.aggmfinalfn > 0 THEN ', MFINALFUNC_MODIFY = ' || m.moving_final END,
                   ', MINITCOND = ' || quote_literal(a.aggminitval),
                   ', SORTOP = OPERATOR(' || nullif(a.aggsortop, 0)::regoper || ')',
                   CASE p.proparallel WHEN 's' THEN ', PARALLEL = SAFE'
                       WHEN 'r' THEN ', PARALLEL = RESTRICTED' END,
                   CASE WHEN a.aggkind = 'h' THEN ', HYPOTHETICAL' END, ')') END,
           p.proowner, p.proacl, 'f', 'schema', s.name, NULL, NULL
      FROM pg_proc AS p JOIN schemas AS s ON s.oid = p.pronamespace
      LEFT JOIN pg_aggregate AS a ON a.aggfnoid = p.oid
      LEFT JOIN LATERAL (
           SELECT max(v.word) FILTER (WHERE v.code = a.aggfinalmodify) AS final,
                  max(v.word) FILTER (WHERE v.code = a.aggmfinalmodify) AS moving_final
             FROM (VALUES ('r', 'READ_ONLY'), ('s', 'SHAREABLE'), ('w', 'READ_WRITE'))
                  AS v (code, word)
            -- what it is without being said: an ordered set is sorted in place
            WHERE v.code <> CASE a.aggkind WHEN 'n' THEN 'r' ELSE 'w' END) AS m ON true
     WHERE (p.tableoid, p.oid) NOT IN (TABLE members)
    UNION ALL
    SELECT i.tableoid, i.oid, 'index', i.identity, i.definition, NULL, NULL, NULL,
           i.relation_kind, i.relation, 'index', i.inherited
      FROM indexes AS i WHERE i.parent_kind = 'index'
    UNION ALL
    SELECT c.tableoid, c.oid, 'constraint', r.identity || '.' || quote_ident(c.conname),
           pg_get_constraintdef(c.oid, true), NULL, NULL, NULL, r.kind, r.identity,
           'constraint', coalesce(u.conrelid::regclass || '.' || quote_ident(u.conname),
               CASE WHEN c.coninhcount > 0 THEN a.identity || '.' || quote_ident(c.conname) END)
      FROM pg_constraint AS c JOIN relations AS r ON r.oid = c.conrelid
      LEFT JOIN pg_constraint AS u ON u.oid = c.conparentid
      LEFT JOIN ancestors AS a ON a.inhrelid = r.oid
     -- A partition's foreign key has no definition of its own; NOT NULL is its column's.
     WHERE CASE c.contype WHEN 'f' THEN c.conparentid = 0 ELSE c.contype NOT IN ('t', 'n') END
    UNION ALL
    SELECT c.tableoid, c.oid, 'domain constraint',
           format('%s.%I.%I', s.name, t.typname, c.conname), pg_get_constraintdef(c.oid, true),
           NULL, NULL, NULL, 'domain', format('%s.%I', s.name, t.typname), NULL, NULL
      FROM pg_constraint AS c JOIN pg_type AS t ON t.oid = c.contypid
      JOIN schemas AS s ON s.oid = t.typnamespace
     WHERE c.contype <> 'n' AND (t.tableoid, t.oid) NOT IN (TABLE members)
    UNION ALL
    SELECT t.tableoid, t.oid, 'trigger', r.identity || '.' || quote_ident(t.tgname),
           pg_get_triggerdef(t.oid, true), NULL, NULL, NULL, r.kind, r.identity, NULL, NULL
      FROM pg_trigger AS t JOIN relations AS r ON r.oid = t.tgrelid
     WHERE NOT t.tgisinternal AND t.tgparentid = 0
    UNION ALL
    SELECT w.tableoid, w.oid, 'rule', r.identity || '.' || quote_ident(w.rulename),
           rtrim(pg_get_ruledef(w.oid, true), ';'), NULL, NULL, NULL, r.kind, r.identity,
           NULL, NULL
      FROM pg_rewrite AS w JOIN relations AS r ON r.oid = w.ev_class
     WHERE w.rulename <> '_RETURN'
    UNION ALL
    SELECT p.tableoid, p.oid, 'policy', r.identity || '.' || quote_ident(p.polname),
           concat('CREATE POLICY ', quote_ident(p.polname), ' ON ', r.identity,
                  CASE WHEN NOT p.polpermissive THEN ' AS RESTRICTIVE' END, ' FOR ',
                  CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT'
                      WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END, ' TO ', (
                  SELECT string_agg(n.name, ', ' ORDER BY n.name COLLATE "C")
                    FROM (SELECT CASE u WHEN 0 THEN 'PUBLIC'
                                 ELSE quote_ident(pg_get_userbyid(u)) END AS name
                            FROM unnest(p.polroles) AS u) AS n),
                  E'\nUSING (' || pg_get_expr(p.polqual, p.polrelid, true) || ')',
                  E'\nWITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid, true) || ')'),
           NULL, NULL, NULL, r.kind, r.identity, NULL, NULL
      FROM pg_policy AS p JOIN relations AS r ON r.oid = p.polrelid
    UNION ALL
    SELECT x.tableoid, x.oid, 'statistics', format('%s.%I', s.name, x.stxname),
           pg_get_statisticsobjdef(x.oid), x.stxowner, NULL, NULL, r.kind, r.identity,
           'schema', s.name
      FROM pg_statistic_ext AS x JOIN relations AS r ON r.oid = x.stxrelid
      JOIN schemas AS s ON s.oid = x.stxnamespace
    UNION ALL
    SELECT e.tableoid, e.oid, 'event trigger', quote_ident(e.evtname),
           concat('CREATE EVENT TRIGGER ', quote_ident(e.evtname), ' ON ', e.evtevent,
                  ' WHEN TAG IN (' || (SELECT string_agg(quote_literal(g), ', ')
                                         FROM unnest(e.evttags) AS g) || ')',
                  ' EXECUTE FUNCTION ', e.evtfoid::regproc, '()'),
           e.evtowner, NULL, NULL, NULL, NULL, NULL, NULL
      FROM pg_event_trigger AS e WHERE (e.tableoid, e.oid) NOT IN (TABLE members)
    UNION ALL
    SELECT p.tableoid, p.oid, 'publication', quote_ident(p.pubname),
           concat('CREATE PUBLICATION ', quote_ident(p.pubname),
                  CASE WHEN p.puballtables THEN ' FOR ALL TABLES' END, ' WITH (publish = ',
                  quote_literal(concat_ws(', ', CASE WHEN p.pubinsert THEN 'insert' END,
                      CASE WHEN p.pubupdate THEN 'update' END,
                      CASE WHEN p.pubdelete THEN 'delete' END,
                      CASE WHEN p.pubtruncate THEN 'truncate' END)),
                  CASE WHEN p.pubviaroot THEN ', publish_via_partition_root = true' END,
                  CASE WHEN to_jsonb(p) ->> 'pubgencols' = 's'
                       THEN ', publish_generated_columns = stored' END, ')'),
           p.pubowner, NULL, NULL, NULL, NULL, NULL, NULL
      FROM pg_publication AS p
    UNION ALL
    SELECT w.tableoid, w.oid, 'foreign-data wrapper', quote_ident(w.fdwname),
           concat('CREATE FOREIGN DATA WRAPPER ', quote_ident(w.fdwname),
                  ' HANDLER ' || nullif(w.fdwhandler, 0)::regproc,
                  ' VALIDATOR ' || nullif(w.fdwvalidator, 0)::regproc,
                  ' OPTIONS (' || (SELECT string_agg(format('%I %L', option_name, option_value), ', '
                                                       ORDER BY option_name COLLATE "C")
                                     FROM pg_options_to_table(w.fdwoptions)) || ')'),
           w.fdwowner, w.fdwacl, 'F', NULL, NULL, NULL, NULL
      FROM pg_foreign_data_wrapper AS w WHERE (w.tableoid, w.oid) NOT IN (TABLE members)
    UNION ALL
    SELECT v.tableoid, v.oid, 'server', quote_ident(v.srvname),
           concat('CREATE SERVER ', quote_ident(v.srvname), ' TYPE ' || quote_literal(v.srvtype),
                  ' VERSION ' || quote_literal(v.srvversion),
                  ' FOREIGN DATA WRAPPER ', quote_ident(w.fdwname),
                  ' OPTIONS (' || (SELECT string_agg(format('%I %L', option_name, option_value), ', '
                                                       ORDER BY option_name COLLATE "C")
                                     FROM pg_options_to_table(v.srvoptions)) || ')'),
           v.srvowner, v.srvacl, 'S', 'foreign-data wrapper', quote_ident(w.fdwname), NULL, NULL
      FROM pg_foreign_server AS v JOIN pg_foreign_data_wrapper AS w ON w.oid = v.srvfdw
    UNION ALL
    SELECT o.tableoid, o.oid, 'operator', format('%s.%s(%s, %s)', s.name, o.oprname,
               coalesce(nullif(o.oprleft, 0)::regtype::text, 'NONE'),
               coalesce(nullif(o.oprright, 0)::regtype::text, 'NONE')),
           concat('CREATE OPERATOR ', s.name, '.', o.oprname, ' (FUNCTION = ', o.oprcode,
                  ', LEFTARG = ' || nullif(o.oprleft, 0)::regtype,
                  ', RIGHTARG = ' || nullif(o.oprright, 0)::regtype,
                  ', COMMUTATOR = OPERATOR(' || nullif(o.oprcom, 0)::regoper || ')',
                  ', NEGATOR = OPERATOR(' || nullif(o.oprnegate, 0)::regoper || ')',
                  ', RESTRICT = ' || nullif(o.oprrest, 0)::regproc,
                  ', JOIN = ' || nullif(o.oprjoin, 0)::regproc,
                  CASE WHEN o.oprcanhash THEN ', HASHES' END,
                  CASE WHEN o.oprcanmerge THEN ', MERGES' END, ')'),
           o.oprowner, NULL, NULL, 'schema', s.name, NULL, NULL
      FROM pg_operator AS o JOIN schemas AS s ON s.oid = o.oprnamespace
     -- One without a function is a shell: the commutator or negator of one that is there.
     WHERE o.oprcode <> 0 AND (o.tableoid, o.oid) NOT IN (TABLE members)
    UNION ALL
    SELECT c.tableoid, c.oid, 'cast',
           format('(%s AS %s)', c.castsource::regtype, c.casttarget::regtype),
           concat('CREATE CAST (', c.castsource::regtype, ' AS ', c.casttarget::regtype, ')',
                  CASE c.castmethod WHEN 'f' THEN ' WITH FUNCTION ' || c.castfunc::regprocedure
                      WHEN 'i' THEN ' WITH INOUT' ELSE ' WITHOUT FUNCTION' END,
                  CASE c.castcontext WHEN 'a' THEN ' AS ASSIGNMENT'
                      WHEN 'i' THEN ' AS IMPLICIT' END),
           NULL, NULL, NULL, NULL, NULL, NULL, NULL
      -- Below 16384 an object was made by initdb.
      FROM pg_cast AS c WHERE c.oid >= 16384 AND (c.tableoid, c.oid) NOT IN (TABLE members)
    UNION ALL
    SELECT c.tableoid, c.oid, 'collation', format('%s.%I', s.name, c.collname),
           concat('CREATE COLLATION ', format('%s.%I', s.name, c.collname), ' (PROVIDER = ',
                  CASE c.collprovider WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' ELSE 'libc' END,
                  CASE WHEN c.collcollate <> c.collctype
                       THEN format(', LC_COLLATE = %L, LC_CTYPE = %L', c.collcollate, c.collctype)
                       ELSE ', LOCALE = ' || quote_literal(coalesce(to_jsonb(c) ->> 'colllocale',
                           to_jsonb(c) ->> 'colliculocale', c.collcollate)) END,
                  CASE WHEN NOT c.collisdeterministic THEN ', DETERMINISTIC = false' END,
                  ', RULES = ' || quote_literal(to_jsonb(c) ->> 'collicurules'), ')'),
           c.collowner, NULL, NULL, 'schema', s.name, NULL, NULL
      FROM pg_collation AS c JOIN schemas AS s ON s.oid = c.collnamespace
     WHERE (c.tableoid, c.oid) NOT IN (TABLE members)
    UNION ALL
    SELECT d.tableoid, d.oid, 'text search dictionary', format('%s.%I', s.name, d.dictname),
           concat('CREATE TEXT SEARCH DICTIONARY ', format('%s.%I', s.name, d.dictname),
                  ' (TEMPLATE = ', format('%I.%I', n.nspname, t.tmplname),
                  ', ' || d.dictinitoption, ')'),
           d.dictowner, NULL, NULL, 'schema', s.name, NULL, NULL
      FROM pg_ts_dict AS d JOIN schemas AS s ON s.oid = d.dictnamespace
      JOIN pg_ts_template AS t ON t.oid = d.dicttemplate
      JOIN pg_namespace AS n ON n.oid = t.tmplnamespace
     WHERE (d.tableoid, d.oid) NOT IN (TABLE members)
    UNION ALL
    SELECT f.tableoid, f.oid, 'text search configuration', format('%s.%I', s.name, f.cfgname),
           concat('TEXT SEARCH CONFIGURATION (PARSER = ', p.prsname, ')', (
               SELECT string_agg(format(E'\nMAPPING FOR %s WITH %s', k.alias,
                   m.mapdict::regdictionary),
                                 '' ORDER BY k.alias COLLATE "C", m.mapseqno)
                 FROM pg_ts_config_map AS m, ts_token_type(f.cfgparser) AS k
                WHERE m.mapcfg = f.oid AND m.maptokentype = k.tokid)),
           f.cfgowner, NULL, NULL, 'schema', s.name, NULL, NULL
      FROM pg_ts_config AS f JOIN schemas AS s ON s.oid = f.cfgnamespace
      JOIN pg_ts_parser AS p ON p.oid = f.cfgparser
     WHERE (f.tableoid, f.oid) NOT IN (TABLE members)
), parts AS MATERIALIZED (
    -- Members of extensions that have other privileges than their extension gave them.
    SELECT m.kind, m.identity, m.owner, coalesce(m.acl, acldefault(m.acl_type, m.owner)) AS acl,
           coalesce(i.initprivs, acldefault(m.acl_type, m.owner)) AS given,
           quote_ident(e.extname) AS extension
      FROM (SELECT c.tableoid, c.oid, CASE c.relkind WHEN 'v' THEN 'view'
                       WHEN 'm' THEN 'materialized view' WHEN 'S' THEN 'sequence'
                       WHEN 'f' THEN 'foreign table' ELSE 'table' END,
                   format('%I.%I', n.nspname, c.relname), c.relowner, c.relacl,
                   CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char"
              FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
             WHERE (c.tableoid, c.oid) IN (TABLE members)
            UNION ALL
            SELECT p.tableoid, p.oid, CASE p.prokind WHEN 'p' THEN 'procedure'
                       WHEN 'a' THEN 'aggregate' ELSE 'function' END,
                   format('%I.%I(%s)', n.nspname, p.proname, CASE WHEN p.prokind = 'a'
                          AND p.pronargs = 0 THEN '*' ELSE oidvectortypes(p.proargtypes) END),
                   p.proowner, p.proacl, 'f'
              FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
             WHERE (p.tableoid, p.oid) IN (TABLE members)
            UNION ALL
            SELECT t.tableoid, t.oid, CASE t.typtype WHEN 'd' THEN 'domain' WHEN 'e' THEN 'enum'
                       WHEN 'r' THEN 'range' WHEN 'c' THEN 'composite type' ELSE 'base type' END,
                   format('%I.%I', n.nspname, t.typname), t.typowner, t.typacl, 'T'
              FROM pg_type AS t JOIN pg_namespace AS n ON n.oid = t.typnamespace
             WHERE (t.tableoid, t.oid) IN (TABLE members)
            UNION ALL
            SELECT w.tableoid, w.oid, 'foreign-data wrapper', quote_ident(w.fdwname),
                   w.fdwowner, w.fdwacl, 'F' FROM pg_foreign_data_wrapper AS w
           ) AS m (classid, objid, kind, identity, owner, acl, acl_type)
      JOIN pg_depend AS d ON d.classid = m.classid AND d.objid = m.objid AND d.deptype = 'e'
           AND d.refclassid = 'pg_extension'::regclass
      JOIN pg_extension AS e ON e.oid = d.refobjid
      LEFT JOIN pg_init_privs AS i ON i.classoid = m.classid AND i.objoid = m.objid
           AND i.objsubid = 0
     WHERE m.acl IS DISTINCT FROM i.initprivs
), privileges (kind, identity, owner, sign, grantor, grantee, privilege, grantable) AS (
    -- What was granted counts 1, what an object without any GRANT or REVOKE gives counts -1.
    SELECT o.kind, o.identity, o.owner, e.sign, e.grantor, e.grantee, e.privilege_type,
        e.is_grantable
      FROM (SELECT kind, identity, owner, acl, acl_type FROM objects WHERE acl IS NOT NULL
            UNION ALL
            SELECT 'column', identity, owner, attacl, 'c' FROM columns WHERE attacl IS NOT NULL
           ) AS o, LATERAL (SELECT 1 AS sign, a.* FROM aclexplode(o.acl) AS a UNION ALL
                   SELECT -1, a.* FROM aclexplode(acldefault(o.acl_type, o.owner)) AS a) AS e
    UNION ALL
    -- Who owned a member when it was made is no privilege.
    SELECT p.kind, p.identity, p.owner, e.sign, p.owner, e.grantee, e.privilege_type,
        e.is_grantable
      FROM parts AS p, LATERAL (SELECT 1 AS sign, a.* FROM aclexplode(p.acl) AS a UNION ALL
                SELECT -1, a.* FROM aclexplode(p.given) AS a) AS e
     WHERE e.grantee <> e.grantor
), default_privileges AS (
    SELECT concat('FOR ROLE ', quote_ident(pg_get_userbyid(d.defaclrole)),
                  ' IN SCHEMA ' || quote_ident(n.nspname), ' ON ',
                  CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES'
                      WHEN 'f' THEN 'FUNCTIONS' WHEN 'T' THEN 'TYPES' WHEN 'n' THEN 'SCHEMAS'
                      ELSE 'LARGE OBJECTS' END) AS target,
           n.nspname, d.defaclrole AS owner, e.*
      FROM pg_default_acl AS d LEFT JOIN pg_namespace AS n ON n.oid = d.defaclnamespace,
           LATERAL (SELECT 1 AS sign, a.* FROM aclexplode(d.defaclacl) AS a
                    UNION ALL
                    -- Only those for every schema start from what is built in.
                    SELECT -1, a.* FROM aclexplode(acldefault(
                        CASE d.defaclobjtype WHEN 'S' THEN 's' ELSE d.defaclobjtype END,
                        d.defaclrole)) AS a WHERE n.oid IS NULL) AS e
     WHERE n.oid IS NULL OR n.oid IN (SELECT oid FROM schemas)
), named AS MATERIALIZED (
    SELECT r.* FROM pg_roles AS r
     WHERE r.oid IN (SELECT d.refobjid FROM pg_shdepend AS d JOIN pg_database AS b
                         ON b.datname = current_database()
                      WHERE d.refclassid = 'pg_authid'::regclass
                        AND (d.dbid = b.oid OR (d.classid = b.tableoid AND d.objid = b.oid)))
), settings AS (
    SELECT b.oid IS NOT NULL AS is_here, quote_ident(r.rolname) AS role,
           split_part(c, '=', 1) AS name, substr(c, strpos(c, '=') + 1) AS value
      FROM pg_db_role_setting AS s LEFT JOIN pg_roles AS r ON r.oid = s.setrole
      LEFT JOIN pg_database AS b ON b.oid = s.setdatabase, unnest(s.setconfig) AS c
     WHERE b.datname = current_database()
        OR (s.setdatabase = 0 AND s.setrole IN (SELECT oid FROM named))
), notes AS NOT MATERIALIZED (
    SELECT 'comment' AS kind, '' AS by, classoid, objoid, objsubid,
           quote_literal(description) AS definition FROM pg_description
    UNION ALL
    SELECT 'security label', quote_ident(provider) || ' on ', classoid, objoid, objsubid,
           quote_literal(label) FROM pg_seclabel
), reported (kind, identity, definition, parent_kind, parent, also_kind, also) AS (
    SELECT kind, identity, definition, parent_kind, parent, also_kind, also FROM objects
    UNION ALL
    SELECT 'owner', kind || ' ' || identity, quote_ident(pg_get_userbyid(owner)), kind, identity,
           NULL, NULL
      -- A sequence of a column has its table's owner.
      FROM objects WHERE owner IS NOT NULL AND NOT (kind = 'sequence' AND parent_kind <> 'schema')
    UNION ALL
    SELECT d.kind, concat(d.by, o.kind, ' ', o.identity), d.definition, o.kind, o.identity,
           NULL, NULL
      FROM objects AS o JOIN notes AS d
           ON d.classoid = o.classoid AND d.objoid = o.oid AND d.objsubid = 0
    UNION ALL
    SELECT d.kind, concat(d.by, 'column ', c.identity), d.definition, c.parent_kind,
           CASE c.parent_kind WHEN 'column' THEN c.identity ELSE c.relation END, NULL, NULL
      FROM columns AS c JOIN notes AS d
           ON d.classoid = 'pg_class'::regclass AND d.objoid = c.relid AND d.objsubid = c.attnum
    UNION ALL
    SELECT d.kind, 'not null ' || c.identity, d.definition, 'not null', c.identity, NULL, NULL
      FROM columns AS c JOIN notes AS d
           ON d.classoid = 'pg_constraint'::regclass AND d.objoid = c.not_null_oid
    UNION ALL
    SELECT d.kind, 'index ' || i.identity, d.definition, i.parent_kind, i.parent, NULL, NULL
      FROM indexes AS i JOIN notes AS d
           ON d.classoid = i.tableoid AND d.objoid = i.oid AND d.objsubid = 0
     WHERE i.parent_kind = 'constraint'
    UNION ALL
    SELECT 'comment', 'database itself', quote_literal(d.description), 'database', 'itself', NULL,
        NULL
      FROM pg_shdescription AS d JOIN pg_database AS b
           ON d.classoid = b.tableoid AND d.objoid = b.oid AND b.datname = current_database()
     WHERE d.description !~ '^dbops\.environment'
    UNION ALL
    SELECT CASE WHEN p.sign > 0 THEN 'grant' ELSE 'revoke' END,
           concat(p.kind, ' ', p.identity, CASE WHEN p.sign > 0 THEN ' to ' ELSE ' from ' END,
                  CASE p.grantee WHEN 0 THEN 'PUBLIC'
                      ELSE quote_ident(pg_get_userbyid(p.grantee)) END),
           string_agg(concat(p.privilege, CASE WHEN p.grantable THEN ' WITH GRANT OPTION' END,
               CASE WHEN p.grantor <> p.owner
                    THEN ' GRANTED BY ' || quote_ident(pg_get_userbyid(p.grantor)) END),
               ', ' ORDER BY p.privilege COLLATE "C", p.grantor = p.owner DESC, p.grantable),
           CASE WHEN min(c.parent_kind) = 'column' OR p.kind <> 'column' THEN p.kind
                ELSE min(c.parent_kind) END,
           CASE WHEN min(c.parent_kind) = 'column' OR p.kind <> 'column' THEN p.identity
                ELSE min(c.relation) END,
           CASE WHEN min(x.extension) IS NOT NULL THEN 'extension' END, min(x.extension)
      FROM (SELECT kind, identity, owner, sum(sign) AS sign, grantor, grantee, privilege, grantable
              FROM privileges GROUP BY kind, identity, owner, grantor, grantee, privilege, grantable
            HAVING sum(sign) <> 0) AS p
      LEFT JOIN columns AS c ON p.kind = 'column' AND c.identity = p.identity
      LEFT JOIN parts AS x ON x.kind = p.kind AND x.identity = p.identity
     GROUP BY p.kind, p.identity, p.sign, p.grantee
    UNION ALL
    SELECT 'default privileges', concat(p.target,
               CASE WHEN p.sign > 0 THEN ' TO ' ELSE ' FROM ' END,
               CASE p.grantee WHEN 0 THEN 'PUBLIC'
                   ELSE quote_ident(pg_get_userbyid(p.grantee)) END),
           string_agg(concat(p.privilege_type,
               CASE WHEN p.is_grantable THEN ' WITH GRANT OPTION' END),
                      ', ' ORDER BY p.privilege_type COLLATE "C"),
           CASE WHEN p.nspname IS NOT NULL THEN 'schema' END, quote_ident(p.nspname), NULL, NULL
      FROM (SELECT target, nspname, sum(sign) AS sign, grantee, privilege_type, is_grantable
              FROM default_privileges GROUP BY target, nspname, grantee, privilege_type,
                  is_grantable
            HAVING sum(sign) <> 0) AS p
     GROUP BY p.target, p.nspname, p.sign, p.grantee
    UNION ALL
    SELECT 'column', c.identity, concat(c.type,
               CASE c.attgenerated WHEN 's' THEN ' GENERATED ALWAYS AS (' || c.expression
                   || ') STORED'
                   WHEN 'v' THEN ' GENERATED ALWAYS AS (' || c.expression || ') VIRTUAL' END,
               ' OPTIONS (' || (SELECT string_agg(format('%I %L', option_name, option_value), ', '
                                                    ORDER BY option_name COLLATE "C")
                                  FROM pg_options_to_table(c.attfdwoptions)) || ')'),
           c.relation_kind, c.relation, 'column', c.inherited
      FROM columns AS c WHERE c.relkind IN ('r', 'p', 'f')
    UNION ALL
    SELECT 'column order', c.relation, string_agg(c.name, E'\n' ORDER BY c.attnum),
           c.relation_kind, c.relation, NULL, NULL
      FROM columns AS c WHERE c.relkind IN ('r', 'p', 'f') GROUP BY c.relation_kind, c.relation
    UNION ALL
    SELECT 'result columns', c.relation, string_agg(c.name || ' ' || c.type,
        E'\n' ORDER BY c.attnum),
           c.relation_kind, c.relation, NULL, NULL
      FROM columns AS c WHERE c.relkind IN ('v', 'm') GROUP BY c.relation_kind, c.relation
    UNION ALL
    SELECT e.kind, c.identity, e.definition, c.parent_kind,
           CASE c.parent_kind WHEN 'column' THEN c.identity ELSE c.relation END, e.kind, c.inherited
      FROM columns AS c, LATERAL (VALUES
           ('default', CASE WHEN c.attgenerated = '' THEN c.expression END),
           ('not null', c.not_null),
           ('identity', CASE c.attidentity WHEN 'a' THEN 'GENERATED ALWAYS'
                            WHEN 'd' THEN 'GENERATED BY DEFAULT' END),
           ('storage', c.storage), ('compression', c.compression),
           ('statistics target', c.target::text),
           -- pg_attver is the server's own count of a column's versions (since 17.12); pg_dump, too,
           -- leaves it out.
           ('column options', (SELECT string_agg(o, ', ' ORDER BY o COLLATE "C") FROM unnest(c.attoptions) AS o
                                WHERE o !~ '^pg_attver='))) AS e (kind, definition)
     WHERE e.definition IS NOT NULL
    UNION ALL
    SELECT 'statistics target', i.identity || '.' || a.attnum, a.attstattarget::text, i.parent_kind,
           i.parent, NULL, NULL
      FROM indexes AS i JOIN pg_attribute AS a ON a.attrelid = i.oid
     WHERE nullif(a.attstattarget, -1) IS NOT NULL
    UNION ALL
    SELECT 'statistics target', o.identity, x.stxstattarget::text, o.kind, o.identity, NULL, NULL
      FROM pg_statistic_ext AS x JOIN objects AS o ON o.classoid = x.tableoid AND o.oid = x.oid
     WHERE nullif(x.stxstattarget, -1) IS NOT NULL
    UNION ALL
    SELECT 'storage parameters', o.kind || ' ' || o.identity,
           array_to_string(ARRAY(SELECT unnest(o.options) COLLATE "C" ORDER BY 1), ', '),
           o.parent_kind, o.parent, NULL, NULL
      FROM (SELECT r.kind, r.identity, r.kind AS parent_kind, r.identity AS parent, r.reloptions
                   || ARRAY(SELECT 'toast.' || p FROM unnest(t.reloptions) AS p) AS options
              FROM relations AS r LEFT JOIN pg_class AS t ON t.oid = r.reltoastrelid
             WHERE r.relkind <> 'v' AND (r.reloptions IS NOT NULL OR t.reloptions IS NOT NULL)
            UNION ALL
            SELECT 'index', i.identity, i.parent_kind, i.parent, i.reloptions FROM indexes AS i
             WHERE i.parent_kind = 'constraint' AND i.reloptions IS NOT NULL) AS o
    UNION ALL
    SELECT e.kind, e.identity, e.definition, e.parent_kind, e.parent, NULL, NULL
      FROM indexes AS i LEFT JOIN pg_tablespace AS t ON t.oid = i.reltablespace, LATERAL (VALUES
           ('tablespace', 'index ' || i.identity, quote_ident(t.spcname), i.parent_kind, i.parent),
           ('invalid index', i.identity, CASE WHEN NOT i.indisvalid THEN 'INVALID' END,
            i.parent_kind, i.parent),
           ('clustering', i.relation, CASE WHEN i.indisclustered THEN 'CLUSTER ON ' || i.name END,
            i.parent_kind, i.parent),
           ('replica identity', i.relation, CASE WHEN i.indisreplident THEN
                'USING INDEX ' || i.name END, i.parent_kind, i.parent)
           ) AS e (kind, identity, definition, parent_kind, parent)
     WHERE e.definition IS NOT NULL
    UNION ALL
    SELECT e.kind, r.identity, e.definition, r.kind, r.identity,
           CASE e.kind WHEN 'partition' THEN a.kind END,
               CASE e.kind WHEN 'partition' THEN a.identity END
      FROM relations AS r LEFT JOIN ancestors AS a ON a.inhrelid = r.oid, LATERAL (VALUES
           ('replica identity', CASE r.relreplident WHEN 'f' THEN 'FULL' WHEN 'n' THEN
                CASE WHEN r.relkind IN ('r', 'p', 'm') THEN 'NOTHING' END END),
           ('row security', CASE WHEN r.relrowsecurity OR r.relforcerowsecurity THEN concat_ws(', ',
                CASE WHEN r.relrowsecurity THEN 'ENABLE' ELSE 'DISABLE' END,
                CASE WHEN r.relforcerowsecurity THEN 'FORCE' END) END),
           ('unpopulated view', CASE WHEN r.relkind = 'm' AND NOT r.relispopulated
                THEN 'WITH NO DATA' END),
           ('partition', CASE WHEN r.relispartition THEN concat('PARTITION OF ', a.identity, ' ',
                pg_get_expr(r.relpartbound, r.oid, true)) END)) AS e (kind, definition)
     WHERE e.definition IS NOT NULL
    UNION ALL
    SELECT 'inheritance', c.identity || ' from ' || p.identity, 'INHERIT ' || p.identity,
           c.kind, c.identity, p.kind, p.identity
      FROM pg_inherits AS i JOIN relations AS c ON c.oid = i.inhrelid
      JOIN relations AS p ON p.oid = i.inhparent WHERE NOT c.relispartition
    UNION ALL
    SELECT 'trigger state', r.identity || '.' || quote_ident(t.tgname),
           CASE t.tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA'
               WHEN 'A' THEN 'ENABLE ALWAYS' ELSE 'ENABLE' END,
           CASE WHEN u.oid IS NULL THEN 'trigger' ELSE r.kind END,
           CASE WHEN u.oid IS NULL THEN r.identity || '.' || quote_ident(t.tgname)
                ELSE r.identity END, NULL, NULL
      FROM pg_trigger AS t JOIN relations AS r ON r.oid = t.tgrelid
      LEFT JOIN pg_trigger AS u ON u.oid = t.tgparentid
     WHERE NOT t.tgisinternal AND t.tgenabled <> coalesce(u.tgenabled, 'O')
    UNION ALL
    -- Foreign keys are kept by internal triggers; disabled, they let everything in.
    SELECT 'unenforced constraint', r.identity || '.' || quote_ident(c.conname),
           string_agg(DISTINCT (CASE t.tgenabled WHEN 'D' THEN 'DISABLED' WHEN 'R' THEN 'ON REPLICA'
                          ELSE 'ALWAYS' END || ' ON ' || t.tgrelid::regclass) COLLATE "C", ', '),
           'constraint', r.identity || '.' || quote_ident(c.conname), NULL, NULL
      FROM pg_trigger AS t JOIN pg_constraint AS c ON c.oid = t.tgconstraint
      JOIN relations AS r ON r.oid = c.conrelid
     WHERE t.tgisinternal AND t.tgenabled <> 'O' GROUP BY r.identity, c.conname
    UNION ALL
    SELECT 'rule state', o.identity, CASE w.ev_enabled WHEN 'D' THEN 'DISABLE'
               WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'ENABLE ALWAYS' END, o.kind, o.identity, NULL,
                   NULL
      FROM pg_rewrite AS w JOIN objects AS o ON o.classoid = w.tableoid AND o.oid = w.oid
     WHERE w.ev_enabled <> 'O'
    UNION ALL
    SELECT 'event trigger state', o.identity, CASE e.evtenabled WHEN 'D' THEN 'DISABLE'
               WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'ENABLE ALWAYS' END, o.kind, o.identity, NULL,
                   NULL
      FROM pg_event_trigger AS e JOIN objects AS o ON o.classoid = e.tableoid AND o.oid = e.oid
     WHERE e.evtenabled <> 'O'
    UNION ALL
    SELECT 'publication table', format('%I of %s', p.pubname, r.identity),
           concat('TABLE ONLY ', r.identity,
                  ' (' || (SELECT string_agg(quote_ident(n), ', ')
                             FROM jsonb_array_elements_text(to_jsonb(v) -> 'attnames') AS n
                            WHERE to_jsonb(m) ->> 'prattrs' IS NOT NULL) || ')',
                  ' WHERE (' || (to_jsonb(v) ->> 'rowfilter') || ')'),
           'publication', quote_ident(p.pubname), r.kind, r.identity
      FROM pg_publication AS p JOIN pg_publication_rel AS m ON m.prpubid = p.oid
      JOIN relations AS r ON r.oid = m.prrelid
      LEFT JOIN pg_publication_tables AS v ON v.pubname = p.pubname
            AND format('%I.%I', v.schemaname, v.tablename) = r.identity
    UNION ALL
    SELECT 'publication schema', format('%I of %s', p.pubname, s.name),
        'TABLES IN SCHEMA ' || s.name,
           'publication', quote_ident(p.pubname), 'schema', s.name
      FROM pg_publication AS p JOIN :publication_namespace AS m ON m.pnpubid = p.oid
      JOIN schemas AS s ON s.oid = m.pnnspid
    UNION ALL
    SELECT 'setting', concat(CASE WHEN is_here THEN 'database' END,
               CASE WHEN role IS NOT NULL THEN CASE WHEN is_here THEN ' role ' ELSE 'role ' END END,
               role, ' ', name), quote_literal(value),
           CASE WHEN NOT is_here THEN 'role' END, CASE WHEN NOT is_here THEN role END, NULL, NULL
      FROM settings WHERE name !~ '^dbops[.]'
    UNION ALL
    SELECT 'setting', 'database CONNECTION LIMIT', datconnlimit::text, NULL, NULL, NULL, NULL
      FROM pg_database WHERE datname = current_database() AND datconnlimit <> -1
    UNION ALL
    SELECT 'role', quote_ident(rolname), concat_ws(' ',
               CASE WHEN rolcanlogin THEN 'LOGIN' ELSE 'NOLOGIN' END,
               CASE WHEN rolsuper THEN 'SUPERUSER' ELSE 'NOSUPERUSER' END,
               CASE WHEN rolcreaterole THEN 'CREATEROLE' ELSE 'NOCREATEROLE' END,
               CASE WHEN rolcreatedb THEN 'CREATEDB' ELSE 'NOCREATEDB' END,
               CASE WHEN rolinherit THEN 'INHERIT' ELSE 'NOINHERIT' END,
               CASE WHEN rolreplication THEN 'REPLICATION' ELSE 'NOREPLICATION' END,
               CASE WHEN rolbypassrls THEN 'BYPASSRLS' ELSE 'NOBYPASSRLS' END,
               'CONNECTION LIMIT ' || rolconnlimit,
               'VALID UNTIL ' || quote_literal(nullif(rolvaliduntil, 'infinity'))), NULL, NULL, NULL, NULL
      FROM named
    UNION ALL
    SELECT 'membership', format('%I in %I', u.rolname, r.rolname),
           -- PostgreSQL 16 grants a membership once for each grantor, with two more options.
           string_agg(DISTINCT concat_ws(', ', 'ADMIN ' || upper(m.admin_option::text),
               'INHERIT ' || upper(to_jsonb(m) ->> 'inherit_option'),
               'SET ' || upper(to_jsonb(m) ->> 'set_option')), '; '),
           'role', quote_ident(u.rolname), 'role', quote_ident(r.rolname)
      FROM pg_auth_members AS m JOIN pg_roles AS u ON u.oid = m.member
      JOIN pg_roles AS r ON r.oid = m.roleid
     WHERE m.member IN (SELECT oid FROM named) OR m.roleid IN (SELECT oid FROM named)
     GROUP BY u.rolname, r.rolname
)
SELECT CASE WHEN parent IS NULL THEN json_build_array(kind, identity, definition)
            WHEN also IS NULL THEN json_build_array(kind, identity, definition, parent_kind, parent)
            ELSE json_build_array(kind, identity, definition, parent_kind, parent, also_kind, also)
       END
  FROM reported;
