CREATE FUNCTION public.cascade_upload_deletion() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = ''
AS $$
DECLARE
    slip_schema text;
BEGIN
    FOREACH slip_schema IN ARRAY ARRAY['raw', 'stg'] LOOP
        EXECUTE pg_catalog.format(
            'UPDATE %I.%I SET deleted_at = $1, deleted_by = $2 WHERE upload_id = $3 AND deleted_at IS NULL',
            slip_schema, NEW.kind::text || '_slip'
        ) USING NEW.deleted_at, NEW.deleted_by, NEW.upload_id;
    END LOOP;
    RETURN NULL;
END;
$$;

COMMENT ON FUNCTION public.cascade_upload_deletion() IS
    'アップロードを取り消すと、その伝票 (raw, stg) も取り消す';
