CREATE VIEW mart.v_deleted_slip AS
SELECT deleted.kind, deleted.site_code, deleted.slip_no, deleted.slip_date, deleted.deleted_at,
       app_user.display_name AS deleted_by_name
  FROM (SELECT 'receive'::public.slip_kind AS kind, site_code, slip_no, slip_date, deleted_at, deleted_by
          FROM stg.receive_slip WHERE is_deleted
        UNION ALL
        SELECT 'shipment'::public.slip_kind AS kind, site_code, slip_no, slip_date, deleted_at, deleted_by
          FROM stg.shipment_slip WHERE is_deleted
        UNION ALL
        SELECT 'yard'::public.slip_kind AS kind, site_code, slip_no, slip_date, deleted_at, deleted_by
          FROM stg.yard_slip WHERE is_deleted) AS deleted
  JOIN public.app_user ON app_user.user_id = deleted.deleted_by;

COMMENT ON VIEW mart.v_deleted_slip IS '取り消した伝票';
