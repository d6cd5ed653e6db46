CREATE FUNCTION public.upload_statistics(p_since date, p_until date)
    RETURNS TABLE (
        kind public.slip_kind,
        uploads bigint,
        withdrawn bigint,
        rows_loaded bigint,
        rows_failed bigint,
        last_uploaded_at timestamp with time zone
    )
    LANGUAGE sql
    STABLE
    SET search_path = ''
AS $$
    SELECT upload.kind,
           count(*),
           count(*) FILTER (WHERE upload.is_deleted),
           coalesce(sum(upload.loaded_rows) FILTER (WHERE NOT upload.is_deleted), 0)::bigint,
           coalesce(sum(failed.failed_rows), 0)::bigint,
           max(upload.uploaded_at)
      FROM public.upload_log AS upload
      LEFT JOIN (SELECT upload_error.upload_id, count(DISTINCT upload_error.row_number) AS failed_rows
                   FROM public.upload_error
                  GROUP BY upload_error.upload_id) AS failed
        ON failed.upload_id = upload.upload_id
     WHERE (upload.uploaded_at AT TIME ZONE 'Asia/Tokyo')::date BETWEEN p_since AND p_until
     GROUP BY upload.kind;
$$;

COMMENT ON FUNCTION public.upload_statistics(date, date) IS
    'Uploads per kind of slip between two days of Japan time, both included';
