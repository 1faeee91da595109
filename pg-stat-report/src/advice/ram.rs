//! How much memory the server's machine has, and who says so.

use std::fs;

use crate::server::Server;

/// Memory.
#[derive(Debug, Clone, Copy)]
pub struct Ram {
    /// So much.
    pub bytes: f64,
    /// By whom that is known.
    pub source: &'static str,
}

impl Ram {
    /// What was said; or what the server sees of its machine, if the role may ask; or this machine's, if the
    /// server is on it.
    pub fn of(server: &mut Server) -> Option<Self> {
        if let Some(bytes) = server.given().ram {
            return Self::some(bytes as f64, "--ram");
        }
        let asked = server.ask(include_str!("../../sql/memory.sql"));
        if let Some(row) = asked.ok().and_then(|mut rows| rows.pop()) {
            let text = |name: &str| row.try_get::<_, Option<String>>(name).ok().flatten();
            let limits = [text("container"), text("old_container")];
            if let Some(bytes) = least(text("machine"), limits) {
                return Self::some(bytes, "the server's machine");
            }
        }
        if !server.origin().target.starts_with('/') {
            return None;
        }
        let read = |path: &str| fs::read_to_string(path).ok();
        let limits = [
            read("/sys/fs/cgroup/memory.max"),
            read("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
        ];
        Self::some(least(read("/proc/meminfo"), limits)?, "this machine")
    }

    fn some(bytes: f64, source: &'static str) -> Option<Self> {
        (bytes > 0.0).then_some(Self { bytes, source })
    }
}

/// A container may have less than its machine; `max` is no limit.
fn least(machine: Option<String>, limits: [Option<String>; 2]) -> Option<f64> {
    let machine = machine?;
    let mut lines = machine.lines();
    let total = lines.find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kilobytes: f64 = total.trim().strip_suffix("kB")?.trim().parse().ok()?;
    let limits = limits.into_iter().flatten();
    let limits = limits.filter_map(|text| text.trim().parse::<f64>().ok());
    Some(limits.fold(kilobytes * 1024.0, f64::min))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_may_have_less() {
        let machine = || Some("MemTotal:       16000000 kB\nMemFree: 1 kB\n".to_string());
        let text = |text: &str| Some(text.to_string());
        let all = 16_000_000.0 * 1024.0;
        assert_eq!(least(machine(), [None, None]), Some(all));
        assert_eq!(least(machine(), [text("max\n"), None]), Some(all));
        assert_eq!(least(machine(), [text("1024\n"), None]), Some(1024.0));
        assert_eq!(
            least(machine(), [None, text("9223372036854771712\n")]),
            Some(all)
        );
        assert_eq!(least(text("no such line"), [None, None]), None);
        assert_eq!(least(None, [text("1024"), None]), None);
    }
}
