//! All here that reads bytes of others, called as one function each: any bytes at all are read or refused, and what is
//! true of what was read is asserted. Tried with mangled ones by the test, and by the fuzz targets (`fuzz/`).

use std::fs;
use std::io::{Cursor, Read};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::connection::{ConnectArgs, Conninfo, Environment, Need, Passfile, in_service_file};
use crate::dump::{Archive, Block, Compression, CopyRows, Event, Files, Script};
use crate::records;

/// What is given for `-d`. An argument has no byte that is zero, and what is read from it has none either.
pub fn conninfo(bytes: &[u8]) {
    if bytes.contains(&0) {
        return;
    }
    let args = ConnectArgs {
        dbname: Some(String::from_utf8_lossy(bytes).into_owned()),
        ..ConnectArgs::default()
    };
    let environment = Environment::of([("HOME", "/nonexistent")]).with_user("somebody");
    if let Ok(found) = Conninfo::resolve(&args, &environment, Need::Session) {
        let said = [found.database(), found.user(), found.source()];
        assert!(said.iter().all(|text| !text.contains('\0')), "{said:?}");
        assert!(!found.user().is_empty());
        let _ = (found.place(), found.patience(), found.notes());
        let _ = found.with_database("other").source();
    }
}

/// A file of passwords: one that is found is in it.
pub fn passfile(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let file = Passfile::of(&text);
    let plain: String = text.chars().filter(|c| *c != '\\').collect();
    for (host, database) in [("localhost", "app"), ("::1", "a:b\\c"), ("", "")] {
        if let Some(password) = file.find(host, 5432, database, "backup") {
            let password: String = password.chars().filter(|c| *c != '\\').collect();
            assert!(plain.contains(&password));
        }
    }
}

/// A service file: nothing of it is in what is said of a fault, but the number of the line.
pub fn service(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for name in ["app", "a]b", ""] {
        if let Err(error) = in_service_file(&text, name, Path::new("FILE")) {
            assert!(error.to_string().contains("\"FILE\", line "), "{error}");
        }
    }
}

/// What tools hand on to each other, in all shapes that a field can have.
#[derive(Debug, Deserialize, Serialize)]
struct Handed {
    path: Option<String>,
    pid: Option<i32>,
    bytes: Option<u64>,
    ratio: Option<f64>,
    proved: Option<bool>,
    names: Option<Vec<String>>,
}

/// Records on standard input: after the first that is wrong there is none.
pub fn records(bytes: &[u8]) {
    let mut is_over = false;
    for record in records::read::<Handed, _>(Cursor::new(bytes)) {
        assert!(!is_over);
        is_over = record.is_err();
    }
}

/// Pieces of no more than so many bytes, however much a compressed one holds.
const MOST: u64 = 1 << 20;

fn rows(input: impl Read) {
    let mut rows = CopyRows::default();
    let mut buffer = [0; 700];
    let mut input = input.take(MOST);
    while let Ok(length @ 1..) = input.read(&mut buffer) {
        rows.add(&buffer[..length]);
    }
}

/// An archive of the custom format, with all its data.
pub fn archive(bytes: &[u8]) {
    let Ok(Some(archive)) = Archive::open(bytes) else {
        return;
    };
    let _ = (archive.toc().encoding(), archive.toc().in_order().count());
    let _ = archive.blocks(|block| {
        match block {
            Block::Rows(input) | Block::LargeObject(_, input) => rows(input),
        }
        Ok(())
    });
}

/// A tar file, and the table of contents of a directory.
pub fn files(bytes: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    let tar = folder.path().join("backup.tar");
    fs::write(&tar, bytes).unwrap();
    fs::write(folder.path().join(crate::dump::CONTENTS), bytes).unwrap();
    for path in [tar.as_path(), folder.path()] {
        let Ok(Some(files)) = Files::open(path) else {
            continue;
        };
        for part in files.parts().unwrap_or_default() {
            let _ = files.read(&part).map(rows);
        }
        let _ = files.others();
    }
}

/// A script, compressed or not: whole, and in pieces.
pub fn script(bytes: &[u8]) {
    let Ok(plain) = Compression::of(bytes).unpack(bytes) else {
        return;
    };
    let mut text = Vec::new();
    // What is cut there is as good as any other.
    let _ = plain.take(MOST).read_to_end(&mut text);
    let tell = |mut script: Script<&[u8]>| {
        let mut last = 0;
        while let Ok(Some(event)) = script.next() {
            if let Event::Statement { line, .. } | Event::Copy { line, .. } = event {
                assert!(line >= last);
                last = line;
            }
        }
        let _ = (script.header(), script.bare());
    };
    tell(Script::new(text.as_slice()));
    tell(Script::in_pieces(text.as_slice()));
}

#[cfg(test)]
mod mangled;

#[cfg(test)]
mod tests {
    use super::mangled::each;

    #[test]
    fn any_connection_is_read_or_refused() {
        each("conninfo", 400, super::conninfo);
        each("passfile", 400, super::passfile);
        each("service", 400, super::service);
    }

    #[test]
    fn any_records_are_read_or_refused() {
        each("records", 400, super::records);
    }

    #[test]
    fn any_backup_is_read_or_refused() {
        each("archive", 300, super::archive);
        each("files", 100, super::files);
        each("script", 300, super::script);
    }
}
