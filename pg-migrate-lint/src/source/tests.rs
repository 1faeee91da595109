use super::*;

fn statements(text: &str) -> Vec<String> {
    let source = Source::new("t", text.as_bytes().to_vec());
    source
        .statements
        .iter()
        .map(|statement| source.parsable(statement).to_string())
        .collect()
}

#[test]
fn what_is_quoted_ends_nothing() {
    let text =
        "select ';', E'\\';', \";\" ; select $a$ ; $b$ ; $a$ -- ;\n;/* ; /* ; */ ; */ select 3";
    let expected = [
        "select ';', E'\\';', \";\"",
        "select $a$ ; $b$ ; $a$",
        "select 3",
    ];
    assert_eq!(statements(text), expected);
}

#[test]
fn a_body_in_sql_is_one_statement() {
    let text = "create or replace function f() returns int begin atomic select case when 1=1 then 2 end; select 2; end; begin; end;";
    assert_eq!(statements(text).len(), 3);
    let rule = "create rule r as on insert to t do also (select 1; select 2); select 3";
    assert_eq!(statements(rule).len(), 2);
}

#[test]
fn the_rows_of_copy_are_no_statements() {
    let text = "COPY t (a) FROM stdin;\n1;\n'\n\\.\nselect 2;";
    assert_eq!(statements(text), ["COPY t (a) FROM stdin", "select 2"]);
    assert_eq!(
        statements("copy t from stdin;\nnever ended"),
        ["copy t from stdin"]
    );
}

#[test]
fn psql_is_understood() {
    let text =
        "\\set a 1\nselect :a, :'b', x::text, y[1:n] from :\"t\" \\gset\n\\i other.sql\nselect 2";
    let expected = ["select _a,  'b', x::text, y[1:n] from \"_t\"", "select 2"];
    assert_eq!(statements(text), expected);
}

#[test]
fn templates_become_names_of_the_same_length() {
    let text = "{{ if .x }}alter table {{ .schema }}.users add a_${suffix} int;{{ end }}\nselect 1";
    let source = Source::new("t", text.as_bytes().to_vec());
    assert_eq!(source.statements.len(), 2);
    let first = source.parsable(&source.statements[0]);
    assert_eq!(first.len(), source.written(&source.statements[0]).len());
    assert!(pg_query::parse(first, 0).is_ok(), "{first}");
    let restored = source.with_placeholders(first.to_string());
    assert_eq!(restored, source.written(&source.statements[0]));
}

#[test]
fn any_bytes_are_a_source() {
    let source = Source::new(
        "t",
        b"\xef\xbb\xbfselect 1;\0\xff\xfe select\r\n'\xc3".to_vec(),
    );
    assert_eq!(source.text.len(), 26);
    assert_eq!(source.statements[0].start(), 3);
    let lines = source.lines();
    assert_eq!(lines.position(source.statements[1].start()).line, 1);
    assert_eq!(lines.text(2), "'?");
}

#[test]
fn templates_of_every_sort_are_names() {
    for template in ["{{ a }}", "${a}", "$(a)", "$%A_KEY%$", "#{a}", "<%= a %>"] {
        let text = format!("CREATE TABLE {template} (a int); SELECT 1");
        let [statement, _] = &statements(&text)[..] else {
            panic!("{template} is cut");
        };
        assert!(
            matches!(
                crate::parse::one(statement),
                crate::parse::Parsed::Changes(_)
            ),
            "{statement}"
        );
    }
}

#[test]
fn a_byte_order_mark_is_no_column() {
    let source = Source::new("t", b"\xef\xbb\xbfselect 1;\nselect 2;".to_vec());
    let places: Vec<_> = source
        .statements
        .iter()
        .map(|statement| {
            let position = source.lines().position(statement.start());
            (position.line, position.column)
        })
        .collect();
    assert_eq!(places, [(1, 1), (2, 1)]);
    assert_eq!(source.lines().text(1), "select 1;");
    assert_eq!(source.lines().line(0), 1);
}

#[test]
fn what_is_in_utf_16_is_not_cut() {
    for mark in [&[][..], b"\xff\xfe"] {
        let text = "select 1; select 2;"
            .encode_utf16()
            .flat_map(u16::to_le_bytes);
        let source = Source::new("t", mark.iter().copied().chain(text).collect());
        assert!(source.is_wide && source.statements.is_empty());
    }
    assert!(!Source::new("t", b"\0\0\0\0".to_vec()).is_wide);
}

#[test]
fn variables_of_psql_are_put_back_where_they_were() {
    let text = "DROP TABLE :t, :\"Tab\", my_t; ALTER TABLE :s.my_t ADD a int";
    let source = Source::new("t", text.as_bytes().to_vec());
    let restored = |number: usize| {
        let words = source.parsable(&source.statements[number]).to_string();
        source.with_placeholders(words)
    };
    assert_eq!(restored(0), "DROP TABLE :t, :\"Tab\", my_t");
    assert_eq!(restored(1), "ALTER TABLE :s.my_t ADD a int");
}
