CREATE VIEW mart.v_manifest_overdue AS
SELECT manifest.manifest_no, manifest.issued_on, manifest.due_on,
       receive.site_code, receive.slip_no, receive.customer_name,
       (now() AT TIME ZONE 'Asia/Tokyo')::date - manifest.due_on AS days_overdue
  FROM stg.manifest
  JOIN mart.v_active_receive AS receive ON receive.slip_id = manifest.slip_id
 WHERE manifest.disposed_on IS NULL
   AND manifest.due_on < (now() AT TIME ZONE 'Asia/Tokyo')::date;

COMMENT ON VIEW mart.v_manifest_overdue IS '期限を過ぎたマニフェスト';
