//! Names, states, times and values, as pages show them.

use crate::texts::Language;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};
use serde_json::Value;

/// The most characters of a name that are shown; the whole of it is in its tooltip.
const NAME_CHARS: usize = 120;
/// The most characters of a text that are shown unfolded.
const VALUE_CHARS: usize = 600;
/// The same of what is no text but a list or an object.
const JSON_CHARS: usize = 120;

/// A name as text alone, for what can hold no more: short, and without characters that steer the text around it.
pub fn one_line(text: &str) -> String {
    let mut plain = text.chars().filter(|c| !is_steering(*c));
    let short: String = plain.by_ref().take(NAME_CHARS).collect();
    if plain.next().is_some() { short + "…" } else { short }
}

/// A name or another word of somebody's, set apart from the text around it, whatever its direction.
pub fn name(text: &str) -> Markup {
    let plain: String = text.chars().filter(|c| !is_steering(*c)).collect();
    if plain.chars().count() <= NAME_CHARS {
        return html! { bdi { (plain) } };
    }
    let short: String = plain.chars().take(NAME_CHARS).collect();
    let whole: String = plain.chars().take(4 * NAME_CHARS).collect();
    html! { bdi title=(whole) { (short) "…" } }
}

/// Characters that move what stands after them, or are not seen.
fn is_steering(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') || c.is_control()
}

/// A value of Graph's: text as it is, all else as JSON.
pub fn shown(l: Language, value: &Value) -> Markup {
    let text = match value {
        Value::Null => return html! { span.nothing { (l.say("value-nothing")) } },
        Value::String(text) if text.is_empty() => return html! { span.nothing { (l.say("value-empty")) } },
        Value::String(text) => text.clone(),
        Value::Bool(true) => l.say("value-yes"),
        Value::Bool(false) => l.say("value-no"),
        other => other.to_string(),
    };
    let most = if value.is_string() { VALUE_CHARS } else { JSON_CHARS };
    if text.chars().count() <= most {
        return html! { bdi.value { (text) } };
    }
    let short: String = text.chars().take(most).collect();
    html! { details { summary { bdi.value { (short) "…" } } pre { (text) } } }
}

/// A state in words, and by its class in a colour; never by the colour alone.
pub fn badge(l: Language, sort: &str, value: &str) -> Markup {
    let mood = match value {
        "active" | "connected" | "done" | "alreadySo" | "asAsked" | "accepted" => "good",
        "failed" | "consent-withdrawn" | "missing-permissions" | "deleting" | "impossible" | "absent" => {
            "bad"
        }
        "suspended" | "unsubscribed" | "excess-permissions" | "unreachable" | "skipped" | "differs" => "fair",
        _ => "plain",
    };
    html! { span.badge.(mood) { (l.word(sort, value)) } }
}

/// A name of the API in words: `groups.members` as `groups: members`, `DeviceConfiguration` as `Device configuration`.
pub fn plain(name: &str) -> String {
    let mut words = String::new();
    let mut before = ' ';
    for c in name.chars() {
        match c {
            '.' => words.push_str(": "),
            c if c.is_uppercase() && before.is_lowercase() => {
                words.push(' ');
                words.extend(c.to_lowercase());
            }
            c => words.push(c),
        }
        before = c;
    }
    words
}

/// Several names of the API as one list.
pub fn plain_list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(plain).collect::<Vec<_>>().join(", ")
}

/// A moment as the API takes it, of what a field for a time holds, which has no zone and is meant in UTC; what is neither is
/// left as it is, for the API to refuse by name.
pub fn moment(text: &str) -> String {
    let text = text.trim();
    let in_utc = || text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok();
    match (text.parse::<Timestamp>(), in_utc()) {
        (Ok(at), _) => at.to_string(),
        (_, Some(at)) => at.timestamp().to_string(),
        _ => text.to_owned(),
    }
}

/// Says times: how long ago, with the time itself beside it.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// The language that it says them in.
    pub language: Language,
    /// The time that ages are told by.
    pub now: Timestamp,
}

impl Times {
    /// A time of the API; nothing where there is none.
    pub fn at(self, text: &str) -> Markup {
        let Ok(at) = text.parse::<Timestamp>() else { return html! { span.nothing { "–" } } };
        let exact = at.strftime("%Y-%m-%d %H:%M UTC").to_string();
        html! { time datetime=(text) title=(exact) { (self.ago(at)) " " small { "(" (exact) ")" } } }
    }

    /// The time itself, for behind a preposition, which no age can follow in every language; its age is in its tooltip.
    pub fn on(self, text: &str) -> Markup {
        let Ok(at) = text.parse::<Timestamp>() else { return html! { span.nothing { "–" } } };
        let exact = at.strftime("%Y-%m-%d %H:%M UTC").to_string();
        html! { time datetime=(text) title=(self.ago(at)) { (exact) } }
    }

    /// The same as text alone, for what can hold no more.
    pub fn plain(self, text: &str) -> String {
        let Ok(at) = text.parse::<Timestamp>() else { return "–".to_owned() };
        format!("{} ({})", at.strftime("%Y-%m-%d %H:%M UTC"), self.ago(at))
    }

    /// How long ago something was, or how long it is until then.
    fn ago(self, at: Timestamp) -> String {
        let l = self.language;
        let apart = self.now.duration_since(at);
        let minutes = apart.abs().as_mins();
        let (unit, count) = match minutes {
            0 => return l.say("time-now"),
            1..60 => ("minutes", minutes),
            60..2_880 => ("hours", minutes / 60),
            _ => ("days", minutes / 1_440),
        };
        let sign = if apart > SignedDuration::ZERO { "ago" } else { "in" };
        l.count(&format!("time-{sign}-{unit}"), count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_can_neither_turn_the_text_around_it_nor_be_markup() {
        let shown = name("\u{202e}<script>alert(1)</script>\u{0}").into_string();
        assert_eq!(shown, "<bdi>&lt;script&gt;alert(1)&lt;/script&gt;</bdi>");
    }

    #[test]
    fn a_name_of_ten_thousand_characters_takes_little_room() {
        assert!(name(&"ä".repeat(10_000)).into_string().len() < 2_000);
    }

    #[test]
    fn names_of_the_api_are_told_in_words() {
        let told = ["users", "groups.members", "DeviceConfiguration", "roleAssignments"].map(plain);
        assert_eq!(told, ["users", "groups: members", "Device configuration", "role assignments"]);
    }

    #[test]
    fn a_time_without_a_zone_is_meant_in_utc_and_what_is_none_is_left_to_the_api() {
        assert_eq!(moment("2026-11-30T09:00"), "2026-11-30T09:00:00Z");
        assert_eq!(moment(" 2026-11-30T09:00:00+01:00 "), "2026-11-30T08:00:00Z");
        assert_eq!(moment("yesterday"), "yesterday");
        assert_eq!(moment(""), "");
    }

    #[test]
    fn a_time_is_told_by_its_age_and_by_itself() {
        let now = "2026-11-30T12:00:00Z".parse().unwrap();
        let times = Times { language: Language::English, now };
        let said = |at: &str| times.at(at).into_string();
        assert!(said("2026-11-30T09:00:00Z").contains("3 hours ago <small>(2026-11-30 09:00 UTC)</small>"));
        assert!(said("2026-12-04T12:00:00Z").contains("in 4 days"));
        assert!(said("2026-11-30T11:59:40Z").contains("just now"));
        assert!(said("").contains("–"), "what is not known is not made up");
        let on = times.on("2026-11-30T09:00:00Z").into_string();
        assert!(on.contains(">2026-11-30 09:00 UTC</time>") && !on.contains(">3 hours"), "{on}");
    }
}
