-- The schema of the application: structure only, without rows, owners and privileges.
-- Written by `inv baseline-export`, which replaces this file. Do not edit it: a change of the
-- schema is a new revision.

--
-- PostgreSQL database dump
--

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: kpi; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA kpi;


--
-- Name: mart; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA mart;


--
-- Name: raw; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA raw;


--
-- Name: ref; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA ref;


--
-- Name: stg; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA stg;


--
-- Name: btree_gist; Type: EXTENSION; Schema: -; Owner: -
--

CREATE EXTENSION IF NOT EXISTS btree_gist WITH SCHEMA public;


--
-- Name: EXTENSION btree_gist; Type: COMMENT; Schema: -; Owner: -
--

COMMENT ON EXTENSION btree_gist IS 'support for indexing common datatypes in GiST';


--
-- Name: pg_trgm; Type: EXTENSION; Schema: -; Owner: -
--

CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;


--
-- Name: EXTENSION pg_trgm; Type: COMMENT; Schema: -; Owner: -
--

COMMENT ON EXTENSION pg_trgm IS 'text similarity measurement and index searching based on trigrams';


--
-- Name: slip_kind; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.slip_kind AS ENUM (
    'receive',
    'shipment',
    'yard'
);


--
-- Name: upload_status; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.upload_status AS ENUM (
    'received',
    'loaded',
    'rejected',
    'withdrawn'
);


--
-- Name: weight_kg; Type: DOMAIN; Schema: public; Owner: -
--

CREATE DOMAIN public.weight_kg AS numeric(12,1)
	CONSTRAINT weight_kg_not_negative CHECK ((VALUE >= (0)::numeric));


--
-- Name: yen_per_kg; Type: DOMAIN; Schema: public; Owner: -
--

CREATE DOMAIN public.yen_per_kg AS numeric(10,2)
	CONSTRAINT yen_per_kg_believable CHECK (((VALUE >= ('-100000'::integer)::numeric) AND (VALUE <= (100000)::numeric)));


--
-- Name: daily_target(text, text, date); Type: FUNCTION; Schema: kpi; Owner: -
--

CREATE FUNCTION kpi.daily_target(p_site_code text, p_category_code text, p_day date) RETURNS numeric
    LANGUAGE sql STABLE
    SET search_path TO ''
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


--
-- Name: FUNCTION daily_target(p_site_code text, p_category_code text, p_day date); Type: COMMENT; Schema: kpi; Owner: -
--

COMMENT ON FUNCTION kpi.daily_target(p_site_code text, p_category_code text, p_day date) IS '月次目標を営業日の曜日係数で割り振った1日分 (kg)';


--
-- Name: take_inventory_snapshot(date); Type: FUNCTION; Schema: mart; Owner: -
--

CREATE FUNCTION mart.take_inventory_snapshot(p_day date) RETURNS integer
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
DECLARE
    written integer;
BEGIN
    INSERT INTO mart.inventory_daily (snapshot_date, site_code, item_id, opening_kg, received_kg, shipped_kg)
    SELECT p_day, site.site_code, item.item_id,
           coalesce(previous.closing_kg, 0), coalesce(received.net_kg, 0), coalesce(shipped.net_kg, 0)
      FROM ref.site
     CROSS JOIN ref.item
      LEFT JOIN mart.inventory_daily AS previous
        ON previous.snapshot_date = p_day - 1
       AND previous.site_code = site.site_code
       AND previous.item_id = item.item_id
      LEFT JOIN (SELECT slip.site_code, slip.item_id, sum(slip.net_kg) AS net_kg
                   FROM stg.receive_slip AS slip
                  WHERE slip.slip_date = p_day AND slip.deleted_at IS NULL
                  GROUP BY slip.site_code, slip.item_id) AS received
        ON received.site_code = site.site_code AND received.item_id = item.item_id
      LEFT JOIN (SELECT slip.site_code, slip.item_id, sum(slip.net_kg::numeric) AS net_kg
                   FROM stg.shipment_slip AS slip
                  WHERE slip.slip_date = p_day AND slip.deleted_at IS NULL
                  GROUP BY slip.site_code, slip.item_id) AS shipped
        ON shipped.site_code = site.site_code AND shipped.item_id = item.item_id
     WHERE previous.item_id IS NOT NULL OR received.item_id IS NOT NULL OR shipped.item_id IS NOT NULL
    ON CONFLICT (snapshot_date, site_code, item_id) DO UPDATE
       SET opening_kg = excluded.opening_kg,
           received_kg = excluded.received_kg,
           shipped_kg = excluded.shipped_kg;
    GET DIAGNOSTICS written = ROW_COUNT;
    RETURN written;
END;
$$;


--
-- Name: FUNCTION take_inventory_snapshot(p_day date); Type: COMMENT; Schema: mart; Owner: -
--

COMMENT ON FUNCTION mart.take_inventory_snapshot(p_day date) IS 'Writes the stock of one day from the day before and its slips; repeating it changes nothing';


--
-- Name: cascade_upload_deletion(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.cascade_upload_deletion() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $_$
DECLARE
    slip_schema text;
BEGIN
    FOREACH slip_schema IN ARRAY ARRAY['raw', 'stg'] LOOP
        EXECUTE pg_catalog.format(
            'UPDATE %I.%I SET deleted_at = $1, deleted_by = $2 WHERE upload_id = $3 AND deleted_at IS NULL',
            slip_schema, NEW.kind::text || '_slip'
        ) USING NEW.deleted_at, NEW.deleted_by, NEW.upload_id;
    END LOOP;
    RETURN NULL;
END;
$_$;


--
-- Name: FUNCTION cascade_upload_deletion(); Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON FUNCTION public.cascade_upload_deletion() IS 'アップロードを取り消すと、その伝票 (raw, stg) も取り消す';


--
-- Name: count_loaded_rows(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.count_loaded_rows() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
BEGIN
    UPDATE public.upload_log
       SET loaded_rows = upload_log.loaded_rows + loaded.row_count
      FROM (SELECT new_rows.upload_id, pg_catalog.count(*)::integer AS row_count
              FROM new_rows
             GROUP BY new_rows.upload_id) AS loaded
     WHERE upload_log.upload_id = loaded.upload_id;
    RETURN NULL;
END;
$$;


--
-- Name: FUNCTION count_loaded_rows(); Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON FUNCTION public.count_loaded_rows() IS 'Adds the rows of one INSERT or COPY to upload_log.loaded_rows';


--
-- Name: touch_updated_at(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.touch_updated_at() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
BEGIN
    NEW.updated_at := pg_catalog.now();
    RETURN NEW;
END;
$$;


--
-- Name: FUNCTION touch_updated_at(); Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON FUNCTION public.touch_updated_at() IS '更新日時を現在時刻にする';


--
-- Name: upload_statistics(date, date); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.upload_statistics(p_since date, p_until date) RETURNS TABLE(kind public.slip_kind, uploads bigint, withdrawn bigint, rows_loaded bigint, rows_failed bigint, last_uploaded_at timestamp with time zone)
    LANGUAGE sql STABLE
    SET search_path TO ''
    AS $$
    SELECT upload.kind,
           count(*),
           count(*) FILTER (WHERE upload.is_deleted),
           coalesce(sum(upload.loaded_rows) FILTER (WHERE NOT upload.is_deleted), 0)::bigint,
           coalesce(sum(failed.failed_rows), 0)::bigint,
           max(upload.uploaded_at)
      FROM public.upload_log AS upload
      LEFT JOIN (SELECT upload_error.upload_id, count(DISTINCT upload_error.row_number) AS failed_rows
                   FROM public.upload_error
                  GROUP BY upload_error.upload_id) AS failed
        ON failed.upload_id = upload.upload_id
     WHERE (upload.uploaded_at AT TIME ZONE 'Asia/Tokyo')::date BETWEEN p_since AND p_until
     GROUP BY upload.kind;
$$;


--
-- Name: FUNCTION upload_statistics(p_since date, p_until date); Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON FUNCTION public.upload_statistics(p_since date, p_until date) IS 'Uploads per kind of slip between two days of Japan time, both included';


--
-- Name: parse_date(text); Type: FUNCTION; Schema: raw; Owner: -
--

CREATE FUNCTION raw.parse_date(p_text text) RETURNS date
    LANGUAGE plpgsql IMMUTABLE STRICT
    SET search_path TO ''
    AS $_$
DECLARE
    parts text[] := regexp_match(p_text, '^\s*(\d{4})[/.年-](\d{1,2})[/.月-](\d{1,2})日?\s*$');
BEGIN
    RETURN make_date(parts[1]::integer, parts[2]::integer, parts[3]::integer);
EXCEPTION
    WHEN datetime_field_overflow THEN
        RETURN NULL;
END;
$_$;


--
-- Name: FUNCTION parse_date(p_text text); Type: COMMENT; Schema: raw; Owner: -
--

COMMENT ON FUNCTION raw.parse_date(p_text text) IS '2025/4/1, 2025-04-01, 2025年4月1日 を読み、日付でなければ NULL を返す';


--
-- Name: parse_number(text); Type: FUNCTION; Schema: raw; Owner: -
--

CREATE FUNCTION raw.parse_number(p_text text) RETURNS numeric
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path TO ''
    AS $_$
    SELECT CASE WHEN cleaned.digits ~ '^-?[0-9]+(\.[0-9]+)?$' THEN cleaned.digits::numeric END
      FROM (SELECT translate(p_text, '０１２３４５６７８９．－−，, ¥￥', '0123456789.--') AS digits) AS cleaned;
$_$;


--
-- Name: FUNCTION parse_number(p_text text); Type: COMMENT; Schema: raw; Owner: -
--

COMMENT ON FUNCTION raw.parse_number(p_text text) IS '全角数字・桁区切りを読み、数値でなければ NULL を返す';


--
-- Name: add_business_days(text, date, integer); Type: FUNCTION; Schema: ref; Owner: -
--

CREATE FUNCTION ref.add_business_days(p_site_code text, p_day date, p_days integer) RETURNS date
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
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


--
-- Name: FUNCTION add_business_days(p_site_code text, p_day date, p_days integer); Type: COMMENT; Schema: ref; Owner: -
--

COMMENT ON FUNCTION ref.add_business_days(p_site_code text, p_day date, p_days integer) IS 'The day that many business days later, or earlier when negative; SQLSTATE 22008 when there is none in ten years';


--
-- Name: business_days_between(text, date, date); Type: FUNCTION; Schema: ref; Owner: -
--

CREATE FUNCTION ref.business_days_between(p_site_code text, p_first date, p_last date) RETURNS integer
    LANGUAGE sql STABLE
    SET search_path TO ''
    AS $$
    SELECT count(*)::integer
      FROM generate_series(0, p_last - p_first) AS passed(days)
     WHERE ref.is_business_day(p_site_code, p_first + passed.days);
$$;


--
-- Name: FUNCTION business_days_between(p_site_code text, p_first date, p_last date); Type: COMMENT; Schema: ref; Owner: -
--

COMMENT ON FUNCTION ref.business_days_between(p_site_code text, p_first date, p_last date) IS '営業日数 (両端を含む)';


--
-- Name: fiscal_year(date); Type: FUNCTION; Schema: ref; Owner: -
--

CREATE FUNCTION ref.fiscal_year(p_day date) RETURNS integer
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
    SELECT extract(year FROM p_day - interval '3 months')::integer;
$$;


--
-- Name: FUNCTION fiscal_year(p_day date); Type: COMMENT; Schema: ref; Owner: -
--

COMMENT ON FUNCTION ref.fiscal_year(p_day date) IS '年度 (4月から翌年3月)';


--
-- Name: is_business_day(text, date); Type: FUNCTION; Schema: ref; Owner: -
--

CREATE FUNCTION ref.is_business_day(p_site_code text, p_day date) RETURNS boolean
    LANGUAGE sql STABLE
    SET search_path TO ''
    AS $$
    SELECT extract(isodow FROM p_day) < 7
           AND NOT EXISTS (SELECT FROM ref.closure
                            WHERE closure.site_code = site.site_code AND closure.period @> p_day)
           AND (site.works_on_holidays
                OR NOT EXISTS (SELECT FROM ref.holiday WHERE holiday.holiday_date = p_day))
      FROM ref.site
     WHERE site.site_code = p_site_code;
$$;


--
-- Name: FUNCTION is_business_day(p_site_code text, p_day date); Type: COMMENT; Schema: ref; Owner: -
--

COMMENT ON FUNCTION ref.is_business_day(p_site_code text, p_day date) IS '営業日か: 日曜、休業期間、(祝日休みの拠点では) 祝日を除く。拠点がなければ NULL';


--
-- Name: unit_price_at(bigint, bigint, date); Type: FUNCTION; Schema: ref; Owner: -
--

CREATE FUNCTION ref.unit_price_at(p_item_id bigint, p_customer_id bigint, p_day date) RETURNS public.yen_per_kg
    LANGUAGE sql STABLE
    SET search_path TO ''
    AS $$
    SELECT unit_price.unit_price
      FROM ref.unit_price
     WHERE unit_price.item_id = p_item_id
       AND (unit_price.customer_id = p_customer_id OR unit_price.customer_id IS NULL)
       AND unit_price.valid_during @> p_day
     ORDER BY unit_price.customer_id NULLS LAST
     LIMIT 1;
$$;


--
-- Name: FUNCTION unit_price_at(p_item_id bigint, p_customer_id bigint, p_day date); Type: COMMENT; Schema: ref; Owner: -
--

COMMENT ON FUNCTION ref.unit_price_at(p_item_id bigint, p_customer_id bigint, p_day date) IS '適用単価: 取引先の単価、なければ共通単価';


--
-- Name: guard_deleted_slip(); Type: FUNCTION; Schema: stg; Owner: -
--

CREATE FUNCTION stg.guard_deleted_slip() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
BEGIN
    RAISE EXCEPTION 'slip % is deleted', OLD.slip_no
        USING ERRCODE = 'restrict_violation',
              HINT = 'Restore it first: set deleted_at and deleted_by to NULL.';
END;
$$;


--
-- Name: FUNCTION guard_deleted_slip(); Type: COMMENT; Schema: stg; Owner: -
--

COMMENT ON FUNCTION stg.guard_deleted_slip() IS '取り消した伝票の変更を拒む (SQLSTATE 23001)';


SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: monthly_target; Type: TABLE; Schema: kpi; Owner: -
--

CREATE TABLE kpi.monthly_target (
    site_code text NOT NULL,
    month date NOT NULL,
    category_code text NOT NULL,
    target_kg public.weight_kg NOT NULL,
    target_yen numeric(14,0) DEFAULT 0 NOT NULL,
    set_by bigint,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_monthly_target_month_is_first_day CHECK ((EXTRACT(day FROM month) = (1)::numeric))
);


--
-- Name: TABLE monthly_target; Type: COMMENT; Schema: kpi; Owner: -
--

COMMENT ON TABLE kpi.monthly_target IS '月次目標';


--
-- Name: COLUMN monthly_target.month; Type: COMMENT; Schema: kpi; Owner: -
--

COMMENT ON COLUMN kpi.monthly_target.month IS '月 (1日)';


--
-- Name: COLUMN monthly_target.target_kg; Type: COMMENT; Schema: kpi; Owner: -
--

COMMENT ON COLUMN kpi.monthly_target.target_kg IS '目標受入量 (kg)';


--
-- Name: COLUMN monthly_target.target_yen; Type: COMMENT; Schema: kpi; Owner: -
--

COMMENT ON COLUMN kpi.monthly_target.target_yen IS '目標売上 (円)';


--
-- Name: processing_capacity; Type: TABLE; Schema: kpi; Owner: -
--

CREATE TABLE kpi.processing_capacity (
    site_code text NOT NULL,
    category_code text NOT NULL,
    valid_from date NOT NULL,
    capacity_kg public.weight_kg NOT NULL
);


--
-- Name: TABLE processing_capacity; Type: COMMENT; Schema: kpi; Owner: -
--

COMMENT ON TABLE kpi.processing_capacity IS '処理能力 (許可)';


--
-- Name: COLUMN processing_capacity.capacity_kg; Type: COMMENT; Schema: kpi; Owner: -
--

COMMENT ON COLUMN kpi.processing_capacity.capacity_kg IS '1日あたり処理能力 (kg)';


--
-- Name: weekday_weight; Type: TABLE; Schema: kpi; Owner: -
--

CREATE TABLE kpi.weekday_weight (
    site_code text NOT NULL,
    iso_dow smallint NOT NULL,
    weight numeric(5,3) NOT NULL,
    CONSTRAINT ck_weekday_weight_iso_dow_range CHECK (((iso_dow >= 1) AND (iso_dow <= 7))),
    CONSTRAINT ck_weekday_weight_weight_not_negative CHECK ((weight >= (0)::numeric))
);


--
-- Name: TABLE weekday_weight; Type: COMMENT; Schema: kpi; Owner: -
--

COMMENT ON TABLE kpi.weekday_weight IS '曜日係数';


--
-- Name: COLUMN weekday_weight.iso_dow; Type: COMMENT; Schema: kpi; Owner: -
--

COMMENT ON COLUMN kpi.weekday_weight.iso_dow IS '曜日 (1=月)';


--
-- Name: inventory_daily; Type: TABLE; Schema: mart; Owner: -
--

CREATE TABLE mart.inventory_daily (
    snapshot_date date NOT NULL,
    site_code text NOT NULL,
    item_id bigint NOT NULL,
    opening_kg public.weight_kg NOT NULL,
    received_kg public.weight_kg DEFAULT 0 NOT NULL,
    shipped_kg public.weight_kg DEFAULT 0 NOT NULL,
    closing_kg numeric(12,1) GENERATED ALWAYS AS ((((opening_kg)::numeric + (received_kg)::numeric) - (shipped_kg)::numeric)) STORED NOT NULL,
    CONSTRAINT ck_inventory_daily_closing_not_negative CHECK ((closing_kg >= (0)::numeric))
)
PARTITION BY RANGE (snapshot_date);


--
-- Name: TABLE inventory_daily; Type: COMMENT; Schema: mart; Owner: -
--

COMMENT ON TABLE mart.inventory_daily IS '日次在庫。月ごとのパーティション';


--
-- Name: COLUMN inventory_daily.opening_kg; Type: COMMENT; Schema: mart; Owner: -
--

COMMENT ON COLUMN mart.inventory_daily.opening_kg IS '前日残 (kg)';


--
-- Name: COLUMN inventory_daily.received_kg; Type: COMMENT; Schema: mart; Owner: -
--

COMMENT ON COLUMN mart.inventory_daily.received_kg IS '受入 (kg)';


--
-- Name: COLUMN inventory_daily.shipped_kg; Type: COMMENT; Schema: mart; Owner: -
--

COMMENT ON COLUMN mart.inventory_daily.shipped_kg IS '出荷 (kg)';


--
-- Name: COLUMN inventory_daily.closing_kg; Type: COMMENT; Schema: mart; Owner: -
--

COMMENT ON COLUMN mart.inventory_daily.closing_kg IS '当日残 (kg)';


--
-- Name: inventory_daily_default; Type: TABLE; Schema: mart; Owner: -
--

CREATE TABLE mart.inventory_daily_default (
    snapshot_date date NOT NULL,
    site_code text NOT NULL,
    item_id bigint NOT NULL,
    opening_kg public.weight_kg NOT NULL,
    received_kg public.weight_kg DEFAULT 0 NOT NULL,
    shipped_kg public.weight_kg DEFAULT 0 NOT NULL,
    closing_kg numeric(12,1) GENERATED ALWAYS AS ((((opening_kg)::numeric + (received_kg)::numeric) - (shipped_kg)::numeric)) STORED NOT NULL,
    CONSTRAINT ck_inventory_daily_closing_not_negative CHECK ((closing_kg >= (0)::numeric))
);


--
-- Name: TABLE inventory_daily_default; Type: COMMENT; Schema: mart; Owner: -
--

COMMENT ON TABLE mart.inventory_daily_default IS '月のパーティションがない日';


--
-- Name: inventory_daily_p202504; Type: TABLE; Schema: mart; Owner: -
--

CREATE TABLE mart.inventory_daily_p202504 (
    snapshot_date date NOT NULL,
    site_code text NOT NULL,
    item_id bigint NOT NULL,
    opening_kg public.weight_kg NOT NULL,
    received_kg public.weight_kg DEFAULT 0 NOT NULL,
    shipped_kg public.weight_kg DEFAULT 0 NOT NULL,
    closing_kg numeric(12,1) GENERATED ALWAYS AS ((((opening_kg)::numeric + (received_kg)::numeric) - (shipped_kg)::numeric)) STORED NOT NULL,
    CONSTRAINT ck_inventory_daily_closing_not_negative CHECK ((closing_kg >= (0)::numeric))
);


--
-- Name: inventory_daily_p202505; Type: TABLE; Schema: mart; Owner: -
--

CREATE TABLE mart.inventory_daily_p202505 (
    snapshot_date date NOT NULL,
    site_code text NOT NULL,
    item_id bigint NOT NULL,
    opening_kg public.weight_kg NOT NULL,
    received_kg public.weight_kg DEFAULT 0 NOT NULL,
    shipped_kg public.weight_kg DEFAULT 0 NOT NULL,
    closing_kg numeric(12,1) GENERATED ALWAYS AS ((((opening_kg)::numeric + (received_kg)::numeric) - (shipped_kg)::numeric)) STORED NOT NULL,
    CONSTRAINT ck_inventory_daily_closing_not_negative CHECK ((closing_kg >= (0)::numeric))
);


--
-- Name: inventory_daily_p202506; Type: TABLE; Schema: mart; Owner: -
--

CREATE TABLE mart.inventory_daily_p202506 (
    snapshot_date date NOT NULL,
    site_code text NOT NULL,
    item_id bigint NOT NULL,
    opening_kg public.weight_kg NOT NULL,
    received_kg public.weight_kg DEFAULT 0 NOT NULL,
    shipped_kg public.weight_kg DEFAULT 0 NOT NULL,
    closing_kg numeric(12,1) GENERATED ALWAYS AS ((((opening_kg)::numeric + (received_kg)::numeric) - (shipped_kg)::numeric)) STORED NOT NULL,
    CONSTRAINT ck_inventory_daily_closing_not_negative CHECK ((closing_kg >= (0)::numeric))
);


--
-- Name: inventory_daily_p202507; Type: TABLE; Schema: mart; Owner: -
--

CREATE TABLE mart.inventory_daily_p202507 (
    snapshot_date date NOT NULL,
    site_code text NOT NULL,
    item_id bigint NOT NULL,
    opening_kg public.weight_kg NOT NULL,
    received_kg public.weight_kg DEFAULT 0 NOT NULL,
    shipped_kg public.weight_kg DEFAULT 0 NOT NULL,
    closing_kg numeric(12,1) GENERATED ALWAYS AS ((((opening_kg)::numeric + (received_kg)::numeric) - (shipped_kg)::numeric)) STORED NOT NULL,
    CONSTRAINT ck_inventory_daily_closing_not_negative CHECK ((closing_kg >= (0)::numeric))
);


--
-- Name: inventory_daily_p202508; Type: TABLE; Schema: mart; Owner: -
--

CREATE TABLE mart.inventory_daily_p202508 (
    snapshot_date date NOT NULL,
    site_code text NOT NULL,
    item_id bigint NOT NULL,
    opening_kg public.weight_kg NOT NULL,
    received_kg public.weight_kg DEFAULT 0 NOT NULL,
    shipped_kg public.weight_kg DEFAULT 0 NOT NULL,
    closing_kg numeric(12,1) GENERATED ALWAYS AS ((((opening_kg)::numeric + (received_kg)::numeric) - (shipped_kg)::numeric)) STORED NOT NULL,
    CONSTRAINT ck_inventory_daily_closing_not_negative CHECK ((closing_kg >= (0)::numeric))
);


--
-- Name: inventory_daily_p202509; Type: TABLE; Schema: mart; Owner: -
--

CREATE TABLE mart.inventory_daily_p202509 (
    snapshot_date date NOT NULL,
    site_code text NOT NULL,
    item_id bigint NOT NULL,
    opening_kg public.weight_kg NOT NULL,
    received_kg public.weight_kg DEFAULT 0 NOT NULL,
    shipped_kg public.weight_kg DEFAULT 0 NOT NULL,
    closing_kg numeric(12,1) GENERATED ALWAYS AS ((((opening_kg)::numeric + (received_kg)::numeric) - (shipped_kg)::numeric)) STORED NOT NULL,
    CONSTRAINT ck_inventory_daily_closing_not_negative CHECK ((closing_kg >= (0)::numeric))
);


--
-- Name: inventory_daily_p202510; Type: TABLE; Schema: mart; Owner: -
--

CREATE TABLE mart.inventory_daily_p202510 (
    snapshot_date date NOT NULL,
    site_code text NOT NULL,
    item_id bigint NOT NULL,
    opening_kg public.weight_kg NOT NULL,
    received_kg public.weight_kg DEFAULT 0 NOT NULL,
    shipped_kg public.weight_kg DEFAULT 0 NOT NULL,
    closing_kg numeric(12,1) GENERATED ALWAYS AS ((((opening_kg)::numeric + (received_kg)::numeric) - (shipped_kg)::numeric)) STORED NOT NULL,
    CONSTRAINT ck_inventory_daily_closing_not_negative CHECK ((closing_kg >= (0)::numeric))
);


--
-- Name: inventory_daily_p202511; Type: TABLE; Schema: mart; Owner: -
--

CREATE TABLE mart.inventory_daily_p202511 (
    snapshot_date date NOT NULL,
    site_code text NOT NULL,
    item_id bigint NOT NULL,
    opening_kg public.weight_kg NOT NULL,
    received_kg public.weight_kg DEFAULT 0 NOT NULL,
    shipped_kg public.weight_kg DEFAULT 0 NOT NULL,
    closing_kg numeric(12,1) GENERATED ALWAYS AS ((((opening_kg)::numeric + (received_kg)::numeric) - (shipped_kg)::numeric)) STORED NOT NULL,
    CONSTRAINT ck_inventory_daily_closing_not_negative CHECK ((closing_kg >= (0)::numeric))
);


--
-- Name: inventory_daily_p202512; Type: TABLE; Schema: mart; Owner: -
--

CREATE TABLE mart.inventory_daily_p202512 (
    snapshot_date date NOT NULL,
    site_code text NOT NULL,
    item_id bigint NOT NULL,
    opening_kg public.weight_kg NOT NULL,
    received_kg public.weight_kg DEFAULT 0 NOT NULL,
    shipped_kg public.weight_kg DEFAULT 0 NOT NULL,
    closing_kg numeric(12,1) GENERATED ALWAYS AS ((((opening_kg)::numeric + (received_kg)::numeric) - (shipped_kg)::numeric)) STORED NOT NULL,
    CONSTRAINT ck_inventory_daily_closing_not_negative CHECK ((closing_kg >= (0)::numeric))
);


--
-- Name: inventory_daily_p202601; Type: TABLE; Schema: mart; Owner: -
--

CREATE TABLE mart.inventory_daily_p202601 (
    snapshot_date date NOT NULL,
    site_code text NOT NULL,
    item_id bigint NOT NULL,
    opening_kg public.weight_kg NOT NULL,
    received_kg public.weight_kg DEFAULT 0 NOT NULL,
    shipped_kg public.weight_kg DEFAULT 0 NOT NULL,
    closing_kg numeric(12,1) GENERATED ALWAYS AS ((((opening_kg)::numeric + (received_kg)::numeric) - (shipped_kg)::numeric)) STORED NOT NULL,
    CONSTRAINT ck_inventory_daily_closing_not_negative CHECK ((closing_kg >= (0)::numeric))
);


--
-- Name: inventory_daily_p202602; Type: TABLE; Schema: mart; Owner: -
--

CREATE TABLE mart.inventory_daily_p202602 (
    snapshot_date date NOT NULL,
    site_code text NOT NULL,
    item_id bigint NOT NULL,
    opening_kg public.weight_kg NOT NULL,
    received_kg public.weight_kg DEFAULT 0 NOT NULL,
    shipped_kg public.weight_kg DEFAULT 0 NOT NULL,
    closing_kg numeric(12,1) GENERATED ALWAYS AS ((((opening_kg)::numeric + (received_kg)::numeric) - (shipped_kg)::numeric)) STORED NOT NULL,
    CONSTRAINT ck_inventory_daily_closing_not_negative CHECK ((closing_kg >= (0)::numeric))
);


--
-- Name: inventory_daily_p202603; Type: TABLE; Schema: mart; Owner: -
--

CREATE TABLE mart.inventory_daily_p202603 (
    snapshot_date date NOT NULL,
    site_code text NOT NULL,
    item_id bigint NOT NULL,
    opening_kg public.weight_kg NOT NULL,
    received_kg public.weight_kg DEFAULT 0 NOT NULL,
    shipped_kg public.weight_kg DEFAULT 0 NOT NULL,
    closing_kg numeric(12,1) GENERATED ALWAYS AS ((((opening_kg)::numeric + (received_kg)::numeric) - (shipped_kg)::numeric)) STORED NOT NULL,
    CONSTRAINT ck_inventory_daily_closing_not_negative CHECK ((closing_kg >= (0)::numeric))
);


--
-- Name: monthly_close; Type: TABLE; Schema: mart; Owner: -
--

CREATE TABLE mart.monthly_close (
    site_code text NOT NULL,
    month date NOT NULL,
    category_code text NOT NULL,
    received_kg public.weight_kg NOT NULL,
    amount_yen numeric(14,0) NOT NULL,
    closed_by bigint NOT NULL,
    closed_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_monthly_close_month_is_first_day CHECK ((EXTRACT(day FROM month) = (1)::numeric))
);


--
-- Name: TABLE monthly_close; Type: COMMENT; Schema: mart; Owner: -
--

COMMENT ON TABLE mart.monthly_close IS '月次締め';


--
-- Name: customer; Type: TABLE; Schema: ref; Owner: -
--

CREATE TABLE ref.customer (
    customer_id bigint NOT NULL,
    customer_code text NOT NULL,
    customer_name text NOT NULL,
    customer_kana text,
    prefecture text,
    closing_day smallint DEFAULT '99'::smallint NOT NULL,
    is_active boolean DEFAULT true NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_customer_closing_day CHECK ((((closing_day >= 1) AND (closing_day <= 28)) OR (closing_day = 99)))
);


--
-- Name: TABLE customer; Type: COMMENT; Schema: ref; Owner: -
--

COMMENT ON TABLE ref.customer IS '取引先 (排出事業者)';


--
-- Name: COLUMN customer.customer_code; Type: COMMENT; Schema: ref; Owner: -
--

COMMENT ON COLUMN ref.customer.customer_code IS '業者CD';


--
-- Name: COLUMN customer.customer_name; Type: COMMENT; Schema: ref; Owner: -
--

COMMENT ON COLUMN ref.customer.customer_name IS '業者名';


--
-- Name: COLUMN customer.customer_kana; Type: COMMENT; Schema: ref; Owner: -
--

COMMENT ON COLUMN ref.customer.customer_kana IS 'フリガナ';


--
-- Name: COLUMN customer.prefecture; Type: COMMENT; Schema: ref; Owner: -
--

COMMENT ON COLUMN ref.customer.prefecture IS '都道府県';


--
-- Name: COLUMN customer.closing_day; Type: COMMENT; Schema: ref; Owner: -
--

COMMENT ON COLUMN ref.customer.closing_day IS '締日 (99は月末)';


--
-- Name: item; Type: TABLE; Schema: ref; Owner: -
--

CREATE TABLE ref.item (
    item_id bigint NOT NULL,
    item_code text NOT NULL,
    item_name text NOT NULL,
    category_code text NOT NULL,
    waste_class text DEFAULT 'industrial'::text NOT NULL,
    kg_per_m3 integer,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_item_waste_class_known CHECK ((waste_class = ANY (ARRAY['industrial'::text, 'special'::text, 'general'::text, 'valuable'::text])))
);


--
-- Name: TABLE item; Type: COMMENT; Schema: ref; Owner: -
--

COMMENT ON TABLE ref.item IS '品名';


--
-- Name: COLUMN item.item_code; Type: COMMENT; Schema: ref; Owner: -
--

COMMENT ON COLUMN ref.item.item_code IS '品名CD';


--
-- Name: COLUMN item.item_name; Type: COMMENT; Schema: ref; Owner: -
--

COMMENT ON COLUMN ref.item.item_name IS '品名';


--
-- Name: COLUMN item.waste_class; Type: COMMENT; Schema: ref; Owner: -
--

COMMENT ON COLUMN ref.item.waste_class IS '廃棄物区分';


--
-- Name: COLUMN item.kg_per_m3; Type: COMMENT; Schema: ref; Owner: -
--

COMMENT ON COLUMN ref.item.kg_per_m3 IS '換算係数 (kg/m3)';


--
-- Name: receive_slip; Type: TABLE; Schema: stg; Owner: -
--

CREATE TABLE stg.receive_slip (
    slip_id bigint NOT NULL,
    upload_id bigint NOT NULL,
    row_number integer NOT NULL,
    site_code text NOT NULL,
    slip_no text NOT NULL,
    slip_date date NOT NULL,
    slip_month date GENERATED ALWAYS AS ((date_trunc('month'::text, (slip_date)::timestamp without time zone))::date) STORED NOT NULL,
    item_id bigint NOT NULL,
    customer_id bigint NOT NULL,
    collector_id bigint NOT NULL,
    vehicle_id bigint,
    gross_kg public.weight_kg NOT NULL,
    tare_kg public.weight_kg NOT NULL,
    net_kg numeric(12,1) GENERATED ALWAYS AS (((gross_kg)::numeric - (tare_kg)::numeric)) STORED NOT NULL,
    unit_price public.yen_per_kg NOT NULL,
    amount_yen numeric(14,0) GENERATED ALWAYS AS (round((((gross_kg)::numeric - (tare_kg)::numeric) * (unit_price)::numeric), 0)) STORED NOT NULL,
    deleted_at timestamp with time zone,
    deleted_by bigint,
    is_deleted boolean GENERATED ALWAYS AS ((deleted_at IS NOT NULL)) STORED NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_receive_slip_deletion_signed CHECK (((deleted_at IS NULL) = (deleted_by IS NULL))),
    CONSTRAINT ck_receive_slip_gross_covers_tare CHECK (((gross_kg)::numeric >= (tare_kg)::numeric))
);


--
-- Name: TABLE receive_slip; Type: COMMENT; Schema: stg; Owner: -
--

COMMENT ON TABLE stg.receive_slip IS '受入伝票';


--
-- Name: COLUMN receive_slip.slip_no; Type: COMMENT; Schema: stg; Owner: -
--

COMMENT ON COLUMN stg.receive_slip.slip_no IS '伝票番号';


--
-- Name: COLUMN receive_slip.slip_date; Type: COMMENT; Schema: stg; Owner: -
--

COMMENT ON COLUMN stg.receive_slip.slip_date IS '伝票日付';


--
-- Name: COLUMN receive_slip.slip_month; Type: COMMENT; Schema: stg; Owner: -
--

COMMENT ON COLUMN stg.receive_slip.slip_month IS '伝票月 (1日)';


--
-- Name: COLUMN receive_slip.gross_kg; Type: COMMENT; Schema: stg; Owner: -
--

COMMENT ON COLUMN stg.receive_slip.gross_kg IS '総重量 (kg)';


--
-- Name: COLUMN receive_slip.tare_kg; Type: COMMENT; Schema: stg; Owner: -
--

COMMENT ON COLUMN stg.receive_slip.tare_kg IS '空車重量 (kg)';


--
-- Name: COLUMN receive_slip.net_kg; Type: COMMENT; Schema: stg; Owner: -
--

COMMENT ON COLUMN stg.receive_slip.net_kg IS '正味重量 (kg)';


--
-- Name: COLUMN receive_slip.unit_price; Type: COMMENT; Schema: stg; Owner: -
--

COMMENT ON COLUMN stg.receive_slip.unit_price IS '処分単価 (円/kg)';


--
-- Name: COLUMN receive_slip.amount_yen; Type: COMMENT; Schema: stg; Owner: -
--

COMMENT ON COLUMN stg.receive_slip.amount_yen IS '金額 (円、税抜)';


--
-- Name: COLUMN receive_slip.deleted_at; Type: COMMENT; Schema: stg; Owner: -
--

COMMENT ON COLUMN stg.receive_slip.deleted_at IS '削除日時';


--
-- Name: COLUMN receive_slip.deleted_by; Type: COMMENT; Schema: stg; Owner: -
--

COMMENT ON COLUMN stg.receive_slip.deleted_by IS '削除者';


--
-- Name: v_active_receive; Type: VIEW; Schema: mart; Owner: -
--

CREATE VIEW mart.v_active_receive AS
 SELECT slip.slip_id,
    slip.site_code,
    slip.slip_no,
    slip.slip_date,
    slip.slip_month,
    slip.customer_id,
    customer.customer_code,
    customer.customer_name,
    slip.collector_id,
    slip.vehicle_id,
    slip.item_id,
    item.item_name,
    item.category_code,
    slip.net_kg,
    slip.unit_price,
    slip.amount_yen
   FROM ((stg.receive_slip slip
     JOIN ref.customer ON ((customer.customer_id = slip.customer_id)))
     JOIN ref.item ON ((item.item_id = slip.item_id)))
  WHERE (slip.deleted_at IS NULL);


--
-- Name: VIEW v_active_receive; Type: COMMENT; Schema: mart; Owner: -
--

COMMENT ON VIEW mart.v_active_receive IS '有効な受入伝票';


--
-- Name: mv_receive_daily; Type: MATERIALIZED VIEW; Schema: mart; Owner: -
--

CREATE MATERIALIZED VIEW mart.mv_receive_daily AS
 SELECT slip_date,
    site_code,
    category_code,
    count(*) AS slip_count,
    count(DISTINCT customer_id) AS customer_count,
    sum(net_kg) AS net_kg,
    sum(amount_yen) AS amount_yen
   FROM mart.v_active_receive
  GROUP BY slip_date, site_code, category_code
  WITH NO DATA;


--
-- Name: MATERIALIZED VIEW mv_receive_daily; Type: COMMENT; Schema: mart; Owner: -
--

COMMENT ON MATERIALIZED VIEW mart.mv_receive_daily IS '日次受入 (拠点・品目区分別)';


--
-- Name: vendor; Type: TABLE; Schema: ref; Owner: -
--

CREATE TABLE ref.vendor (
    vendor_id bigint NOT NULL,
    vendor_code text NOT NULL,
    vendor_name text NOT NULL,
    is_final_disposal boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);


--
-- Name: TABLE vendor; Type: COMMENT; Schema: ref; Owner: -
--

COMMENT ON TABLE ref.vendor IS '出荷先 (売却先・最終処分先)';


--
-- Name: COLUMN vendor.vendor_code; Type: COMMENT; Schema: ref; Owner: -
--

COMMENT ON COLUMN ref.vendor.vendor_code IS '出荷先CD';


--
-- Name: COLUMN vendor.vendor_name; Type: COMMENT; Schema: ref; Owner: -
--

COMMENT ON COLUMN ref.vendor.vendor_name IS '出荷先名';


--
-- Name: COLUMN vendor.is_final_disposal; Type: COMMENT; Schema: ref; Owner: -
--

COMMENT ON COLUMN ref.vendor.is_final_disposal IS '最終処分場';


--
-- Name: shipment_slip; Type: TABLE; Schema: stg; Owner: -
--

CREATE TABLE stg.shipment_slip (
    slip_id bigint NOT NULL,
    upload_id bigint NOT NULL,
    row_number integer NOT NULL,
    site_code text NOT NULL,
    slip_no text NOT NULL,
    slip_date date NOT NULL,
    slip_month date GENERATED ALWAYS AS ((date_trunc('month'::text, (slip_date)::timestamp without time zone))::date) STORED NOT NULL,
    item_id bigint NOT NULL,
    vendor_id bigint NOT NULL,
    net_kg public.weight_kg NOT NULL,
    unit_price public.yen_per_kg NOT NULL,
    amount_yen numeric(14,0) GENERATED ALWAYS AS (round(((net_kg)::numeric * (unit_price)::numeric), 0)) STORED NOT NULL,
    deleted_at timestamp with time zone,
    deleted_by bigint,
    is_deleted boolean GENERATED ALWAYS AS ((deleted_at IS NOT NULL)) STORED NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_shipment_slip_deletion_signed CHECK (((deleted_at IS NULL) = (deleted_by IS NULL)))
);


--
-- Name: TABLE shipment_slip; Type: COMMENT; Schema: stg; Owner: -
--

COMMENT ON TABLE stg.shipment_slip IS '出荷伝票';


--
-- Name: COLUMN shipment_slip.slip_no; Type: COMMENT; Schema: stg; Owner: -
--

COMMENT ON COLUMN stg.shipment_slip.slip_no IS '伝票番号';


--
-- Name: COLUMN shipment_slip.slip_date; Type: COMMENT; Schema: stg; Owner: -
--

COMMENT ON COLUMN stg.shipment_slip.slip_date IS '伝票日付';


--
-- Name: COLUMN shipment_slip.slip_month; Type: COMMENT; Schema: stg; Owner: -
--

COMMENT ON COLUMN stg.shipment_slip.slip_month IS '伝票月 (1日)';


--
-- Name: COLUMN shipment_slip.net_kg; Type: COMMENT; Schema: stg; Owner: -
--

COMMENT ON COLUMN stg.shipment_slip.net_kg IS '正味重量 (kg)';


--
-- Name: COLUMN shipment_slip.unit_price; Type: COMMENT; Schema: stg; Owner: -
--

COMMENT ON COLUMN stg.shipment_slip.unit_price IS '売却単価 (円/kg)、処分費は負';


--
-- Name: COLUMN shipment_slip.amount_yen; Type: COMMENT; Schema: stg; Owner: -
--

COMMENT ON COLUMN stg.shipment_slip.amount_yen IS '金額 (円、税抜)';


--
-- Name: COLUMN shipment_slip.deleted_at; Type: COMMENT; Schema: stg; Owner: -
--

COMMENT ON COLUMN stg.shipment_slip.deleted_at IS '削除日時';


--
-- Name: COLUMN shipment_slip.deleted_by; Type: COMMENT; Schema: stg; Owner: -
--

COMMENT ON COLUMN stg.shipment_slip.deleted_by IS '削除者';


--
-- Name: v_active_shipment; Type: VIEW; Schema: mart; Owner: -
--

CREATE VIEW mart.v_active_shipment AS
 SELECT slip.slip_id,
    slip.site_code,
    slip.slip_no,
    slip.slip_date,
    slip.slip_month,
    slip.vendor_id,
    vendor.vendor_name,
    vendor.is_final_disposal,
    slip.item_id,
    item.item_name,
    item.category_code,
    (slip.net_kg)::numeric AS net_kg,
    slip.unit_price,
    slip.amount_yen
   FROM ((stg.shipment_slip slip
     JOIN ref.vendor ON ((vendor.vendor_id = slip.vendor_id)))
     JOIN ref.item ON ((item.item_id = slip.item_id)))
  WHERE (slip.deleted_at IS NULL);


--
-- Name: VIEW v_active_shipment; Type: COMMENT; Schema: mart; Owner: -
--

COMMENT ON VIEW mart.v_active_shipment IS '有効な出荷伝票';


--
-- Name: mv_shipment_daily; Type: MATERIALIZED VIEW; Schema: mart; Owner: -
--

CREATE MATERIALIZED VIEW mart.mv_shipment_daily AS
 SELECT slip_date,
    site_code,
    category_code,
    count(*) AS slip_count,
    sum(net_kg) AS net_kg,
    sum(amount_yen) AS amount_yen,
    COALESCE(sum(net_kg) FILTER (WHERE is_final_disposal), (0)::numeric) AS final_disposal_kg
   FROM mart.v_active_shipment
  GROUP BY slip_date, site_code, category_code
  WITH NO DATA;


--
-- Name: MATERIALIZED VIEW mv_shipment_daily; Type: COMMENT; Schema: mart; Owner: -
--

COMMENT ON MATERIALIZED VIEW mart.mv_shipment_daily IS '日次出荷 (拠点・品目区分別)';


--
-- Name: mv_balance_daily; Type: MATERIALIZED VIEW; Schema: mart; Owner: -
--

CREATE MATERIALIZED VIEW mart.mv_balance_daily AS
 SELECT slip_date,
    site_code,
    category_code,
    COALESCE(receive.net_kg, (0)::numeric) AS received_kg,
    COALESCE(shipment.net_kg, (0)::numeric) AS shipped_kg,
    (COALESCE(receive.net_kg, (0)::numeric) - COALESCE(shipment.net_kg, (0)::numeric)) AS change_kg,
    (COALESCE(receive.amount_yen, (0)::numeric) + COALESCE(shipment.amount_yen, (0)::numeric)) AS amount_yen
   FROM (mart.mv_receive_daily receive
     FULL JOIN mart.mv_shipment_daily shipment USING (slip_date, site_code, category_code))
  WITH NO DATA;


--
-- Name: MATERIALIZED VIEW mv_balance_daily; Type: COMMENT; Schema: mart; Owner: -
--

COMMENT ON MATERIALIZED VIEW mart.mv_balance_daily IS '日次収支 (受入と出荷)';


--
-- Name: v_balance_month; Type: VIEW; Schema: mart; Owner: -
--

CREATE VIEW mart.v_balance_month AS
 SELECT (date_trunc('month'::text, (slip_date)::timestamp without time zone))::date AS month,
    site_code,
    category_code,
    sum(received_kg) AS received_kg,
    sum(shipped_kg) AS shipped_kg,
    sum(change_kg) AS change_kg,
    sum(amount_yen) AS amount_yen
   FROM mart.mv_balance_daily
  GROUP BY ((date_trunc('month'::text, (slip_date)::timestamp without time zone))::date), site_code, category_code;


--
-- Name: VIEW v_balance_month; Type: COMMENT; Schema: mart; Owner: -
--

COMMENT ON VIEW mart.v_balance_month IS '月次収支';


--
-- Name: mv_balance_running; Type: MATERIALIZED VIEW; Schema: mart; Owner: -
--

CREATE MATERIALIZED VIEW mart.mv_balance_running AS
 SELECT month,
    site_code,
    category_code,
    received_kg,
    shipped_kg,
    amount_yen,
    sum(change_kg) OVER (PARTITION BY site_code, category_code ORDER BY month) AS stock_kg
   FROM mart.v_balance_month
  WITH NO DATA;


--
-- Name: MATERIALIZED VIEW mv_balance_running; Type: COMMENT; Schema: mart; Owner: -
--

COMMENT ON MATERIALIZED VIEW mart.mv_balance_running IS '月次収支と在庫残の推移';


--
-- Name: calendar_day; Type: TABLE; Schema: ref; Owner: -
--

CREATE TABLE ref.calendar_day (
    day date NOT NULL,
    iso_dow smallint GENERATED ALWAYS AS ((EXTRACT(isodow FROM day))::smallint) STORED NOT NULL,
    iso_year smallint GENERATED ALWAYS AS ((EXTRACT(isoyear FROM day))::smallint) STORED NOT NULL,
    iso_week smallint GENERATED ALWAYS AS ((EXTRACT(week FROM day))::smallint) STORED NOT NULL,
    fiscal_year smallint GENERATED ALWAYS AS ((EXTRACT(year FROM (day - '3 mons'::interval)))::smallint) STORED NOT NULL
);


--
-- Name: TABLE calendar_day; Type: COMMENT; Schema: ref; Owner: -
--

COMMENT ON TABLE ref.calendar_day IS 'カレンダー';


--
-- Name: COLUMN calendar_day.iso_dow; Type: COMMENT; Schema: ref; Owner: -
--

COMMENT ON COLUMN ref.calendar_day.iso_dow IS '曜日 (1=月)';


--
-- Name: COLUMN calendar_day.fiscal_year; Type: COMMENT; Schema: ref; Owner: -
--

COMMENT ON COLUMN ref.calendar_day.fiscal_year IS '年度 (4月始まり)';


--
-- Name: holiday; Type: TABLE; Schema: ref; Owner: -
--

CREATE TABLE ref.holiday (
    holiday_date date NOT NULL,
    holiday_name text NOT NULL
);


--
-- Name: TABLE holiday; Type: COMMENT; Schema: ref; Owner: -
--

COMMENT ON TABLE ref.holiday IS '祝日';


--
-- Name: COLUMN holiday.holiday_name; Type: COMMENT; Schema: ref; Owner: -
--

COMMENT ON COLUMN ref.holiday.holiday_name IS '祝日名';


--
-- Name: v_calendar; Type: VIEW; Schema: mart; Owner: -
--

CREATE VIEW mart.v_calendar AS
 SELECT calendar_day.day,
    calendar_day.iso_dow,
    calendar_day.iso_year,
    calendar_day.iso_week,
    (date_trunc('month'::text, (calendar_day.day)::timestamp without time zone))::date AS month,
    calendar_day.fiscal_year,
    holiday.holiday_name,
    (calendar_day.iso_dow = 7) AS is_sunday,
    (holiday.holiday_date IS NOT NULL) AS is_holiday
   FROM (ref.calendar_day
     LEFT JOIN ref.holiday ON ((holiday.holiday_date = calendar_day.day)));


--
-- Name: VIEW v_calendar; Type: COMMENT; Schema: mart; Owner: -
--

COMMENT ON VIEW mart.v_calendar IS '祝日つきカレンダー';


--
-- Name: closure; Type: TABLE; Schema: ref; Owner: -
--

CREATE TABLE ref.closure (
    closure_id bigint NOT NULL,
    site_code text NOT NULL,
    period daterange NOT NULL,
    reason text NOT NULL,
    CONSTRAINT ck_closure_period_not_empty CHECK ((NOT isempty(period)))
);


--
-- Name: TABLE closure; Type: COMMENT; Schema: ref; Owner: -
--

COMMENT ON TABLE ref.closure IS '休業期間。同じ拠点で重ならない';


--
-- Name: COLUMN closure.period; Type: COMMENT; Schema: ref; Owner: -
--

COMMENT ON COLUMN ref.closure.period IS '休業期間';


--
-- Name: COLUMN closure.reason; Type: COMMENT; Schema: ref; Owner: -
--

COMMENT ON COLUMN ref.closure.reason IS '理由';


--
-- Name: site; Type: TABLE; Schema: ref; Owner: -
--

CREATE TABLE ref.site (
    site_code text NOT NULL,
    site_name text NOT NULL,
    prefecture text NOT NULL,
    works_on_holidays boolean DEFAULT true NOT NULL,
    opened_on date NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_site_site_code_form CHECK ((site_code ~ '^[A-Z]{2}[0-9]{2}$'::text))
);


--
-- Name: TABLE site; Type: COMMENT; Schema: ref; Owner: -
--

COMMENT ON TABLE ref.site IS '拠点';


--
-- Name: COLUMN site.site_code; Type: COMMENT; Schema: ref; Owner: -
--

COMMENT ON COLUMN ref.site.site_code IS '拠点CD';


--
-- Name: COLUMN site.site_name; Type: COMMENT; Schema: ref; Owner: -
--

COMMENT ON COLUMN ref.site.site_name IS '拠点名';


--
-- Name: COLUMN site.prefecture; Type: COMMENT; Schema: ref; Owner: -
--

COMMENT ON COLUMN ref.site.prefecture IS '都道府県';


--
-- Name: COLUMN site.works_on_holidays; Type: COMMENT; Schema: ref; Owner: -
--

COMMENT ON COLUMN ref.site.works_on_holidays IS '祝日営業';


--
-- Name: COLUMN site.opened_on; Type: COMMENT; Schema: ref; Owner: -
--

COMMENT ON COLUMN ref.site.opened_on IS '開設日';


--
-- Name: mv_business_calendar; Type: MATERIALIZED VIEW; Schema: mart; Owner: -
--

CREATE MATERIALIZED VIEW mart.mv_business_calendar AS
 SELECT site.site_code,
    calendar.day,
    calendar.month,
    calendar.iso_year,
    calendar.iso_week,
    calendar.iso_dow,
    calendar.fiscal_year,
    calendar.holiday_name,
    closure.reason AS closure_reason,
    ((calendar.iso_dow < 7) AND (closure.closure_id IS NULL) AND (site.works_on_holidays OR (NOT calendar.is_holiday))) AS is_business_day
   FROM ((mart.v_calendar calendar
     CROSS JOIN ref.site)
     LEFT JOIN ref.closure ON (((closure.site_code = site.site_code) AND (closure.period @> calendar.day))))
  WITH NO DATA;


--
-- Name: MATERIALIZED VIEW mv_business_calendar; Type: COMMENT; Schema: mart; Owner: -
--

COMMENT ON MATERIALIZED VIEW mart.mv_business_calendar IS '拠点別 営業日カレンダー';


--
-- Name: v_customer_receive_monthly; Type: VIEW; Schema: mart; Owner: -
--

CREATE VIEW mart.v_customer_receive_monthly AS
 SELECT slip_month AS month,
    site_code,
    customer_id,
    customer_code,
    customer_name,
    count(*) AS slip_count,
    sum(net_kg) AS net_kg,
    sum(amount_yen) AS amount_yen
   FROM mart.v_active_receive
  GROUP BY slip_month, site_code, customer_id, customer_code, customer_name;


--
-- Name: VIEW v_customer_receive_monthly; Type: COMMENT; Schema: mart; Owner: -
--

COMMENT ON VIEW mart.v_customer_receive_monthly IS '取引先別 月次受入';


--
-- Name: mv_customer_ranking; Type: MATERIALIZED VIEW; Schema: mart; Owner: -
--

CREATE MATERIALIZED VIEW mart.mv_customer_ranking AS
 SELECT month,
    site_code,
    customer_code,
    customer_name,
    slip_count,
    net_kg,
    amount_yen,
    rank() OVER (PARTITION BY month, site_code ORDER BY amount_yen DESC) AS amount_rank,
    round((((100)::numeric * amount_yen) / NULLIF(sum(amount_yen) OVER (PARTITION BY month, site_code), (0)::numeric)), 2) AS amount_percent
   FROM mart.v_customer_receive_monthly
  WITH NO DATA;


--
-- Name: MATERIALIZED VIEW mv_customer_ranking; Type: COMMENT; Schema: mart; Owner: -
--

COMMENT ON MATERIALIZED VIEW mart.mv_customer_ranking IS '取引先ランキング (月・拠点別)';


--
-- Name: mv_receive_monthly; Type: MATERIALIZED VIEW; Schema: mart; Owner: -
--

CREATE MATERIALIZED VIEW mart.mv_receive_monthly AS
 SELECT (date_trunc('month'::text, (slip_date)::timestamp without time zone))::date AS month,
    site_code,
    category_code,
    count(*) AS working_days,
    sum(slip_count) AS slip_count,
    sum(net_kg) AS net_kg,
    sum(amount_yen) AS amount_yen
   FROM mart.mv_receive_daily
  GROUP BY ((date_trunc('month'::text, (slip_date)::timestamp without time zone))::date), site_code, category_code
  WITH NO DATA;


--
-- Name: MATERIALIZED VIEW mv_receive_monthly; Type: COMMENT; Schema: mart; Owner: -
--

COMMENT ON MATERIALIZED VIEW mart.mv_receive_monthly IS '月次受入';


--
-- Name: mv_receive_weekly; Type: MATERIALIZED VIEW; Schema: mart; Owner: -
--

CREATE MATERIALIZED VIEW mart.mv_receive_weekly AS
 SELECT calendar.iso_year,
    calendar.iso_week,
    min(calendar.day) AS first_day,
    daily.site_code,
    daily.category_code,
    sum(daily.slip_count) AS slip_count,
    sum(daily.net_kg) AS net_kg,
    sum(daily.amount_yen) AS amount_yen
   FROM (mart.mv_receive_daily daily
     JOIN ref.calendar_day calendar ON ((calendar.day = daily.slip_date)))
  GROUP BY calendar.iso_year, calendar.iso_week, daily.site_code, daily.category_code
  WITH NO DATA;


--
-- Name: MATERIALIZED VIEW mv_receive_weekly; Type: COMMENT; Schema: mart; Owner: -
--

COMMENT ON MATERIALIZED VIEW mart.mv_receive_weekly IS '週次受入 (ISO週)';


--
-- Name: mv_target_daily; Type: MATERIALIZED VIEW; Schema: mart; Owner: -
--

CREATE MATERIALIZED VIEW mart.mv_target_daily AS
 SELECT calendar.day,
    calendar.site_code,
    target.category_code,
    round((((target.target_kg)::numeric * weekday.weight) / sum(weekday.weight) OVER (PARTITION BY calendar.site_code, calendar.month, target.category_code)), 1) AS target_kg,
    round(((target.target_yen * weekday.weight) / sum(weekday.weight) OVER (PARTITION BY calendar.site_code, calendar.month, target.category_code))) AS target_yen
   FROM ((mart.mv_business_calendar calendar
     JOIN kpi.monthly_target target ON (((target.site_code = calendar.site_code) AND (target.month = calendar.month))))
     JOIN kpi.weekday_weight weekday ON (((weekday.site_code = calendar.site_code) AND (weekday.iso_dow = calendar.iso_dow))))
  WHERE (calendar.is_business_day AND (weekday.weight > (0)::numeric))
  WITH NO DATA;


--
-- Name: MATERIALIZED VIEW mv_target_daily; Type: COMMENT; Schema: mart; Owner: -
--

COMMENT ON MATERIALIZED VIEW mart.mv_target_daily IS '日次目標 (月次目標を営業日へ割振)';


--
-- Name: v_receive_day_total; Type: VIEW; Schema: mart; Owner: -
--

CREATE VIEW mart.v_receive_day_total AS
 SELECT slip_date AS day,
    site_code,
    sum(slip_count) AS slip_count,
    sum(net_kg) AS net_kg,
    sum(amount_yen) AS amount_yen
   FROM mart.mv_receive_daily
  GROUP BY slip_date, site_code;


--
-- Name: VIEW v_receive_day_total; Type: COMMENT; Schema: mart; Owner: -
--

COMMENT ON VIEW mart.v_receive_day_total IS '日次受入の拠点計';


--
-- Name: v_target_day_total; Type: VIEW; Schema: mart; Owner: -
--

CREATE VIEW mart.v_target_day_total AS
 SELECT day,
    site_code,
    sum(target_kg) AS target_kg,
    sum(target_yen) AS target_yen
   FROM mart.mv_target_daily
  GROUP BY day, site_code;


--
-- Name: VIEW v_target_day_total; Type: COMMENT; Schema: mart; Owner: -
--

COMMENT ON VIEW mart.v_target_day_total IS '日次目標の拠点計';


--
-- Name: mv_target_card_per_day; Type: MATERIALIZED VIEW; Schema: mart; Owner: -
--

CREATE MATERIALIZED VIEW mart.mv_target_card_per_day AS
 SELECT calendar.day,
    calendar.site_code,
    calendar.is_business_day,
    COALESCE(target.target_kg, (0)::numeric) AS day_target_kg,
    COALESCE(actual.net_kg, (0)::numeric) AS day_actual_kg,
    sum(COALESCE(target.target_kg, (0)::numeric)) OVER week AS week_target_kg,
    sum(COALESCE(actual.net_kg, (0)::numeric)) OVER week AS week_actual_kg,
    sum(COALESCE(target.target_kg, (0)::numeric)) OVER month AS month_target_kg,
    sum(COALESCE(actual.net_kg, (0)::numeric)) OVER month AS month_actual_kg,
    round((((100)::numeric * sum(COALESCE(actual.net_kg, (0)::numeric)) OVER month) / NULLIF(sum(COALESCE(target.target_kg, (0)::numeric)) OVER month, (0)::numeric)), 1) AS month_percent
   FROM ((mart.mv_business_calendar calendar
     LEFT JOIN mart.v_target_day_total target ON (((target.day = calendar.day) AND (target.site_code = calendar.site_code))))
     LEFT JOIN mart.v_receive_day_total actual ON (((actual.day = calendar.day) AND (actual.site_code = calendar.site_code))))
  WINDOW week AS (PARTITION BY calendar.site_code, calendar.iso_year, calendar.iso_week ORDER BY calendar.day), month AS (PARTITION BY calendar.site_code, calendar.month ORDER BY calendar.day)
  WITH NO DATA;


--
-- Name: MATERIALIZED VIEW mv_target_card_per_day; Type: COMMENT; Schema: mart; Owner: -
--

COMMENT ON MATERIALIZED VIEW mart.mv_target_card_per_day IS '目標カード: 日・週累計・月累計の目標と実績 (kg)';


--
-- Name: yard_slip; Type: TABLE; Schema: stg; Owner: -
--

CREATE TABLE stg.yard_slip (
    slip_id bigint NOT NULL,
    upload_id bigint NOT NULL,
    row_number integer NOT NULL,
    site_code text NOT NULL,
    slip_no text NOT NULL,
    slip_date date NOT NULL,
    slip_month date GENERATED ALWAYS AS ((date_trunc('month'::text, (slip_date)::timestamp without time zone))::date) STORED NOT NULL,
    item_id bigint NOT NULL,
    process_code text NOT NULL,
    net_kg public.weight_kg NOT NULL,
    operator_name text,
    deleted_at timestamp with time zone,
    deleted_by bigint,
    is_deleted boolean GENERATED ALWAYS AS ((deleted_at IS NOT NULL)) STORED NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_yard_slip_deletion_signed CHECK (((deleted_at IS NULL) = (deleted_by IS NULL))),
    CONSTRAINT ck_yard_slip_process_code_known CHECK ((process_code = ANY (ARRAY['sort'::text, 'crush'::text, 'press'::text, 'bale'::text])))
);


--
-- Name: TABLE yard_slip; Type: COMMENT; Schema: stg; Owner: -
--

COMMENT ON TABLE stg.yard_slip IS 'ヤード伝票';


--
-- Name: COLUMN yard_slip.slip_no; Type: COMMENT; Schema: stg; Owner: -
--

COMMENT ON COLUMN stg.yard_slip.slip_no IS '伝票番号';


--
-- Name: COLUMN yard_slip.slip_date; Type: COMMENT; Schema: stg; Owner: -
--

COMMENT ON COLUMN stg.yard_slip.slip_date IS '伝票日付';


--
-- Name: COLUMN yard_slip.slip_month; Type: COMMENT; Schema: stg; Owner: -
--

COMMENT ON COLUMN stg.yard_slip.slip_month IS '伝票月 (1日)';


--
-- Name: COLUMN yard_slip.process_code; Type: COMMENT; Schema: stg; Owner: -
--

COMMENT ON COLUMN stg.yard_slip.process_code IS '工程';


--
-- Name: COLUMN yard_slip.net_kg; Type: COMMENT; Schema: stg; Owner: -
--

COMMENT ON COLUMN stg.yard_slip.net_kg IS '処理重量 (kg)';


--
-- Name: COLUMN yard_slip.operator_name; Type: COMMENT; Schema: stg; Owner: -
--

COMMENT ON COLUMN stg.yard_slip.operator_name IS '作業者';


--
-- Name: COLUMN yard_slip.deleted_at; Type: COMMENT; Schema: stg; Owner: -
--

COMMENT ON COLUMN stg.yard_slip.deleted_at IS '削除日時';


--
-- Name: COLUMN yard_slip.deleted_by; Type: COMMENT; Schema: stg; Owner: -
--

COMMENT ON COLUMN stg.yard_slip.deleted_by IS '削除者';


--
-- Name: v_active_yard; Type: VIEW; Schema: mart; Owner: -
--

CREATE VIEW mart.v_active_yard AS
 SELECT slip.slip_id,
    slip.site_code,
    slip.slip_no,
    slip.slip_date,
    slip.slip_month,
    slip.item_id,
    item.item_name,
    item.category_code,
    slip.process_code,
    (slip.net_kg)::numeric AS net_kg,
    slip.operator_name
   FROM (stg.yard_slip slip
     JOIN ref.item ON ((item.item_id = slip.item_id)))
  WHERE (slip.deleted_at IS NULL);


--
-- Name: VIEW v_active_yard; Type: COMMENT; Schema: mart; Owner: -
--

COMMENT ON VIEW mart.v_active_yard IS '有効なヤード伝票';


--
-- Name: mv_yard_daily; Type: MATERIALIZED VIEW; Schema: mart; Owner: -
--

CREATE MATERIALIZED VIEW mart.mv_yard_daily AS
 SELECT slip_date,
    site_code,
    category_code,
    process_code,
    count(*) AS slip_count,
    sum(net_kg) AS net_kg
   FROM mart.v_active_yard
  GROUP BY slip_date, site_code, category_code, process_code
  WITH NO DATA;


--
-- Name: MATERIALIZED VIEW mv_yard_daily; Type: COMMENT; Schema: mart; Owner: -
--

COMMENT ON MATERIALIZED VIEW mart.mv_yard_daily IS '日次ヤード処理 (拠点・品目区分・工程別)';


--
-- Name: v_capacity_use; Type: VIEW; Schema: mart; Owner: -
--

CREATE VIEW mart.v_capacity_use AS
 SELECT yard.slip_date,
    yard.site_code,
    yard.category_code,
    sum(yard.net_kg) AS processed_kg,
    (capacity.capacity_kg)::numeric AS capacity_kg,
    round((((100)::numeric * sum(yard.net_kg)) / NULLIF((capacity.capacity_kg)::numeric, (0)::numeric)), 1) AS percent
   FROM (mart.mv_yard_daily yard
     CROSS JOIN LATERAL ( SELECT licence.capacity_kg
           FROM kpi.processing_capacity licence
          WHERE ((licence.site_code = yard.site_code) AND (licence.category_code = yard.category_code) AND (licence.valid_from <= yard.slip_date))
          ORDER BY licence.valid_from DESC
         LIMIT 1) capacity)
  GROUP BY yard.slip_date, yard.site_code, yard.category_code, capacity.capacity_kg;


--
-- Name: VIEW v_capacity_use; Type: COMMENT; Schema: mart; Owner: -
--

COMMENT ON VIEW mart.v_capacity_use IS '処理能力の使用率';


--
-- Name: app_user; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.app_user (
    user_id bigint NOT NULL,
    email text NOT NULL,
    display_name text NOT NULL,
    role text DEFAULT 'viewer'::text NOT NULL,
    is_active boolean DEFAULT true NOT NULL,
    last_seen_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_app_user_email_has_at CHECK ((email ~~ '%_@_%'::text)),
    CONSTRAINT ck_app_user_role_known CHECK ((role = ANY (ARRAY['viewer'::text, 'clerk'::text, 'manager'::text, 'admin'::text])))
);


--
-- Name: TABLE app_user; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.app_user IS '利用者';


--
-- Name: COLUMN app_user.display_name; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.app_user.display_name IS '氏名';


--
-- Name: COLUMN app_user.role; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.app_user.role IS '権限';


--
-- Name: v_deleted_slip; Type: VIEW; Schema: mart; Owner: -
--

CREATE VIEW mart.v_deleted_slip AS
 SELECT deleted.kind,
    deleted.site_code,
    deleted.slip_no,
    deleted.slip_date,
    deleted.deleted_at,
    app_user.display_name AS deleted_by_name
   FROM (( SELECT 'receive'::public.slip_kind AS kind,
            receive_slip.site_code,
            receive_slip.slip_no,
            receive_slip.slip_date,
            receive_slip.deleted_at,
            receive_slip.deleted_by
           FROM stg.receive_slip
          WHERE receive_slip.is_deleted
        UNION ALL
         SELECT 'shipment'::public.slip_kind AS kind,
            shipment_slip.site_code,
            shipment_slip.slip_no,
            shipment_slip.slip_date,
            shipment_slip.deleted_at,
            shipment_slip.deleted_by
           FROM stg.shipment_slip
          WHERE shipment_slip.is_deleted
        UNION ALL
         SELECT 'yard'::public.slip_kind AS kind,
            yard_slip.site_code,
            yard_slip.slip_no,
            yard_slip.slip_date,
            yard_slip.deleted_at,
            yard_slip.deleted_by
           FROM stg.yard_slip
          WHERE yard_slip.is_deleted) deleted
     JOIN public.app_user ON ((app_user.user_id = deleted.deleted_by)));


--
-- Name: VIEW v_deleted_slip; Type: COMMENT; Schema: mart; Owner: -
--

COMMENT ON VIEW mart.v_deleted_slip IS '取り消した伝票';


--
-- Name: v_inventory_latest; Type: VIEW; Schema: mart; Owner: -
--

CREATE VIEW mart.v_inventory_latest AS
 SELECT DISTINCT ON (inventory.site_code, inventory.item_id) inventory.site_code,
    item.item_code,
    item.item_name,
    item.category_code,
    inventory.snapshot_date,
    inventory.closing_kg,
    round((inventory.closing_kg / (NULLIF(item.kg_per_m3, 0))::numeric), 1) AS closing_m3
   FROM (mart.inventory_daily inventory
     JOIN ref.item ON ((item.item_id = inventory.item_id)))
  ORDER BY inventory.site_code, inventory.item_id, inventory.snapshot_date DESC;


--
-- Name: VIEW v_inventory_latest; Type: COMMENT; Schema: mart; Owner: -
--

COMMENT ON VIEW mart.v_inventory_latest IS '最新在庫';


--
-- Name: manifest_control_no_seq; Type: SEQUENCE; Schema: stg; Owner: -
--

CREATE SEQUENCE stg.manifest_control_no_seq
    START WITH 100001
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: manifest; Type: TABLE; Schema: stg; Owner: -
--

CREATE TABLE stg.manifest (
    manifest_id bigint NOT NULL,
    slip_id bigint NOT NULL,
    control_no bigint DEFAULT nextval('stg.manifest_control_no_seq'::regclass) NOT NULL,
    manifest_no text NOT NULL,
    issued_on date NOT NULL,
    disposed_on date,
    due_on date GENERATED ALWAYS AS ((issued_on + 90)) STORED NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_manifest_disposed_after_issue CHECK ((disposed_on >= issued_on)),
    CONSTRAINT ck_manifest_manifest_no_digits CHECK ((manifest_no ~ '^[0-9]{11}$'::text))
);


--
-- Name: TABLE manifest; Type: COMMENT; Schema: stg; Owner: -
--

COMMENT ON TABLE stg.manifest IS '産業廃棄物管理票 (マニフェスト)';


--
-- Name: COLUMN manifest.control_no; Type: COMMENT; Schema: stg; Owner: -
--

COMMENT ON COLUMN stg.manifest.control_no IS '社内管理番号';


--
-- Name: COLUMN manifest.manifest_no; Type: COMMENT; Schema: stg; Owner: -
--

COMMENT ON COLUMN stg.manifest.manifest_no IS '交付番号';


--
-- Name: COLUMN manifest.issued_on; Type: COMMENT; Schema: stg; Owner: -
--

COMMENT ON COLUMN stg.manifest.issued_on IS '交付日';


--
-- Name: COLUMN manifest.disposed_on; Type: COMMENT; Schema: stg; Owner: -
--

COMMENT ON COLUMN stg.manifest.disposed_on IS '処分終了日';


--
-- Name: COLUMN manifest.due_on; Type: COMMENT; Schema: stg; Owner: -
--

COMMENT ON COLUMN stg.manifest.due_on IS 'D票返送期限 (交付から90日)';


--
-- Name: v_manifest_overdue; Type: VIEW; Schema: mart; Owner: -
--

CREATE VIEW mart.v_manifest_overdue AS
 SELECT manifest.manifest_no,
    manifest.issued_on,
    manifest.due_on,
    receive.site_code,
    receive.slip_no,
    receive.customer_name,
    (((now() AT TIME ZONE 'Asia/Tokyo'::text))::date - manifest.due_on) AS days_overdue
   FROM (stg.manifest
     JOIN mart.v_active_receive receive ON ((receive.slip_id = manifest.slip_id)))
  WHERE ((manifest.disposed_on IS NULL) AND (manifest.due_on < ((now() AT TIME ZONE 'Asia/Tokyo'::text))::date));


--
-- Name: VIEW v_manifest_overdue; Type: COMMENT; Schema: mart; Owner: -
--

COMMENT ON VIEW mart.v_manifest_overdue IS '期限を過ぎたマニフェスト';


--
-- Name: upload_log; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.upload_log (
    upload_id bigint NOT NULL,
    kind public.slip_kind NOT NULL,
    file_name text NOT NULL,
    file_sha256 text NOT NULL,
    status public.upload_status DEFAULT 'received'::public.upload_status NOT NULL,
    row_count integer DEFAULT 0 NOT NULL,
    loaded_rows integer DEFAULT 0 NOT NULL,
    uploaded_by bigint NOT NULL,
    uploaded_at timestamp with time zone DEFAULT now() NOT NULL,
    replaces_upload_id bigint,
    deleted_at timestamp with time zone,
    deleted_by bigint,
    is_deleted boolean GENERATED ALWAYS AS ((deleted_at IS NOT NULL)) STORED NOT NULL,
    CONSTRAINT ck_upload_log_counts_not_negative CHECK (((row_count >= 0) AND (loaded_rows >= 0))),
    CONSTRAINT ck_upload_log_deletion_signed CHECK (((deleted_at IS NULL) = (deleted_by IS NULL))),
    CONSTRAINT ck_upload_log_replaces_another CHECK ((replaces_upload_id <> upload_id)),
    CONSTRAINT ck_upload_log_sha256_hex CHECK ((file_sha256 ~ '^[0-9a-f]{64}$'::text))
);


--
-- Name: TABLE upload_log; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.upload_log IS 'アップロード履歴。1ファイル1行';


--
-- Name: COLUMN upload_log.kind; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.upload_log.kind IS '伝票区分';


--
-- Name: COLUMN upload_log.file_name; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.upload_log.file_name IS 'ファイル名';


--
-- Name: COLUMN upload_log.status; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.upload_log.status IS '処理状況';


--
-- Name: COLUMN upload_log.row_count; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.upload_log.row_count IS 'ファイルの行数';


--
-- Name: COLUMN upload_log.loaded_rows; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.upload_log.loaded_rows IS 'Rows that reached stg; kept by a trigger';


--
-- Name: COLUMN upload_log.replaces_upload_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.upload_log.replaces_upload_id IS '差し替え元';


--
-- Name: COLUMN upload_log.deleted_at; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.upload_log.deleted_at IS '削除日時';


--
-- Name: COLUMN upload_log.deleted_by; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.upload_log.deleted_by IS '削除者';


--
-- Name: v_missing_upload; Type: VIEW; Schema: mart; Owner: -
--

CREATE VIEW mart.v_missing_upload AS
 SELECT calendar_day.day,
    kind.kind
   FROM (ref.calendar_day
     CROSS JOIN unnest(enum_range(NULL::public.slip_kind)) kind(kind))
  WHERE ((EXISTS ( SELECT
           FROM ref.site
          WHERE ref.is_business_day(site.site_code, calendar_day.day))) AND ((calendar_day.day >= (((now() AT TIME ZONE 'Asia/Tokyo'::text))::date - 30)) AND (calendar_day.day <= (((now() AT TIME ZONE 'Asia/Tokyo'::text))::date - 1))) AND (NOT (EXISTS ( SELECT
           FROM public.upload_log upload
          WHERE ((upload.kind = kind.kind) AND (upload.deleted_at IS NULL) AND (((upload.uploaded_at AT TIME ZONE 'Asia/Tokyo'::text))::date = calendar_day.day))))));


--
-- Name: VIEW v_missing_upload; Type: COMMENT; Schema: mart; Owner: -
--

COMMENT ON VIEW mart.v_missing_upload IS '直近30日でアップロードのない営業日';


--
-- Name: collector; Type: TABLE; Schema: ref; Owner: -
--

CREATE TABLE ref.collector (
    collector_id bigint NOT NULL,
    collector_code text NOT NULL,
    collector_name text NOT NULL,
    permit_no text NOT NULL,
    permit_expires_on date NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_collector_permit_no_digits CHECK ((permit_no ~ '^[0-9]{11}$'::text))
);


--
-- Name: TABLE collector; Type: COMMENT; Schema: ref; Owner: -
--

COMMENT ON TABLE ref.collector IS '収集運搬業者';


--
-- Name: COLUMN collector.collector_code; Type: COMMENT; Schema: ref; Owner: -
--

COMMENT ON COLUMN ref.collector.collector_code IS '運搬業者CD';


--
-- Name: COLUMN collector.collector_name; Type: COMMENT; Schema: ref; Owner: -
--

COMMENT ON COLUMN ref.collector.collector_name IS '運搬業者名';


--
-- Name: COLUMN collector.permit_no; Type: COMMENT; Schema: ref; Owner: -
--

COMMENT ON COLUMN ref.collector.permit_no IS '許可番号';


--
-- Name: COLUMN collector.permit_expires_on; Type: COMMENT; Schema: ref; Owner: -
--

COMMENT ON COLUMN ref.collector.permit_expires_on IS '許可期限';


--
-- Name: v_permit_expiring; Type: VIEW; Schema: mart; Owner: -
--

CREATE VIEW mart.v_permit_expiring AS
 SELECT collector_code,
    collector_name,
    permit_no,
    permit_expires_on,
    (permit_expires_on - ((now() AT TIME ZONE 'Asia/Tokyo'::text))::date) AS days_left
   FROM ref.collector
  WHERE (permit_expires_on < (((now() AT TIME ZONE 'Asia/Tokyo'::text))::date + 90));


--
-- Name: VIEW v_permit_expiring; Type: COMMENT; Schema: mart; Owner: -
--

COMMENT ON VIEW mart.v_permit_expiring IS '許可期限が90日以内の運搬業者';


--
-- Name: receive_slip; Type: TABLE; Schema: raw; Owner: -
--

CREATE TABLE raw.receive_slip (
    upload_id bigint NOT NULL,
    row_number integer NOT NULL,
    slip_no text,
    slip_date text,
    site_code text,
    customer_code text,
    customer_name text,
    collector_code text,
    collector_name text,
    vehicle_number text,
    item_code text,
    item_name text,
    gross_weight text,
    tare_weight text,
    net_weight text,
    unit_price text,
    amount text,
    manifest_no text,
    remarks text,
    deleted_at timestamp with time zone,
    deleted_by bigint,
    is_deleted boolean GENERATED ALWAYS AS ((deleted_at IS NOT NULL)) STORED NOT NULL,
    CONSTRAINT ck_receive_slip_deletion_signed CHECK (((deleted_at IS NULL) = (deleted_by IS NULL))),
    CONSTRAINT ck_receive_slip_row_number_positive CHECK ((row_number > 0))
);


--
-- Name: TABLE receive_slip; Type: COMMENT; Schema: raw; Owner: -
--

COMMENT ON TABLE raw.receive_slip IS '受入伝票 (アップロードそのまま)';


--
-- Name: COLUMN receive_slip.row_number; Type: COMMENT; Schema: raw; Owner: -
--

COMMENT ON COLUMN raw.receive_slip.row_number IS '行番号 (見出しを除く、1から)';


--
-- Name: COLUMN receive_slip.slip_no; Type: COMMENT; Schema: raw; Owner: -
--

COMMENT ON COLUMN raw.receive_slip.slip_no IS '伝票番号';


--
-- Name: COLUMN receive_slip.slip_date; Type: COMMENT; Schema: raw; Owner: -
--

COMMENT ON COLUMN raw.receive_slip.slip_date IS '伝票日付';


--
-- Name: COLUMN receive_slip.site_code; Type: COMMENT; Schema: raw; Owner: -
--

COMMENT ON COLUMN raw.receive_slip.site_code IS '拠点CD';


--
-- Name: COLUMN receive_slip.customer_code; Type: COMMENT; Schema: raw; Owner: -
--

COMMENT ON COLUMN raw.receive_slip.customer_code IS '業者CD';


--
-- Name: COLUMN receive_slip.customer_name; Type: COMMENT; Schema: raw; Owner: -
--

COMMENT ON COLUMN raw.receive_slip.customer_name IS '業者名';


--
-- Name: COLUMN receive_slip.collector_code; Type: COMMENT; Schema: raw; Owner: -
--

COMMENT ON COLUMN raw.receive_slip.collector_code IS '運搬業者CD';


--
-- Name: COLUMN receive_slip.collector_name; Type: COMMENT; Schema: raw; Owner: -
--

COMMENT ON COLUMN raw.receive_slip.collector_name IS '運搬業者名';


--
-- Name: COLUMN receive_slip.vehicle_number; Type: COMMENT; Schema: raw; Owner: -
--

COMMENT ON COLUMN raw.receive_slip.vehicle_number IS '車番';


--
-- Name: COLUMN receive_slip.item_code; Type: COMMENT; Schema: raw; Owner: -
--

COMMENT ON COLUMN raw.receive_slip.item_code IS '品名CD';


--
-- Name: COLUMN receive_slip.item_name; Type: COMMENT; Schema: raw; Owner: -
--

COMMENT ON COLUMN raw.receive_slip.item_name IS '品名';


--
-- Name: COLUMN receive_slip.gross_weight; Type: COMMENT; Schema: raw; Owner: -
--

COMMENT ON COLUMN raw.receive_slip.gross_weight IS '総重量';


--
-- Name: COLUMN receive_slip.tare_weight; Type: COMMENT; Schema: raw; Owner: -
--

COMMENT ON COLUMN raw.receive_slip.tare_weight IS '空車重量';


--
-- Name: COLUMN receive_slip.net_weight; Type: COMMENT; Schema: raw; Owner: -
--

COMMENT ON COLUMN raw.receive_slip.net_weight IS '正味重量';


--
-- Name: COLUMN receive_slip.unit_price; Type: COMMENT; Schema: raw; Owner: -
--

COMMENT ON COLUMN raw.receive_slip.unit_price IS '単価';


--
-- Name: COLUMN receive_slip.amount; Type: COMMENT; Schema: raw; Owner: -
--

COMMENT ON COLUMN raw.receive_slip.amount IS '金額';


--
-- Name: COLUMN receive_slip.manifest_no; Type: COMMENT; Schema: raw; Owner: -
--

COMMENT ON COLUMN raw.receive_slip.manifest_no IS 'マニフェスト番号';


--
-- Name: COLUMN receive_slip.remarks; Type: COMMENT; Schema: raw; Owner: -
--

COMMENT ON COLUMN raw.receive_slip.remarks IS '備考';


--
-- Name: COLUMN receive_slip.deleted_at; Type: COMMENT; Schema: raw; Owner: -
--

COMMENT ON COLUMN raw.receive_slip.deleted_at IS '削除日時';


--
-- Name: COLUMN receive_slip.deleted_by; Type: COMMENT; Schema: raw; Owner: -
--

COMMENT ON COLUMN raw.receive_slip.deleted_by IS '削除者';


--
-- Name: v_slip_mismatch; Type: VIEW; Schema: mart; Owner: -
--

CREATE VIEW mart.v_slip_mismatch AS
 SELECT slip.site_code,
    slip.slip_no,
    slip.slip_date,
    uploaded.net_weight AS uploaded_net_weight,
    slip.net_kg,
    uploaded.amount AS uploaded_amount,
    slip.amount_yen
   FROM (stg.receive_slip slip
     JOIN raw.receive_slip uploaded ON (((uploaded.upload_id = slip.upload_id) AND (uploaded.row_number = slip.row_number))))
  WHERE ((slip.deleted_at IS NULL) AND ((raw.parse_number(uploaded.net_weight) IS DISTINCT FROM slip.net_kg) OR (raw.parse_number(uploaded.amount) IS DISTINCT FROM slip.amount_yen) OR (raw.parse_date(uploaded.slip_date) IS DISTINCT FROM slip.slip_date)));


--
-- Name: VIEW v_slip_mismatch; Type: COMMENT; Schema: mart; Owner: -
--

COMMENT ON VIEW mart.v_slip_mismatch IS 'アップロードの値と計算値が違う受入伝票';


--
-- Name: v_target_card_today; Type: VIEW; Schema: mart; Owner: -
--

CREATE VIEW mart.v_target_card_today AS
 SELECT card.day,
    card.site_code,
    card.is_business_day,
    card.day_target_kg,
    card.day_actual_kg,
    card.week_target_kg,
    card.week_actual_kg,
    card.month_target_kg,
    card.month_actual_kg,
    card.month_percent,
    site.site_name
   FROM (mart.mv_target_card_per_day card
     JOIN ref.site ON ((site.site_code = card.site_code)))
  WHERE (card.day = ((now() AT TIME ZONE 'Asia/Tokyo'::text))::date);


--
-- Name: VIEW v_target_card_today; Type: COMMENT; Schema: mart; Owner: -
--

COMMENT ON VIEW mart.v_target_card_today IS '本日の目標カード';


--
-- Name: item_category; Type: TABLE; Schema: ref; Owner: -
--

CREATE TABLE ref.item_category (
    category_code text NOT NULL,
    category_name text NOT NULL,
    sort_order smallint NOT NULL
);


--
-- Name: TABLE item_category; Type: COMMENT; Schema: ref; Owner: -
--

COMMENT ON TABLE ref.item_category IS '品目区分';


--
-- Name: COLUMN item_category.category_name; Type: COMMENT; Schema: ref; Owner: -
--

COMMENT ON COLUMN ref.item_category.category_name IS '区分名';


--
-- Name: COLUMN item_category.sort_order; Type: COMMENT; Schema: ref; Owner: -
--

COMMENT ON COLUMN ref.item_category.sort_order IS '表示順';


--
-- Name: v_target_vs_actual_monthly; Type: VIEW; Schema: mart; Owner: -
--

CREATE VIEW mart.v_target_vs_actual_monthly AS
 SELECT target.month,
    target.site_code,
    category.category_name,
    (target.target_kg)::numeric AS target_kg,
    COALESCE(actual.net_kg, (0)::numeric) AS actual_kg,
    round((((100)::numeric * COALESCE(actual.net_kg, (0)::numeric)) / NULLIF((target.target_kg)::numeric, (0)::numeric)), 1) AS percent
   FROM ((kpi.monthly_target target
     JOIN ref.item_category category ON ((category.category_code = target.category_code)))
     LEFT JOIN mart.mv_receive_monthly actual ON (((actual.month = target.month) AND (actual.site_code = target.site_code) AND (actual.category_code = target.category_code))));


--
-- Name: VIEW v_target_vs_actual_monthly; Type: COMMENT; Schema: mart; Owner: -
--

COMMENT ON VIEW mart.v_target_vs_actual_monthly IS '月次 目標と実績';


--
-- Name: unit_price; Type: TABLE; Schema: ref; Owner: -
--

CREATE TABLE ref.unit_price (
    unit_price_id bigint NOT NULL,
    item_id bigint NOT NULL,
    customer_id bigint,
    unit_price public.yen_per_kg NOT NULL,
    valid_from date NOT NULL,
    valid_to date,
    valid_during daterange GENERATED ALWAYS AS (daterange(valid_from, valid_to, '[)'::text)) STORED NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_unit_price_period_forward CHECK ((valid_to > valid_from))
);


--
-- Name: TABLE unit_price; Type: COMMENT; Schema: ref; Owner: -
--

COMMENT ON TABLE ref.unit_price IS '単価。同じ品名・取引先で期間が重ならない';


--
-- Name: COLUMN unit_price.customer_id; Type: COMMENT; Schema: ref; Owner: -
--

COMMENT ON COLUMN ref.unit_price.customer_id IS '空欄は共通単価';


--
-- Name: COLUMN unit_price.unit_price; Type: COMMENT; Schema: ref; Owner: -
--

COMMENT ON COLUMN ref.unit_price.unit_price IS '単価 (円/kg)';


--
-- Name: COLUMN unit_price.valid_from; Type: COMMENT; Schema: ref; Owner: -
--

COMMENT ON COLUMN ref.unit_price.valid_from IS '適用開始日';


--
-- Name: COLUMN unit_price.valid_to; Type: COMMENT; Schema: ref; Owner: -
--

COMMENT ON COLUMN ref.unit_price.valid_to IS '適用終了日 (含まない)';


--
-- Name: v_unit_price_in_force; Type: VIEW; Schema: mart; Owner: -
--

CREATE VIEW mart.v_unit_price_in_force AS
 SELECT item.item_code,
    item.item_name,
    customer.customer_code,
    customer.customer_name,
    unit_price.unit_price,
    unit_price.valid_from,
    unit_price.valid_to
   FROM ((ref.unit_price
     JOIN ref.item ON ((item.item_id = unit_price.item_id)))
     LEFT JOIN ref.customer ON ((customer.customer_id = unit_price.customer_id)))
  WHERE (unit_price.valid_during @> ((now() AT TIME ZONE 'Asia/Tokyo'::text))::date);


--
-- Name: VIEW v_unit_price_in_force; Type: COMMENT; Schema: mart; Owner: -
--

COMMENT ON VIEW mart.v_unit_price_in_force IS '本日適用の単価。取引先が空欄は共通単価';


--
-- Name: upload_error; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.upload_error (
    upload_error_id bigint NOT NULL,
    upload_id bigint NOT NULL,
    row_number integer NOT NULL,
    column_name text NOT NULL,
    value text,
    message text NOT NULL
);


--
-- Name: TABLE upload_error; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.upload_error IS '取込エラー';


--
-- Name: COLUMN upload_error.row_number; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.upload_error.row_number IS '行番号';


--
-- Name: COLUMN upload_error.value; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.upload_error.value IS '入力値';


--
-- Name: v_upload_status; Type: VIEW; Schema: mart; Owner: -
--

CREATE VIEW mart.v_upload_status AS
 SELECT upload.upload_id,
    upload.kind,
    upload.file_name,
    upload.status,
    upload.uploaded_at,
    app_user.display_name AS uploaded_by_name,
    upload.row_count,
    upload.loaded_rows,
    ( SELECT count(*) AS count
           FROM public.upload_error
          WHERE (upload_error.upload_id = upload.upload_id)) AS error_count,
    upload.is_deleted
   FROM (public.upload_log upload
     JOIN public.app_user ON ((app_user.user_id = upload.uploaded_by)));


--
-- Name: VIEW v_upload_status; Type: COMMENT; Schema: mart; Owner: -
--

COMMENT ON VIEW mart.v_upload_status IS 'アップロード状況';


--
-- Name: vehicle; Type: TABLE; Schema: ref; Owner: -
--

CREATE TABLE ref.vehicle (
    vehicle_id bigint NOT NULL,
    collector_id bigint NOT NULL,
    plate_number text NOT NULL,
    empty_kg public.weight_kg NOT NULL,
    max_load_kg public.weight_kg NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);


--
-- Name: TABLE vehicle; Type: COMMENT; Schema: ref; Owner: -
--

COMMENT ON TABLE ref.vehicle IS '車輌';


--
-- Name: COLUMN vehicle.plate_number; Type: COMMENT; Schema: ref; Owner: -
--

COMMENT ON COLUMN ref.vehicle.plate_number IS '車番';


--
-- Name: COLUMN vehicle.empty_kg; Type: COMMENT; Schema: ref; Owner: -
--

COMMENT ON COLUMN ref.vehicle.empty_kg IS '空車重量 (kg)';


--
-- Name: COLUMN vehicle.max_load_kg; Type: COMMENT; Schema: ref; Owner: -
--

COMMENT ON COLUMN ref.vehicle.max_load_kg IS '最大積載量 (kg)';


--
-- Name: v_vehicle_activity; Type: VIEW; Schema: mart; Owner: -
--

CREATE VIEW mart.v_vehicle_activity AS
 SELECT vehicle.plate_number,
    collector.collector_name,
    receive.slip_month AS month,
    count(*) AS trips,
    sum(receive.net_kg) AS net_kg,
    round(avg((receive.net_kg / NULLIF((vehicle.max_load_kg)::numeric, (0)::numeric))), 3) AS load_share
   FROM ((mart.v_active_receive receive
     JOIN ref.vehicle ON ((vehicle.vehicle_id = receive.vehicle_id)))
     JOIN ref.collector ON ((collector.collector_id = vehicle.collector_id)))
  GROUP BY vehicle.plate_number, collector.collector_name, receive.slip_month;


--
-- Name: VIEW v_vehicle_activity; Type: COMMENT; Schema: mart; Owner: -
--

COMMENT ON VIEW mart.v_vehicle_activity IS '車輌別 月次稼働';


--
-- Name: app_user_user_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.app_user ALTER COLUMN user_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.app_user_user_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: job_run; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.job_run (
    job_run_id bigint NOT NULL,
    job_name text NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    finished_at timestamp with time zone,
    detail jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT ck_job_run_finished_after_start CHECK ((finished_at >= started_at))
);


--
-- Name: TABLE job_run; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.job_run IS 'バッチ実行履歴';


--
-- Name: job_run_job_run_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.job_run ALTER COLUMN job_run_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.job_run_job_run_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: upload_error_upload_error_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.upload_error ALTER COLUMN upload_error_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.upload_error_upload_error_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: upload_log_upload_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.upload_log ALTER COLUMN upload_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.upload_log_upload_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: shipment_slip; Type: TABLE; Schema: raw; Owner: -
--

CREATE TABLE raw.shipment_slip (
    upload_id bigint NOT NULL,
    row_number integer NOT NULL,
    slip_no text,
    slip_date text,
    site_code text,
    vendor_code text,
    vendor_name text,
    item_code text,
    item_name text,
    net_weight text,
    unit_price text,
    amount text,
    remarks text,
    deleted_at timestamp with time zone,
    deleted_by bigint,
    is_deleted boolean GENERATED ALWAYS AS ((deleted_at IS NOT NULL)) STORED NOT NULL,
    CONSTRAINT ck_shipment_slip_deletion_signed CHECK (((deleted_at IS NULL) = (deleted_by IS NULL))),
    CONSTRAINT ck_shipment_slip_row_number_positive CHECK ((row_number > 0))
);


--
-- Name: TABLE shipment_slip; Type: COMMENT; Schema: raw; Owner: -
--

COMMENT ON TABLE raw.shipment_slip IS '出荷伝票 (アップロードそのまま)';


--
-- Name: COLUMN shipment_slip.row_number; Type: COMMENT; Schema: raw; Owner: -
--

COMMENT ON COLUMN raw.shipment_slip.row_number IS '行番号 (見出しを除く、1から)';


--
-- Name: COLUMN shipment_slip.slip_no; Type: COMMENT; Schema: raw; Owner: -
--

COMMENT ON COLUMN raw.shipment_slip.slip_no IS '伝票番号';


--
-- Name: COLUMN shipment_slip.slip_date; Type: COMMENT; Schema: raw; Owner: -
--

COMMENT ON COLUMN raw.shipment_slip.slip_date IS '伝票日付';


--
-- Name: COLUMN shipment_slip.site_code; Type: COMMENT; Schema: raw; Owner: -
--

COMMENT ON COLUMN raw.shipment_slip.site_code IS '拠点CD';


--
-- Name: COLUMN shipment_slip.vendor_code; Type: COMMENT; Schema: raw; Owner: -
--

COMMENT ON COLUMN raw.shipment_slip.vendor_code IS '出荷先CD';


--
-- Name: COLUMN shipment_slip.vendor_name; Type: COMMENT; Schema: raw; Owner: -
--

COMMENT ON COLUMN raw.shipment_slip.vendor_name IS '出荷先名';


--
-- Name: COLUMN shipment_slip.item_code; Type: COMMENT; Schema: raw; Owner: -
--

COMMENT ON COLUMN raw.shipment_slip.item_code IS '品名CD';


--
-- Name: COLUMN shipment_slip.item_name; Type: COMMENT; Schema: raw; Owner: -
--

COMMENT ON COLUMN raw.shipment_slip.item_name IS '品名';


--
-- Name: COLUMN shipment_slip.net_weight; Type: COMMENT; Schema: raw; Owner: -
--

COMMENT ON COLUMN raw.shipment_slip.net_weight IS '正味重量';


--
-- Name: COLUMN shipment_slip.unit_price; Type: COMMENT; Schema: raw; Owner: -
--

COMMENT ON COLUMN raw.shipment_slip.unit_price IS '単価';


--
-- Name: COLUMN shipment_slip.amount; Type: COMMENT; Schema: raw; Owner: -
--

COMMENT ON COLUMN raw.shipment_slip.amount IS '金額';


--
-- Name: COLUMN shipment_slip.remarks; Type: COMMENT; Schema: raw; Owner: -
--

COMMENT ON COLUMN raw.shipment_slip.remarks IS '備考';


--
-- Name: COLUMN shipment_slip.deleted_at; Type: COMMENT; Schema: raw; Owner: -
--

COMMENT ON COLUMN raw.shipment_slip.deleted_at IS '削除日時';


--
-- Name: COLUMN shipment_slip.deleted_by; Type: COMMENT; Schema: raw; Owner: -
--

COMMENT ON COLUMN raw.shipment_slip.deleted_by IS '削除者';


--
-- Name: yard_slip; Type: TABLE; Schema: raw; Owner: -
--

CREATE TABLE raw.yard_slip (
    upload_id bigint NOT NULL,
    row_number integer NOT NULL,
    slip_no text,
    slip_date text,
    site_code text,
    item_code text,
    item_name text,
    process_name text,
    net_weight text,
    operator_name text,
    remarks text,
    deleted_at timestamp with time zone,
    deleted_by bigint,
    is_deleted boolean GENERATED ALWAYS AS ((deleted_at IS NOT NULL)) STORED NOT NULL,
    CONSTRAINT ck_yard_slip_deletion_signed CHECK (((deleted_at IS NULL) = (deleted_by IS NULL))),
    CONSTRAINT ck_yard_slip_row_number_positive CHECK ((row_number > 0))
);


--
-- Name: TABLE yard_slip; Type: COMMENT; Schema: raw; Owner: -
--

COMMENT ON TABLE raw.yard_slip IS 'ヤード伝票 (アップロードそのまま)';


--
-- Name: COLUMN yard_slip.row_number; Type: COMMENT; Schema: raw; Owner: -
--

COMMENT ON COLUMN raw.yard_slip.row_number IS '行番号 (見出しを除く、1から)';


--
-- Name: COLUMN yard_slip.slip_no; Type: COMMENT; Schema: raw; Owner: -
--

COMMENT ON COLUMN raw.yard_slip.slip_no IS '伝票番号';


--
-- Name: COLUMN yard_slip.slip_date; Type: COMMENT; Schema: raw; Owner: -
--

COMMENT ON COLUMN raw.yard_slip.slip_date IS '伝票日付';


--
-- Name: COLUMN yard_slip.site_code; Type: COMMENT; Schema: raw; Owner: -
--

COMMENT ON COLUMN raw.yard_slip.site_code IS '拠点CD';


--
-- Name: COLUMN yard_slip.item_code; Type: COMMENT; Schema: raw; Owner: -
--

COMMENT ON COLUMN raw.yard_slip.item_code IS '品名CD';


--
-- Name: COLUMN yard_slip.item_name; Type: COMMENT; Schema: raw; Owner: -
--

COMMENT ON COLUMN raw.yard_slip.item_name IS '品名';


--
-- Name: COLUMN yard_slip.process_name; Type: COMMENT; Schema: raw; Owner: -
--

COMMENT ON COLUMN raw.yard_slip.process_name IS '工程';


--
-- Name: COLUMN yard_slip.net_weight; Type: COMMENT; Schema: raw; Owner: -
--

COMMENT ON COLUMN raw.yard_slip.net_weight IS '正味重量';


--
-- Name: COLUMN yard_slip.operator_name; Type: COMMENT; Schema: raw; Owner: -
--

COMMENT ON COLUMN raw.yard_slip.operator_name IS '作業者';


--
-- Name: COLUMN yard_slip.remarks; Type: COMMENT; Schema: raw; Owner: -
--

COMMENT ON COLUMN raw.yard_slip.remarks IS '備考';


--
-- Name: COLUMN yard_slip.deleted_at; Type: COMMENT; Schema: raw; Owner: -
--

COMMENT ON COLUMN raw.yard_slip.deleted_at IS '削除日時';


--
-- Name: COLUMN yard_slip.deleted_by; Type: COMMENT; Schema: raw; Owner: -
--

COMMENT ON COLUMN raw.yard_slip.deleted_by IS '削除者';


--
-- Name: closure_closure_id_seq; Type: SEQUENCE; Schema: ref; Owner: -
--

ALTER TABLE ref.closure ALTER COLUMN closure_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME ref.closure_closure_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: collector_collector_id_seq; Type: SEQUENCE; Schema: ref; Owner: -
--

ALTER TABLE ref.collector ALTER COLUMN collector_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME ref.collector_collector_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: customer_customer_id_seq; Type: SEQUENCE; Schema: ref; Owner: -
--

ALTER TABLE ref.customer ALTER COLUMN customer_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME ref.customer_customer_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: item_item_id_seq; Type: SEQUENCE; Schema: ref; Owner: -
--

ALTER TABLE ref.item ALTER COLUMN item_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME ref.item_item_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: tax_rate; Type: TABLE; Schema: ref; Owner: -
--

CREATE TABLE ref.tax_rate (
    valid_from date NOT NULL,
    rate numeric(4,3) NOT NULL,
    CONSTRAINT ck_tax_rate_rate_is_a_share CHECK (((rate >= (0)::numeric) AND (rate <= (1)::numeric)))
);


--
-- Name: TABLE tax_rate; Type: COMMENT; Schema: ref; Owner: -
--

COMMENT ON TABLE ref.tax_rate IS '消費税率';


--
-- Name: unit_price_unit_price_id_seq; Type: SEQUENCE; Schema: ref; Owner: -
--

ALTER TABLE ref.unit_price ALTER COLUMN unit_price_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME ref.unit_price_unit_price_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: vehicle_vehicle_id_seq; Type: SEQUENCE; Schema: ref; Owner: -
--

ALTER TABLE ref.vehicle ALTER COLUMN vehicle_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME ref.vehicle_vehicle_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: vendor_vendor_id_seq; Type: SEQUENCE; Schema: ref; Owner: -
--

ALTER TABLE ref.vendor ALTER COLUMN vendor_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME ref.vendor_vendor_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: manifest_manifest_id_seq; Type: SEQUENCE; Schema: stg; Owner: -
--

ALTER TABLE stg.manifest ALTER COLUMN manifest_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME stg.manifest_manifest_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: receive_slip_slip_id_seq; Type: SEQUENCE; Schema: stg; Owner: -
--

ALTER TABLE stg.receive_slip ALTER COLUMN slip_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME stg.receive_slip_slip_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: shipment_slip_slip_id_seq; Type: SEQUENCE; Schema: stg; Owner: -
--

ALTER TABLE stg.shipment_slip ALTER COLUMN slip_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME stg.shipment_slip_slip_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: yard_slip_slip_id_seq; Type: SEQUENCE; Schema: stg; Owner: -
--

ALTER TABLE stg.yard_slip ALTER COLUMN slip_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME stg.yard_slip_slip_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: inventory_daily_default; Type: TABLE ATTACH; Schema: mart; Owner: -
--

ALTER TABLE ONLY mart.inventory_daily ATTACH PARTITION mart.inventory_daily_default DEFAULT;


--
-- Name: inventory_daily_p202504; Type: TABLE ATTACH; Schema: mart; Owner: -
--

ALTER TABLE ONLY mart.inventory_daily ATTACH PARTITION mart.inventory_daily_p202504 FOR VALUES FROM ('2025-04-01') TO ('2025-05-01');


--
-- Name: inventory_daily_p202505; Type: TABLE ATTACH; Schema: mart; Owner: -
--

ALTER TABLE ONLY mart.inventory_daily ATTACH PARTITION mart.inventory_daily_p202505 FOR VALUES FROM ('2025-05-01') TO ('2025-06-01');


--
-- Name: inventory_daily_p202506; Type: TABLE ATTACH; Schema: mart; Owner: -
--

ALTER TABLE ONLY mart.inventory_daily ATTACH PARTITION mart.inventory_daily_p202506 FOR VALUES FROM ('2025-06-01') TO ('2025-07-01');


--
-- Name: inventory_daily_p202507; Type: TABLE ATTACH; Schema: mart; Owner: -
--

ALTER TABLE ONLY mart.inventory_daily ATTACH PARTITION mart.inventory_daily_p202507 FOR VALUES FROM ('2025-07-01') TO ('2025-08-01');


--
-- Name: inventory_daily_p202508; Type: TABLE ATTACH; Schema: mart; Owner: -
--

ALTER TABLE ONLY mart.inventory_daily ATTACH PARTITION mart.inventory_daily_p202508 FOR VALUES FROM ('2025-08-01') TO ('2025-09-01');


--
-- Name: inventory_daily_p202509; Type: TABLE ATTACH; Schema: mart; Owner: -
--

ALTER TABLE ONLY mart.inventory_daily ATTACH PARTITION mart.inventory_daily_p202509 FOR VALUES FROM ('2025-09-01') TO ('2025-10-01');


--
-- Name: inventory_daily_p202510; Type: TABLE ATTACH; Schema: mart; Owner: -
--

ALTER TABLE ONLY mart.inventory_daily ATTACH PARTITION mart.inventory_daily_p202510 FOR VALUES FROM ('2025-10-01') TO ('2025-11-01');


--
-- Name: inventory_daily_p202511; Type: TABLE ATTACH; Schema: mart; Owner: -
--

ALTER TABLE ONLY mart.inventory_daily ATTACH PARTITION mart.inventory_daily_p202511 FOR VALUES FROM ('2025-11-01') TO ('2025-12-01');


--
-- Name: inventory_daily_p202512; Type: TABLE ATTACH; Schema: mart; Owner: -
--

ALTER TABLE ONLY mart.inventory_daily ATTACH PARTITION mart.inventory_daily_p202512 FOR VALUES FROM ('2025-12-01') TO ('2026-01-01');


--
-- Name: inventory_daily_p202601; Type: TABLE ATTACH; Schema: mart; Owner: -
--

ALTER TABLE ONLY mart.inventory_daily ATTACH PARTITION mart.inventory_daily_p202601 FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');


--
-- Name: inventory_daily_p202602; Type: TABLE ATTACH; Schema: mart; Owner: -
--

ALTER TABLE ONLY mart.inventory_daily ATTACH PARTITION mart.inventory_daily_p202602 FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');


--
-- Name: inventory_daily_p202603; Type: TABLE ATTACH; Schema: mart; Owner: -
--

ALTER TABLE ONLY mart.inventory_daily ATTACH PARTITION mart.inventory_daily_p202603 FOR VALUES FROM ('2026-03-01') TO ('2026-04-01');


--
-- Name: monthly_target pk_monthly_target; Type: CONSTRAINT; Schema: kpi; Owner: -
--

ALTER TABLE ONLY kpi.monthly_target
    ADD CONSTRAINT pk_monthly_target PRIMARY KEY (site_code, month, category_code);


--
-- Name: processing_capacity pk_processing_capacity; Type: CONSTRAINT; Schema: kpi; Owner: -
--

ALTER TABLE ONLY kpi.processing_capacity
    ADD CONSTRAINT pk_processing_capacity PRIMARY KEY (site_code, category_code, valid_from);


--
-- Name: weekday_weight pk_weekday_weight; Type: CONSTRAINT; Schema: kpi; Owner: -
--

ALTER TABLE ONLY kpi.weekday_weight
    ADD CONSTRAINT pk_weekday_weight PRIMARY KEY (site_code, iso_dow);


--
-- Name: inventory_daily pk_inventory_daily; Type: CONSTRAINT; Schema: mart; Owner: -
--

ALTER TABLE ONLY mart.inventory_daily
    ADD CONSTRAINT pk_inventory_daily PRIMARY KEY (snapshot_date, site_code, item_id);


--
-- Name: inventory_daily_default inventory_daily_default_pkey; Type: CONSTRAINT; Schema: mart; Owner: -
--

ALTER TABLE ONLY mart.inventory_daily_default
    ADD CONSTRAINT inventory_daily_default_pkey PRIMARY KEY (snapshot_date, site_code, item_id);


--
-- Name: inventory_daily_p202504 inventory_daily_p202504_pkey; Type: CONSTRAINT; Schema: mart; Owner: -
--

ALTER TABLE ONLY mart.inventory_daily_p202504
    ADD CONSTRAINT inventory_daily_p202504_pkey PRIMARY KEY (snapshot_date, site_code, item_id);


--
-- Name: inventory_daily_p202505 inventory_daily_p202505_pkey; Type: CONSTRAINT; Schema: mart; Owner: -
--

ALTER TABLE ONLY mart.inventory_daily_p202505
    ADD CONSTRAINT inventory_daily_p202505_pkey PRIMARY KEY (snapshot_date, site_code, item_id);


--
-- Name: inventory_daily_p202506 inventory_daily_p202506_pkey; Type: CONSTRAINT; Schema: mart; Owner: -
--

ALTER TABLE ONLY mart.inventory_daily_p202506
    ADD CONSTRAINT inventory_daily_p202506_pkey PRIMARY KEY (snapshot_date, site_code, item_id);


--
-- Name: inventory_daily_p202507 inventory_daily_p202507_pkey; Type: CONSTRAINT; Schema: mart; Owner: -
--

ALTER TABLE ONLY mart.inventory_daily_p202507
    ADD CONSTRAINT inventory_daily_p202507_pkey PRIMARY KEY (snapshot_date, site_code, item_id);


--
-- Name: inventory_daily_p202508 inventory_daily_p202508_pkey; Type: CONSTRAINT; Schema: mart; Owner: -
--

ALTER TABLE ONLY mart.inventory_daily_p202508
    ADD CONSTRAINT inventory_daily_p202508_pkey PRIMARY KEY (snapshot_date, site_code, item_id);


--
-- Name: inventory_daily_p202509 inventory_daily_p202509_pkey; Type: CONSTRAINT; Schema: mart; Owner: -
--

ALTER TABLE ONLY mart.inventory_daily_p202509
    ADD CONSTRAINT inventory_daily_p202509_pkey PRIMARY KEY (snapshot_date, site_code, item_id);


--
-- Name: inventory_daily_p202510 inventory_daily_p202510_pkey; Type: CONSTRAINT; Schema: mart; Owner: -
--

ALTER TABLE ONLY mart.inventory_daily_p202510
    ADD CONSTRAINT inventory_daily_p202510_pkey PRIMARY KEY (snapshot_date, site_code, item_id);


--
-- Name: inventory_daily_p202511 inventory_daily_p202511_pkey; Type: CONSTRAINT; Schema: mart; Owner: -
--

ALTER TABLE ONLY mart.inventory_daily_p202511
    ADD CONSTRAINT inventory_daily_p202511_pkey PRIMARY KEY (snapshot_date, site_code, item_id);


--
-- Name: inventory_daily_p202512 inventory_daily_p202512_pkey; Type: CONSTRAINT; Schema: mart; Owner: -
--

ALTER TABLE ONLY mart.inventory_daily_p202512
    ADD CONSTRAINT inventory_daily_p202512_pkey PRIMARY KEY (snapshot_date, site_code, item_id);


--
-- Name: inventory_daily_p202601 inventory_daily_p202601_pkey; Type: CONSTRAINT; Schema: mart; Owner: -
--

ALTER TABLE ONLY mart.inventory_daily_p202601
    ADD CONSTRAINT inventory_daily_p202601_pkey PRIMARY KEY (snapshot_date, site_code, item_id);


--
-- Name: inventory_daily_p202602 inventory_daily_p202602_pkey; Type: CONSTRAINT; Schema: mart; Owner: -
--

ALTER TABLE ONLY mart.inventory_daily_p202602
    ADD CONSTRAINT inventory_daily_p202602_pkey PRIMARY KEY (snapshot_date, site_code, item_id);


--
-- Name: inventory_daily_p202603 inventory_daily_p202603_pkey; Type: CONSTRAINT; Schema: mart; Owner: -
--

ALTER TABLE ONLY mart.inventory_daily_p202603
    ADD CONSTRAINT inventory_daily_p202603_pkey PRIMARY KEY (snapshot_date, site_code, item_id);


--
-- Name: monthly_close pk_monthly_close; Type: CONSTRAINT; Schema: mart; Owner: -
--

ALTER TABLE ONLY mart.monthly_close
    ADD CONSTRAINT pk_monthly_close PRIMARY KEY (site_code, month, category_code);


--
-- Name: app_user pk_app_user; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.app_user
    ADD CONSTRAINT pk_app_user PRIMARY KEY (user_id);


--
-- Name: job_run pk_job_run; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.job_run
    ADD CONSTRAINT pk_job_run PRIMARY KEY (job_run_id);


--
-- Name: upload_error pk_upload_error; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.upload_error
    ADD CONSTRAINT pk_upload_error PRIMARY KEY (upload_error_id);


--
-- Name: upload_log pk_upload_log; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.upload_log
    ADD CONSTRAINT pk_upload_log PRIMARY KEY (upload_id);


--
-- Name: upload_error uq_upload_error_upload_id_row_number_column_name; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.upload_error
    ADD CONSTRAINT uq_upload_error_upload_id_row_number_column_name UNIQUE (upload_id, row_number, column_name);


--
-- Name: receive_slip pk_receive_slip; Type: CONSTRAINT; Schema: raw; Owner: -
--

ALTER TABLE ONLY raw.receive_slip
    ADD CONSTRAINT pk_receive_slip PRIMARY KEY (upload_id, row_number);


--
-- Name: shipment_slip pk_shipment_slip; Type: CONSTRAINT; Schema: raw; Owner: -
--

ALTER TABLE ONLY raw.shipment_slip
    ADD CONSTRAINT pk_shipment_slip PRIMARY KEY (upload_id, row_number);


--
-- Name: yard_slip pk_yard_slip; Type: CONSTRAINT; Schema: raw; Owner: -
--

ALTER TABLE ONLY raw.yard_slip
    ADD CONSTRAINT pk_yard_slip PRIMARY KEY (upload_id, row_number);


--
-- Name: closure ex_closure_site_code_period; Type: CONSTRAINT; Schema: ref; Owner: -
--

ALTER TABLE ONLY ref.closure
    ADD CONSTRAINT ex_closure_site_code_period EXCLUDE USING gist (site_code WITH =, period WITH &&);


--
-- Name: unit_price ex_unit_price_one_in_force; Type: CONSTRAINT; Schema: ref; Owner: -
--

ALTER TABLE ONLY ref.unit_price
    ADD CONSTRAINT ex_unit_price_one_in_force EXCLUDE USING gist (item_id WITH =, COALESCE(customer_id, (0)::bigint) WITH =, valid_during WITH &&);


--
-- Name: calendar_day pk_calendar_day; Type: CONSTRAINT; Schema: ref; Owner: -
--

ALTER TABLE ONLY ref.calendar_day
    ADD CONSTRAINT pk_calendar_day PRIMARY KEY (day);


--
-- Name: closure pk_closure; Type: CONSTRAINT; Schema: ref; Owner: -
--

ALTER TABLE ONLY ref.closure
    ADD CONSTRAINT pk_closure PRIMARY KEY (closure_id);


--
-- Name: collector pk_collector; Type: CONSTRAINT; Schema: ref; Owner: -
--

ALTER TABLE ONLY ref.collector
    ADD CONSTRAINT pk_collector PRIMARY KEY (collector_id);


--
-- Name: customer pk_customer; Type: CONSTRAINT; Schema: ref; Owner: -
--

ALTER TABLE ONLY ref.customer
    ADD CONSTRAINT pk_customer PRIMARY KEY (customer_id);


--
-- Name: holiday pk_holiday; Type: CONSTRAINT; Schema: ref; Owner: -
--

ALTER TABLE ONLY ref.holiday
    ADD CONSTRAINT pk_holiday PRIMARY KEY (holiday_date);


--
-- Name: item pk_item; Type: CONSTRAINT; Schema: ref; Owner: -
--

ALTER TABLE ONLY ref.item
    ADD CONSTRAINT pk_item PRIMARY KEY (item_id);


--
-- Name: item_category pk_item_category; Type: CONSTRAINT; Schema: ref; Owner: -
--

ALTER TABLE ONLY ref.item_category
    ADD CONSTRAINT pk_item_category PRIMARY KEY (category_code);


--
-- Name: site pk_site; Type: CONSTRAINT; Schema: ref; Owner: -
--

ALTER TABLE ONLY ref.site
    ADD CONSTRAINT pk_site PRIMARY KEY (site_code);


--
-- Name: tax_rate pk_tax_rate; Type: CONSTRAINT; Schema: ref; Owner: -
--

ALTER TABLE ONLY ref.tax_rate
    ADD CONSTRAINT pk_tax_rate PRIMARY KEY (valid_from);


--
-- Name: unit_price pk_unit_price; Type: CONSTRAINT; Schema: ref; Owner: -
--

ALTER TABLE ONLY ref.unit_price
    ADD CONSTRAINT pk_unit_price PRIMARY KEY (unit_price_id);


--
-- Name: vehicle pk_vehicle; Type: CONSTRAINT; Schema: ref; Owner: -
--

ALTER TABLE ONLY ref.vehicle
    ADD CONSTRAINT pk_vehicle PRIMARY KEY (vehicle_id);


--
-- Name: vendor pk_vendor; Type: CONSTRAINT; Schema: ref; Owner: -
--

ALTER TABLE ONLY ref.vendor
    ADD CONSTRAINT pk_vendor PRIMARY KEY (vendor_id);


--
-- Name: collector uq_collector_collector_code; Type: CONSTRAINT; Schema: ref; Owner: -
--

ALTER TABLE ONLY ref.collector
    ADD CONSTRAINT uq_collector_collector_code UNIQUE (collector_code);


--
-- Name: item_category uq_item_category_sort_order; Type: CONSTRAINT; Schema: ref; Owner: -
--

ALTER TABLE ONLY ref.item_category
    ADD CONSTRAINT uq_item_category_sort_order UNIQUE (sort_order);


--
-- Name: item uq_item_item_code; Type: CONSTRAINT; Schema: ref; Owner: -
--

ALTER TABLE ONLY ref.item
    ADD CONSTRAINT uq_item_item_code UNIQUE (item_code);


--
-- Name: vehicle uq_vehicle_plate_number; Type: CONSTRAINT; Schema: ref; Owner: -
--

ALTER TABLE ONLY ref.vehicle
    ADD CONSTRAINT uq_vehicle_plate_number UNIQUE (plate_number);


--
-- Name: vendor uq_vendor_vendor_code; Type: CONSTRAINT; Schema: ref; Owner: -
--

ALTER TABLE ONLY ref.vendor
    ADD CONSTRAINT uq_vendor_vendor_code UNIQUE (vendor_code);


--
-- Name: manifest pk_manifest; Type: CONSTRAINT; Schema: stg; Owner: -
--

ALTER TABLE ONLY stg.manifest
    ADD CONSTRAINT pk_manifest PRIMARY KEY (manifest_id);


--
-- Name: receive_slip pk_receive_slip; Type: CONSTRAINT; Schema: stg; Owner: -
--

ALTER TABLE ONLY stg.receive_slip
    ADD CONSTRAINT pk_receive_slip PRIMARY KEY (slip_id);


--
-- Name: shipment_slip pk_shipment_slip; Type: CONSTRAINT; Schema: stg; Owner: -
--

ALTER TABLE ONLY stg.shipment_slip
    ADD CONSTRAINT pk_shipment_slip PRIMARY KEY (slip_id);


--
-- Name: yard_slip pk_yard_slip; Type: CONSTRAINT; Schema: stg; Owner: -
--

ALTER TABLE ONLY stg.yard_slip
    ADD CONSTRAINT pk_yard_slip PRIMARY KEY (slip_id);


--
-- Name: manifest uq_manifest_control_no; Type: CONSTRAINT; Schema: stg; Owner: -
--

ALTER TABLE ONLY stg.manifest
    ADD CONSTRAINT uq_manifest_control_no UNIQUE (control_no);


--
-- Name: manifest uq_manifest_slip_id; Type: CONSTRAINT; Schema: stg; Owner: -
--

ALTER TABLE ONLY stg.manifest
    ADD CONSTRAINT uq_manifest_slip_id UNIQUE (slip_id);


--
-- Name: ix_inventory_daily_item_id_snapshot_date; Type: INDEX; Schema: mart; Owner: -
--

CREATE INDEX ix_inventory_daily_item_id_snapshot_date ON ONLY mart.inventory_daily USING btree (item_id, snapshot_date);


--
-- Name: inventory_daily_default_item_id_snapshot_date_idx; Type: INDEX; Schema: mart; Owner: -
--

CREATE INDEX inventory_daily_default_item_id_snapshot_date_idx ON mart.inventory_daily_default USING btree (item_id, snapshot_date);


--
-- Name: inventory_daily_p202504_item_id_snapshot_date_idx; Type: INDEX; Schema: mart; Owner: -
--

CREATE INDEX inventory_daily_p202504_item_id_snapshot_date_idx ON mart.inventory_daily_p202504 USING btree (item_id, snapshot_date);


--
-- Name: inventory_daily_p202505_item_id_snapshot_date_idx; Type: INDEX; Schema: mart; Owner: -
--

CREATE INDEX inventory_daily_p202505_item_id_snapshot_date_idx ON mart.inventory_daily_p202505 USING btree (item_id, snapshot_date);


--
-- Name: inventory_daily_p202506_item_id_snapshot_date_idx; Type: INDEX; Schema: mart; Owner: -
--

CREATE INDEX inventory_daily_p202506_item_id_snapshot_date_idx ON mart.inventory_daily_p202506 USING btree (item_id, snapshot_date);


--
-- Name: inventory_daily_p202507_item_id_snapshot_date_idx; Type: INDEX; Schema: mart; Owner: -
--

CREATE INDEX inventory_daily_p202507_item_id_snapshot_date_idx ON mart.inventory_daily_p202507 USING btree (item_id, snapshot_date);


--
-- Name: inventory_daily_p202508_item_id_snapshot_date_idx; Type: INDEX; Schema: mart; Owner: -
--

CREATE INDEX inventory_daily_p202508_item_id_snapshot_date_idx ON mart.inventory_daily_p202508 USING btree (item_id, snapshot_date);


--
-- Name: inventory_daily_p202509_item_id_snapshot_date_idx; Type: INDEX; Schema: mart; Owner: -
--

CREATE INDEX inventory_daily_p202509_item_id_snapshot_date_idx ON mart.inventory_daily_p202509 USING btree (item_id, snapshot_date);


--
-- Name: inventory_daily_p202510_item_id_snapshot_date_idx; Type: INDEX; Schema: mart; Owner: -
--

CREATE INDEX inventory_daily_p202510_item_id_snapshot_date_idx ON mart.inventory_daily_p202510 USING btree (item_id, snapshot_date);


--
-- Name: inventory_daily_p202511_item_id_snapshot_date_idx; Type: INDEX; Schema: mart; Owner: -
--

CREATE INDEX inventory_daily_p202511_item_id_snapshot_date_idx ON mart.inventory_daily_p202511 USING btree (item_id, snapshot_date);


--
-- Name: inventory_daily_p202512_item_id_snapshot_date_idx; Type: INDEX; Schema: mart; Owner: -
--

CREATE INDEX inventory_daily_p202512_item_id_snapshot_date_idx ON mart.inventory_daily_p202512 USING btree (item_id, snapshot_date);


--
-- Name: inventory_daily_p202601_item_id_snapshot_date_idx; Type: INDEX; Schema: mart; Owner: -
--

CREATE INDEX inventory_daily_p202601_item_id_snapshot_date_idx ON mart.inventory_daily_p202601 USING btree (item_id, snapshot_date);


--
-- Name: inventory_daily_p202602_item_id_snapshot_date_idx; Type: INDEX; Schema: mart; Owner: -
--

CREATE INDEX inventory_daily_p202602_item_id_snapshot_date_idx ON mart.inventory_daily_p202602 USING btree (item_id, snapshot_date);


--
-- Name: inventory_daily_p202603_item_id_snapshot_date_idx; Type: INDEX; Schema: mart; Owner: -
--

CREATE INDEX inventory_daily_p202603_item_id_snapshot_date_idx ON mart.inventory_daily_p202603 USING btree (item_id, snapshot_date);


--
-- Name: ix_monthly_close_month; Type: INDEX; Schema: mart; Owner: -
--

CREATE INDEX ix_monthly_close_month ON mart.monthly_close USING btree (month DESC) INCLUDE (received_kg);


--
-- Name: ix_mv_customer_ranking_month_rank; Type: INDEX; Schema: mart; Owner: -
--

CREATE INDEX ix_mv_customer_ranking_month_rank ON mart.mv_customer_ranking USING btree (month, amount_rank);


--
-- Name: uq_mv_balance_daily; Type: INDEX; Schema: mart; Owner: -
--

CREATE UNIQUE INDEX uq_mv_balance_daily ON mart.mv_balance_daily USING btree (slip_date, site_code, category_code);


--
-- Name: uq_mv_balance_running; Type: INDEX; Schema: mart; Owner: -
--

CREATE UNIQUE INDEX uq_mv_balance_running ON mart.mv_balance_running USING btree (month, site_code, category_code);


--
-- Name: uq_mv_business_calendar; Type: INDEX; Schema: mart; Owner: -
--

CREATE UNIQUE INDEX uq_mv_business_calendar ON mart.mv_business_calendar USING btree (site_code, day);


--
-- Name: uq_mv_receive_daily; Type: INDEX; Schema: mart; Owner: -
--

CREATE UNIQUE INDEX uq_mv_receive_daily ON mart.mv_receive_daily USING btree (slip_date, site_code, category_code);


--
-- Name: uq_mv_receive_monthly; Type: INDEX; Schema: mart; Owner: -
--

CREATE UNIQUE INDEX uq_mv_receive_monthly ON mart.mv_receive_monthly USING btree (month, site_code, category_code);


--
-- Name: uq_mv_receive_weekly; Type: INDEX; Schema: mart; Owner: -
--

CREATE UNIQUE INDEX uq_mv_receive_weekly ON mart.mv_receive_weekly USING btree (iso_year, iso_week, site_code, category_code);


--
-- Name: uq_mv_shipment_daily; Type: INDEX; Schema: mart; Owner: -
--

CREATE UNIQUE INDEX uq_mv_shipment_daily ON mart.mv_shipment_daily USING btree (slip_date, site_code, category_code);


--
-- Name: uq_mv_target_card_per_day; Type: INDEX; Schema: mart; Owner: -
--

CREATE UNIQUE INDEX uq_mv_target_card_per_day ON mart.mv_target_card_per_day USING btree (day, site_code);


--
-- Name: uq_mv_target_daily; Type: INDEX; Schema: mart; Owner: -
--

CREATE UNIQUE INDEX uq_mv_target_daily ON mart.mv_target_daily USING btree (day, site_code, category_code);


--
-- Name: uq_mv_yard_daily; Type: INDEX; Schema: mart; Owner: -
--

CREATE UNIQUE INDEX uq_mv_yard_daily ON mart.mv_yard_daily USING btree (slip_date, site_code, category_code, process_code);


--
-- Name: ix_job_run_detail; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_job_run_detail ON public.job_run USING gin (detail);


--
-- Name: ix_job_run_unfinished; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_job_run_unfinished ON public.job_run USING btree (job_name) WHERE (finished_at IS NULL);


--
-- Name: ix_upload_log_uploaded_at; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_upload_log_uploaded_at ON public.upload_log USING btree (uploaded_at DESC);


--
-- Name: uq_app_user_lower_email; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX uq_app_user_lower_email ON public.app_user USING btree (lower(email));


--
-- Name: uq_upload_log_kind_file_sha256_active; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX uq_upload_log_kind_file_sha256_active ON public.upload_log USING btree (kind, file_sha256) WHERE (deleted_at IS NULL);


--
-- Name: ix_receive_slip_slip_no_active; Type: INDEX; Schema: raw; Owner: -
--

CREATE INDEX ix_receive_slip_slip_no_active ON raw.receive_slip USING btree (slip_no) WHERE (deleted_at IS NULL);


--
-- Name: ix_shipment_slip_slip_no_active; Type: INDEX; Schema: raw; Owner: -
--

CREATE INDEX ix_shipment_slip_slip_no_active ON raw.shipment_slip USING btree (slip_no) WHERE (deleted_at IS NULL);


--
-- Name: ix_yard_slip_slip_no_active; Type: INDEX; Schema: raw; Owner: -
--

CREATE INDEX ix_yard_slip_slip_no_active ON raw.yard_slip USING btree (slip_no) WHERE (deleted_at IS NULL);


--
-- Name: ix_calendar_day_iso_year_iso_week; Type: INDEX; Schema: ref; Owner: -
--

CREATE INDEX ix_calendar_day_iso_year_iso_week ON ref.calendar_day USING btree (iso_year, iso_week);


--
-- Name: ix_customer_customer_name_trgm; Type: INDEX; Schema: ref; Owner: -
--

CREATE INDEX ix_customer_customer_name_trgm ON ref.customer USING gin (customer_name public.gin_trgm_ops);


--
-- Name: ix_item_category_code; Type: INDEX; Schema: ref; Owner: -
--

CREATE INDEX ix_item_category_code ON ref.item USING btree (category_code);


--
-- Name: ix_vehicle_collector_id; Type: INDEX; Schema: ref; Owner: -
--

CREATE INDEX ix_vehicle_collector_id ON ref.vehicle USING btree (collector_id) INCLUDE (plate_number);


--
-- Name: uq_customer_upper_customer_code; Type: INDEX; Schema: ref; Owner: -
--

CREATE UNIQUE INDEX uq_customer_upper_customer_code ON ref.customer USING btree (upper(customer_code));


--
-- Name: ix_manifest_open_due; Type: INDEX; Schema: stg; Owner: -
--

CREATE INDEX ix_manifest_open_due ON stg.manifest USING btree (due_on) WHERE (disposed_on IS NULL);


--
-- Name: ix_receive_slip_customer_id_slip_month; Type: INDEX; Schema: stg; Owner: -
--

CREATE INDEX ix_receive_slip_customer_id_slip_month ON stg.receive_slip USING btree (customer_id, slip_month);


--
-- Name: ix_receive_slip_day_active; Type: INDEX; Schema: stg; Owner: -
--

CREATE INDEX ix_receive_slip_day_active ON stg.receive_slip USING btree (slip_date, site_code) INCLUDE (item_id, net_kg, amount_yen) WHERE (deleted_at IS NULL);


--
-- Name: ix_shipment_slip_day_active; Type: INDEX; Schema: stg; Owner: -
--

CREATE INDEX ix_shipment_slip_day_active ON stg.shipment_slip USING btree (slip_date, site_code) INCLUDE (item_id, net_kg, amount_yen) WHERE (deleted_at IS NULL);


--
-- Name: ix_shipment_slip_vendor_id_slip_month; Type: INDEX; Schema: stg; Owner: -
--

CREATE INDEX ix_shipment_slip_vendor_id_slip_month ON stg.shipment_slip USING btree (vendor_id, slip_month);


--
-- Name: ix_yard_slip_day_active; Type: INDEX; Schema: stg; Owner: -
--

CREATE INDEX ix_yard_slip_day_active ON stg.yard_slip USING btree (slip_date, site_code) INCLUDE (item_id, net_kg) WHERE (deleted_at IS NULL);


--
-- Name: uq_receive_slip_origin; Type: INDEX; Schema: stg; Owner: -
--

CREATE UNIQUE INDEX uq_receive_slip_origin ON stg.receive_slip USING btree (upload_id, row_number);


--
-- Name: uq_receive_slip_slip_no_active; Type: INDEX; Schema: stg; Owner: -
--

CREATE UNIQUE INDEX uq_receive_slip_slip_no_active ON stg.receive_slip USING btree (site_code, slip_no) WHERE (deleted_at IS NULL);


--
-- Name: uq_shipment_slip_origin; Type: INDEX; Schema: stg; Owner: -
--

CREATE UNIQUE INDEX uq_shipment_slip_origin ON stg.shipment_slip USING btree (upload_id, row_number);


--
-- Name: uq_shipment_slip_slip_no_active; Type: INDEX; Schema: stg; Owner: -
--

CREATE UNIQUE INDEX uq_shipment_slip_slip_no_active ON stg.shipment_slip USING btree (site_code, slip_no) WHERE (deleted_at IS NULL);


--
-- Name: uq_yard_slip_origin; Type: INDEX; Schema: stg; Owner: -
--

CREATE UNIQUE INDEX uq_yard_slip_origin ON stg.yard_slip USING btree (upload_id, row_number);


--
-- Name: uq_yard_slip_slip_no_active; Type: INDEX; Schema: stg; Owner: -
--

CREATE UNIQUE INDEX uq_yard_slip_slip_no_active ON stg.yard_slip USING btree (site_code, slip_no) WHERE (deleted_at IS NULL);


--
-- Name: inventory_daily_default_item_id_snapshot_date_idx; Type: INDEX ATTACH; Schema: mart; Owner: -
--

ALTER INDEX mart.ix_inventory_daily_item_id_snapshot_date ATTACH PARTITION mart.inventory_daily_default_item_id_snapshot_date_idx;


--
-- Name: inventory_daily_default_pkey; Type: INDEX ATTACH; Schema: mart; Owner: -
--

ALTER INDEX mart.pk_inventory_daily ATTACH PARTITION mart.inventory_daily_default_pkey;


--
-- Name: inventory_daily_p202504_item_id_snapshot_date_idx; Type: INDEX ATTACH; Schema: mart; Owner: -
--

ALTER INDEX mart.ix_inventory_daily_item_id_snapshot_date ATTACH PARTITION mart.inventory_daily_p202504_item_id_snapshot_date_idx;


--
-- Name: inventory_daily_p202504_pkey; Type: INDEX ATTACH; Schema: mart; Owner: -
--

ALTER INDEX mart.pk_inventory_daily ATTACH PARTITION mart.inventory_daily_p202504_pkey;


--
-- Name: inventory_daily_p202505_item_id_snapshot_date_idx; Type: INDEX ATTACH; Schema: mart; Owner: -
--

ALTER INDEX mart.ix_inventory_daily_item_id_snapshot_date ATTACH PARTITION mart.inventory_daily_p202505_item_id_snapshot_date_idx;


--
-- Name: inventory_daily_p202505_pkey; Type: INDEX ATTACH; Schema: mart; Owner: -
--

ALTER INDEX mart.pk_inventory_daily ATTACH PARTITION mart.inventory_daily_p202505_pkey;


--
-- Name: inventory_daily_p202506_item_id_snapshot_date_idx; Type: INDEX ATTACH; Schema: mart; Owner: -
--

ALTER INDEX mart.ix_inventory_daily_item_id_snapshot_date ATTACH PARTITION mart.inventory_daily_p202506_item_id_snapshot_date_idx;


--
-- Name: inventory_daily_p202506_pkey; Type: INDEX ATTACH; Schema: mart; Owner: -
--

ALTER INDEX mart.pk_inventory_daily ATTACH PARTITION mart.inventory_daily_p202506_pkey;


--
-- Name: inventory_daily_p202507_item_id_snapshot_date_idx; Type: INDEX ATTACH; Schema: mart; Owner: -
--

ALTER INDEX mart.ix_inventory_daily_item_id_snapshot_date ATTACH PARTITION mart.inventory_daily_p202507_item_id_snapshot_date_idx;


--
-- Name: inventory_daily_p202507_pkey; Type: INDEX ATTACH; Schema: mart; Owner: -
--

ALTER INDEX mart.pk_inventory_daily ATTACH PARTITION mart.inventory_daily_p202507_pkey;


--
-- Name: inventory_daily_p202508_item_id_snapshot_date_idx; Type: INDEX ATTACH; Schema: mart; Owner: -
--

ALTER INDEX mart.ix_inventory_daily_item_id_snapshot_date ATTACH PARTITION mart.inventory_daily_p202508_item_id_snapshot_date_idx;


--
-- Name: inventory_daily_p202508_pkey; Type: INDEX ATTACH; Schema: mart; Owner: -
--

ALTER INDEX mart.pk_inventory_daily ATTACH PARTITION mart.inventory_daily_p202508_pkey;


--
-- Name: inventory_daily_p202509_item_id_snapshot_date_idx; Type: INDEX ATTACH; Schema: mart; Owner: -
--

ALTER INDEX mart.ix_inventory_daily_item_id_snapshot_date ATTACH PARTITION mart.inventory_daily_p202509_item_id_snapshot_date_idx;


--
-- Name: inventory_daily_p202509_pkey; Type: INDEX ATTACH; Schema: mart; Owner: -
--

ALTER INDEX mart.pk_inventory_daily ATTACH PARTITION mart.inventory_daily_p202509_pkey;


--
-- Name: inventory_daily_p202510_item_id_snapshot_date_idx; Type: INDEX ATTACH; Schema: mart; Owner: -
--

ALTER INDEX mart.ix_inventory_daily_item_id_snapshot_date ATTACH PARTITION mart.inventory_daily_p202510_item_id_snapshot_date_idx;


--
-- Name: inventory_daily_p202510_pkey; Type: INDEX ATTACH; Schema: mart; Owner: -
--

ALTER INDEX mart.pk_inventory_daily ATTACH PARTITION mart.inventory_daily_p202510_pkey;


--
-- Name: inventory_daily_p202511_item_id_snapshot_date_idx; Type: INDEX ATTACH; Schema: mart; Owner: -
--

ALTER INDEX mart.ix_inventory_daily_item_id_snapshot_date ATTACH PARTITION mart.inventory_daily_p202511_item_id_snapshot_date_idx;


--
-- Name: inventory_daily_p202511_pkey; Type: INDEX ATTACH; Schema: mart; Owner: -
--

ALTER INDEX mart.pk_inventory_daily ATTACH PARTITION mart.inventory_daily_p202511_pkey;


--
-- Name: inventory_daily_p202512_item_id_snapshot_date_idx; Type: INDEX ATTACH; Schema: mart; Owner: -
--

ALTER INDEX mart.ix_inventory_daily_item_id_snapshot_date ATTACH PARTITION mart.inventory_daily_p202512_item_id_snapshot_date_idx;


--
-- Name: inventory_daily_p202512_pkey; Type: INDEX ATTACH; Schema: mart; Owner: -
--

ALTER INDEX mart.pk_inventory_daily ATTACH PARTITION mart.inventory_daily_p202512_pkey;


--
-- Name: inventory_daily_p202601_item_id_snapshot_date_idx; Type: INDEX ATTACH; Schema: mart; Owner: -
--

ALTER INDEX mart.ix_inventory_daily_item_id_snapshot_date ATTACH PARTITION mart.inventory_daily_p202601_item_id_snapshot_date_idx;


--
-- Name: inventory_daily_p202601_pkey; Type: INDEX ATTACH; Schema: mart; Owner: -
--

ALTER INDEX mart.pk_inventory_daily ATTACH PARTITION mart.inventory_daily_p202601_pkey;


--
-- Name: inventory_daily_p202602_item_id_snapshot_date_idx; Type: INDEX ATTACH; Schema: mart; Owner: -
--

ALTER INDEX mart.ix_inventory_daily_item_id_snapshot_date ATTACH PARTITION mart.inventory_daily_p202602_item_id_snapshot_date_idx;


--
-- Name: inventory_daily_p202602_pkey; Type: INDEX ATTACH; Schema: mart; Owner: -
--

ALTER INDEX mart.pk_inventory_daily ATTACH PARTITION mart.inventory_daily_p202602_pkey;


--
-- Name: inventory_daily_p202603_item_id_snapshot_date_idx; Type: INDEX ATTACH; Schema: mart; Owner: -
--

ALTER INDEX mart.ix_inventory_daily_item_id_snapshot_date ATTACH PARTITION mart.inventory_daily_p202603_item_id_snapshot_date_idx;


--
-- Name: inventory_daily_p202603_pkey; Type: INDEX ATTACH; Schema: mart; Owner: -
--

ALTER INDEX mart.pk_inventory_daily ATTACH PARTITION mart.inventory_daily_p202603_pkey;


--
-- Name: monthly_target touch_updated_at; Type: TRIGGER; Schema: kpi; Owner: -
--

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON kpi.monthly_target FOR EACH ROW EXECUTE FUNCTION public.touch_updated_at();


--
-- Name: upload_log cascade_upload_deletion; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER cascade_upload_deletion AFTER UPDATE OF deleted_at ON public.upload_log FOR EACH ROW WHEN (((old.deleted_at IS NULL) AND (new.deleted_at IS NOT NULL))) EXECUTE FUNCTION public.cascade_upload_deletion();


--
-- Name: app_user touch_updated_at; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON public.app_user FOR EACH ROW EXECUTE FUNCTION public.touch_updated_at();


--
-- Name: collector touch_updated_at; Type: TRIGGER; Schema: ref; Owner: -
--

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON ref.collector FOR EACH ROW EXECUTE FUNCTION public.touch_updated_at();


--
-- Name: customer touch_updated_at; Type: TRIGGER; Schema: ref; Owner: -
--

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON ref.customer FOR EACH ROW EXECUTE FUNCTION public.touch_updated_at();


--
-- Name: item touch_updated_at; Type: TRIGGER; Schema: ref; Owner: -
--

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON ref.item FOR EACH ROW EXECUTE FUNCTION public.touch_updated_at();


--
-- Name: site touch_updated_at; Type: TRIGGER; Schema: ref; Owner: -
--

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON ref.site FOR EACH ROW EXECUTE FUNCTION public.touch_updated_at();


--
-- Name: unit_price touch_updated_at; Type: TRIGGER; Schema: ref; Owner: -
--

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON ref.unit_price FOR EACH ROW EXECUTE FUNCTION public.touch_updated_at();


--
-- Name: vehicle touch_updated_at; Type: TRIGGER; Schema: ref; Owner: -
--

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON ref.vehicle FOR EACH ROW EXECUTE FUNCTION public.touch_updated_at();


--
-- Name: vendor touch_updated_at; Type: TRIGGER; Schema: ref; Owner: -
--

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON ref.vendor FOR EACH ROW EXECUTE FUNCTION public.touch_updated_at();


--
-- Name: receive_slip count_loaded_rows; Type: TRIGGER; Schema: stg; Owner: -
--

CREATE TRIGGER count_loaded_rows AFTER INSERT ON stg.receive_slip REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.count_loaded_rows();


--
-- Name: shipment_slip count_loaded_rows; Type: TRIGGER; Schema: stg; Owner: -
--

CREATE TRIGGER count_loaded_rows AFTER INSERT ON stg.shipment_slip REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.count_loaded_rows();


--
-- Name: yard_slip count_loaded_rows; Type: TRIGGER; Schema: stg; Owner: -
--

CREATE TRIGGER count_loaded_rows AFTER INSERT ON stg.yard_slip REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.count_loaded_rows();


--
-- Name: receive_slip guard_deleted_slip; Type: TRIGGER; Schema: stg; Owner: -
--

CREATE TRIGGER guard_deleted_slip BEFORE UPDATE ON stg.receive_slip FOR EACH ROW WHEN (((old.deleted_at IS NOT NULL) AND (new.deleted_at IS NOT NULL))) EXECUTE FUNCTION stg.guard_deleted_slip();


--
-- Name: shipment_slip guard_deleted_slip; Type: TRIGGER; Schema: stg; Owner: -
--

CREATE TRIGGER guard_deleted_slip BEFORE UPDATE ON stg.shipment_slip FOR EACH ROW WHEN (((old.deleted_at IS NOT NULL) AND (new.deleted_at IS NOT NULL))) EXECUTE FUNCTION stg.guard_deleted_slip();


--
-- Name: yard_slip guard_deleted_slip; Type: TRIGGER; Schema: stg; Owner: -
--

CREATE TRIGGER guard_deleted_slip BEFORE UPDATE ON stg.yard_slip FOR EACH ROW WHEN (((old.deleted_at IS NOT NULL) AND (new.deleted_at IS NOT NULL))) EXECUTE FUNCTION stg.guard_deleted_slip();


--
-- Name: manifest touch_updated_at; Type: TRIGGER; Schema: stg; Owner: -
--

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON stg.manifest FOR EACH ROW EXECUTE FUNCTION public.touch_updated_at();


--
-- Name: receive_slip touch_updated_at; Type: TRIGGER; Schema: stg; Owner: -
--

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON stg.receive_slip FOR EACH ROW EXECUTE FUNCTION public.touch_updated_at();


--
-- Name: shipment_slip touch_updated_at; Type: TRIGGER; Schema: stg; Owner: -
--

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON stg.shipment_slip FOR EACH ROW EXECUTE FUNCTION public.touch_updated_at();


--
-- Name: yard_slip touch_updated_at; Type: TRIGGER; Schema: stg; Owner: -
--

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON stg.yard_slip FOR EACH ROW EXECUTE FUNCTION public.touch_updated_at();


--
-- Name: monthly_target fk_monthly_target_category_code_item_category; Type: FK CONSTRAINT; Schema: kpi; Owner: -
--

ALTER TABLE ONLY kpi.monthly_target
    ADD CONSTRAINT fk_monthly_target_category_code_item_category FOREIGN KEY (category_code) REFERENCES ref.item_category(category_code);


--
-- Name: monthly_target fk_monthly_target_set_by_app_user; Type: FK CONSTRAINT; Schema: kpi; Owner: -
--

ALTER TABLE ONLY kpi.monthly_target
    ADD CONSTRAINT fk_monthly_target_set_by_app_user FOREIGN KEY (set_by) REFERENCES public.app_user(user_id);


--
-- Name: monthly_target fk_monthly_target_site_code_site; Type: FK CONSTRAINT; Schema: kpi; Owner: -
--

ALTER TABLE ONLY kpi.monthly_target
    ADD CONSTRAINT fk_monthly_target_site_code_site FOREIGN KEY (site_code) REFERENCES ref.site(site_code);


--
-- Name: processing_capacity fk_processing_capacity_category_code_item_category; Type: FK CONSTRAINT; Schema: kpi; Owner: -
--

ALTER TABLE ONLY kpi.processing_capacity
    ADD CONSTRAINT fk_processing_capacity_category_code_item_category FOREIGN KEY (category_code) REFERENCES ref.item_category(category_code);


--
-- Name: processing_capacity fk_processing_capacity_site_code_site; Type: FK CONSTRAINT; Schema: kpi; Owner: -
--

ALTER TABLE ONLY kpi.processing_capacity
    ADD CONSTRAINT fk_processing_capacity_site_code_site FOREIGN KEY (site_code) REFERENCES ref.site(site_code);


--
-- Name: weekday_weight fk_weekday_weight_site_code_site; Type: FK CONSTRAINT; Schema: kpi; Owner: -
--

ALTER TABLE ONLY kpi.weekday_weight
    ADD CONSTRAINT fk_weekday_weight_site_code_site FOREIGN KEY (site_code) REFERENCES ref.site(site_code);


--
-- Name: inventory_daily fk_inventory_daily_item_id_item; Type: FK CONSTRAINT; Schema: mart; Owner: -
--

ALTER TABLE mart.inventory_daily
    ADD CONSTRAINT fk_inventory_daily_item_id_item FOREIGN KEY (item_id) REFERENCES ref.item(item_id);


--
-- Name: inventory_daily fk_inventory_daily_site_code_site; Type: FK CONSTRAINT; Schema: mart; Owner: -
--

ALTER TABLE mart.inventory_daily
    ADD CONSTRAINT fk_inventory_daily_site_code_site FOREIGN KEY (site_code) REFERENCES ref.site(site_code);


--
-- Name: monthly_close fk_monthly_close_category_code_item_category; Type: FK CONSTRAINT; Schema: mart; Owner: -
--

ALTER TABLE ONLY mart.monthly_close
    ADD CONSTRAINT fk_monthly_close_category_code_item_category FOREIGN KEY (category_code) REFERENCES ref.item_category(category_code);


--
-- Name: monthly_close fk_monthly_close_closed_by_app_user; Type: FK CONSTRAINT; Schema: mart; Owner: -
--

ALTER TABLE ONLY mart.monthly_close
    ADD CONSTRAINT fk_monthly_close_closed_by_app_user FOREIGN KEY (closed_by) REFERENCES public.app_user(user_id);


--
-- Name: monthly_close fk_monthly_close_site_code_site; Type: FK CONSTRAINT; Schema: mart; Owner: -
--

ALTER TABLE ONLY mart.monthly_close
    ADD CONSTRAINT fk_monthly_close_site_code_site FOREIGN KEY (site_code) REFERENCES ref.site(site_code);


--
-- Name: upload_error fk_upload_error_upload_id_upload_log; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.upload_error
    ADD CONSTRAINT fk_upload_error_upload_id_upload_log FOREIGN KEY (upload_id) REFERENCES public.upload_log(upload_id) ON DELETE CASCADE;


--
-- Name: upload_log fk_upload_log_deleted_by_app_user; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.upload_log
    ADD CONSTRAINT fk_upload_log_deleted_by_app_user FOREIGN KEY (deleted_by) REFERENCES public.app_user(user_id);


--
-- Name: upload_log fk_upload_log_replaces_upload_id_upload_log; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.upload_log
    ADD CONSTRAINT fk_upload_log_replaces_upload_id_upload_log FOREIGN KEY (replaces_upload_id) REFERENCES public.upload_log(upload_id);


--
-- Name: upload_log fk_upload_log_uploaded_by_app_user; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.upload_log
    ADD CONSTRAINT fk_upload_log_uploaded_by_app_user FOREIGN KEY (uploaded_by) REFERENCES public.app_user(user_id);


--
-- Name: receive_slip fk_receive_slip_deleted_by_app_user; Type: FK CONSTRAINT; Schema: raw; Owner: -
--

ALTER TABLE ONLY raw.receive_slip
    ADD CONSTRAINT fk_receive_slip_deleted_by_app_user FOREIGN KEY (deleted_by) REFERENCES public.app_user(user_id);


--
-- Name: receive_slip fk_receive_slip_upload_id_upload_log; Type: FK CONSTRAINT; Schema: raw; Owner: -
--

ALTER TABLE ONLY raw.receive_slip
    ADD CONSTRAINT fk_receive_slip_upload_id_upload_log FOREIGN KEY (upload_id) REFERENCES public.upload_log(upload_id);


--
-- Name: shipment_slip fk_shipment_slip_deleted_by_app_user; Type: FK CONSTRAINT; Schema: raw; Owner: -
--

ALTER TABLE ONLY raw.shipment_slip
    ADD CONSTRAINT fk_shipment_slip_deleted_by_app_user FOREIGN KEY (deleted_by) REFERENCES public.app_user(user_id);


--
-- Name: shipment_slip fk_shipment_slip_upload_id_upload_log; Type: FK CONSTRAINT; Schema: raw; Owner: -
--

ALTER TABLE ONLY raw.shipment_slip
    ADD CONSTRAINT fk_shipment_slip_upload_id_upload_log FOREIGN KEY (upload_id) REFERENCES public.upload_log(upload_id);


--
-- Name: yard_slip fk_yard_slip_deleted_by_app_user; Type: FK CONSTRAINT; Schema: raw; Owner: -
--

ALTER TABLE ONLY raw.yard_slip
    ADD CONSTRAINT fk_yard_slip_deleted_by_app_user FOREIGN KEY (deleted_by) REFERENCES public.app_user(user_id);


--
-- Name: yard_slip fk_yard_slip_upload_id_upload_log; Type: FK CONSTRAINT; Schema: raw; Owner: -
--

ALTER TABLE ONLY raw.yard_slip
    ADD CONSTRAINT fk_yard_slip_upload_id_upload_log FOREIGN KEY (upload_id) REFERENCES public.upload_log(upload_id);


--
-- Name: closure fk_closure_site_code_site; Type: FK CONSTRAINT; Schema: ref; Owner: -
--

ALTER TABLE ONLY ref.closure
    ADD CONSTRAINT fk_closure_site_code_site FOREIGN KEY (site_code) REFERENCES ref.site(site_code);


--
-- Name: holiday fk_holiday_holiday_date_calendar_day; Type: FK CONSTRAINT; Schema: ref; Owner: -
--

ALTER TABLE ONLY ref.holiday
    ADD CONSTRAINT fk_holiday_holiday_date_calendar_day FOREIGN KEY (holiday_date) REFERENCES ref.calendar_day(day);


--
-- Name: item fk_item_category_code_item_category; Type: FK CONSTRAINT; Schema: ref; Owner: -
--

ALTER TABLE ONLY ref.item
    ADD CONSTRAINT fk_item_category_code_item_category FOREIGN KEY (category_code) REFERENCES ref.item_category(category_code);


--
-- Name: unit_price fk_unit_price_customer_id_customer; Type: FK CONSTRAINT; Schema: ref; Owner: -
--

ALTER TABLE ONLY ref.unit_price
    ADD CONSTRAINT fk_unit_price_customer_id_customer FOREIGN KEY (customer_id) REFERENCES ref.customer(customer_id);


--
-- Name: unit_price fk_unit_price_item_id_item; Type: FK CONSTRAINT; Schema: ref; Owner: -
--

ALTER TABLE ONLY ref.unit_price
    ADD CONSTRAINT fk_unit_price_item_id_item FOREIGN KEY (item_id) REFERENCES ref.item(item_id);


--
-- Name: vehicle fk_vehicle_collector_id_collector; Type: FK CONSTRAINT; Schema: ref; Owner: -
--

ALTER TABLE ONLY ref.vehicle
    ADD CONSTRAINT fk_vehicle_collector_id_collector FOREIGN KEY (collector_id) REFERENCES ref.collector(collector_id);


--
-- Name: manifest fk_manifest_slip_id_receive_slip; Type: FK CONSTRAINT; Schema: stg; Owner: -
--

ALTER TABLE ONLY stg.manifest
    ADD CONSTRAINT fk_manifest_slip_id_receive_slip FOREIGN KEY (slip_id) REFERENCES stg.receive_slip(slip_id) ON DELETE CASCADE;


--
-- Name: receive_slip fk_receive_slip_collector_id_collector; Type: FK CONSTRAINT; Schema: stg; Owner: -
--

ALTER TABLE ONLY stg.receive_slip
    ADD CONSTRAINT fk_receive_slip_collector_id_collector FOREIGN KEY (collector_id) REFERENCES ref.collector(collector_id);


--
-- Name: receive_slip fk_receive_slip_customer_id_customer; Type: FK CONSTRAINT; Schema: stg; Owner: -
--

ALTER TABLE ONLY stg.receive_slip
    ADD CONSTRAINT fk_receive_slip_customer_id_customer FOREIGN KEY (customer_id) REFERENCES ref.customer(customer_id);


--
-- Name: receive_slip fk_receive_slip_deleted_by_app_user; Type: FK CONSTRAINT; Schema: stg; Owner: -
--

ALTER TABLE ONLY stg.receive_slip
    ADD CONSTRAINT fk_receive_slip_deleted_by_app_user FOREIGN KEY (deleted_by) REFERENCES public.app_user(user_id);


--
-- Name: receive_slip fk_receive_slip_item_id_item; Type: FK CONSTRAINT; Schema: stg; Owner: -
--

ALTER TABLE ONLY stg.receive_slip
    ADD CONSTRAINT fk_receive_slip_item_id_item FOREIGN KEY (item_id) REFERENCES ref.item(item_id);


--
-- Name: receive_slip fk_receive_slip_raw_row; Type: FK CONSTRAINT; Schema: stg; Owner: -
--

ALTER TABLE ONLY stg.receive_slip
    ADD CONSTRAINT fk_receive_slip_raw_row FOREIGN KEY (upload_id, row_number) REFERENCES raw.receive_slip(upload_id, row_number);


--
-- Name: receive_slip fk_receive_slip_site_code_site; Type: FK CONSTRAINT; Schema: stg; Owner: -
--

ALTER TABLE ONLY stg.receive_slip
    ADD CONSTRAINT fk_receive_slip_site_code_site FOREIGN KEY (site_code) REFERENCES ref.site(site_code);


--
-- Name: receive_slip fk_receive_slip_upload_id_upload_log; Type: FK CONSTRAINT; Schema: stg; Owner: -
--

ALTER TABLE ONLY stg.receive_slip
    ADD CONSTRAINT fk_receive_slip_upload_id_upload_log FOREIGN KEY (upload_id) REFERENCES public.upload_log(upload_id);


--
-- Name: receive_slip fk_receive_slip_vehicle_id_vehicle; Type: FK CONSTRAINT; Schema: stg; Owner: -
--

ALTER TABLE ONLY stg.receive_slip
    ADD CONSTRAINT fk_receive_slip_vehicle_id_vehicle FOREIGN KEY (vehicle_id) REFERENCES ref.vehicle(vehicle_id);


--
-- Name: shipment_slip fk_shipment_slip_deleted_by_app_user; Type: FK CONSTRAINT; Schema: stg; Owner: -
--

ALTER TABLE ONLY stg.shipment_slip
    ADD CONSTRAINT fk_shipment_slip_deleted_by_app_user FOREIGN KEY (deleted_by) REFERENCES public.app_user(user_id);


--
-- Name: shipment_slip fk_shipment_slip_item_id_item; Type: FK CONSTRAINT; Schema: stg; Owner: -
--

ALTER TABLE ONLY stg.shipment_slip
    ADD CONSTRAINT fk_shipment_slip_item_id_item FOREIGN KEY (item_id) REFERENCES ref.item(item_id);


--
-- Name: shipment_slip fk_shipment_slip_raw_row; Type: FK CONSTRAINT; Schema: stg; Owner: -
--

ALTER TABLE ONLY stg.shipment_slip
    ADD CONSTRAINT fk_shipment_slip_raw_row FOREIGN KEY (upload_id, row_number) REFERENCES raw.shipment_slip(upload_id, row_number);


--
-- Name: shipment_slip fk_shipment_slip_site_code_site; Type: FK CONSTRAINT; Schema: stg; Owner: -
--

ALTER TABLE ONLY stg.shipment_slip
    ADD CONSTRAINT fk_shipment_slip_site_code_site FOREIGN KEY (site_code) REFERENCES ref.site(site_code);


--
-- Name: shipment_slip fk_shipment_slip_upload_id_upload_log; Type: FK CONSTRAINT; Schema: stg; Owner: -
--

ALTER TABLE ONLY stg.shipment_slip
    ADD CONSTRAINT fk_shipment_slip_upload_id_upload_log FOREIGN KEY (upload_id) REFERENCES public.upload_log(upload_id);


--
-- Name: shipment_slip fk_shipment_slip_vendor_id_vendor; Type: FK CONSTRAINT; Schema: stg; Owner: -
--

ALTER TABLE ONLY stg.shipment_slip
    ADD CONSTRAINT fk_shipment_slip_vendor_id_vendor FOREIGN KEY (vendor_id) REFERENCES ref.vendor(vendor_id);


--
-- Name: yard_slip fk_yard_slip_deleted_by_app_user; Type: FK CONSTRAINT; Schema: stg; Owner: -
--

ALTER TABLE ONLY stg.yard_slip
    ADD CONSTRAINT fk_yard_slip_deleted_by_app_user FOREIGN KEY (deleted_by) REFERENCES public.app_user(user_id);


--
-- Name: yard_slip fk_yard_slip_item_id_item; Type: FK CONSTRAINT; Schema: stg; Owner: -
--

ALTER TABLE ONLY stg.yard_slip
    ADD CONSTRAINT fk_yard_slip_item_id_item FOREIGN KEY (item_id) REFERENCES ref.item(item_id);


--
-- Name: yard_slip fk_yard_slip_raw_row; Type: FK CONSTRAINT; Schema: stg; Owner: -
--

ALTER TABLE ONLY stg.yard_slip
    ADD CONSTRAINT fk_yard_slip_raw_row FOREIGN KEY (upload_id, row_number) REFERENCES raw.yard_slip(upload_id, row_number);


--
-- Name: yard_slip fk_yard_slip_site_code_site; Type: FK CONSTRAINT; Schema: stg; Owner: -
--

ALTER TABLE ONLY stg.yard_slip
    ADD CONSTRAINT fk_yard_slip_site_code_site FOREIGN KEY (site_code) REFERENCES ref.site(site_code);


--
-- Name: yard_slip fk_yard_slip_upload_id_upload_log; Type: FK CONSTRAINT; Schema: stg; Owner: -
--

ALTER TABLE ONLY stg.yard_slip
    ADD CONSTRAINT fk_yard_slip_upload_id_upload_log FOREIGN KEY (upload_id) REFERENCES public.upload_log(upload_id);


--
-- PostgreSQL database dump complete
--
