//! Settings by which a database spoils a restore that makes it: `pg_restore --create`, and psql with
//! a script made by `pg_dump --create`, set them as soon as they have made it, and connect anew. Dumps
//! begin by setting most of what could harm them back; these few they leave.

/// A parameter that harms a restore by some of its values.
#[derive(Debug)]
pub struct Spoiling {
    /// Its name.
    pub parameter: &'static str,
    /// What it does then.
    pub effect: &'static str,
    /// The value that does nothing to it.
    pub harmless: &'static str,
    harms: fn(&str) -> bool,
}

/// Seen to harm, by restoring on 13 to 18. Seen to do nothing to a restore: limits of time, the
/// search path, tablespaces and access methods, isolation, replication roles, row security,
/// encodings, and how values are written.
const SPOILING: [Spoiling; 4] = [
    Spoiling {
        parameter: "default_transaction_read_only",
        effect: "all that comes then is refused",
        harmless: "off",
        harms: is_on,
    },
    Spoiling {
        parameter: "role",
        effect: "all that comes then is done as that role, and refused where it may not do it",
        harmless: "none",
        harms: |value| value != "none",
    },
    Spoiling {
        parameter: "array_nulls",
        effect: "each NULL within an array becomes the word NULL, without an error",
        harmless: "on",
        harms: is_off,
    },
    Spoiling {
        parameter: "restrict_nonsystem_relation_kind",
        effect: "materialized views that read what it names are not filled",
        harmless: "",
        harms: |value| !value.is_empty(),
    },
];

impl Spoiling {
    /// What harms, of a parameter that has this value.
    pub fn by(parameter: &str, value: &str) -> Option<&'static Self> {
        let mut known = SPOILING.iter();
        let known = known.find(|known| known.parameter.eq_ignore_ascii_case(parameter));
        known.filter(|known| (known.harms)(value))
    }

    /// What keeps it from that, as an option of a session (`PGOPTIONS`).
    pub fn remedy(&self) -> String {
        format!("-c {}={}", self.parameter, self.harmless)
    }
}

/// As servers read it: any beginning will do that is not the other's, too.
fn is_on(value: &str) -> bool {
    begins_one(value, &["on", "true", "yes", "1"])
}

fn is_off(value: &str) -> bool {
    begins_one(value, &["off", "false", "no", "0"])
}

fn begins_one(value: &str, words: &[&str]) -> bool {
    let value = value.to_ascii_lowercase();
    let mut words = words.iter();
    !value.is_empty() && value != "o" && words.any(|word| word.starts_with(&value))
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn booleans_as_servers_read_them() {
        for (value, on, off) in [
            ("on", true, false),
            ("T", true, false),
            ("1", true, false),
            ("of", false, true),
            ("N", false, true),
            ("o", false, false),
            ("", false, false),
        ] {
            let read_only = Spoiling::by("default_transaction_read_only", value);
            assert_eq!(read_only.is_some(), on, "{value}");
            let no_nulls = Spoiling::by("Array_Nulls", value);
            assert_eq!(no_nulls.is_some(), off, "{value}");
        }
        assert!(Spoiling::by("work_mem", "on").is_none());
    }
}
