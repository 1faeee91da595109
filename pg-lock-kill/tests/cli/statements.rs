//! Every statement, with this version of the server.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use tests::Database;

/// What stands for numbers in braces, and a list that will do.
const LISTS: &[&str] = &["catalogs", "objects", "roles", "databases", "pids"];

/// `locks.14.sql` is for 14 and later, and then `locks.sql` for those before; `names.13.sql` is for those up to 13.
fn is_for(name: &str, all: &BTreeSet<String>, major: u32) -> bool {
    let has = |version: &str| all.contains(&name.replace(".sql", &format!(".{version}.sql")));
    match name {
        _ if name.ends_with(".14.sql") => major >= 14,
        _ if name.ends_with(".13.sql") => major < 14,
        _ if has("14") => major < 14,
        _ if has("13") => major >= 14,
        _ => true,
    }
}

#[test]
fn the_server_understands_each() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sql");
    let database = Database::new();
    let major = database.cluster().version().major;
    let files = fs::read_dir(&folder).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let names: BTreeSet<String> = names.collect();
    let mut client = database.client();
    for name in names.iter().filter(|name| is_for(name, &names, major)) {
        let mut text = fs::read_to_string(folder.join(name)).unwrap();
        assert!(
            text.starts_with("-- "),
            "{name} does not say what it is for"
        );
        for list in LISTS {
            text = text.replace(&format!("{{{list}}}"), "10");
        }
        text = text
            .replace("{every}", "true")
            .replace("{text}", "pg_catalog.textsend");
        // Those with parameters are asked with their types, by the tests of what they do.
        if text.contains("$1") {
            continue;
        }
        if let Err(error) = client.prepare(&text) {
            panic!("{name}: {}", shared::Error::from(error));
        }
    }
}
