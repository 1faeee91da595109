use super::*;
use crate::logs::severity::Severity;

fn read<'a>(prefix: &str, line: &'a str) -> Option<(Fields<'a>, &'a str)> {
    let found = Prefix::new(prefix).unwrap().read(line.as_bytes())?;
    assert_eq!(found.label, Label::Begins(Severity::Log));
    Some((found.fields, &line[found.text..]))
}

fn texts(fields: Fields<'_>) -> [String; 7] {
    [
        fields.time,
        fields.pid,
        fields.user,
        fields.database,
        fields.application,
        fields.client,
        fields.sqlstate,
    ]
    .map(|text| String::from_utf8_lossy(text).into_owned())
}

#[track_caller]
fn check(prefix: &str, line: &str, expected: [&str; 7]) {
    let (fields, text) = read(prefix, line).unwrap();
    assert_eq!(text, "hello");
    assert_eq!(texts(fields), expected.map(str::to_owned));
}

const T: &str = "2026-11-21 02:46:16.890 UTC";

#[test]
fn the_usual_prefixes_are_read() {
    check(
        "%m [%p] ",
        &format!("{T} [77] LOG:  hello"),
        [T, "77", "", "", "", "", ""],
    );
    check(
        "%m [%p] %q%u@%d ",
        &format!("{T} [77] joe@shop db LOG:  hello"),
        [T, "77", "joe", "shop db", "", "", ""],
    );
    check(
        "%m [%p] %q%u@%d ",
        &format!("{T} [77] LOG:  hello"),
        [T, "77", "", "", "", "", ""],
    );
    check(
        "%t [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h ",
        "2026-11-21 02:46:16 UTC [7]: [12-1] user=joe,db=shop,app=a, [b] c,client=::1 LOG:  hello",
        [
            "2026-11-21 02:46:16 UTC",
            "7",
            "joe",
            "shop",
            "a, [b] c",
            "::1",
            "",
        ],
    );
    check(
        "%t:%r:%u@%d:[%p]:",
        "2026-11-21 02:46:16 UTC:fe80::1(5432):joe@shop:[7]:LOG:  hello",
        [
            "2026-11-21 02:46:16 UTC",
            "7",
            "joe",
            "shop",
            "",
            "fe80::1",
            "",
        ],
    );
    check("", "LOG:  hello", [""; 7]);
}

#[test]
fn every_escape_is_read() {
    check(
        "%m|%p|%P|%u|%d|%a|%h|%b|%i|%l|%c|%s|%v|%x|%e|%Q|%n|%L|%%|",
        &format!(
            "{T}|7||joe|shop|psql|[local]|client backend|SELECT|3|6b01.7d8f|{T}|3/9|0|42P01|-5|1795229176.890|[local]|%|LOG:  hello"
        ),
        [
            "1795229176.890",
            "7",
            "joe",
            "shop",
            "psql",
            "[local]",
            "42P01",
        ],
    );
}

#[test]
fn padding_is_not_part_of_a_value() {
    check(
        "%m [%8p] %-10u %d ",
        &format!("{T} [      77] joe        shop LOG:  hello"),
        [T, "77", "joe", "shop", "", "", ""],
    );
    check(
        "%m [%-8p] %10u %d ",
        &format!("{T} [77      ]        joe shop LOG:  hello"),
        [T, "77", "joe", "shop", "", "", ""],
    );
}

#[test]
fn who_has_not_said_who_he_is_has_no_name() {
    check(
        "%u@%d %p ",
        "[unknown]@[unknown] 7 LOG:  hello",
        ["", "7", "", "", "", "", ""],
    );
}

#[test]
fn another_line_is_refused() {
    for line in [
        "",
        "x",
        "2026-11-21 02:46:16.890 UTC [x] LOG:  hello",
        "\tLOG:  hello",
    ] {
        assert!(read("%m [%p] ", line).is_none(), "{line}");
    }
}

#[test]
fn an_unknown_escape_is_refused() {
    let error = Prefix::new("%m [%z] ").unwrap_err();
    assert!(error.message().contains("%z"), "{}", error.message());
    assert!(Prefix::new("%m %").is_err());
}
