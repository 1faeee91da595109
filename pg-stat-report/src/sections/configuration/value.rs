//! Whether what a line of a configuration file says is what is in force: `4MB` is 4096 of a unit of kB.

/// What the server writes in words of its own: nobody can tell by them.
const REWORDED: [&str; 2] = ["DateStyle", "client_encoding"];
/// What it takes in any case, and writes in one.
const OF_ANY_CASE: [&str; 2] = ["TimeZone", "log_timezone"];

/// Words of one meaning, the server's own last.
const SYNONYMS: [(&str, &str); 7] = [
    ("true", "on"),
    ("yes", "on"),
    ("1", "on"),
    ("false", "off"),
    ("no", "off"),
    ("0", "off"),
    ("debug", "debug2"),
];

/// Units by their bytes.
const MEMORY: [(&str, f64); 5] = [
    ("B", 1.0),
    ("kB", 1024.0),
    ("MB", 1_048_576.0),
    ("GB", 1_073_741_824.0),
    ("TB", 1_099_511_627_776.0),
];

/// Units by their milliseconds.
const TIME: [(&str, f64); 6] = [
    ("us", 0.001),
    ("ms", 1.0),
    ("s", 1_000.0),
    ("min", 60_000.0),
    ("h", 3_600_000.0),
    ("d", 86_400_000.0),
];

/// A setting, as pg_settings describes it.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'a> {
    pub name: &'a str,
    /// `vartype`: bool, enum, integer, real or string.
    pub kind: &'a str,
    /// What its number counts, as in 8kB.
    pub unit: Option<&'a str>,
    pub in_force: &'a str,
}

impl Setting<'_> {
    /// Whether this text of a file means what is in force.
    pub fn is(&self, written: &str) -> bool {
        if written == self.in_force || REWORDED.contains(&self.name) {
            return true;
        }
        match self.kind {
            "bool" => truth(written) == truth(self.in_force),
            "enum" => word(written) == word(self.in_force),
            "integer" | "real" => self.is_number(written),
            _ => OF_ANY_CASE.contains(&self.name) && written.eq_ignore_ascii_case(self.in_force),
        }
    }

    fn is_number(&self, written: &str) -> bool {
        let numbers = number(written, self.unit).zip(number(self.in_force, None));
        numbers.is_some_and(|(written, own)| match self.kind {
            "integer" => written.round_ties_even() == own,
            // It is written with six digits.
            _ => (written - own).abs() <= own.abs() * 1e-5,
        })
    }
}

/// Any beginning of a word that no other has.
fn truth(text: &str) -> Option<bool> {
    let text = text.to_ascii_lowercase();
    let begins = |word: &str, least: usize| text.len() >= least && word.starts_with(&text);
    match () {
        () if begins("true", 1) || begins("yes", 1) || begins("on", 2) || text == "1" => Some(true),
        () if begins("false", 1) || begins("no", 1) || begins("off", 2) || text == "0" => {
            Some(false)
        }
        () => None,
    }
}

fn word(text: &str) -> String {
    let text = text.to_ascii_lowercase();
    let synonym = SYNONYMS.iter().find(|(other, _)| *other == text);
    synonym.map_or(text, |(_, own)| (*own).to_string())
}

/// A number, in the setting's own unit where it has another one.
fn number(text: &str, own: Option<&str>) -> Option<f64> {
    let text = text.trim();
    let (digits, is_exponent) = (
        text.trim_start_matches(['-', '+']),
        text.contains(['e', 'E']),
    );
    let parsed = |base: u32, digits: &str| i64::from_str_radix(digits, base).ok();
    if let Some(hexadecimal) = digits.strip_prefix("0x").or(digits.strip_prefix("0X")) {
        return parsed(16, hexadecimal).map(|number| number as f64);
    }
    let is_octal = digits.len() > 1 && digits.starts_with('0');
    if is_octal && let Some(number) = parsed(8, digits) {
        return Some(number as f64);
    }
    if is_exponent && let Ok(number) = text.parse::<f64>() {
        return Some(number);
    }
    let is_of_unit = |c: char| c.is_ascii_alphabetic();
    let (amount, unit) = text.split_at(text.find(is_of_unit).unwrap_or(text.len()));
    let amount: f64 = amount.trim().parse().ok()?;
    match unit.trim() {
        "" => Some(amount),
        unit => Some(amount * size(unit)? / size(own?)?),
    }
}

/// Of one, or as in 8kB several, in bytes or milliseconds.
fn size(unit: &str) -> Option<f64> {
    let (many, unit) = unit.split_at(unit.find(|c: char| !c.is_ascii_digit())?);
    let many = if many.is_empty() {
        1.0
    } else {
        many.parse().ok()?
    };
    let known = MEMORY.iter().chain(&TIME).find(|(name, _)| *name == unit);
    known.map(|(_, size)| many * size)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is(kind: &str, unit: Option<&str>, in_force: &str, written: &str) -> bool {
        let name = "any";
        let setting = Setting {
            name,
            kind,
            unit,
            in_force,
        };
        setting.is(written)
    }

    #[test]
    fn values_are_the_same_in_any_words() {
        for (kind, unit, in_force, written) in [
            ("integer", Some("kB"), "4096", "4MB"),
            ("integer", Some("8kB"), "16384", "128 MB"),
            ("integer", Some("MB"), "1024", "1GB"),
            ("integer", Some("s"), "300", "5min"),
            ("integer", Some("ms"), "1500", "1.5s"),
            ("integer", Some("min"), "1440", "1d"),
            ("integer", None, "0777", "511"),
            ("integer", None, "255", "0xFF"),
            ("integer", None, "-1", "-1"),
            ("integer", Some("kB"), "1000", "1e3"),
            ("real", Some("ms"), "0.2", "200us"),
            ("real", None, "1.1", "1.10"),
            ("bool", None, "on", "TRUE"),
            ("bool", None, "off", "f"),
            ("enum", None, "replica", "REPLICA"),
            ("enum", None, "on", "yes"),
            ("enum", None, "debug2", "debug"),
            ("string", None, "a b", "a b"),
        ] {
            assert!(is(kind, unit, in_force, written), "{in_force} {written}");
        }
    }

    #[test]
    fn other_values_are_others() {
        for (kind, unit, in_force, written) in [
            ("integer", Some("kB"), "4096", "4GB"),
            ("integer", Some("kB"), "4096", "4"),
            ("integer", None, "10", "010"),
            ("real", None, "4", "1.1"),
            ("bool", None, "on", "off"),
            ("enum", None, "on", "remote_apply"),
            ("string", None, "cp %p /a", "cp %p /A"),
        ] {
            assert!(!is(kind, unit, in_force, written), "{in_force} {written}");
        }
    }

    #[test]
    fn what_the_server_words_itself_is_no_change() {
        let setting = |name, in_force| Setting {
            name,
            kind: "string",
            unit: None,
            in_force,
        };
        assert!(setting("TimeZone", "Europe/Berlin").is("europe/berlin"));
        assert!(!setting("TimeZone", "Europe/Berlin").is("UTC"));
        assert!(setting("DateStyle", "ISO, MDY").is("iso"));
    }
}
