//! The words of a function's body, as far as they tell which tables and columns it names.

/// What stands before the name of a table.
const LEADS: [&str; 7] = ["from", "join", "update", "into", "only", "using", "table"];

/// A word of code, with what stands before it.
pub struct Word<'a> {
    /// Where it begins, in bytes.
    pub at: usize,
    /// As it is written, without quotes.
    pub text: &'a str,
    /// What it is qualified with.
    pub of: Option<&'a str>,
    /// The word before that.
    before: &'a str,
}

impl Word<'_> {
    /// Whether it stands where a table does.
    pub fn is_of_table(&self) -> bool {
        LEADS
            .iter()
            .any(|lead| self.before.eq_ignore_ascii_case(lead))
    }
}

/// The words of code; one in quotes is one, too, where it has no other letters.
pub fn words(text: &str) -> impl Iterator<Item = Word<'_>> {
    let is_part = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '$');
    let mut at = 0;
    let (mut before, mut last) = ("", "");
    std::iter::from_fn(move || {
        let start = at + text[at..].find(is_part)?;
        let between = &text[at..start];
        let rest = &text[start..];
        let word = &rest[..rest.find(|letter| !is_part(letter)).unwrap_or(rest.len())];
        let is_qualified = between.trim_matches('"') == ".";
        let of = is_qualified.then_some(last);
        before = match is_qualified {
            true => before,
            // Words of another clause do not count.
            false if between.contains([',', '(', ')', '=']) => "",
            false => last,
        };
        last = word;
        at = start + word.len();
        Some(Word {
            at: start,
            text: word,
            of,
            before,
        })
    })
}
