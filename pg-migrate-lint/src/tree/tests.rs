//! The table of nodes beside the headers that the library comes with.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::{KNOWN, field};

/// Where the sources of the crate are that brings the library.
fn library() -> PathBuf {
    let said = |command: &mut Command| {
        let said = command.output().unwrap();
        assert!(said.status.success(), "{said:?}");
        String::from_utf8(said.stdout).unwrap()
    };
    let rustc = said(Command::new("rustc").arg("-vV"));
    let host = rustc.lines().find_map(|line| line.strip_prefix("host: "));
    let metadata = said(
        Command::new(env!("CARGO"))
            .args(["metadata", "--format-version=1", "--offline"])
            .args(["--filter-platform", host.unwrap()])
            .args([
                "--manifest-path",
                concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"),
            ]),
    );
    let metadata: serde_json::Value = serde_json::from_str(&metadata).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let package = packages
        .iter()
        .find(|package| package["name"] == "pg_query");
    let manifest = package.unwrap()["manifest_path"].as_str().unwrap();
    PathBuf::from(manifest).with_file_name("libpg_query")
}

/// What C says about the same structs and enums.
fn assertions() -> String {
    let mut c = String::from(
        "#include \"postgres.h\"\n#include \"nodes/parsenodes.h\"\n\
         #define IS(type, struct, field) __builtin_types_compatible_p(type, __typeof__(((struct *) 0)->field))\n",
    );
    let mut holds = |what: String| writeln!(c, "_Static_assert({what}, \"it does not\");").unwrap();
    holds("sizeof(ListCell) == sizeof(void *)".into());
    for (field, offset) in [("length", 4), ("elements", 16)] {
        holds(format!("offsetof(List, {field}) == {offset}"));
    }
    for (name, tag, fields) in KNOWN {
        holds(format!("T_{name} == {tag}"));
        for (field, offset, type_) in *fields {
            holds(format!("offsetof({name}, {field}) == {offset}"));
            match *type_ {
                "" => holds(format!("sizeof((({name} *) 0)->{field}) == sizeof(void *)")),
                type_ => holds(format!(
                    "IS({type_}, {name}, {field}) || IS(const {type_}, {name}, {field})"
                )),
            }
        }
    }
    field::constants().for_each(|(name, number)| holds(format!("{name} == {number}")));
    c
}

fn compiles(c: &str) -> bool {
    let library = library();
    let mut compiler = Command::new("cc")
        .args(["-fsyntax-only", "-w", "-x", "c", "-"])
        .arg("-I")
        .arg(&library)
        .arg("-I")
        .arg(library.join("src/postgres/include"))
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    compiler
        .stdin
        .take()
        .unwrap()
        .write_all(c.as_bytes())
        .unwrap();
    compiler.wait().unwrap().success()
}

#[test]
fn structs_and_enums_are_those_of_the_library() {
    let c = assertions();
    assert!(c.lines().count() > 500, "{c}");
    assert!(compiles(&c));
    assert!(!compiles(&c.replace(
        "offsetof(RangeVar, relname) == 24",
        "offsetof(RangeVar, relname) == 16"
    )));
}
