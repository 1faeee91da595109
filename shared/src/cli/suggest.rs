//! The known name that was probably meant.

/// The candidate that is nearest to `word`, if one is near enough to be meant.
pub fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.replace('_', "-").to_lowercase();
    let allowed = 1 + word.chars().count() / 4;
    let (cost, best) = candidates
        .map(|candidate| (cost(&word, candidate), candidate))
        .min_by_key(|(cost, _)| *cost)?;
    (cost <= allowed).then_some(best)
}

/// The distance; a word that was cut off or written on is near whatever its length.
fn cost(word: &str, candidate: &str) -> usize {
    let cut = word.len() > 2 && (candidate.starts_with(word) || word.starts_with(candidate));
    let distance = distance(word, candidate);
    if cut { distance.min(1) } else { distance }
}

/// Damerau's distance: letters inserted, left out, replaced, or two swapped.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replaced.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            let swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if swapped {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 5] = ["keep-last", "keep-daily", "dir", "dry-run", "dbname"];

    #[test]
    fn what_was_meant() {
        for (typed, meant) in [
            ("keep-lsat", Some("keep-last")),
            ("keep_daily", Some("keep-daily")),
            ("keepdaily", Some("keep-daily")),
            ("dry", Some("dry-run")),
            ("dri", Some("dir")),
            ("database-name", None),
            ("xyzzy", None),
        ] {
            assert_eq!(nearest(typed, NAMES.into_iter()), meant, "{typed}");
        }
    }
}
