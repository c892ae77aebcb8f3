//! Text without what does not tell two names apart: its case.

use std::borrow::Cow;

/// The text without case, as Unicode folds it in full: `ß` is `ss`, a final sigma a sigma. Two texts that differ by case alone
/// are the same then.
pub fn without_case(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        let is_folded = !text.bytes().any(|b| b.is_ascii_uppercase());
        return if is_folded { Cow::Borrowed(text) } else { Cow::Owned(text.to_ascii_lowercase()) };
    }
    Cow::Owned(text.chars().flat_map(folded).collect())
}

/// One character without case. Why there and back: `ẞ` has a lower case that has an upper case of two letters, and Unicode
/// folds all three alike. It stays as it is where Unicode folds it in Turkish texts alone.
fn folded(c: char) -> impl Iterator<Item = char> {
    let is_kept = c == 'ı';
    let kept = is_kept.then_some(c);
    let others =
        (!is_kept).then(|| c.to_lowercase().flat_map(char::to_uppercase).flat_map(char::to_lowercase));
    kept.into_iter().chain(others.into_iter().flatten())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written from Unicode's CaseFolding.txt, statuses C and F.
    const FOLDED: [(&str, &str); 16] = [
        ("Straße", "strasse"),
        ("STRAẞE", "strasse"),
        ("ΟΔΥΣΣΕΥΣ", "οδυσσευσ"),
        ("Ὀδυσσεύς", "ὀδυσσεύσ"),
        ("İ", "i\u{307}"),
        ("I", "i"),
        ("ı", "ı"),
        ("ﬁ", "fi"),
        ("ﬅ", "st"),
        ("ŉ", "\u{2bc}n"),
        ("ǅ", "ǆ"),
        ("ΐ", "\u{3b9}\u{308}\u{301}"),
        ("ᾼ", "αι"),
        ("\u{212a}", "k"),
        ("µ", "μ"),
        ("Եւ և", "եւ եւ"),
    ];

    #[test]
    fn case_is_folded_in_full_as_unicode_says() {
        for (text, wanted) in FOLDED {
            assert_eq!(without_case(text), wanted, "{text}");
            assert_eq!(without_case(wanted), wanted, "once is enough: {text}");
        }
    }
}
