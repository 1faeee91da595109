//! What others lay beside their backups: it goes with them.
//!
//! The rule is narrow, since a file that is deleted by mistake is gone: a plain file, called as the
//! backup is, with its extension or without, and then one of a few words. Where two backups differ
//! in their extension only, what is called without it belongs to both, and stays until neither is
//! there.

use shared::backup::Place;

/// What such a file's name ends with.
const WORDS: [&str; 12] = [
    "meta",
    "md5",
    "md5sum",
    "sha1",
    "sha1sum",
    "sha256",
    "sha256sum",
    "sha512",
    "sha512sum",
    "sig",
    "asc",
    "info",
];
/// What a backup's name ends with.
const EXTENSIONS: [&str; 14] = [
    "sql", "sql.gz", "sql.zst", "sql.lz4", "sql.bz2", "sql.xz", "dump", "dump.gz", "backup", "bak",
    "tar", "tar.gz", "dir", "pgdump",
];

/// The side files of the adopted backup `name` in a folder.
pub fn sides_of(place: &Place, name: &str) -> Vec<String> {
    let stem = EXTENSIONS
        .iter()
        .filter_map(|extension| name.strip_suffix(extension)?.strip_suffix('.'))
        .min_by_key(|stem| stem.len())
        .filter(|stem| !stem.is_empty());
    let shared = |stem: &&str| {
        let others = EXTENSIONS
            .iter()
            .map(|extension| format!("{stem}.{extension}"));
        others
            .into_iter()
            .any(|other| other != name && place.has(&other))
    };
    let alone = stem.filter(|stem| !shared(stem));
    let bases = [Some(name), alone].into_iter().flatten();
    bases
        .flat_map(|base| WORDS.iter().map(move |word| format!("{base}.{word}")))
        .filter(|name| place.find(name).is_ok_and(|found| found.is_file()))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn only_what_is_called_as_the_backup_is() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        for name in [
            "a_1.sql.gz",
            "a_1.sql.gz.md5",
            "a_1.sql.gz.meta",
            "a_1.meta",
            "a_1.notes",
            "a_1.log",
            "a_10.meta",
            "a.meta",
            "a_1.sql",
            "a_1_meta",
        ] {
            fs::write(folder.join(name), "x").unwrap();
        }
        fs::create_dir(folder.join("a_1.info")).unwrap();
        std::os::unix::fs::symlink("a.meta", folder.join("a_1.sha256")).unwrap();
        let place = Place::new(folder);
        let sides = |name: &str| sides_of(&place, name);
        // a_1.meta may be that of a_1.sql as well.
        assert_eq!(sides("a_1.sql.gz"), ["a_1.sql.gz.meta", "a_1.sql.gz.md5"]);
        fs::remove_file(folder.join("a_1.sql")).unwrap();
        assert_eq!(
            sides("a_1.sql.gz"),
            ["a_1.sql.gz.meta", "a_1.sql.gz.md5", "a_1.meta"]
        );
        assert_eq!(sides("b.sql.gz"), [""; 0]);
    }
}
