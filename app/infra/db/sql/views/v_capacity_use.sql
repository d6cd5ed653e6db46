CREATE VIEW mart.v_capacity_use AS
SELECT yard.slip_date, yard.site_code, yard.category_code, sum(yard.net_kg) AS processed_kg,
       capacity.capacity_kg::numeric AS capacity_kg,
       round(100 * sum(yard.net_kg) / nullif(capacity.capacity_kg::numeric, 0), 1) AS percent
  FROM mart.mv_yard_daily AS yard
 CROSS JOIN LATERAL (
        SELECT licence.capacity_kg
          FROM kpi.processing_capacity AS licence
         WHERE licence.site_code = yard.site_code
           AND licence.category_code = yard.category_code
           AND licence.valid_from <= yard.slip_date
         ORDER BY licence.valid_from DESC
         LIMIT 1
       ) AS capacity
 GROUP BY yard.slip_date, yard.site_code, yard.category_code, capacity.capacity_kg;

COMMENT ON VIEW mart.v_capacity_use IS '処理能力の使用率';
