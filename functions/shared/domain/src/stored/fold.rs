//! Text without what does not tell two names apart. Rules of Unicode, so that nobody has to write a name as its owner does.
//!
//! [`without_case`] takes away case and how a letter is composed; [`plain`] width and marks besides.

use icu_normalizer::properties::CanonicalCombiningClassMapBorrowed;
use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};
use std::borrow::Cow;

const COMPOSED: ComposingNormalizerBorrowed<'static> = ComposingNormalizerBorrowed::new_nfc();
const DECOMPOSED: DecomposingNormalizerBorrowed<'static> = DecomposingNormalizerBorrowed::new_nfd();
const COMPATIBLE: DecomposingNormalizerBorrowed<'static> = DecomposingNormalizerBorrowed::new_nfkd();
const CLASSES: CanonicalCombiningClassMapBorrowed<'static> = CanonicalCombiningClassMapBorrowed::new();

/// The text without case, as Unicode folds it in full, and composed: `ß` is `ss`, a final sigma a sigma, and an accent is part of
/// its letter however it was typed. Two texts that differ by these alone are the same then.
pub fn without_case(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        let is_folded = !text.bytes().any(|b| b.is_ascii_uppercase());
        return if is_folded { Cow::Borrowed(text) } else { Cow::Owned(text.to_ascii_lowercase()) };
    }
    let folded = DECOMPOSED.normalize_iter(text.chars()).flat_map(folded);
    Cow::Owned(COMPOSED.normalize_iter(folded).collect())
}

/// The text without case, width and marks, by which names are searched: NFKC, full case folding, and no marks above, below or
/// in a letter. White space is one blank, and none at the ends.
///
/// Two things stay. Marks that spell a word stay: vowels and tones of Indic and Thai scripts, the sound marks of kana. And so
/// does a symbol that stands for a word (`™`, `㈱`).
pub fn plain(text: &str) -> String {
    let plain = if text.is_ascii() {
        text.to_ascii_lowercase()
    } else {
        // Why folded twice: what is compatible may have case (`K` of a Kelvin sign), and what is folded be compatible.
        let once: String = DECOMPOSED.normalize_iter(text.chars()).flat_map(folded).collect();
        let twice: String = compatible(&once).chars().flat_map(folded).collect();
        let letters = compatible(&twice);
        COMPOSED.normalize_iter(letters.chars().filter(|c| !is_mark(*c))).collect()
    };
    let words: Vec<&str> = plain.split_whitespace().collect();
    words.join(" ")
}

/// Each character as the one that it is compatible with, such as a full-width letter as the letter.
fn compatible(text: &str) -> String {
    let mut all = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii() {
            all.push(c);
            continue;
        }
        let start = all.len();
        all.extend(COMPATIBLE.normalize_iter(std::iter::once(c)));
        // Why: stored names have no key that begins at a symbol, so a word that a symbol stands for would not be found.
        if !c.is_alphanumeric() && all[start..].contains(char::is_alphanumeric) {
            all.truncate(start);
            all.push(c);
        }
    }
    all
}

/// Whether it is a mark of a letter, of those without which the letter is still read: by its combining class, points of
/// Hebrew and Arabic and what stands above, below or beside a letter.
/// Source: Unicode Standard Annex 44, Canonical Combining Class Values.
fn is_mark(c: char) -> bool {
    matches!(CLASSES.get_u8(c), 10..=36 | 200..=240)
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

    /// Written from Unicode's CaseFolding.txt, statuses C and F, and composed.
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
        ("ΐ", "\u{390}"),
        ("ᾼ", "αι"),
        ("\u{212a}", "k"),
        ("µ", "μ"),
        ("Եւ և", "եւ եւ"),
    ];

    /// Written from NormalizationTest.txt, CaseFolding.txt and the combining classes in UnicodeData.txt.
    const PLAIN: [(&str, &str); 24] = [
        ("Müller", "muller"),
        ("Mu\u{308}ller", "muller"),
        ("ＡＢＣ １２３", "abc 123"),
        ("ﾊﾝﾊﾞｰｸﾞ", "ハンバーグ"),
        ("ハンバーク\u{3099}", "ハンバーグ"),
        ("ﬁﬀ", "fiff"),
        ("①②", "12"),
        ("㎏", "㎏"),
        ("㈱田中", "㈱田中"),
        ("Foo™", "foo™"),
        ("İSTANBUL", "istanbul"),
        ("ıI", "ıi"),
        ("Ὀδυσσεύς", "οδυσσευσ"),
        ("ᾴ", "αι"),
        ("Ёлка Й", "елка и"),
        ("Ơ Ǘ Å Ç", "o u a c"),
        ("Đỗ Łódź Ø", "đo łodz ø"),
        ("한국", "한국"),
        ("\u{1112}\u{1161}\u{11ab}국", "한국"),
        ("שָׁלוֹם", "שלום"),
        ("مُحَمَّد", "محمد"),
        ("हिन्दी", "हिन्दी"),
        ("ที่นี่", "ที่นี่"),
        (" \u{3000}a\u{a0} \tb\u{2003}", "a b"),
    ];

    #[test]
    fn case_is_folded_in_full_as_unicode_says() {
        for (text, wanted) in FOLDED {
            assert_eq!(without_case(text), wanted, "{text}");
            assert_eq!(without_case(wanted), wanted, "once is enough: {text}");
        }
    }

    #[test]
    fn width_and_marks_are_folded_and_what_spells_a_word_is_not() {
        for (text, wanted) in PLAIN {
            assert_eq!(plain(text), wanted, "{text}");
            assert_eq!(plain(wanted), wanted, "once is enough: {text}");
        }
    }

    #[test]
    fn a_plain_form_is_plain_and_does_not_begin_with_a_letter_where_the_character_was_none() {
        // Where Unicode has what folds; of the rest, such as ideographs, a few.
        let dense = [
            0..0x3400,
            0xa640..0xac00,
            0xf900..0x10600,
            0x118a0..0x118e0,
            0x1d400..0x1d800,
            0x1e900..0x1f300,
        ];
        let all =
            (0..=u32::from(char::MAX)).filter(|n| n % 97 == 0 || dense.iter().any(|range| range.contains(n)));
        for c in all.filter_map(char::from_u32) {
            let once = plain(&c.to_string());
            assert_eq!(plain(&once), once, "{c:?}");
            // Why: stored names have keys in lower case that begin at letters and digits, and these are searched.
            assert_eq!(plain(&crate::stored::names::normalise(&c.to_string())), once, "{c:?}");
            let begins = once.starts_with(char::is_alphanumeric);
            assert!(!begins || c.is_alphanumeric(), "{c:?} gets letters: {once:?}");
        }
    }
}
