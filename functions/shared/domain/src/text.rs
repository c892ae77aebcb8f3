//! Text that stands in one line of a mail, a table or a header: what a name may hold, and how a text that others
//! wrote is brought onto a line.
//!
//! A name of ours is refused when it is not fit; a name out of a customer's directory is Microsoft's to accept and
//! is kept as it is, so wherever it is shown in a line it goes through [`one_line`]. Two characters that nobody sees
//! stay in both, since words and pictures are spelled with them: the joiners U+200C and U+200D; so do variation selectors.

use crate::{Error, Result};

/// Characters, from the first to the last.
type Range = (char, char);

/// What breaks a line, steers a terminal, or turns the direction of the text around it. Shown as a blank.
const BREAKS: &[Range] = &[
    ('\u{0}', '\u{1f}'),
    ('\u{7f}', '\u{9f}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{200e}', '\u{200f}'),
    ('\u{2028}', '\u{202e}'),
    ('\u{2066}', '\u{2069}'),
];

/// What takes no place, or a place in which nothing is seen: two names that differ by it look the same. Left out.
///
/// Source: Unicode's `Default_Ignorable_Code_Point` without joiners and variation selectors, the fillers, and the
/// Braille cell without dots.
const HIDDEN: &[Range] = &[
    ('\u{ad}', '\u{ad}'),
    ('\u{34f}', '\u{34f}'),
    ('\u{115f}', '\u{1160}'),
    ('\u{17b4}', '\u{17b5}'),
    ('\u{180b}', '\u{180f}'),
    ('\u{200b}', '\u{200b}'),
    ('\u{2060}', '\u{2065}'),
    ('\u{206a}', '\u{206f}'),
    ('\u{2800}', '\u{2800}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{ffa0}', '\u{ffa0}'),
    ('\u{fff0}', '\u{fffb}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0000}', '\u{e00ff}'),
];

/// Seen only by what stands beside it.
const JOINS: &[Range] = &[('\u{200c}', '\u{200d}'), ('\u{fe00}', '\u{fe0f}'), ('\u{e0100}', '\u{e01ef}')];

fn is_in(ranges: &[Range], c: char) -> bool {
    ranges.iter().any(|(first, last)| (*first..=*last).contains(&c))
}

/// Checks one line that somebody writes into a field: visible text of at most so many characters.
///
/// # Errors
/// `Invalid`, naming the field.
pub fn check_line(field: &str, text: &str, most: usize) -> Result<()> {
    if text.chars().count() > most {
        return Err(Error::invalid_field(field, format!("has more than {most} characters")));
    }
    fault_of_name(text).map_or(Ok(()), |fault| Err(Error::invalid_field(field, fault)))
}

/// What keeps a text from being a name, for the person who wrote it; none for one line of visible text.
#[must_use]
pub fn fault_of_name(text: &str) -> Option<&'static str> {
    if text.chars().any(|c| is_in(BREAKS, c) || is_in(HIDDEN, c)) {
        return Some(
            "must be one line of visible text, without control characters and marks that turn or hide text",
        );
    }
    let is_seen = |c: char| !c.is_whitespace() && !is_in(JOINS, c);
    (!text.chars().any(is_seen)).then_some("must not be empty")
}

/// The same as a regular expression (ECMA-262), for descriptions of an API. It knows the characters up to U+FFFF, since not
/// every reader of such a description agrees on how the others are written.
#[must_use]
pub fn name_pattern() -> String {
    let written = |ranges: &[Range]| -> String {
        let below = ranges.iter().filter(|(_, last)| *last <= '\u{ffff}');
        let all = below.map(|(first, last)| match (u32::from(*first), u32::from(*last)) {
            (only, last) if only == last => format!(r"\u{only:04x}"),
            (first, last) => format!(r"\u{first:04x}-\u{last:04x}"),
        });
        all.collect()
    };
    let unfit = written(BREAKS) + &written(HIDDEN);
    format!(r"^[^{unfit}]*[^{unfit}{}\s][^{unfit}]*$", written(JOINS))
}

/// The text on one line of at most `limit` characters: what breaks or turns the line becomes a blank, what hides in
/// it is left out.
#[must_use]
pub fn one_line(text: &str, limit: usize) -> String {
    let seen = text.chars().filter(|c| !is_in(HIDDEN, *c));
    let line: String = seen.map(|c| if is_in(BREAKS, c) { ' ' } else { c }).collect();
    let line = line.trim();
    match line.char_indices().nth(limit) {
        Some((end, _)) => format!("{}…", line[..end].trim_end()),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_control_character_breaks_a_line() {
        for c in ('\u{0}'..=char::MAX).filter(|c| c.is_control()) {
            assert!(is_in(BREAKS, c), "{c:?}");
        }
    }

    #[test]
    fn names_in_any_script_are_fit() {
        for name in
            ["Größe & Söhne <AG>", "漢字 株式会社", "شركة\u{200c}ها", "👩\u{200d}🚀", "❤\u{fe0f}", "e\u{301}"]
        {
            assert_eq!(fault_of_name(name), None, "{name}");
        }
    }

    #[test]
    fn what_nobody_can_read_is_no_name() {
        for name in ["", " ", "\u{a0}\u{3000}", "\u{200d}", "\u{fe0f}", "\u{3164}", "a\u{2028}b", "a\u{ad}b"]
        {
            assert!(fault_of_name(name).is_some(), "{name:?}");
        }
    }

    #[test]
    fn a_line_is_cut_at_its_limit_and_says_so() {
        assert_eq!(one_line("Ann\r\nBcc: x@example.com", 100), "Ann  Bcc: x@example.com");
        assert_eq!(one_line("invoice\u{202e}fdp.exe", 100), "invoice fdp.exe");
        assert_eq!(one_line("Mar\u{ad}garet\u{feff}\n", 100), "Margaret");
        assert_eq!(one_line("one two", 4), "one…");
        assert_eq!(one_line("four", 4), "four");
    }

    proptest! {
        #[test]
        fn whatever_the_text_its_line_is_a_name_or_nothing(text in any::<String>(), limit in 1_usize..50) {
            let line = one_line(&text, limit);
            prop_assert!(line.chars().count() <= limit + 1);
            prop_assert!(!line.chars().any(|c| is_in(BREAKS, c) || is_in(HIDDEN, c)), "{line:?}");
        }
    }
}
