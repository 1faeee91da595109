//! What shares the machine's memory.

use super::{Advice, Facts, Verdict, bytes, said};

/// More files than that a day are worth some memory.
const MUCH: f64 = 1e9;

const GIGABYTE: f64 = 1_073_741_824.0;

/// On all settings of memory.
pub fn advice(facts: &Facts) -> Vec<Advice> {
    let Some(ram) = facts.ram else {
        let names = [
            "shared_buffers",
            "effective_cache_size",
            "work_mem",
            "maintenance_work_mem",
        ];
        let known = names
            .into_iter()
            .filter(|name| facts.setting(name).is_some());
        let why = "how much memory the machine has is not known to this role from here: --ram says";
        return known
            .map(|name| Advice::on(facts, name, Verdict::Unknown, why))
            .collect();
    };
    let judges: [fn(&Facts, f64) -> Option<Advice>; 5] = [
        shared_buffers,
        effective_cache_size,
        work_mem,
        maintenance_work_mem,
        huge_pages,
    ];
    let advice = judges.iter().filter_map(|judge| judge(facts, ram.bytes));
    let source = format!("; memory by {}", ram.source);
    let with_source = |mut advice: Advice| {
        advice.reason.push_str(&source);
        advice
    };
    advice.map(with_source).collect()
}

fn shared_buffers(facts: &Facts, ram: f64) -> Option<Advice> {
    const NAME: &str = "shared_buffers";
    let share = facts.number(NAME)? / ram;
    let on = |verdict, why: String| Advice::on(facts, NAME, verdict, why);
    let figures = format!("it is {} of {}", percent(share), said(ram));
    let quarter = bytes(ram / 4.0);
    Some(match share {
        share if share > 0.6 => {
            let why = format!(
                "{figures}: little is left for sessions and the system's cache, and the machine may run out"
            );
            on(Verdict::Warning, why).better(quarter)
        }
        share if share > 0.4 => {
            let why = format!(
                "{figures}; beyond 40 % the same pages are mostly in the system's cache as well"
            );
            on(Verdict::Consider, why).better(quarter)
        }
        share if share < 0.15 => match facts.hit_ratio {
            Some(ratio) if share < 0.1 && ratio < 0.95 => {
                let why = format!(
                    "{figures}, and it had {} of the blocks asked for; a quarter is usual",
                    percent(ratio)
                );
                on(Verdict::Warning, why).better(quarter)
            }
            _ => on(Verdict::Consider, format!("{figures}; a quarter is usual")).better(quarter),
        },
        _ => on(Verdict::Ok, figures),
    })
}

fn effective_cache_size(facts: &Facts, ram: f64) -> Option<Advice> {
    const NAME: &str = "effective_cache_size";
    let share = facts.number(NAME)? / ram;
    let figures = format!("it is {} of {}", percent(share), said(ram));
    let why = format!(
        "{figures}; the planner takes it for what caches hold, which is mostly three quarters"
    );
    Some(match (0.4..=0.9).contains(&share) {
        true => Advice::on(facts, NAME, Verdict::Ok, figures),
        false => Advice::on(facts, NAME, Verdict::Consider, why).better(bytes(ram * 0.75)),
    })
}

/// Each sort and each hash of each session may take it.
fn work_mem(facts: &Facts, ram: f64) -> Option<Advice> {
    const NAME: &str = "work_mem";
    let own = facts.number(NAME)?;
    let hashes = facts.number("hash_mem_multiplier").unwrap_or(1.0).max(1.0);
    let sessions = facts.number("max_connections")?;
    let room = (ram - facts.number("shared_buffers")?).max(0.0);
    let all = own * hashes * sessions;
    let figures = format!(
        "one hash in each of {sessions:.0} sessions takes {}; shared_buffers leaves {} of the memory",
        said(all),
        said(room)
    );
    let fair = room / (4.0 * sessions);
    if all > room {
        let why = format!("{figures}: the machine may run out");
        let advice = Advice::on(facts, NAME, Verdict::Warning, why);
        let fits = (room / (2.0 * sessions * hashes)).min(own / 2.0);
        // Less than a megabyte is nothing to sort in: there it is the sessions that are too many.
        return Some(match fits >= 1_048_576.0 {
            true => advice.better(bytes(fits)),
            false => advice,
        });
    }
    let spilled = facts.temp_bytes_per_day.filter(|bytes| *bytes >= MUCH);
    let Some(spilled) = spilled.filter(|_| fair > own * 1.5) else {
        return Some(Advice::on(facts, NAME, Verdict::Ok, figures));
    };
    let why = format!("{} a day went to temporary files; {figures}", said(spilled));
    Some(Advice::on(facts, NAME, Verdict::Consider, why).better(bytes(fair.min(own * 4.0))))
}

/// Each worker of autovacuum may take it, unless that has its own.
fn maintenance_work_mem(facts: &Facts, ram: f64) -> Option<Advice> {
    const NAME: &str = "maintenance_work_mem";
    let own = facts.number(NAME)?;
    let workers = facts.number("autovacuum_max_workers")?;
    let of_each = facts
        .number("autovacuum_work_mem")
        .filter(|own| *own >= 0.0)
        .unwrap_or(own);
    let good = (ram / 16.0).min(2.0 * GIGABYTE);
    let figures = format!(
        "{workers:.0} workers of autovacuum may take {} of {}",
        said(of_each * workers),
        said(ram)
    );
    Some(match own {
        _ if of_each * workers > ram / 2.0 => {
            let why = format!("{figures}: the machine may run out");
            Advice::on(facts, NAME, Verdict::Warning, why).better(bytes(ram / 4.0 / workers))
        }
        own if own < good / 2.0 => {
            let why = format!(
                "{figures}; VACUUM and CREATE INDEX take less time with more: a sixteenth, up to 2 GB"
            );
            Advice::on(facts, NAME, Verdict::Consider, why).better(bytes(good))
        }
        _ => Advice::on(facts, NAME, Verdict::Ok, figures),
    })
}

fn huge_pages(facts: &Facts, _: f64) -> Option<Advice> {
    const NAME: &str = "huge_pages";
    let buffers = facts.number("shared_buffers")?;
    let is_off = facts.setting(NAME)?.value == "off";
    let why = format!(
        "each session has a page table for shared_buffers of {} of its own without",
        said(buffers)
    );
    (is_off && buffers >= 8.0 * GIGABYTE)
        .then(|| Advice::on(facts, NAME, Verdict::Consider, why).better("try"))
}

fn percent(ratio: f64) -> String {
    crate::words::percent(ratio)
}
