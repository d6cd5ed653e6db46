-- What was applied, reverted or stamped here, by whom, and from which file content.
-- Idempotent; no psql meta-commands and no transaction control, so that any client can run it.
CREATE SCHEMA IF NOT EXISTS dbops;

CREATE TABLE IF NOT EXISTS dbops.revision_log (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    operation text NOT NULL
        CONSTRAINT revision_log_operation_check
        CHECK (operation IN ('upgrade', 'downgrade', 'stamp', 'adopt', 'snapshot')),
    revision text,
    previous text,
    file_sha256 text,
    run_id text,
    actor text,
    seconds double precision,
    applied_by name NOT NULL DEFAULT session_user,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

COMMENT ON SCHEMA dbops IS 'Records of the migration tool; the application does not use it';
COMMENT ON TABLE dbops.revision_log IS 'One row per revision applied, reverted or stamped, written in the transaction of the version row';
COMMENT ON COLUMN dbops.revision_log.revision IS 'The revision applied, reverted or stamped; NULL for a stamp to base';
COMMENT ON COLUMN dbops.revision_log.previous IS 'The version rows before, separated by commas; NULL when there were none';
COMMENT ON COLUMN dbops.revision_log.file_sha256 IS 'SHA-256 of the revision file as it was run, in hexadecimal';
COMMENT ON COLUMN dbops.revision_log.run_id IS 'The run this belongs to (DBOPS_RUN_ID)';
COMMENT ON COLUMN dbops.revision_log.actor IS 'The person or timer that asked for it (DBOPS_ACTOR)';
COMMENT ON COLUMN dbops.revision_log.seconds IS 'Duration in seconds, without the commit; NULL when it was run from generated SQL';
