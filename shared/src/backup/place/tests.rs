use std::fs;
use std::os::unix::fs::symlink;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::{FileType, Mode, mknodat};

use super::*;

fn place() -> (tempfile::TempDir, Place) {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::new(folder.path());
    (folder, place)
}

fn make_pipe(place: &Place, name: &str) {
    mknodat(
        CWD,
        place.path(name),
        FileType::Fifo,
        Mode::RUSR | Mode::WUSR,
        0,
    )
    .unwrap();
}

#[test]
fn what_is_there_is_told_by_name_and_kind() {
    let (_folder, place) = place();
    drop(place.create("a").unwrap());
    place.create_folder("b").unwrap();
    drop(place.within("b").create("c").unwrap());
    symlink("a", place.path("d")).unwrap();
    make_pipe(&place, "e");
    fs::write(place.folder().join(OsStr::from_bytes(b"\xff")), "x").unwrap();
    let mut told = Vec::new();
    place
        .each(|name, kind| told.push((name.to_owned(), kind)))
        .unwrap();
    told.sort_by(|a, b| a.0.cmp(&b.0));
    let kinds = [
        ("a", Kind::File),
        ("b", Kind::Folder),
        ("d", Kind::Other),
        ("e", Kind::Other),
    ];
    let mut expected: Vec<_> = kinds.map(|(name, kind)| (name.into(), kind)).into();
    expected.push((OsStr::from_bytes(b"\xff").to_owned(), Kind::File));
    assert_eq!(told, expected);
    for place in [&place, &Place::open(place.folder()).unwrap()] {
        for (name, kind) in kinds {
            assert_eq!(place.find(name).unwrap().kind(), kind, "{name}");
        }
        assert!(place.has("b/c") && !place.has("c"));
    }
    assert_eq!(
        place.read_all("e", 9).unwrap_err().kind(),
        io::ErrorKind::Other
    );
}

#[test]
fn a_file_was_changed_when_the_file_system_says() {
    let (_folder, place) = place();
    let file = place.create("a").unwrap();
    for since in [Duration::ZERO, Duration::new(1 << 30, 123_456_789)] {
        for time in [UNIX_EPOCH + since, UNIX_EPOCH - since] {
            file.set_modified(time).unwrap();
            let modified = place.find("a").unwrap().modified().unwrap();
            assert_eq!(SystemTime::from(modified), time);
        }
    }
}

#[test]
fn nothing_is_replaced_unless_that_is_meant() {
    let (_folder, place) = place();
    for name in ["a", "b"] {
        fs::write(place.path(name), name).unwrap();
    }
    assert!(place.create("a").is_err() && place.create_folder("a").is_err());
    let taken = place.rename_to_free("a", "b").unwrap_err();
    assert_eq!(taken.kind(), io::ErrorKind::AlreadyExists);
    assert_eq!(place.read_all("b", 1).unwrap(), b"b");
    place.rename_to_free("a", "c").unwrap();
    place.rename("c", "b").unwrap();
    assert_eq!(place.read_all("b", 1).unwrap(), b"a");
    place.replace("b", "new", ".new.", "b").unwrap();
    assert_eq!(place.read_all("b", 3).unwrap(), b"new");
    assert!(place.read_all("b", 2).is_err());
    assert_eq!(fs::read_dir(place.folder()).unwrap().count(), 1);
}

#[test]
fn what_is_removed_is_gone_with_all_in_it() {
    let (_folder, place) = place();
    drop(place.create("a").unwrap());
    place.create_folder("b").unwrap();
    drop(place.within("b").create("c").unwrap());
    symlink("b", place.path("d")).unwrap();
    place.remove_file("b").unwrap();
    for name in ["d", "a", "a"] {
        place.remove(name).unwrap();
        assert!(place.has("b/c") && !place.has(name));
    }
    place.remove("b").unwrap();
    assert!(!place.has("b"));
    place.sync().unwrap();
}

#[test]
fn a_lock_is_had_by_one() {
    let (_folder, place) = place();
    let held = place.try_lock("l").unwrap().unwrap();
    assert!(place.try_lock("l").unwrap().is_none());
    drop(held);
    let again = place.try_lock("l").unwrap();
    assert!(again.is_some());
    // Not even a pipe in its place is waited for.
    make_pipe(&place, "p");
    assert!(place.try_lock("p").is_err());
    let file = place.create("a").unwrap();
    assert!(!place.is_held("a").unwrap());
    Place::hold(&file).unwrap();
    assert!(place.is_held("a").unwrap());
}

#[test]
fn it_is_made_with_all_above_it() {
    let (folder, place) = place();
    let below = place.within("a").within("b");
    below.foresee().unwrap();
    assert!(!below.is_there() && below.free_bytes().unwrap() > 0);
    below.make().unwrap();
    assert!(below.is_there());
    symlink("nowhere", folder.path().join("l")).unwrap();
    let wrong = place.within("l").make().unwrap_err();
    assert!(
        wrong.message().contains("is a link to nowhere"),
        "{wrong:?}"
    );
}
