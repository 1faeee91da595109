use std::fs;

use ::time::macros::datetime;

use rustix::fs::{CWD, FileType, Mode, mknodat};

use super::*;

pub fn manifest(file_name: &str, bytes: u64) -> Manifest {
    Manifest {
        finished_at: datetime!(2026-11-20 10:39:31.5 UTC),
        format: Format::Custom,
        compression: "gzip:1".into(),
        files: vec![File {
            name: file_name.into(),
            bytes,
            sha256: "00".into(),
        }],
        server_version: Some("15.18".into()),
        pg_dump_version: Some("15.18".into()),
        encoding: Some("UTF8".into()),
        collate: Some("C".into()),
        ctype: Some("C".into()),
        locale_provider: Some("libc".into()),
        ..Manifest::begun(Some("app".into()), datetime!(2026-11-20 10:39:30 UTC))
    }
}

/// The text with a hash that fits it again.
fn resealed(text: &str) -> String {
    let (hashed, _) = text.rsplit_once(OWN_HASH).unwrap();
    let hash = sha256(hashed.as_bytes());
    format!("{hashed}{OWN_HASH}{hash}{CLOSE}")
}

fn read(text: &str) -> Result<Option<Manifest>> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.dump.manifest.json"), text).unwrap();
    Manifest::read(&folder.path().join("a.dump"))
}

#[test]
fn reads_back_what_it_wrote() {
    let manifest = manifest("a.dump", 7);
    let text = manifest.to_json().unwrap();
    assert!(
        text.contains("\"taken_at\": \"2026-11-20T10:39:30Z\""),
        "{text}"
    );
    assert_eq!(read(&text).unwrap(), Some(manifest));
}

#[test]
fn what_ends_with_a_brace_is_sealed_too() {
    let mut manifest = manifest("a.dump", 7);
    manifest.large_objects = Some(LargeObjects {
        count: 1,
        digest: "00".into(),
    });
    let text = manifest.to_json().unwrap();
    assert_eq!(read(&text).unwrap(), Some(manifest));
}

#[test]
fn fields_of_later_versions_are_ignored() {
    let text = manifest("a.dump", 7).to_json().unwrap();
    let text = resealed(&text.replacen('{', "{\"later\": [{\"name\": \"x\"}],", 1));
    assert_eq!(read(&text).unwrap(), Some(manifest("a.dump", 7)));
}

#[test]
fn a_change_of_any_byte_is_noticed() {
    let text = manifest("a.dump", 7).to_json().unwrap();
    for position in 0..text.len() {
        let mut bytes = text.clone().into_bytes();
        bytes[position] ^= 1;
        let changed = String::from_utf8(bytes).unwrap();
        assert!(read(&changed).is_err(), "byte {position}");
    }
}

#[test]
fn the_files_of_a_directory_are_below_it() {
    let mut manifest = manifest("a.dump/toc.dat", 7);
    assert!(read(&manifest.to_json().unwrap()).is_ok());
    for strange in ["a.dump/../b", "a.dump//b", "a.dump/", "a.dumps", "/a.dump"] {
        manifest.files[0].name = strange.into();
        assert!(read(&manifest.to_json().unwrap()).is_err(), "{strange}");
    }
}

#[test]
fn without_its_tables_it_says_all_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.dump");
    let write = |text: &str| {
        fs::write(folder.path().join("a.dump.manifest.json"), text).unwrap();
    };
    let mut whole = manifest("a.dump", 7);
    let expected = whole.clone();
    whole.tables = Some(vec![
        Table {
            schema: "public".into(),
            name: "\n  \"tables\": [\n".into(),
            columns: vec!["\n  ]".into()],
            rows: 1,
            digest: "00".into(),
        };
        2
    ]);
    let read = || Manifest::read_without_tables(&path);
    write(&whole.to_json().unwrap());
    assert_eq!(read().unwrap(), Some(expected.clone()));
    write(&expected.to_json().unwrap());
    assert_eq!(read().unwrap(), Some(expected));
    write(
        &whole
            .to_json()
            .unwrap()
            .replace("\"rows\": 1", "\"rows\": 2"),
    );
    let error = read().unwrap_err();
    assert!(
        error
            .message()
            .ends_with("it was changed after it was written")
    );
    fs::remove_file(folder.path().join("a.dump.manifest.json")).unwrap();
    assert_eq!(read().unwrap(), None);
}

#[test]
fn none_beside_the_file_is_none() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(Manifest::read(&folder.path().join("a.dump")).unwrap(), None);
}

#[test]
fn what_can_be_none_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.dump.manifest.json");
    let error = || Manifest::read(&folder.path().join("a.dump")).unwrap_err();
    mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    assert!(error().message().contains("it is no file, or longer"));
    fs::remove_file(&path).unwrap();
    fs::File::create(&path)
        .unwrap()
        .set_len(LONGEST + 1)
        .unwrap();
    assert!(error().message().contains("it is no file, or longer"));
}

#[test]
fn a_damaged_one_is_named() {
    let good = manifest("a.dump", 7).to_json().unwrap();
    let newer = resealed(&good.replace("\"version\": 1", "\"version\": 2"));
    let strange = "{\"version\": 2}";
    let other = resealed(&good.replace("a.dump", "../b.dump"));
    for text in [
        "",
        "{",
        "[]",
        &good[..good.len() / 2],
        &newer,
        strange,
        &other,
    ] {
        let error = read(text).unwrap_err().to_string();
        assert!(error.starts_with("damaged manifest "), "{error}");
        assert!(error.contains("a.dump.manifest.json: "), "{error}");
        assert_eq!(
            error.contains("newer"),
            text.contains("\"version\": 2"),
            "{error}"
        );
    }
}

#[test]
fn what_is_wrong_with_it_is_said_in_our_words() {
    let good = manifest("a.dump", 7).to_json().unwrap();
    let without = |field: &str| {
        let lines = good.lines().filter(|line| !line.contains(field));
        resealed(&format!("{}\n", lines.collect::<Vec<_>>().join("\n")))
    };
    for (text, words) in [
        (String::new(), "it is cut short"),
        (good[..good.len() / 2].into(), "it is cut short"),
        (
            "{,}".into(),
            "it is no JSON: line 1, column 2 makes no sense",
        ),
        (without("finished_at"), "it does not say finished_at"),
        ("{}".into(), "it does not say version"),
        (
            resealed(&good.replace("\"label\": null", "\"label\": 7")),
            "what it says at line 4, column 12 makes no sense there",
        ),
        (
            resealed(&good.replace("2026-11-20T10:39:30Z", "yesterday")),
            "makes no sense there",
        ),
        (
            good.replace("UTF8", "utf8"),
            "it was changed after it was written",
        ),
    ] {
        let error = read(&text).unwrap_err().to_string();
        assert!(error.ends_with(words), "{error}: {text}");
    }
}

#[test]
fn what_is_said_of_tables_goes_rather_than_the_backup() {
    let table = Table {
        schema: "public".into(),
        name: "orders".into(),
        columns: vec!["id".into()],
        rows: 1,
        digest: "00".into(),
    };
    let without = manifest("a.dump", 7);
    let short = without.to_json().unwrap();
    let longest = short.len() as u64;
    assert_eq!(
        without.text_within(longest).unwrap(),
        (short.clone(), false)
    );
    let with = Manifest {
        tables: Some(vec![table]),
        ..without.clone()
    };
    assert_eq!(with.text_within(longest).unwrap(), (short, true));
    assert_eq!(
        with.to_json_that_fits().unwrap(),
        (with.to_json().unwrap(), false)
    );
    let error = with.text_within(longest - 1).unwrap_err();
    assert!(error.message().contains("with 1 files"), "{error}");
}
