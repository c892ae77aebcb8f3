//! What the comparison must list: each happening once, and nothing else.

use customer::Happened;
use domain::changes::{Change, What};
use domain::who::{Author, Finding, Who};

/// What is wrong with the comparison, one sentence for each; empty when it lists exactly what happened.
pub(super) fn faults(happened: &[Happened], changes: &[Change]) -> Vec<String> {
    let mut faults = Vec::new();
    let is_about = |change: &Change, thing: &Happened| {
        change.kind.to_string() == thing.kind
            && change.key.contains(&thing.object)
            && change.what == thing.what
    };
    // Why exactly one change for each happening: a second one would be a wrong key or a link counted as an object.
    for thing in happened {
        let found: Vec<_> = changes.iter().filter(|c| is_about(c, thing)).collect();
        let [change] = found.as_slice() else {
            faults.push(format!("{}: listed {} times", thing.description, found.len()));
            continue;
        };
        let mut names: Vec<&str> = change.attributes.iter().map(|a| a.path.as_str()).collect();
        names.extend(change.links.iter().map(|l| l.link.as_str()));
        // Both ways round: what changed is named, and nothing is named that did not change.
        for name in thing.names {
            if !names.iter().any(|n| n.contains(name)) {
                faults.push(format!("{}: {name} is not named", thing.description));
            }
        }
        for name in names {
            if thing.what == What::Modified && !thing.names.iter().any(|n| name.contains(n)) {
                faults.push(format!("{}: {name} is named and did not change", thing.description));
            }
        }
    }
    // And nothing else: what nobody did must not be listed either.
    for change in changes {
        if !happened.iter().any(|thing| is_about(change, thing)) {
            let name = change.name.as_deref().unwrap_or(&change.key);
            faults.push(format!("{} {name} is listed and nothing happened to it", change.kind));
        }
    }
    faults
}

/// Who made a change, for a person.
pub(super) fn who(who: &Who) -> String {
    let name = |by: &Author| by.name.clone().unwrap_or_else(|| "somebody without a name".to_owned());
    let names = who.told.by.iter().map(name).collect::<Vec<_>>();
    match who.told.answer {
        Finding::Exact => names.join(", "),
        Finding::Probably => format!("probably {}", names.join(" or ")),
        Finding::NoRecordFound => "no record found".to_owned(),
        Finding::NotGranted => "not granted".to_owned(),
        Finding::NotRead => "the log was not read".to_owned(),
        Finding::OlderThanMicrosoftKeeps => "older than Microsoft keeps".to_owned(),
        Finding::RecordedElsewhere => "in another log".to_owned(),
        Finding::CollectionBeganLater => "before records were collected".to_owned(),
    }
}

/// The cells of a change in the story's table: kind, name, what, and the details.
pub(super) fn row(change: &Change) -> Vec<String> {
    let what = match change.what {
        What::Created => "created",
        What::Deleted => "deleted",
        What::Modified => "changed",
        What::Moved => "moved",
        What::Activated => "activated",
        What::Ended => "ended",
    };
    let mut details: Vec<String> = Vec::new();
    for attribute in &change.attributes {
        let text = |v: &Option<serde_json::Value>| match v {
            None => "nothing".to_owned(),
            Some(serde_json::Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        let path = attribute.path.rsplit(['/', '[']).next().unwrap_or(&attribute.path);
        let short = if path == "value" { attribute.path.as_str() } else { path };
        let (before, after) = attribute.shown();
        details.push(format!("{short}: {} -> {}", cut(&text(&before)), cut(&text(&after))));
    }
    for link in &change.links {
        let sign = match link.what {
            What::Created | What::Activated => "+",
            What::Deleted | What::Ended => "-",
            What::Modified | What::Moved => "~",
        };
        let relation = link.link.split('.').next_back().unwrap_or(&link.link);
        details.push(format!("{sign} {relation} {}", link.to_name.as_deref().unwrap_or(&link.to)));
    }
    if change.consequences > 0 {
        details.push(format!("and {} links with it", change.consequences));
    }
    let name = change.name.clone().unwrap_or_else(|| change.key.clone());
    vec![change.kind.to_string(), name, what.to_owned(), details.join("\n")]
}

fn cut(text: &str) -> String {
    if text.chars().count() <= 60 {
        return text.to_owned();
    }
    let kept: String = text.chars().take(57).collect();
    format!("{kept}...")
}
