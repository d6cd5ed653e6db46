CREATE VIEW mart.v_permit_expiring AS
SELECT collector_code, collector_name, permit_no, permit_expires_on,
       permit_expires_on - (now() AT TIME ZONE 'Asia/Tokyo')::date AS days_left
  FROM ref.collector
 WHERE permit_expires_on < (now() AT TIME ZONE 'Asia/Tokyo')::date + 90;

COMMENT ON VIEW mart.v_permit_expiring IS '許可期限が90日以内の運搬業者';
