//! The facts of a machine, and what is said of them.

use super::facts::{Checkpoints, Setting};
use super::ram::Ram;
use super::*;

const MB: f64 = 1_048_576.0;

/// A machine with 16 GB, whose settings are these: value and number.
fn facts(settings: &[(&str, &str, f64)]) -> Facts {
    let mut facts = Facts {
        ram: Some(Ram {
            bytes: 16384.0 * MB,
            source: "--ram",
        }),
        ..Facts::default()
    };
    for (name, value, number) in settings {
        let setting = Setting {
            value: value.to_string(),
            number: Some(*number),
            source: "configuration file".into(),
            needs_restart: ["shared_buffers", "max_connections"].contains(name),
        };
        facts.settings.insert(name.to_string(), setting);
    }
    facts
}

/// Verdict and what is advised of a setting.
#[track_caller]
fn said_of(facts: &Facts, name: &str) -> String {
    let all = of(facts);
    let advice = all.iter().find(|advice| advice.setting == name);
    let advice = advice.unwrap_or_else(|| panic!("nothing on {name}: {all:?}"));
    let advised = advice.advised.as_deref().unwrap_or("-");
    format!("{} {advised}", advice.verdict.name())
}

#[test]
fn shared_buffers_are_a_quarter() {
    let of_size = |megabytes: f64| facts(&[("shared_buffers", "", megabytes * MB)]);
    let mut small = of_size(128.0);
    assert_eq!(said_of(&small, "shared_buffers"), "consider 4096MB");
    small.hit_ratio = Some(0.9);
    assert_eq!(said_of(&small, "shared_buffers"), "warning 4096MB");
    assert_eq!(said_of(&of_size(4096.0), "shared_buffers"), "ok -");
    assert_eq!(
        said_of(&of_size(8192.0), "shared_buffers"),
        "consider 4096MB"
    );
    assert_eq!(
        said_of(&of_size(12000.0), "shared_buffers"),
        "warning 4096MB"
    );
    small.ram = None;
    assert_eq!(said_of(&small, "shared_buffers"), "unknown -");
}

#[test]
fn sessions_share_what_is_left() {
    let with = |work_mem: f64, sessions: f64| {
        facts(&[
            ("shared_buffers", "4GB", 4096.0 * MB),
            ("work_mem", "", work_mem * MB),
            ("hash_mem_multiplier", "2", 2.0),
            ("max_connections", "", sessions),
        ])
    };
    let mut facts = with(4.0, 100.0);
    assert_eq!(said_of(&facts, "work_mem"), "ok -");
    facts.temp_bytes_per_day = Some(5e9);
    assert_eq!(said_of(&facts, "work_mem"), "consider 16MB");
    assert_eq!(said_of(&with(64.0, 100.0), "work_mem"), "warning 30MB");
    assert_eq!(said_of(&with(4.0, 20_000.0), "work_mem"), "warning -");
}

#[test]
fn workers_share_too() {
    let with = |memory: f64| {
        facts(&[
            ("maintenance_work_mem", "", memory * MB),
            ("autovacuum_work_mem", "-1", -1.0),
            ("autovacuum_max_workers", "3", 3.0),
        ])
    };
    assert_eq!(
        said_of(&with(64.0), "maintenance_work_mem"),
        "consider 1024MB"
    );
    assert_eq!(said_of(&with(1024.0), "maintenance_work_mem"), "ok -");
    assert_eq!(
        said_of(&with(4096.0), "maintenance_work_mem"),
        "warning 1365MB"
    );
}

#[test]
fn checkpoints_that_come_too_soon() {
    let mut facts = facts(&[
        ("max_wal_size", "1GB", 1024.0 * MB),
        ("checkpoint_timeout", "5min", 300.0),
    ]);
    let made = |requested_ratio, interval_seconds| {
        Some(Checkpoints {
            count: 40.0,
            requested_ratio,
            interval_seconds,
        })
    };
    facts.checkpoints = made(0.9, 60.0);
    assert_eq!(said_of(&facts, "max_wal_size"), "consider 5120MB");
    facts.checkpoints = made(0.9, 290.0);
    assert_eq!(said_of(&facts, "max_wal_size"), "consider 2048MB");
    facts.checkpoints = made(0.1, 290.0);
    assert_eq!(said_of(&facts, "max_wal_size"), "ok -");
    facts.checkpoints = None;
    assert!(
        of(&facts)
            .iter()
            .all(|advice| advice.setting != "max_wal_size")
    );
}

#[test]
fn pools_share_the_connections() {
    let mut facts = facts(&[("max_connections", "100", 100.0)]);
    facts.tightest = Some((97.0, String::new()));
    let pool = |facts: &mut Facts, instances| {
        facts.instances = Some(instances);
        said_of(facts, "pool_size")
    };
    assert_eq!(pool(&mut facts, 4), "ok 24");
    assert_eq!(pool(&mut facts, 40), "consider 2");
    assert_eq!(pool(&mut facts, 200), "warning -");
    facts.tightest = Some((20.0, "user app".to_string()));
    assert_eq!(pool(&mut facts, 4), "ok 5");
    let all = of(&facts);
    let reason = &all.last().unwrap().reason;
    assert!(
        reason.starts_with("20, the connection limit of user app / 4"),
        "{reason}"
    );
}

#[test]
fn remedies_are_sql() {
    let mut facts = facts(&[
        ("shared_buffers", "128MB", 128.0 * MB),
        ("track_io_timing", "off", 0.0),
        ("shared_preload_libraries", "auto_explain", 0.0),
    ]);
    let remedy = |facts: &Facts, name: &str| {
        let all = of(facts);
        let advice = all.iter().find(|advice| advice.setting == name).unwrap();
        advice.remedy(facts).unwrap()
    };
    assert_eq!(
        remedy(&facts, "shared_buffers"),
        "-- ALTER SYSTEM SET shared_buffers = '4096MB'; -- then restart, where it suits the machine"
    );
    assert_eq!(
        remedy(&facts, "track_io_timing"),
        "ALTER SYSTEM SET track_io_timing = 'on'; SELECT pg_reload_conf();"
    );
    let list = remedy(&facts, "shared_preload_libraries");
    assert!(
        list.starts_with("-- ") && list.contains("auto_explain, pg_stat_statements"),
        "{list}"
    );
    facts.settings.get_mut("track_io_timing").unwrap().source = "command line".into();
    assert!(remedy(&facts, "track_io_timing").starts_with("-- it is on the server's command line"));
}
