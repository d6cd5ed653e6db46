CREATE VIEW mart.v_slip_mismatch AS
SELECT slip.site_code, slip.slip_no, slip.slip_date,
       uploaded.net_weight AS uploaded_net_weight, slip.net_kg,
       uploaded.amount AS uploaded_amount, slip.amount_yen
  FROM stg.receive_slip AS slip
  JOIN raw.receive_slip AS uploaded
    ON uploaded.upload_id = slip.upload_id AND uploaded.row_number = slip.row_number
 WHERE slip.deleted_at IS NULL
   AND (raw.parse_number(uploaded.net_weight) IS DISTINCT FROM slip.net_kg
        OR raw.parse_number(uploaded.amount) IS DISTINCT FROM slip.amount_yen
        OR raw.parse_date(uploaded.slip_date) IS DISTINCT FROM slip.slip_date);

COMMENT ON VIEW mart.v_slip_mismatch IS 'アップロードの値と計算値が違う受入伝票';
