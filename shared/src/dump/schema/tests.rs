//! Definitions as pg_dump writes them, and what is a difference.

use super::*;
use crate::dump::{Event, Script};

fn schema(script: &str) -> Schema {
    let mut schema = Schema::default();
    let mut script = Script::new(script.as_bytes());
    while let Some(event) = script.next().unwrap() {
        if let Event::Statement { sql, entry, .. } = event {
            schema.add(entry, std::str::from_utf8(sql).unwrap());
        }
    }
    schema
}

const TABLE: &str = "-- Name: t; Type: TABLE; Schema: public; Owner: app\n\n\
    CREATE TABLE public.t (a integer);\nALTER TABLE public.t OWNER TO app;\n";
const INDEX: &str = "-- Name: i; Type: INDEX; Schema: public; Owner: app\n\n\
    CREATE INDEX i ON public.t USING btree (a);\n";

#[test]
fn order_is_no_difference() {
    let one = schema(&format!("{TABLE}{INDEX}"));
    let other = schema(&format!("{INDEX}{TABLE}"));
    assert_eq!(one.differences(&other), []);
    assert_eq!(one.count(), 2);
}

#[test]
fn a_partition_is_attached_by_its_own_entry_or_by_another() {
    let attach = "ALTER TABLE ONLY public.p ATTACH PARTITION public.t DEFAULT;\n";
    let entry = "-- Name: t; Type: TABLE ATTACH; Schema: public; Owner: app\n\n";
    let old = schema(&format!("{TABLE}{attach}"));
    let new = schema(&format!("{TABLE}{entry}{attach}"));
    assert_eq!(old.differences(&new), []);
    assert_eq!(new.differences(&new), []);
    assert_eq!(old.differences(&schema(TABLE)).len(), 1);
    assert_eq!(schema(TABLE).differences(&new).len(), 1);
}

#[test]
fn missing_changed_and_extra() {
    let one = schema(&format!("{TABLE}{INDEX}"));
    let missing = &one.differences(&schema(TABLE))[0];
    assert_eq!(missing.object, "INDEX public.i");
    assert_eq!(missing.actual, None);
    let extra = &schema(TABLE).differences(&one)[0];
    assert_eq!(extra.expected, None);
    let changed = schema(&format!(
        "{}{INDEX}",
        TABLE.replace("OWNER TO app", "OWNER TO x")
    ));
    let difference = &one.differences(&changed)[0];
    assert_eq!(
        difference.expected.as_deref(),
        Some("ALTER TABLE public.t OWNER TO app;")
    );
    assert_eq!(
        difference.actual.as_deref(),
        Some("ALTER TABLE public.t OWNER TO x;")
    );
}

#[test]
fn of_a_long_definition_only_the_lines_that_differ() {
    let table = |columns: &str| {
        schema(&format!(
            "-- Name: t; Type: TABLE; Schema: s; Owner: o\n\nCREATE TABLE s.t (\n{columns}\n);\n"
        ))
    };
    let one = table("    a integer,\n    b text NOT NULL,\n    c date");
    let shown = |other: &Schema| {
        let difference = &one.differences(other)[0];
        (
            difference.expected.clone().unwrap(),
            difference.actual.clone().unwrap(),
        )
    };
    let other = table("    a integer,\n    b text,\n    c date");
    assert_eq!(shown(&other), ("b text NOT NULL".into(), "b text".into()));
    let shorter = table("    a integer,\n    b text NOT NULL");
    assert_eq!(shown(&shorter), ("c date".into(), String::new()));
    let turned = table("    b text NOT NULL,\n    a integer,\n    c date");
    assert!(shown(&turned).0.starts_with("CREATE TABLE"));
    assert!(one.differences(&turned)[0].is_of_order());
    assert!(!one.differences(&other)[0].is_of_order());
}

#[test]
fn the_order_of_a_policys_roles_is_no_difference() {
    let one = "-- Name: t p; Type: POLICY; Schema: s; Owner: o\n\
               CREATE POLICY p ON s.t TO b, \"A, x\" USING ((c = 'to d, e'::text));";
    let same = one.replace("b, \"A, x\"", "\"A, x\", b");
    let other = one.replace("b, \"A, x\"", "b");
    assert_eq!(schema(one).differences(&schema(&same)), []);
    assert_eq!(schema(one).differences(&schema(&other)).len(), 1);
}

#[test]
fn quotes_that_a_name_does_not_need_are_no_difference_where_all_have_them() {
    let quoted = schema(&TABLE.replace("public.t", "\"public\".\"t\""));
    assert!(quoted.quotes_all() && !schema(TABLE).quotes_all());
    assert_eq!(quoted.differences(&schema(TABLE)), []);
    let other = TABLE.replace("(a integer)", "(b integer)");
    assert_eq!(quoted.differences(&schema(&other)).len(), 1);
    let capital = TABLE.replace("(a integer)", "(\"A\" integer)");
    assert_eq!(quoted.differences(&schema(&capital)).len(), 1);
}

#[test]
fn the_same_instant_in_another_zone() {
    let one = "-- Name: t; Type: DEFAULT; Schema: s; Owner: o\n\
               ALTER TABLE t ALTER a SET DEFAULT '2024-06-01 14:00:00+02'::timestamptz;";
    let same = one.replace("14:00:00+02", "12:00:00+00");
    let other = one.replace("14:00:00+02", "13:00:00+00");
    assert_eq!(schema(one).differences(&schema(&same)), []);
    assert_eq!(schema(one).differences(&schema(&other)).len(), 1);
}

#[test]
fn a_tablespace_is_part_of_the_definition() {
    let other = schema(&format!("SET default_tablespace = fast;\n{TABLE}"));
    assert_eq!(schema(TABLE).differences(&other).len(), 1);
    let usual = schema(&format!("SET default_tablespace = '';\n{TABLE}"));
    assert_eq!(schema(TABLE).differences(&usual), []);
}
