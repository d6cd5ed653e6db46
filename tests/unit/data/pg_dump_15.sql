--
-- PostgreSQL database dump
--

\restrict 98pUgcY113hyYx4kR0buQbLznsNmhAnWAftK2G2VNiJGFGzwbBJh9VtHc7Dbgu1

-- Dumped from database version 15.18 (Debian 15.18-0+deb12u1)
-- Dumped by pg_dump version 15.18 (Debian 15.18-0+deb12u1)

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
-- Name: mart; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA mart;


--
-- Name: public; Type: SCHEMA; Schema: -; Owner: -
--

-- *not* creating schema, since initdb creates it


--
-- Name: raw data; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA "raw data";


--
-- Name: state; Type: TYPE; Schema: mart; Owner: -
--

CREATE TYPE mart.state AS ENUM (
    'open',
    'closed; or not',
    'it''s'
);


--
-- Name: weight; Type: DOMAIN; Schema: mart; Owner: -
--

CREATE DOMAIN mart.weight AS numeric(10,3)
	CONSTRAINT weight_check CHECK ((VALUE >= (0)::numeric));


SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: slip; Type: TABLE; Schema: mart; Owner: -
--

CREATE TABLE mart.slip (
    id integer NOT NULL,
    day date NOT NULL,
    state mart.state DEFAULT 'open'::mart.state,
    net mart.weight,
    doubled numeric GENERATED ALWAYS AS (((net)::numeric * (2)::numeric)) STORED,
    CONSTRAINT slip_day_check CHECK ((day > '2000-01-01'::date))
);


--
-- Name: COLUMN slip.net; Type: COMMENT; Schema: mart; Owner: -
--

COMMENT ON COLUMN mart.slip.net IS 'kilograms; as weighed at the gate -- 正味';


--
-- Name: add_slip(date); Type: PROCEDURE; Schema: mart; Owner: -
--

CREATE PROCEDURE mart.add_slip(IN day date)
    LANGUAGE sql
    BEGIN ATOMIC
 INSERT INTO mart.slip (day)
   VALUES (add_slip.day);
END;


--
-- Name: half(integer); Type: FUNCTION; Schema: mart; Owner: -
--

CREATE FUNCTION mart.half(value integer) RETURNS integer
    LANGUAGE sql
    BEGIN ATOMIC
 SELECT 1;
 SELECT
         CASE
             WHEN (value > 1) THEN (value / 2)
             ELSE 0
         END AS "case";
END;


--
-- Name: touch(); Type: FUNCTION; Schema: mart; Owner: -
--

CREATE FUNCTION mart.touch() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN RETURN new; END $$;


--
-- Name: traps(); Type: FUNCTION; Schema: mart; Owner: -
--

CREATE FUNCTION mart.traps() RETURNS text
    LANGUAGE plpgsql
    AS $_$
BEGIN
  /* lines of the body, not commands:
\restrict b
COMMIT;
  */
  RAISE NOTICE $$a ; b$$;
  RETURN E'\';

--
-- PostgreSQL database dump complete
--

\\unrestrict b
';
END;
$_$;


--
-- Name: FUNCTION traps(); Type: COMMENT; Schema: mart; Owner: -
--

COMMENT ON FUNCTION mart.traps() IS 'SET transaction_timeout = 0;
\restrict c
SET transaction_timeout = 0;';


--
-- Name: daily; Type: VIEW; Schema: mart; Owner: -
--

CREATE VIEW mart.daily AS
 SELECT slip.day,
    sum((slip.net)::numeric) AS net,
        CASE
            WHEN (count(*) > 1) THEN 'many;'::text
            ELSE 'one'::text
        END AS size
   FROM mart.slip
  GROUP BY slip.day;


--
-- Name: mv_daily; Type: MATERIALIZED VIEW; Schema: mart; Owner: -
--

CREATE MATERIALIZED VIEW mart.mv_daily AS
 SELECT daily.day,
    daily.net,
    daily.size
   FROM mart.daily
  WITH NO DATA;


--
-- Name: reading; Type: TABLE; Schema: mart; Owner: -
--

CREATE TABLE mart.reading (
    at timestamp with time zone NOT NULL,
    value integer
)
PARTITION BY RANGE (at);


--
-- Name: reading_2025; Type: TABLE; Schema: mart; Owner: -
--

CREATE TABLE mart.reading_2025 (
    at timestamp with time zone NOT NULL,
    value integer
);


--
-- Name: slip_id_seq; Type: SEQUENCE; Schema: mart; Owner: -
--

CREATE SEQUENCE mart.slip_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: slip_id_seq; Type: SEQUENCE OWNED BY; Schema: mart; Owner: -
--

ALTER SEQUENCE mart.slip_id_seq OWNED BY mart.slip.id;


--
-- Name: alembic_version; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);


--
-- Name: TABLE alembic_version; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.alembic_version IS 'where this database is';


--
-- Name: 受入;伝票; Type: TABLE; Schema: raw data; Owner: -
--

CREATE TABLE "raw data"."受入;伝票" (
    id bigint NOT NULL,
    "品 名" text DEFAULT 'a\b''c;'::text,
    note text DEFAULT '-- no comment /*'::text
);


--
-- Name: 受入;伝票_id_seq; Type: SEQUENCE; Schema: raw data; Owner: -
--

ALTER TABLE "raw data"."受入;伝票" ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME "raw data"."受入;伝票_id_seq"
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: reading_2025; Type: TABLE ATTACH; Schema: mart; Owner: -
--

ALTER TABLE ONLY mart.reading ATTACH PARTITION mart.reading_2025 FOR VALUES FROM ('2025-01-01 00:00:00+00') TO ('2026-01-01 00:00:00+00');


--
-- Name: slip id; Type: DEFAULT; Schema: mart; Owner: -
--

ALTER TABLE ONLY mart.slip ALTER COLUMN id SET DEFAULT nextval('mart.slip_id_seq'::regclass);


--
-- Name: slip slip_pkey; Type: CONSTRAINT; Schema: mart; Owner: -
--

ALTER TABLE ONLY mart.slip
    ADD CONSTRAINT slip_pkey PRIMARY KEY (id);


--
-- Name: alembic_version alembic_version_pkc; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);


--
-- Name: 受入;伝票 受入;伝票_pkey; Type: CONSTRAINT; Schema: raw data; Owner: -
--

ALTER TABLE ONLY "raw data"."受入;伝票"
    ADD CONSTRAINT "受入;伝票_pkey" PRIMARY KEY (id);


--
-- Name: mv_daily_day; Type: INDEX; Schema: mart; Owner: -
--

CREATE UNIQUE INDEX mv_daily_day ON mart.mv_daily USING btree (day);


--
-- Name: slip_open; Type: INDEX; Schema: mart; Owner: -
--

CREATE INDEX slip_open ON mart.slip USING btree (day) WHERE (state = 'open'::mart.state);


--
-- Name: slip keep; Type: RULE; Schema: mart; Owner: -
--

CREATE RULE keep AS
    ON DELETE TO mart.slip DO INSTEAD ( UPDATE mart.slip SET state = 'closed; or not'::mart.state
  WHERE (slip.id = old.id);

 NOTIFY slips;
);


--
-- Name: slip touch; Type: TRIGGER; Schema: mart; Owner: -
--

CREATE TRIGGER touch BEFORE UPDATE ON mart.slip FOR EACH ROW EXECUTE FUNCTION mart.touch();


--
-- Name: slip readers; Type: POLICY; Schema: mart; Owner: -
--

CREATE POLICY readers ON mart.slip FOR SELECT TO reader USING ((state <> 'closed; or not'::mart.state));


--
-- Name: slip; Type: ROW SECURITY; Schema: mart; Owner: -
--

ALTER TABLE mart.slip ENABLE ROW LEVEL SECURITY;

--
-- PostgreSQL database dump complete
--

\unrestrict 98pUgcY113hyYx4kR0buQbLznsNmhAnWAftK2G2VNiJGFGzwbBJh9VtHc7Dbgu1

