//! What stands as plain text in a script that nobody runs here: `migrations: { table: 'x' }` of drizzle.config.ts.

use super::Said;

/// Drizzle's `migrations`, where both of its values are written out.
pub fn drizzle(text: &str) -> Said {
    let text = without_comments(text);
    let Some(rest) = behind_key(&text, "migrations") else {
        return match has_word(&text, "migrations") {
            true => Said::unread("`migrations` is computed"),
            false => Said::default(),
        };
    };
    let Some((block, _)) = rest
        .strip_prefix('{')
        .and_then(|block| block.split_once('}'))
    else {
        return Said::unread("`migrations` is computed");
    };
    let mut said = Said::default();
    for (key, value) in [("table", &mut said.table), ("schema", &mut said.schema)] {
        let behind = behind_key(block, key);
        match behind.and_then(literal) {
            Some(text) => *value = Some(text),
            None if behind.is_some() || has_word(block, key) => {
                return Said::unread(&format!("`migrations.{key}` is computed"));
            }
            None => {}
        }
    }
    said
}

/// What follows `key:`, with or without quotes around the key.
fn behind_key<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    words(text, key).find_map(|end| {
        let rest = text.get(end..)?.trim_start_matches(['"', '\'']);
        Some(rest.trim_start().strip_prefix(':')?.trim_start())
    })
}

/// Whether it is used, and not only part of a text.
fn has_word(text: &str, word: &str) -> bool {
    let mut ends = words(text, word);
    ends.any(|end| !text[..end - word.len()].ends_with(['"', '\'', '`', '/', '.', '-']))
}

/// Where a word ends, each time that it stands by itself.
fn words<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let is_part = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '$');
    text.match_indices(word)
        .filter(move |(at, _)| {
            let before = text[..*at].chars().next_back();
            let after = text[at + word.len()..].chars().next();
            !before.is_some_and(is_part) && !after.is_some_and(is_part)
        })
        .map(|(at, word)| at + word.len())
}

/// The text between quotes, if nothing is put into it.
fn literal(text: &str) -> Option<String> {
    let quote = text.chars().next().filter(|c| "'\"`".contains(*c))?;
    let (inner, rest) = text.get(1..)?.split_once(quote)?;
    let is_whole = rest
        .trim_start()
        .chars()
        .next()
        .is_none_or(|c| ",}".contains(c));
    (is_whole && !inner.contains("${") && !inner.contains('\\')).then(|| inner.to_string())
}

/// The same without `//` and `/* */`, which are left alone between quotes.
fn without_comments(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut quote = None;
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        if quote.is_none() && rest.starts_with("//") {
            rest = rest.find('\n').map_or("", |end| &rest[end..]);
            continue;
        }
        if quote.is_none() && rest.starts_with("/*") {
            rest = rest.split_once("*/").map_or("", |(_, behind)| behind);
            continue;
        }
        match quote {
            Some(open) if open == letter => quote = None,
            None if "'\"`".contains(letter) => quote = Some(letter),
            _ => {}
        }
        kept.push(letter);
        rest = &rest[letter.len_utf8()..];
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_written_out_is_taken() {
        let said = drizzle(
            "export default defineConfig({ out: './drizzle', // migrations: { table: 'no' }\n migrations: { table: 'hist', schema: \"app\" } })",
        );
        assert_eq!(
            (said.table.as_deref(), said.schema.as_deref()),
            (Some("hist"), Some("app"))
        );
        let json = drizzle("{\"migrations\": {\"table\": \"hist\"}}");
        assert_eq!((json.table.as_deref(), json.schema), (Some("hist"), None));
        let none = "export default { out: './migrations', migrationsFolder: 'x' }";
        assert_eq!(drizzle(none), Said::default());
        for computed in [
            "{ migrations: { table: TABLE } }",
            "{ migrations: { table: `a${b}` } }",
            "{ migrations: { table: 'a' + b } }",
            "{ migrations: { table } }",
            "{ migrations: options }",
            "{ migrations }",
        ] {
            assert!(drizzle(computed).unread.is_some(), "{computed}");
        }
    }
}
