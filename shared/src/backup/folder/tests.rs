use std::fs;
use std::os::unix::fs::symlink;

use super::*;
use crate::backup::manifest::Format;
use crate::backup::manifest::tests::manifest;

fn write(folder: &Path, name: &str, bytes: u64) {
    fs::write(folder.join(name), "1234567").unwrap();
    let text = manifest(name, bytes).to_json().unwrap();
    fs::write(folder.join(name::manifest_of(name)), text).unwrap();
}

fn states(folder: &Path) -> Vec<(String, &'static str)> {
    let name = |backup: &Backup| {
        backup
            .path
            .file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .to_string()
    };
    let backups = list(folder).unwrap();
    backups
        .iter()
        .map(|b| (name(b), b.state.as_str()))
        .collect()
}

#[test]
fn says_what_can_be_relied_on() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(folder, "e_20261120T103930Z.dump", 7);
    write(folder, "d_20261120T103930Z.dump", 8);
    write(folder, "c_20261120T103930Z.dump", 7);
    fs::remove_file(folder.join("c_20261120T103930Z.dump")).unwrap();
    fs::write(folder.join("b_20261120T103929Z.dump"), "x").unwrap();
    write(folder, "a_20261120T103930Z.dump", 7);
    fs::write(folder.join("a_20261120T103930Z.dump.manifest.json"), "{").unwrap();
    write(folder, "S_20261120T103930Z.dump", 7);
    fs::remove_file(folder.join("S_20261120T103930Z.dump")).unwrap();
    symlink(
        "e_20261120T103930Z.dump",
        folder.join("S_20261120T103930Z.dump"),
    )
    .unwrap();
    let expected = [
        ("e_20261120T103930Z.dump", "ok"),
        ("d_20261120T103930Z.dump", "size differs"),
        ("c_20261120T103930Z.dump", "data missing"),
        ("a_20261120T103930Z.dump", "manifest damaged"),
        ("S_20261120T103930Z.dump", "not a file"),
        ("b_20261120T103929Z.dump", "no manifest"),
    ];
    let expected = expected.map(|(name, state)| (name.to_string(), state));
    assert_eq!(states(folder), expected);
}

#[test]
fn a_folder_is_as_good_as_every_file_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let plant = |name: &str| {
        fs::create_dir(folder.join(name)).unwrap();
        let mut manifest = manifest(&format!("{name}/toc.dat"), 3);
        manifest.format = Format::Directory;
        manifest.files.push(crate::backup::File {
            name: format!("{name}/1.dat"),
            ..manifest.files[0].clone()
        });
        for file in &manifest.files {
            fs::write(folder.join(&file.name), "123").unwrap();
        }
        let text = manifest.to_json().unwrap();
        fs::write(folder.join(name::manifest_of(name)), text).unwrap();
    };
    let names = ["a", "b", "c", "d", "e"].map(|name| format!("{name}_20261120T103930Z.dir"));
    names.iter().for_each(|name| plant(name));
    let [_, short, without, link, lone] = &names;
    fs::write(folder.join(short).join("1.dat"), "12").unwrap();
    fs::remove_file(folder.join(without).join("1.dat")).unwrap();
    fs::rename(folder.join(link), folder.join("elsewhere")).unwrap();
    symlink("elsewhere", folder.join(link)).unwrap();
    fs::remove_file(folder.join(name::manifest_of(lone))).unwrap();
    let expected = [
        "no manifest",
        "not a file",
        "data missing",
        "size differs",
        "ok",
    ];
    let found: Vec<&str> = states(folder).into_iter().map(|(_, state)| state).collect();
    // Newest first, and of one second the last by name.
    let mut found = found;
    found.sort_by_key(|state| expected.iter().position(|other| other == state));
    assert_eq!(found, expected);
    assert_eq!(Backup::at(&folder.join(&names[0])).unwrap().bytes, Some(6));
    assert_eq!(Backup::at(&folder.join(short)).unwrap().bytes, Some(5));
}

#[test]
fn thousands_are_read_by_many_in_the_right_order() {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..2000 {
        write(
            folder.path(),
            &format!("{number:04}_20261120T103930Z.dump"),
            7,
        );
    }
    let listed = list(folder.path()).unwrap();
    assert_eq!(listed.len(), 2000);
    assert!(listed.iter().all(Backup::is_ok));
    assert!(listed.windows(2).all(|pair| pair[0].path > pair[1].path));
}

#[test]
fn a_proof_is_of_these_bytes_and_no_others() {
    let folder = tempfile::tempdir().unwrap();
    let proof = |bytes: u64, sha256: &str| Proof {
        verified_at: manifest("x", 7).taken_at,
        proved: true,
        message: String::new(),
        sha256: Some(sha256.into()),
        bytes,
        restore_ms: None,
        server_version: None,
        tool_version: "0.1.0".into(),
    };
    for (number, proof, counts) in [
        (1, proof(7, "00"), true),
        (2, proof(8, "00"), false),
        (3, proof(7, "01"), false),
    ] {
        let name = format!("a_2026112{number}T103930Z.dump");
        write(folder.path(), &name, 7);
        proof.write(&folder.path().join(&name)).unwrap();
        let at = Backup::at(&folder.path().join(&name)).unwrap();
        assert_eq!(at.proof, counts.then(|| Box::new(proof.into())), "{name}");
    }
    let backups = list(folder.path()).unwrap();
    assert_eq!(backups.len(), 3);
    assert_eq!(backups.iter().filter(|b| b.proof.is_some()).count(), 1);
}

/// `latest/`, say, which is another day's dump tomorrow, and as large.
#[test]
fn a_proof_of_a_folder_is_of_its_manifest() {
    let folder = tempfile::tempdir().unwrap();
    let name = "latest";
    let path = folder.path().join(name);
    fs::create_dir(&path).unwrap();
    fs::write(path.join("toc.dat"), "123").unwrap();
    let mut manifest = manifest("latest/toc.dat", 3);
    manifest.format = Format::Directory;
    let mut describe = |sha256: &str| {
        manifest.files[0].sha256 = sha256.into();
        let text = manifest.to_json().unwrap();
        fs::write(folder.path().join(name::manifest_of(name)), text).unwrap();
    };
    describe("00");
    let proof = Proof {
        verified_at: OffsetDateTime::UNIX_EPOCH,
        proved: true,
        message: String::new(),
        sha256: None,
        bytes: 3,
        restore_ms: None,
        server_version: None,
        tool_version: "0.1.0".into(),
    };
    proof.write(&path).unwrap();
    assert_eq!(Proof::read(&path), Some(proof));
    let is_proved = || Backup::at(&path).unwrap().proof.is_some();
    assert!(is_proved());
    describe("01");
    assert!(!is_proved());
}

#[test]
fn what_is_deleted_while_it_is_read_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let name = "a_20261120T103930Z.dump";
    write(folder.path(), name, 7);
    let mut backup = Backup::at(&folder.path().join(name)).unwrap();
    fs::remove_file(&backup.path).unwrap();
    backup.verify_checksums().unwrap();
    assert!(matches!(backup.state, State::Unreadable(_)));
    assert!(!backup.is_gone());
    fs::remove_file(folder.path().join(name::manifest_of(name))).unwrap();
    assert!(backup.is_gone());
}

#[test]
fn passes_over_what_is_not_a_backup() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for foreign in [
        "notes.txt",
        ".app_20261120T103930Z.dump.partial",
        "app.sql",
        "x.manifest.json",
    ] {
        fs::write(folder.join(foreign), "x").unwrap();
    }
    fs::create_dir(folder.join("old")).unwrap();
    write(&folder.join("old"), "e_20261120T103930Z.dump", 7);
    assert_eq!(states(folder), []);
}

#[test]
fn a_renamed_backup_is_found_by_its_manifest_only_if_that_was_renamed_too() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(folder, "before the upgrade.dump", 7);
    assert_eq!(
        states(folder),
        [("before the upgrade.dump".to_string(), "ok")]
    );
}

#[test]
fn a_damaged_manifest_is_seen_whatever_its_data_is_called() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(folder, "before the upgrade.dump", 7);
    fs::write(folder.join("before the upgrade.dump.manifest.json"), "{").unwrap();
    assert_eq!(
        states(folder),
        [("before the upgrade.dump".to_string(), "manifest damaged")]
    );
}

#[test]
fn a_missing_folder_is_named() {
    let error = list(Path::new("/nonexistent/folder")).unwrap_err();
    assert!(
        error.to_string().starts_with("/nonexistent/folder: "),
        "{error}"
    );
}
