//! Patterns of names, as a shell has them for files: `*`, `?`, `[a-z]`, `[!a-z]`, `\` before any.

/// Whether a name fits a pattern. As in a shell, a dot at the beginning is only matched by one.
pub fn matches(pattern: &str, name: &str) -> bool {
    let hidden = name.starts_with('.') && !pattern.starts_with(['.', '\\']);
    let [pattern, name] = [pattern, name].map(|text| text.chars().collect::<Vec<char>>());
    !hidden && fits(&pattern, &name)
}

fn fits(mut pattern: &[char], mut name: &[char]) -> bool {
    // Where to go on when what follows the last star does not fit.
    let mut again: Option<(&[char], &[char])> = None;
    loop {
        if let Some(('*', rest)) = pattern.split_first().map(|(first, rest)| (*first, rest)) {
            again = Some((rest, name));
            pattern = rest;
            continue;
        }
        match (one(pattern, name.first().copied()), again) {
            (Some(rest), _) => {
                pattern = rest;
                name = &name[1..];
            }
            (None, _) if pattern.is_empty() && name.is_empty() => return true,
            (None, Some((after, [_, left @ ..]))) => {
                again = Some((after, left));
                (pattern, name) = (after, left);
            }
            (None, _) => return false,
        }
    }
}

/// What is left of the pattern when its first part fits the character.
fn one(pattern: &[char], character: Option<char>) -> Option<&[char]> {
    let character = character?;
    match pattern {
        ['?', rest @ ..] => Some(rest),
        ['[', set @ ..] if set.iter().skip(2).any(|c| *c == ']') || set.get(1) == Some(&']') => {
            one_of(set, character)
        }
        ['\\', literal, rest @ ..] | [literal, rest @ ..] => {
            (*literal == character).then_some(rest)
        }
        [] => None,
    }
}

/// `a-z]…` or `!a-z]…`; a `]` that comes first is one of the set.
fn one_of(set: &[char], character: char) -> Option<&[char]> {
    let (negated, set) = match set {
        ['!' | '^', set @ ..] => (true, set),
        _ => (false, set),
    };
    let end = 1 + set.iter().skip(1).position(|c| *c == ']')?;
    let mut found = false;
    let mut inside = &set[..end];
    while let Some((first, rest)) = inside.split_first() {
        inside = match rest {
            ['-', last, rest @ ..] => {
                found |= (*first..=*last).contains(&character);
                rest
            }
            rest => {
                found |= *first == character;
                rest
            }
        };
    }
    (found != negated).then_some(&set[end + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_in_a_shell() {
        for (pattern, name, expected) in [
            ("backup_*.sql.gz", "backup_20261120.sql.gz", true),
            ("backup_*.sql.gz", "backup_.sql.gz", true),
            ("backup_*.sql.gz", "backup_20261120.sql", false),
            ("backup_*.sql.gz", "xbackup_1.sql.gz", false),
            ("*", "anything", true),
            ("*", ".hidden", false),
            (".*", ".hidden", true),
            ("*.sql", "a.sql.sql", true),
            ("a*b*c", "axxbyybzzc", true),
            ("a*b*c", "axxbyybzz", false),
            ("db-[0-9][0-9].dump", "db-07.dump", true),
            ("db-[0-9].dump", "db-x.dump", false),
            ("db-[!0-9].dump", "db-x.dump", true),
            ("db-[]x].dump", "db-].dump", true),
            ("db[", "db[", true),
            ("a\\*b", "a*b", true),
            ("a\\*b", "axb", false),
            ("größe?", "größe1", true),
            ("", "", true),
            ("", "x", false),
            ("?", "", false),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }
}
