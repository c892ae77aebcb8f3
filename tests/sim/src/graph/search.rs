//! `$search` over directory objects: words of names and descriptions, the beginning of anything else.
//!
//! Source: "Use the $search query parameter", Using $search on directory object collections: clauses
//! `"property:text"` in double quotes, joined by AND and OR; names and descriptions are cut into words at spaces,
//! symbols, digits and changes of case; other properties are compared as startsWith does.

use serde_json::Value;

use super::error::{Failure, failure, malformed};
use super::filter::{Use, supports};
use crate::schema::Schema;

/// The properties that are cut into words.
const WORDS: &[&str] = &["displayName", "description"];

#[derive(Debug)]
enum Part {
    Clause { property: String, text: String },
    And,
    Or,
}

/// Alternatives, each a list of clauses that must all fit.
#[derive(Debug)]
pub(crate) struct Search(Vec<Vec<(String, String)>>);

fn wrong(text: &str) -> Failure {
    malformed(format!("Syntax error: the $search clause '{text}' is not valid."))
}

/// None where a clause is not in double quotes, or names no property.
fn parts(text: &str) -> Option<Vec<Part>> {
    let mut out = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        rest = if let Some(quoted) = rest.strip_prefix('"') {
            let mut clause = String::new();
            let mut chars = quoted.char_indices();
            let end = loop {
                match chars.next()? {
                    (_, '\\') => clause.push(chars.next()?.1),
                    (at, '"') => break at + 1,
                    (_, c) => clause.push(c),
                }
            };
            let (property, text) = clause.split_once(':')?;
            out.push(Part::Clause { property: property.trim().to_owned(), text: text.trim().to_owned() });
            &quoted[end..]
        } else if let Some(rest) = rest.strip_prefix("AND") {
            out.push(Part::And);
            rest
        } else {
            out.push(Part::Or);
            rest.strip_prefix("OR")?
        };
        rest = rest.trim_start();
    }
    Some(out)
}

impl Search {
    pub fn parse(text: &str, schema: &Schema) -> Result<Self, Failure> {
        let mut alternatives = vec![Vec::new()];
        let mut expects_clause = true;
        for part in parts(text).ok_or_else(|| wrong(text))? {
            let is_clause = matches!(part, Part::Clause { .. });
            if is_clause != expects_clause {
                return Err(wrong(text));
            }
            expects_clause = !is_clause;
            match part {
                Part::Clause { property, text } => {
                    if supports(schema, &property, Use::StartsWith).is_none() {
                        return Err(failure(
                            400,
                            "Request_UnsupportedQuery",
                            format!("Property '{property}' does not support $search."),
                        ));
                    }
                    if let Some(last) = alternatives.last_mut() {
                        last.push((property, text));
                    }
                }
                Part::And => {}
                Part::Or => alternatives.push(Vec::new()),
            }
        }
        if expects_clause { Err(wrong(text)) } else { Ok(Self(alternatives)) }
    }

    /// Whether the object fits; by the beginnings of words, or by whole words alone.
    pub fn finds(&self, get: &dyn Fn(&str) -> Value, by_whole_words: bool) -> bool {
        let fits = |(property, text): &(String, String)| match get(property) {
            Value::String(value) if WORDS.contains(&property.as_str()) => {
                let known = words(&value);
                let is = |known: &String, word: &String| {
                    if by_whole_words { known == word } else { known.starts_with(word.as_str()) }
                };
                words(text).iter().all(|word| known.iter().any(|known| is(known, word)))
            }
            Value::String(value) => value.to_lowercase().starts_with(&text.to_lowercase()),
            _ => false,
        };
        self.0.iter().any(|all| all.iter().all(fits))
    }
}

/// The words of a text in lower case.
fn words(text: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut before = ' ';
    for c in text.chars() {
        if c.is_alphanumeric() {
            let begins = !before.is_alphanumeric()
                || before.is_numeric() != c.is_numeric()
                || (before.is_lowercase() && c.is_uppercase());
            if begins {
                out.push(String::new());
            }
            if let Some(word) = out.last_mut() {
                word.extend(c.to_lowercase());
            }
        }
        before = c;
    }
    out
}
