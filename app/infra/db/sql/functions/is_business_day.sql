CREATE FUNCTION ref.is_business_day(p_site_code text, p_day date) RETURNS boolean
    LANGUAGE sql
    STABLE
    SET search_path = ''
AS $$
    SELECT extract(isodow FROM p_day) < 7
           AND NOT EXISTS (SELECT FROM ref.closure
                            WHERE closure.site_code = site.site_code AND closure.period @> p_day)
           AND (site.works_on_holidays
                OR NOT EXISTS (SELECT FROM ref.holiday WHERE holiday.holiday_date = p_day))
      FROM ref.site
     WHERE site.site_code = p_site_code;
$$;

COMMENT ON FUNCTION ref.is_business_day(text, date) IS
    '営業日か: 日曜、休業期間、(祝日休みの拠点では) 祝日を除く。拠点がなければ NULL';
