CREATE VIEW mart.v_target_vs_actual_monthly AS
SELECT target.month, target.site_code, category.category_name,
       target.target_kg::numeric AS target_kg, coalesce(actual.net_kg, 0) AS actual_kg,
       round(100 * coalesce(actual.net_kg, 0) / nullif(target.target_kg::numeric, 0), 1) AS percent
  FROM kpi.monthly_target AS target
  JOIN ref.item_category AS category ON category.category_code = target.category_code
  LEFT JOIN mart.mv_receive_monthly AS actual
    ON actual.month = target.month
   AND actual.site_code = target.site_code
   AND actual.category_code = target.category_code;

COMMENT ON VIEW mart.v_target_vs_actual_monthly IS '月次 目標と実績';
