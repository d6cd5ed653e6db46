CREATE FUNCTION kpi.daily_target(p_site_code text, p_category_code text, p_day date) RETURNS numeric
    LANGUAGE sql
    STABLE
    SET search_path = ''
AS $$
    SELECT round(target.target_kg * own.weight / nullif(whole.weight, 0), 1)
      FROM kpi.monthly_target AS target
     CROSS JOIN LATERAL (
            SELECT sum(weekday.weight) AS weight
              FROM generate_series(0, 30) AS passed(days)
              JOIN kpi.weekday_weight AS weekday
                ON weekday.site_code = target.site_code
               AND weekday.iso_dow = extract(isodow FROM target.month + passed.days)
             WHERE target.month + passed.days < target.month + interval '1 month'
               AND ref.is_business_day(target.site_code, target.month + passed.days)
           ) AS whole
     CROSS JOIN LATERAL (
            SELECT CASE WHEN ref.is_business_day(target.site_code, p_day) THEN weekday.weight ELSE 0 END
                   AS weight
              FROM kpi.weekday_weight AS weekday
             WHERE weekday.site_code = target.site_code
               AND weekday.iso_dow = extract(isodow FROM p_day)
           ) AS own
     WHERE target.site_code = p_site_code
       AND target.category_code = p_category_code
       AND target.month = date_trunc('month', p_day::timestamp)::date;
$$;

COMMENT ON FUNCTION kpi.daily_target(text, text, date) IS
    '月次目標を営業日の曜日係数で割り振った1日分 (kg)';
