//! What takes no table and no row out of a dump.

/// pg_dump's options that change how it writes, or leave out what is neither a table nor a row.
/// What is not known here may leave out anything.
const HARMLESS: &[&str] = &[
    "--attribute-inserts",
    "--blobs",
    "--clean",
    "--column-inserts",
    "--disable-dollar-quoting",
    "--disable-triggers",
    "--encoding",
    "--extra-float-digits",
    "--if-exists",
    "--include-foreign-data",
    "--inserts",
    "--large-objects",
    "--load-via-partition-root",
    "--no-comments",
    "--no-owner",
    "--no-policies",
    "--no-privileges",
    "--no-publications",
    "--no-security-labels",
    "--no-statistics",
    "--no-subscriptions",
    "--no-table-access-method",
    "--no-tablespaces",
    "--no-toast-compression",
    "--on-conflict-do-nothing",
    "--quote-all-identifiers",
    "--role",
    "--rows-per-insert",
    "--serializable-deferrable",
    "--statistics",
    "--superuser",
    "--sync-method",
    "--use-set-session-authorization",
    "--verbose",
    "--with-statistics",
];
const HARMLESS_LETTERS: &str = "bcvOx";
/// The rest of the word is the value.
const HARMLESS_WITH_VALUE: &str = "ES";

/// Whether what pg_dump is told by this word takes no table and no row out of the dump.
pub fn is_harmless(argument: &str) -> bool {
    if argument.starts_with("--") {
        let name = argument.split('=').next().unwrap_or_default();
        return HARMLESS.contains(&name);
    }
    let Some(letters) = argument.strip_prefix('-').filter(|rest| !rest.is_empty()) else {
        return false;
    };
    let rest = letters.trim_start_matches(|letter| HARMLESS_LETTERS.contains(letter));
    rest.chars()
        .next()
        .is_none_or(|letter| HARMLESS_WITH_VALUE.contains(letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_known_is_harmless() {
        for argument in [
            "--inserts",
            "--role=reader",
            "--encoding=LATIN1",
            "-v",
            "-vc",
            "-vELATIN1",
            "-Spostgres",
            "-Ox",
        ] {
            assert!(is_harmless(argument), "{argument}");
        }
        for argument in [
            "--schema-only",
            "-s",
            "-vs",
            "-vt",
            "-tt",
            "--table=inserts",
            "--exclude-table-data=x",
            "--section=data",
            "--filter=f",
            "--enable-row-security",
            "--no-unlogged-table-data",
            "--no-blobs",
            "-B",
            "-ecitext",
            "--no-data",
            "--something-of-pg_dump-25",
            "-",
            "--",
            "",
        ] {
            assert!(!is_harmless(argument), "{argument}");
        }
    }
}
