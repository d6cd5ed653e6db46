CREATE VIEW mart.v_missing_upload AS
SELECT calendar_day.day, kind.kind
  FROM ref.calendar_day
 CROSS JOIN unnest(enum_range(NULL::public.slip_kind)) AS kind(kind)
 WHERE EXISTS (SELECT FROM ref.site WHERE ref.is_business_day(site.site_code, calendar_day.day))
   AND calendar_day.day BETWEEN (now() AT TIME ZONE 'Asia/Tokyo')::date - 30
                            AND (now() AT TIME ZONE 'Asia/Tokyo')::date - 1
   AND NOT EXISTS (SELECT FROM public.upload_log AS upload
                    WHERE upload.kind = kind.kind
                      AND upload.deleted_at IS NULL
                      AND (upload.uploaded_at AT TIME ZONE 'Asia/Tokyo')::date = calendar_day.day);

COMMENT ON VIEW mart.v_missing_upload IS '直近30日でアップロードのない営業日';
