--
-- PostgreSQL database dump
--

\restrict TraXj5IEBeszoCb0BmrJLkbRPEMyJ2HknpBS7Fh4I7HThNM5BMpNAynWDnBVcQk

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

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: t; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.t (
    a integer NOT NULL,
    b text
);


ALTER TABLE public.t OWNER TO postgres;

--
-- Name: 4711; Type: BLOB; Schema: -; Owner: postgres
--

SELECT pg_catalog.lo_create('4711');


ALTER LARGE OBJECT 4711 OWNER TO postgres;

--
-- Data for Name: t; Type: TABLE DATA; Schema: public; Owner: postgres
--

INSERT INTO public.t VALUES (1, 'row 1');
INSERT INTO public.t VALUES (2, 'row 2');
INSERT INTO public.t VALUES (3, 'row 3');
INSERT INTO public.t VALUES (4, 'row 4');
INSERT INTO public.t VALUES (5, 'row 5');


--
-- Data for Name: BLOBS; Type: BLOBS; Schema: -; Owner: -
--

BEGIN;

SELECT pg_catalog.lo_open('4711', 131072);
SELECT pg_catalog.lowrite(0, '\x6c61726765');
SELECT pg_catalog.lo_close(0);

COMMIT;

--
-- Name: t t_pkey; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.t
    ADD CONSTRAINT t_pkey PRIMARY KEY (a);


--
-- PostgreSQL database dump complete
--

\unrestrict TraXj5IEBeszoCb0BmrJLkbRPEMyJ2HknpBS7Fh4I7HThNM5BMpNAynWDnBVcQk

