//! A filter's text, cut into tokens, each with the character that it begins at.

use super::Fault;
use jiff::SignedDuration;
use jiff::civil::{Date, DateTime, Time};
use jiff::fmt::temporal::{Pieces, SpanParser};
use serde_json::Number;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token<'a> {
    /// A name, or a word of the language.
    Word(&'a str),
    /// What stood between quotes.
    Text(String),
    Number(Number),
    Time(SignedDuration),
    /// One of `( ) , / :`.
    Mark(char),
}

/// A token and the character, from 1, at which it begins.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Placed<'a> {
    pub token: Token<'a>,
    pub at: usize,
}

/// All tokens of a text.
pub(super) fn tokens(text: &str) -> Result<Vec<Placed<'_>>, Fault> {
    let mut chars = Chars { text, rest: text, at: 1 };
    let mut tokens = Vec::new();
    while let Some(first) = chars.peek() {
        let at = chars.at;
        let fault = |what| Fault { at, what };
        let token = match first {
            ' ' | '\t' | '\r' | '\n' => {
                chars.step();
                continue;
            }
            '(' | ')' | ',' | '/' | ':' => {
                chars.step();
                Token::Mark(first)
            }
            '\'' => Token::Text(quoted(&mut chars).ok_or(fault("the text has no closing quote"))?),
            // Why behind a mark: names of attributes may begin with a digit.
            c if c.is_alphabetic()
                || c == '_'
                || c == '@'
                || (c.is_numeric() && is_behind_slash(&tokens)) =>
            {
                let word = chars.take_while(|c| c.is_alphanumeric() || "_.@".contains(c));
                // Why not at the dash itself: whoever pasted an id without quotes looks at its beginning.
                if chars.peek() == Some('-') {
                    return Err(fault("this is no name; text stands between quotes"));
                }
                Token::Word(word)
            }
            '0'..='9' | '-' => {
                let word = chars.take_while(|c| c.is_ascii_alphanumeric() || "+-.:".contains(c));
                unquoted(word)
                    .ok_or(fault("this is neither a number nor a time; text stands between quotes"))?
            }
            _ => return Err(fault("this character means nothing here; text stands between quotes")),
        };
        tokens.push(Placed { token, at });
    }
    Ok(tokens)
}

fn is_behind_slash(tokens: &[Placed<'_>]) -> bool {
    tokens.last().is_some_and(|last| last.token == Token::Mark('/'))
}

/// The characters of a text, one after the other.
struct Chars<'a> {
    text: &'a str,
    rest: &'a str,
    /// The number of the next one, from 1.
    at: usize,
}

impl<'a> Chars<'a> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn step(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.rest = &self.rest[c.len_utf8()..];
        self.at += 1;
        Some(c)
    }

    fn take_while(&mut self, is_part: impl Fn(char) -> bool) -> &'a str {
        let start = self.text.len() - self.rest.len();
        while self.peek().is_some_and(&is_part) {
            self.step();
        }
        &self.text[start..self.text.len() - self.rest.len()]
    }
}

/// What stands between quotes, two of which are one in it; none where it does not end.
fn quoted(chars: &mut Chars<'_>) -> Option<String> {
    chars.step();
    let mut text = String::new();
    loop {
        match chars.step()? {
            '\'' if chars.peek() == Some('\'') => {
                chars.step();
                text.push('\'');
            }
            '\'' => return Some(text),
            c => text.push(c),
        }
    }
}

fn unquoted(word: &str) -> Option<Token<'static>> {
    if let Ok(number) = serde_json::from_str::<Number>(word) {
        return Some(Token::Number(number));
    }
    time(word).map(Token::Time)
}

/// Whether a text is a duration of ISO 8601, such as `PT9H`.
pub(super) fn is_duration(text: &str) -> bool {
    SpanParser::new().parse_span(text).is_ok()
}

/// What moments are counted from.
const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

/// The moment that a text names, with its offset from UTC or as a date: how long it is after 1970.
///
/// Why no timestamp: those end before the last day of 9999, by which Graph says "never".
pub(super) fn time(text: &str) -> Option<SignedDuration> {
    // Why by its length: a date is read out of longer texts too, whatever follows it.
    let (civil, offset) = if text.len() == "2026-11-30".len() {
        let date: Date = text.parse().ok()?;
        (date.to_datetime(Time::midnight()), 0)
    } else {
        let pieces = Pieces::parse(text).ok()?;
        (pieces.date().to_datetime(pieces.time()?), pieces.to_numeric_offset()?.seconds())
    };
    civil.duration_since(EPOCH).checked_sub(SignedDuration::from_secs(offset.into()))
}
