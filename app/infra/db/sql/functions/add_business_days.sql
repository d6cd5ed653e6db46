CREATE FUNCTION ref.add_business_days(p_site_code text, p_day date, p_days integer) RETURNS date
    LANGUAGE plpgsql
    STABLE
    SET search_path = ''
AS $$
DECLARE
    step constant integer := sign(p_days);
    remaining integer := abs(p_days);
    reached date := p_day;
BEGIN
    IF NOT EXISTS (SELECT FROM ref.site WHERE site.site_code = p_site_code) THEN
        RETURN NULL;
    END IF;
    WHILE remaining > 0 LOOP
        reached := reached + step;
        IF abs(reached - p_day) > 3660 THEN
            RAISE EXCEPTION 'no business day within ten years of %', p_day
                USING ERRCODE = 'datetime_field_overflow';
        END IF;
        IF ref.is_business_day(p_site_code, reached) THEN
            remaining := remaining - 1;
        END IF;
    END LOOP;
    RETURN reached;
END;
$$;

COMMENT ON FUNCTION ref.add_business_days(text, date, integer) IS
    'The day that many business days later, or earlier when negative; SQLSTATE 22008 when there is none in ten years';
