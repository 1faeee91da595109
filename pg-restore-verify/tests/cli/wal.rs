//! WAL that leads over from one timeline to another, and where it ends.

use std::fs;
use std::path::PathBuf;

use tests::{Standby, eventually, files_in};

use crate::site::{ROWS, Site, expect_failure, expect_rows, of};

/// A server, a standby of it that was promoted, and their archive. A backup was taken on
/// timeline 1; then two rows were added there, and on timeline 2 two more, each in a file of WAL
/// of its own.
struct Promoted {
    site: Site,
    backup: PathBuf,
    /// After the first row on timeline 2.
    between: String,
    /// The file of WAL in which the timelines part, without the timeline.
    fork: String,
    /// The last one, likewise.
    last: String,
}

impl Promoted {
    fn new() -> Self {
        let site = Site::new();
        let backup = site.back_up("base", &[]);
        let command = site.value("show archive_command");
        let archive = format!("archive_command={command}");
        let standby = Standby::of(&site.cluster, &["archive_mode=on", &archive]);
        site.add();
        site.archive();
        site.add();
        standby.reach(&site.value("select pg_current_wal_insert_lsn()::text"));
        let fork = site.value("select pg_walfile_name(pg_current_wal_insert_lsn())");
        let fork = fork[8..].to_string();
        standby.sql("postgres", "select pg_promote()");
        let archived = |name: String| {
            eventually("it is archived", || site.wal().join(&name).exists());
        };
        archived("00000002.history".into());
        archived(format!("00000001{fork}.partial"));
        // The server that was left behind does not know, and goes on.
        site.add();
        site.archive();
        site.add();
        site.archive();
        let add = || {
            standby.sql("app", "insert into t (b) values ('later')");
            let time = standby.value("app", "select clock_timestamp()::text");
            let file = standby.value("app", "select pg_walfile_name(pg_switch_wal())");
            archived(file.clone());
            (time, file[8..].to_string())
        };
        let (between, first) = add();
        assert_eq!(first, fork);
        let (_, last) = add();
        drop(standby);
        Self {
            site,
            backup,
            between,
            fork,
            last,
        }
    }

    fn remove(&self, names: &[String]) {
        for name in names {
            fs::remove_file(self.site.wal().join(name)).unwrap();
        }
    }
}

#[test]
fn a_standby_that_was_promoted_is_followed() {
    let promoted = Promoted::new();
    let Promoted { site, backup, .. } = &promoted;
    let output = site.recover(backup);
    let output = output.args(["--target-time", &promoted.between]).run();
    expect_rows(&output, ROWS + 3);
    let reached = of(&output, "recovery")[0]["actual"].to_string();
    assert!(reached.contains("on timeline 2"), "{reached}");
    expect_rows(&site.recover(backup).run(), ROWS + 4);
    // The old timeline's end, which lies there as `.partial`, in place of the new one's beginning.
    promoted.remove(&[
        format!("00000001{}", promoted.fork),
        format!("00000002{}", promoted.fork),
    ]);
    let output = site.recover(backup).run();
    let missing = format!("00000002{}", promoted.fork);
    expect_failure(&output, "recovery", &missing);
    expect_failure(
        &output,
        "recovery",
        &format!("00000002{} is there", promoted.last),
    );
    // Nothing else of timeline 2 has come yet: this is all there is, whatever the old server wrote.
    promoted.remove(&[format!("00000002{}", promoted.last)]);
    expect_rows(&site.recover(backup).run(), ROWS + 2);
    // Without the history nobody knows of timeline 2.
    promoted.remove(&["00000002.history".into()]);
    let output = site.recover(backup).run();
    expect_failure(&output, "recovery", "can't be replayed to its end");
    let of_the_old = |name: &String| name.len() == 24 && name[8..] > *promoted.fork;
    let later = files_in(site.wal()).into_iter().filter(of_the_old);
    promoted.remove(&later.collect::<Vec<_>>());
    expect_rows(&site.recover(backup).run(), ROWS + 2);
}

/// What comes after it is on the new timeline alone.
#[test]
fn damage_before_timelines_part_is_no_end() {
    let promoted = Promoted::new();
    let Promoted { site, backup, .. } = &promoted;
    let is_before = |name: &String| name.len() == 24 && name[8..] < *promoted.fork;
    let before = files_in(site.wal()).into_iter().filter(is_before).max();
    let before = before.unwrap();
    // All that is left of timeline 1.
    let is_later = |name: &String| name.starts_with("00000001") && name[8..] > before[8..];
    let later: Vec<String> = files_in(site.wal()).into_iter().filter(is_later).collect();
    promoted.remove(&later);
    expect_rows(&site.recover(backup).run(), ROWS + 4);
    let path = site.wal().join(&before);
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes
        .windows(5)
        .position(|bytes| bytes == b"later")
        .unwrap();
    bytes[at] ^= 1;
    fs::write(&path, bytes).unwrap();
    let output = site.recover(backup).run();
    expect_failure(&output, "recovery", &before);
    expect_failure(&output, "recovery", "is there");
}

#[test]
fn wal_that_ends_within_a_record_is_sound() {
    let site = Site::new();
    let backup = site.back_up("base", &[]);
    site.add();
    site.sql("select pg_logical_emit_message(false, 'long', repeat('x', 30000))");
    let last = site.wal().join(site.archive());
    let partial = last.with_extension("partial");
    let mut bytes = fs::read(&last).unwrap();
    fs::remove_file(&last).unwrap();
    // What a receiver has when the server wrote whole pages: the rest of the record is to come.
    let is_continued = |page: &usize| bytes[page * 8192 + 2] & 1 != 0;
    let page = (1..bytes.len() / 8192).rfind(is_continued).unwrap();
    let whole = bytes.clone();
    bytes[page * 8192..].fill(0);
    fs::write(&partial, bytes).unwrap();
    expect_rows(&site.recover(&backup).run(), ROWS + 1);
    // A page in the midst of what was written is damage.
    let mut bytes = whole;
    bytes[(page - 1) * 8192..page * 8192].fill(0);
    fs::write(&partial, bytes).unwrap();
    let output = site.recover(&backup).run();
    expect_failure(&output, "recovery", "invalid magic");
    let name = last.file_name().unwrap().to_str().unwrap();
    assert_eq!(of(&output, "recovery")[0]["object"], name);
}

/// A record's length that is another, or its checksum: what the server takes for the end of WAL is
/// none, whether or not other files follow.
#[test]
fn a_bit_of_a_record_s_head_is_no_end() {
    let site = Site::new();
    let backup = site.back_up("base", &[]);
    site.add();
    let last = site.archive();
    let path = site.wal().join(&last);
    let whole = fs::read(&path).unwrap();
    // The file ends with a record of 24 bytes that says so, and names the one before it.
    let end = whole.iter().rposition(|byte| *byte != 0).unwrap() / 8 * 8 + 8;
    assert_eq!(whole[end - 24..end - 20], [24, 0, 0, 0]);
    let before = u64::from_le_bytes(whole[end - 16..end - 8].try_into().unwrap());
    let before = usize::try_from(before).unwrap() % whole.len();
    // Less than a record can have, a few bytes more, all that follows, another page; the place of the one
    // before, and the checksum.
    let highest = 7 - whole[before].leading_zeros();
    for (byte, bit) in [(0, highest), (0, 3), (0, 7), (1, 5), (8, 4), (20, 0)] {
        let mut bytes = whole.clone();
        bytes[before + byte] ^= 1 << bit;
        fs::write(&path, bytes).unwrap();
        let output = site.recover(&backup).run();
        expect_failure(&output, "recovery", "the WAL ends at");
        assert_eq!(of(&output, "recovery")[0]["object"], last, "{output:?}");
    }
    site.add();
    let next = site.archive();
    let output = site.recover(&backup).run();
    expect_failure(&output, "recovery", &format!("{next} is there"));
    expect_failure(&output, "recovery", &last);
    fs::write(&path, whole).unwrap();
    expect_rows(&site.recover(&backup).run(), ROWS + 2);
}

/// The folder of a server's own WAL, which is all that may be left of it, has files for later: zeros,
/// and older ones that wait to be written over.
#[test]
fn files_that_a_server_keeps_for_later_are_no_wal() {
    let site = Site::new();
    let backup = site.back_up("base", &[]);
    site.add();
    let last = site.archive();
    let older = fs::read(site.wal().join(&last)).unwrap();
    let number = u32::from_str_radix(&last[16..], 16).unwrap();
    let later = |more: u32| {
        site.wal()
            .join(format!("{}{:08X}", &last[..16], number + more))
    };
    let zeros = vec![0; older.len()];
    for files in [[&older, &zeros], [&zeros, &older]] {
        for (more, bytes) in (1..).zip(files) {
            fs::write(later(more), bytes).unwrap();
        }
        expect_rows(&site.recover(&backup).run(), ROWS + 1);
    }
}
