CREATE FUNCTION public.count_loaded_rows() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = ''
AS $$
BEGIN
    UPDATE public.upload_log
       SET loaded_rows = upload_log.loaded_rows + loaded.row_count
      FROM (SELECT new_rows.upload_id, pg_catalog.count(*)::integer AS row_count
              FROM new_rows
             GROUP BY new_rows.upload_id) AS loaded
     WHERE upload_log.upload_id = loaded.upload_id;
    RETURN NULL;
END;
$$;

COMMENT ON FUNCTION public.count_loaded_rows() IS
    'Adds the rows of one INSERT or COPY to upload_log.loaded_rows';
