CREATE FUNCTION ref.business_days_between(p_site_code text, p_first date, p_last date) RETURNS integer
    LANGUAGE sql
    STABLE
    SET search_path = ''
AS $$
    SELECT count(*)::integer
      FROM generate_series(0, p_last - p_first) AS passed(days)
     WHERE ref.is_business_day(p_site_code, p_first + passed.days);
$$;

COMMENT ON FUNCTION ref.business_days_between(text, date, date) IS '営業日数 (両端を含む)';
