//! Everything that the portal says, in each language: Project Fluent, compiled in.
//!
//! Names and other words of people go in as they are and are set apart by the pages (`view::name`), not by the texts.

use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement, VariantKey};
use std::collections::HashMap;
use std::sync::LazyLock;

/// The texts in English, as they are written.
pub const ENGLISH: &str = include_str!("../texts/en.ftl");
/// The texts in German, as they are written.
pub const GERMAN: &str = include_str!("../texts/de.ftl");

/// A language that the portal speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English, which whoever asks for none gets.
    #[default]
    English,
    /// German.
    German,
}

impl Language {
    /// Every language, in the order in which they are offered.
    pub const ALL: [Self; 2] = [Self::English, Self::German];

    /// Its code, as pages and cookies name it.
    pub fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
        }
    }

    /// Its name, in itself.
    pub fn own_name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::German => "Deutsch",
        }
    }

    /// The language of that code.
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.code() == code)
    }

    /// The first language of `Accept-Language` that the portal speaks. Browsers send them in the order of preference.
    pub fn accepted(header: &str) -> Self {
        let mut codes = header.split(',').filter_map(|one| one.trim().split([';', '-']).next());
        codes.find_map(Self::of_code).unwrap_or_default()
    }
}

/// The texts of a language, by their keys.
type Bundle = HashMap<&'static str, Pattern<&'static str>>;

/// What a text is about: a word, or a number by which its form is chosen.
#[derive(Clone, Copy, Debug)]
enum About<'a> {
    Word(&'a str),
    Count(i64),
}

/// Reads texts. Why not by the library's own bundle: what it knows of languages asks for other features of crates on which
/// every SDK stands, and so a second build of all of them; two languages with the same plural need nothing of it.
fn bundle(text: &'static str) -> Bundle {
    let read = fluent_syntax::parser::parse(text).map_err(|(_, wrong)| wrong);
    let read = read.expect("the texts are well formed, which a test asks");
    let messages = read.body.into_iter().filter_map(|entry| match entry {
        Entry::Message(message) => Some((message.id.name, message.value?)),
        _ => None,
    });
    messages.collect()
}

static IN_ENGLISH: LazyLock<Bundle> = LazyLock::new(|| bundle(ENGLISH));
static IN_GERMAN: LazyLock<Bundle> = LazyLock::new(|| bundle(GERMAN));

/// A text with what it is about put in.
fn formatted(pattern: &Pattern<&str>, about: &[(&str, About<'_>)]) -> String {
    let mut text = String::new();
    for element in &pattern.elements {
        match element {
            PatternElement::TextElement { value } => text.push_str(value),
            PatternElement::Placeable { expression } => text.push_str(&placed(expression, about)),
        }
    }
    text
}

fn placed(expression: &Expression<&str>, about: &[(&str, About<'_>)]) -> String {
    let of = |of: &InlineExpression<&str>| match of {
        InlineExpression::VariableReference { id } => {
            about.iter().find(|(n, _)| *n == id.name).map(|(_, a)| *a)
        }
        _ => None,
    };
    match expression {
        Expression::Inline(inline) => match of(inline) {
            Some(About::Word(word)) => word.to_owned(),
            Some(About::Count(count)) => count.to_string(),
            None => String::new(),
        },
        Expression::Select { selector, variants } => {
            // Source: CLDR plural rules, cardinals of English and German: `one` is exactly 1.
            let is = |key: &VariantKey<&str>| match (key, of(selector)) {
                (VariantKey::Identifier { name: "one" }, Some(About::Count(1))) => true,
                (VariantKey::NumberLiteral { value }, Some(About::Count(count))) => {
                    *value == count.to_string()
                }
                _ => false,
            };
            let fits = variants.iter().find(|v| is(&v.key)).or_else(|| variants.iter().find(|v| v.default));
            fits.map_or(String::new(), |variant| formatted(&variant.value, about))
        }
    }
}

impl Language {
    fn bundle(self) -> &'static Bundle {
        match self {
            Self::English => &IN_ENGLISH,
            Self::German => &IN_GERMAN,
        }
    }

    /// The text of that key; the key itself where there is none, which a test asks for.
    pub fn say(self, key: &str) -> String {
        self.find(key, &[]).unwrap_or_else(|| key.to_owned())
    }

    /// The text of that key, with what it is about.
    pub fn tell(self, key: &str, about: &[(&str, &str)]) -> String {
        let about: Vec<_> = about.iter().map(|(name, word)| (*name, About::Word(word))).collect();
        self.find(key, &about).unwrap_or_else(|| key.to_owned())
    }

    /// The text of that key, with a number of something.
    pub fn count(self, key: &str, count: i64) -> String {
        self.find(key, &[("count", About::Count(count))]).unwrap_or_else(|| key.to_owned())
    }

    /// What people call a value of the API, such as a state; the value itself where it is one that the texts do not know.
    pub fn word(self, sort: &str, value: &str) -> String {
        self.find(&format!("{sort}-{value}"), &[]).unwrap_or_else(|| value.to_owned())
    }

    fn find(self, key: &str, about: &[(&str, About<'_>)]) -> Option<String> {
        Some(formatted(self.bundle().get(key)?, about))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// The names of what a text is about.
    fn variables(pattern: &Pattern<&str>) -> BTreeSet<String> {
        let of = |inline: &InlineExpression<&str>| match inline {
            InlineExpression::VariableReference { id } => id.name.to_owned(),
            other => panic!("{other:?} is nothing that these texts use"),
        };
        let mut found = BTreeSet::new();
        for element in &pattern.elements {
            match element {
                PatternElement::TextElement { .. } => {}
                PatternElement::Placeable { expression: Expression::Inline(inline) } => {
                    found.insert(of(inline));
                }
                PatternElement::Placeable { expression: Expression::Select { selector, variants } } => {
                    found.insert(of(selector));
                    found.extend(variants.iter().flat_map(|variant| variables(&variant.value)));
                }
            }
        }
        found
    }

    #[test]
    fn every_text_is_there_in_every_language_and_about_the_same() {
        let (english, german) = (bundle(ENGLISH), bundle(GERMAN));
        let keys = |of: &Bundle| of.keys().copied().collect::<BTreeSet<_>>();
        assert_eq!(keys(&english), keys(&german));
        for (key, pattern) in &english {
            assert_eq!(variables(pattern), variables(&german[key]), "{key}");
        }
        for text in [ENGLISH, GERMAN] {
            let lines = text.lines().filter_map(|line| line.split_once(" =")).map(|(key, _)| key);
            let keys: Vec<_> = lines.filter(|key| !key.starts_with([' ', '#'])).collect();
            assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), keys.len(), "no key has two meanings");
        }
    }

    #[test]
    fn a_number_chooses_the_form_of_its_text() {
        let said = |count| Language::English.count("changes-created", count);
        assert_eq!(
            (said(1), said(2), said(0)),
            ("1 created".to_owned(), "2 created".to_owned(), "0 created".to_owned())
        );
        assert_eq!(Language::English.count("time-ago-days", 1), "1 day ago");
        assert_eq!(Language::German.count("time-ago-days", 3), "vor 3 Tagen");
    }

    #[test]
    fn the_first_language_that_is_spoken_here_is_taken() {
        assert_eq!(Language::accepted("fr-FR, de-AT;q=0.8, en;q=0.7"), Language::German);
        assert_eq!(Language::accepted("fr"), Language::English);
        assert_eq!(Language::accepted(""), Language::English);
    }

    #[test]
    fn a_value_that_the_texts_do_not_know_is_shown_as_it_is() {
        assert_eq!(Language::German.word("state", "asleep"), "asleep");
    }
}
