//! Passwords that run out.

use crate::check::{Case, Check, Finding, Unit};
use crate::sections::roles::SECTION;
use crate::words;

/// VALID UNTIL.
pub const EXPIRY: Check = Check {
    name: "password_expiry",
    finds: "roles whose password runs out soon, or has",
    unit: Unit::Seconds,
    warn: Some(7.0 * 86_400.0),
    crit: Some(86_400.0),
    is_low_bad: true,
    sections: &[&SECTION],
    unseen: "whether the role has a password; certificates",
    judge,
};

fn judge(case: &Case) -> Vec<Finding> {
    let rows = case.rows(&SECTION).iter();
    let findings = rows.filter(|row| row.is("may_login")).filter_map(|row| {
        let (role, left) = (row.text("role")?, row.number("password_left_seconds")?);
        let message = match left > 0.0 {
            true => format!("its password runs out in {}", words::time(left)),
            false => format!("its password ran out {} ago", words::time(-left)),
        };
        let quoted = shared::dump::quote_identifier(role);
        let finding = case.judge(Some(role), left, message);
        Some(finding.remedy(format!(
            "-- give it a new one: ALTER ROLE {quoted} PASSWORD … VALID UNTIL …;"
        )))
    });
    findings.collect()
}
