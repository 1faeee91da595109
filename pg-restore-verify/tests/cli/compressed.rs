//! Scripts compressed by whatever somebody compresses with, whatever they are called.

use std::fs;
use std::path::Path;

use tests::{Output, program};

use crate::backups::{expect_verdict, failed, plain, shop, verify};

/// The programs that people use, each with its magic number's first byte.
const PROGRAMS: [(&str, u8); 5] = [
    ("gzip", 0x1f),
    ("zstd", 0x28),
    ("lz4", 0x04),
    ("bzip2", b'B'),
    ("xz", 0xfd),
];

/// What a program makes of the bytes; `None` where it is not installed.
fn compressed(name: &str, bytes: &[u8]) -> Option<Vec<u8>> {
    let found = std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())?;
    let output = program(found).arg("-c").stdin(bytes).run().expect_code(0);
    Some(output.bytes)
}

fn verify_bytes(path: &Path, bytes: &[u8]) -> Output {
    fs::write(path, bytes).unwrap();
    verify(path)
}

#[test]
fn by_every_program_and_damaged() {
    let shop = shop();
    let script = plain(&shop, &[]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup");
    for (name, magic) in PROGRAMS {
        let Some(whole) = compressed(name, script.as_bytes()) else {
            continue;
        };
        assert_eq!(whole[0], magic, "{name}");
        expect_verdict(&verify_bytes(&path, &whole), "ok");
        let output = verify_bytes(&path, &whole[..whole.len() / 2]);
        expect_verdict(&output, "failed");
        assert_eq!(failed(&output), ["archive"], "{name} cut: {output:?}");
        let output = verify_bytes(&path, &whole[..whole.len() - 1]);
        expect_verdict(&output, "failed");
        let mut flipped = whole.clone();
        flipped[whole.len() / 2] ^= 4;
        expect_verdict(&verify_bytes(&path, &flipped), "failed");
        // A stream that is whole, of a script that is not.
        let part = compressed(name, &script.as_bytes()[..script.len() / 2]).unwrap();
        let output = verify_bytes(&path, &part);
        assert_eq!(failed(&output), ["archive"], "{name} of half: {output:?}");
    }
}

#[test]
fn an_archive_compressed_once_more_is_told_from_a_script() {
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup.dump");
    crate::backups::dump(&shop, &["-Fc", "-Z0"], &path);
    let whole = fs::read(&path).unwrap();
    let Some(bytes) = compressed("gzip", &whole) else {
        return;
    };
    let output = verify_bytes(&path, &bytes).expect_code(2);
    assert!(output.stderr.contains("decompress it first"), "{output:?}");
}
