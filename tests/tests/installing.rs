//! `make install`, `make uninstall` and `make dist`, into a folder of the test's own.

#![allow(clippy::panic, clippy::unwrap_used, missing_docs)]

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tests::{Output, ToolCommand, binary, program};

const TOOLS: [&str; 5] = [
    "pg-dump-rotate",
    "pg-lock-kill",
    "pg-migrate-lint",
    "pg-restore-verify",
    "pg-stat-report",
];

/// The folder of what Cargo built, `target/debug` say.
fn built() -> PathBuf {
    let programs = TOOLS.map(binary);
    programs[0].parent().unwrap().to_path_buf()
}

/// make, in this workspace, with what the tests themselves were built as, and a place of its own for pages.
fn make(target: &str, stage: &Path) -> ToolCommand {
    let built = built();
    let profile = built.file_name().unwrap().to_str().unwrap();
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    program("make")
        .args(["-C", root, target])
        .arg(format!("PROFILE={profile}"))
        .arg(format!("STAGE={}", stage.display()))
        .env("HOME", std::env::var_os("HOME").unwrap())
        .env("CARGO_TARGET_DIR", built.parent().unwrap())
}

/// All files below a folder, by their paths in it.
fn files(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => {
                    let name = path.strip_prefix(folder).unwrap();
                    found.insert(name.to_str().unwrap().to_string());
                }
            }
        }
    }
    found
}

/// What is installed of one tool.
fn of_tool(tool: &str) -> BTreeSet<String> {
    let files = [
        format!("bin/{tool}"),
        format!("share/man/man1/{tool}.1"),
        format!("share/bash-completion/completions/{tool}"),
        format!("share/zsh/site-functions/_{tool}"),
        format!("share/fish/vendor_completions.d/{tool}.fish"),
    ];
    files.into()
}

fn expected() -> BTreeSet<String> {
    TOOLS.iter().flat_map(|tool| of_tool(tool)).collect()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn said(path: &Path, arguments: &[&str]) -> Output {
    program(path).args(arguments).run().expect_code(0)
}

#[test]
fn what_is_installed_is_removed_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("with blank");
    let place = |target: &str| {
        let words = [
            format!("DESTDIR={}", root.display()),
            "PREFIX=/opt/pg".into(),
        ];
        let stage = folder.path().join("stage");
        make(target, &stage).args(words).run().expect_code(0)
    };
    let prefix = root.join("opt/pg");
    fs::create_dir_all(prefix.join("bin")).unwrap();
    fs::write(prefix.join("bin/pg-dump-rotate.old"), "not ours").unwrap();

    place("install");
    let mut installed = files(&root);
    assert!(installed.remove("opt/pg/bin/pg-dump-rotate.old"));
    let below = |name: &String| format!("opt/pg/{name}");
    assert_eq!(installed, expected().iter().map(below).collect());
    for tool in TOOLS {
        let path = prefix.join("bin").join(tool);
        assert_eq!(mode(&path), 0o755);
        let version = said(&path, &["--version"]).stdout;
        assert_eq!(version, format!("{tool} {}\n", env!("CARGO_PKG_VERSION")));
        let page = prefix.join(format!("share/man/man1/{tool}.1"));
        assert_eq!(mode(&page), 0o644);
        let generated = said(&path, &["--generate", "man"]).stdout;
        assert_eq!(fs::read_to_string(page).unwrap(), generated);
        let script = prefix.join(format!("share/bash-completion/completions/{tool}"));
        let generated = said(&path, &["--generate", "bash"]).stdout;
        assert_eq!(fs::read_to_string(script).unwrap(), generated);
    }

    place("uninstall");
    let left = BTreeSet::from(["opt/pg/bin/pg-dump-rotate.old".to_string()]);
    assert_eq!(files(&root), left);
    // Once more, where nothing is.
    place("uninstall");
}

#[test]
fn a_tar_file_has_all_that_is_installed_and_says_what_is_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let dist = folder.path().join("dist");
    // As root has it by sudo: what was built before is packed.
    let output = make("dist", &folder.path().join("stage"))
        .args([
            format!("DIST={}", dist.display()),
            "CARGO=no-cargo-here".into(),
        ])
        .run()
        .expect_code(0);
    assert!(output.stdout.contains("make: no .deb: "), "{output:?}");
    let checked = program("sha256sum").args(["-c", "SHA256SUMS"]);
    checked.current_dir(&dist).run().expect_code(0);
    let mut packed = files(&dist)
        .into_iter()
        .filter(|name| name.ends_with(".tar.gz"));
    let packed = packed.next().unwrap();
    let name = packed.strip_suffix(".tar.gz").unwrap();
    let unpack = program("tar").args(["-xzf", &packed]).current_dir(&dist);
    unpack.run().expect_code(0);
    let unpacked = files(&dist.join(name));
    // The others would be packed alike, and take their time.
    assert!(
        unpacked.is_superset(&of_tool("pg-lock-kill")),
        "{unpacked:?}"
    );
    for file in ["README.md", "LICENSE", "docs/guarantees.md"] {
        assert!(unpacked.contains(file), "{unpacked:?}");
    }
    // As a job of CI unpacks it.
    let step = tests::Block::of_file("yaml", ".github/workflows/");
    let (_, step) = step.value("run: curl").split_once("| sudo ").unwrap();
    let step = step.replace("/usr/local", &folder.path().display().to_string());
    let unpack = program("sh").args(["-c", &format!("{step} < {packed}")]);
    unpack.current_dir(&dist).run().expect_code(0);
    assert!(folder.path().join("bin/pg-migrate-lint").exists());
    // Each file to which a page leads is packed with it.
    for page in tests::Page::all() {
        let here = dist.join(name).join(&page.name).with_file_name("");
        for link in page.links() {
            let path = link.split('#').next().unwrap();
            assert!(here.join(path).exists(), "{}: {link}", page.name);
        }
    }
    let tool = dist.join(name).join("bin/pg-lock-kill");
    assert!(
        said(&tool, &["--version"])
            .stdout
            .starts_with("pg-lock-kill ")
    );
}

/// Each crate names the files that cargo-deb packs, for it has no way to say it once.
#[test]
fn each_package_has_its_own_files_and_all_of_them() {
    for tool in TOOLS {
        let manifest = format!("{}/../{tool}/Cargo.toml", env!("CARGO_MANIFEST_DIR"));
        let manifest = fs::read_to_string(manifest).unwrap();
        let (_, assets) = manifest.split_once("\nassets = [\n").unwrap();
        let (assets, _) = assets.split_once("\n]\n").unwrap();
        let sources = assets.lines().map(|line| line.split('"').nth(1).unwrap());
        let sources: BTreeSet<String> = sources
            .map(|source| source.strip_prefix("target/release/").unwrap())
            .map(|source| match source.strip_prefix("stage/") {
                Some(page) => page.to_string(),
                None => format!("bin/{source}"),
            })
            .collect();
        assert_eq!(sources, of_tool(tool));
    }
}
