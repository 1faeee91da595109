//! Lines of configuration files: `key = value` under `[section]`, YAML by its indents, TOML by a path.

/// A line that gives a key a value.
#[derive(Debug, PartialEq, Eq)]
pub struct Pair {
    /// The last `[section]` before it.
    pub section: String,
    /// What stands before the sign.
    pub key: String,
    /// What stands behind it, without quotes.
    pub value: String,
}

/// The lines with `=`, of files such as `.conf`, `.properties` and `.env`.
pub fn pairs(text: &str) -> Vec<Pair> {
    let mut section = String::new();
    let mut pairs = Vec::new();
    for line in text.lines().map(str::trim) {
        if line.starts_with(['#', ';', '!']) {
            continue;
        }
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            section = name.trim().to_string();
        } else if let Some((key, value)) = line.split_once('=') {
            let key = key.trim();
            pairs.push(Pair {
                section: section.clone(),
                key: key.strip_prefix("export ").unwrap_or(key).trim().into(),
                value: bare(value),
            });
        }
    }
    pairs
}

/// Scalars with the keys that lead to them. Lists, and values of several lines, are left out.
pub fn yaml(text: &str) -> Vec<(Vec<String>, String)> {
    let mut above: Vec<(usize, String)> = Vec::new();
    let mut scalars = Vec::new();
    for line in text.lines() {
        let rest = line.trim_start();
        if rest.is_empty() || rest.starts_with(['#', '-']) {
            continue;
        }
        let Some((key, value)) = rest.split_once(':') else {
            continue;
        };
        let indent = line.len() - rest.len();
        above.retain(|(own, _)| *own < indent);
        above.push((indent, bare(key)));
        let value = value.split(" #").next().unwrap_or_default();
        let value = bare(value);
        if !value.is_empty() && !value.starts_with('#') {
            let keys = above.iter().map(|(_, key)| key.clone());
            scalars.push((keys.collect(), value));
        }
    }
    scalars
}

/// The text at the end of a path of keys.
pub fn toml(text: &str, path: &[&str]) -> Option<String> {
    let table: toml::Table = text.parse().ok()?;
    let (last, above) = path.split_last()?;
    let mut table = &table;
    for key in above {
        table = table.get(*key)?.as_table()?;
    }
    table.get(*last)?.as_str().map(str::to_string)
}

/// Without blanks and quotes around it.
fn bare(text: &str) -> String {
    let text = text.trim();
    let inner = ['"', '\''].iter().find_map(|quote| {
        let inner = text.strip_prefix(*quote)?.strip_suffix(*quote)?;
        Some(inner)
    });
    inner.unwrap_or(text).to_string()
}

/// Whether something else is put in its place when it is used.
pub fn is_computed(value: &str) -> bool {
    ["${", "$(", "{{", "%(", "@"]
        .iter()
        .any(|mark| value.contains(mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yaml_by_its_indents() {
        let text = "spring:\n  flyway: # ours\n    table: \"a b\"\n    schemas:\n      - x\n  other: 1\ntop: 2\n";
        let path = |keys: &[&str]| keys.iter().map(|key| (*key).to_string()).collect();
        assert_eq!(
            yaml(text),
            [
                (path(&["spring", "flyway", "table"]), "a b".to_string()),
                (path(&["spring", "other"]), "1".to_string()),
                (path(&["top"]), "2".to_string()),
            ]
        );
    }

    #[test]
    fn pairs_under_sections() {
        let text = "# c\nexport A='x y'\n[s \"t\"]\n k = v=w \n";
        let pair = |section: &str, key: &str, value: &str| Pair {
            section: section.into(),
            key: key.into(),
            value: value.into(),
        };
        assert_eq!(
            pairs(text),
            [pair("", "A", "x y"), pair("s \"t\"", "k", "v=w")]
        );
    }
}
