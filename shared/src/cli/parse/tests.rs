use super::*;
use crate::records::Format;

const TOOL: Tool = Tool::new("pg-try", "1.2.3", "try the parser")
    .connects()
    .formats(&["sarif"])
    .operands("FILE", "files")
    .flags(&[
        Flag::switch("dry-run", "change nothing").short('n'),
        Flag::value("keep-last", "N", "how many").default("7"),
        Flag::value("table", "PATTERN", "which tables")
            .short('t')
            .repeats(),
        Flag::value("mode", "MODE", "how").choices(&["fast", "slow"]),
    ]);

const PASSING: Tool = TOOL.passes("ARGS", "for the other program");

#[derive(Debug, Default)]
struct Seen {
    flags: Vec<String>,
    words: Vec<OsString>,
}

impl Options for Seen {
    fn set(&mut self, flag: &str, value: &Value) -> Result<()> {
        self.flags.push(format!("{flag}={}", value.text()?));
        Ok(())
    }

    fn operand(&mut self, word: OsString) -> Result<()> {
        self.words.push(word);
        Ok(())
    }

    fn passed(&mut self, mut word: OsString) -> Result<()> {
        word.push(" passed");
        self.words.push(word);
        Ok(())
    }
}

fn line(tool: &Tool, line: &str) -> Result<(Seen, Common)> {
    match parse::<Seen>(tool, line.split_whitespace().map(OsString::from))? {
        Parsed::Run(seen, common) => Ok((seen, common)),
        Parsed::Print(text) => panic!("printed {text}"),
    }
}

fn flags(text: &str) -> String {
    line(&TOOL, text).unwrap().0.flags.join(" ")
}

fn refusal(text: &str) -> String {
    let error = line(&TOOL, text).unwrap_err();
    assert_eq!(error.kind(), crate::error::Kind::Usage, "{text}");
    error.to_string()
}

#[test]
fn the_same_flag_in_all_its_spellings() {
    for text in ["-t a", "-ta", "--table a", "--table=a"] {
        assert_eq!(flags(text), "keep-last=7 table=a", "{text}");
    }
    assert_eq!(flags("-nta -t=b"), "keep-last=7 dry-run= table=a table==b");
    assert_eq!(flags("--table="), "keep-last=7 table=");
}

#[test]
fn a_default_is_set_unless_something_was_given() {
    assert_eq!(flags(""), "keep-last=7");
    assert_eq!(flags("--keep-last 3"), "keep-last=3");
}

#[test]
fn what_is_given_twice() {
    assert_eq!(
        flags("-t a -t b -t a"),
        "keep-last=7 table=a table=b table=a"
    );
    assert_eq!(
        flags("-n --dry-run --mode fast --mode fast"),
        "keep-last=7 dry-run= mode=fast"
    );
    assert_eq!(
        refusal("--mode fast --mode slow"),
        "--mode is given twice: \"fast\" and \"slow\""
    );
    assert!(refusal("-h a --host b").contains("--host is given twice"));
}

#[test]
fn a_password_that_is_out_of_place_is_not_shown() {
    const NONE: Tool = Tool {
        operands: None,
        ..TOOL
    };
    for text in [
        "postgresql://u:s3cret@h/db",
        "u:s3cret@h/db",
        "password=s3cret",
        "-- postgresql://h?password=s3cret",
        "-d postgresql://u:s3cret@h/db -d password=s3cret",
    ] {
        let said = line(&NONE, text).unwrap_err().to_string();
        assert!(said.contains("looks like a connection string"), "{said}");
        assert!(!said.contains("s3cret"), "{said}");
    }
}

#[test]
fn common_flags_do_not_reach_the_tool() {
    let (seen, common) = line(&TOOL, "-d db -h host -p 5433 -U me -w -o csv -qv").unwrap();
    assert_eq!(seen.flags, ["keep-last=7"]);
    let connect = common.connect;
    assert_eq!(connect.dbname.as_deref(), Some("db"));
    assert_eq!(connect.host.as_deref(), Some("host"));
    assert_eq!(connect.port.as_deref(), Some("5433"));
    assert_eq!(connect.user.as_deref(), Some("me"));
    assert!(connect.never_prompt && common.quiet && common.verbose);
    assert_eq!(common.format, Some(Format::Csv));
    let (_, common) = line(&TOOL, "-o sarif").unwrap();
    assert_eq!(
        (common.format, common.extra_format.as_deref()),
        (None, Some("sarif"))
    );
}

#[test]
fn a_tool_may_have_a_common_flag_for_itself() {
    const OWN: Tool = TOOL.flags(&[Flag::value("dbname", "C", "which").short('d').repeats()]);
    let (seen, common) = line(&OWN, "-d a --dbname b").unwrap();
    assert_eq!(seen.flags, ["dbname=a", "dbname=b"]);
    assert_eq!(common.connect.dbname, None);
}

#[test]
fn operands_and_what_stands_behind_the_dashes() {
    let words = |tool: &Tool, text: &str| line(tool, text).unwrap().0.words;
    assert_eq!(
        words(&TOOL, "a -n b - -- -n --x"),
        ["a", "b", "-", "-n", "--x"]
    );
    assert_eq!(words(&PASSING, "a -- -n b"), ["a", "-n passed", "b passed"]);
    const NONE: Tool = Tool {
        operands: None,
        ..TOOL
    };
    assert!(line(&NONE, "a").unwrap_err().message().contains("\"a\""));
    assert!(line(&NONE, "-- a").is_err());
}

#[test]
fn what_is_refused() {
    for (text, said) in [
        (
            "--dryrun",
            "there is no flag --dryrun\nhint: did you mean --dry-run?",
        ),
        (
            "--keep_last 3",
            "there is no flag --keep_last\nhint: did you mean --keep-last?",
        ),
        (
            "--xyzzy",
            "there is no flag --xyzzy\nhint: pg-try --help shows them all",
        ),
        (
            "-X",
            "there is no flag -X\nhint: pg-try --help shows them all",
        ),
        ("--dry-run=yes", "--dry-run takes no value"),
        (
            "--mode quick",
            "--mode \"quick\": it must be one of fast, slow",
        ),
        (
            "-o xml",
            "-o \"xml\": it must be one of jsonl, json, csv, table, sarif",
        ),
    ] {
        assert_eq!(refusal(text), said, "{text}");
    }
}

#[test]
fn a_forgotten_value() {
    for text in ["-h", "--host", "-h -n", "-h --dry-run", "-nh", "-h --"] {
        let said = refusal(text);
        assert!(said.contains("needs a value: "), "{text}: {said}");
        assert!(
            said.contains("hint: usage: pg-try [OPTION]...; --help"),
            "{text}: {said}"
        );
    }
    assert!(refusal("-h --dry-run").contains("write --host=--dry-run"));
    assert_eq!(
        flags("--table=--dry-run -t -1"),
        "keep-last=7 table=--dry-run table=-1"
    );
}

#[test]
fn special_flags_come_before_anything_is_done() {
    for (text, start) in [
        ("--help", "pg-try - try the parser"),
        ("-?", "pg-try - try the parser"),
        (
            "-n --mode fast --help --nonsense",
            "pg-try - try the parser",
        ),
        ("--version", "pg-try 1.2.3\n"),
        ("-V", "pg-try 1.2.3\n"),
        ("--generate man", ".TH "),
        ("--generate bash", "# bash completion for pg-try"),
        ("--generate zsh", "#compdef pg-try"),
        ("--generate=fish", "# fish completion for pg-try"),
    ] {
        match parse::<Seen>(&TOOL, text.split_whitespace().map(OsString::from)).unwrap() {
            Parsed::Print(printed) => assert!(printed.starts_with(start), "{text}: {printed}"),
            Parsed::Run(..) => panic!("{text} was run"),
        }
    }
}

#[cfg(unix)]
#[test]
fn words_need_not_be_text_where_they_are_paths() {
    use std::os::unix::ffi::OsStringExt;
    let odd = OsString::from_vec(vec![b'a', 0xff]);
    let parsed = parse::<Seen>(&TOOL, [odd.clone()]).unwrap();
    assert!(matches!(parsed, Parsed::Run(seen, _) if seen.words == [odd.clone()]));
    let error = parse::<Seen>(&TOOL, [OsString::from("-t"), odd]).unwrap_err();
    assert!(error.message().contains("not valid UTF-8"), "{error}");
}
