CREATE VIEW mart.v_upload_status AS
SELECT upload.upload_id, upload.kind, upload.file_name, upload.status, upload.uploaded_at,
       app_user.display_name AS uploaded_by_name,
       upload.row_count, upload.loaded_rows,
       (SELECT count(*) FROM public.upload_error WHERE upload_error.upload_id = upload.upload_id)
           AS error_count,
       upload.is_deleted
  FROM public.upload_log AS upload
  JOIN public.app_user ON app_user.user_id = upload.uploaded_by;

COMMENT ON VIEW mart.v_upload_status IS 'アップロード状況';
