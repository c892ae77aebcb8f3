//! From a path to the template that it fills.

use std::borrow::Cow;

/// The templates of a document.
pub(super) struct Templates(Vec<Template>);

struct Template {
    text: String,
    segments: Vec<Segment>,
    literal_chars: usize,
}

/// Literal text before and after a parameter; without a parameter all is before.
struct Segment {
    before: String,
    after: Option<String>,
}

impl Templates {
    pub(super) fn new(texts: impl Iterator<Item = String>) -> Self {
        Self(texts.map(Template::new).collect())
    }

    /// The template of the most literal text that the path fills, among those that are `wanted`.
    ///
    /// Two forms that Graph also takes are tried after the plain one: keys in parentheses
    /// (`policies('1')/settings`, as Intune writes its next links) and casts (`members/microsoft.graph.user`).
    pub(super) fn find(&self, path: &str, wanted: impl Fn(&str) -> bool) -> Option<&str> {
        let plain: Vec<Cow<str>> = path.trim_matches('/').split('/').map(decoded).collect();
        let keyed: Vec<Cow<str>> = plain.iter().flat_map(|segment| without_parentheses(segment)).collect();
        let uncast: Vec<Cow<str>> = keyed.iter().filter(|segment| !is_cast(segment)).cloned().collect();
        [&plain, &keyed, &uncast].into_iter().find_map(|path| {
            let filled =
                self.0.iter().filter(|template| template.is_filled_by(path) && wanted(&template.text));
            filled.max_by_key(|template| template.literal_chars).map(|template| template.text.as_str())
        })
    }
}

impl Template {
    fn new(text: String) -> Self {
        let segments: Vec<_> = text.trim_matches('/').split('/').map(Segment::new).collect();
        let literal_chars = segments.iter().map(Segment::literal_chars).sum();
        Self { text, segments, literal_chars }
    }

    fn is_filled_by(&self, path: &[Cow<str>]) -> bool {
        self.segments.len() == path.len()
            && self.segments.iter().zip(path).all(|(segment, text)| segment.fits(text))
    }
}

impl Segment {
    fn new(text: &str) -> Self {
        match text.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?.1))) {
            Some((before, after)) => {
                Self { before: before.to_lowercase(), after: Some(after.to_lowercase()) }
            }
            None => Self { before: text.to_lowercase(), after: None },
        }
    }

    /// Graph does not look at the case of a path's literal parts.
    fn fits(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        match &self.after {
            None => text == self.before,
            Some(after) => text
                .strip_prefix(&self.before)
                .and_then(|rest| rest.strip_suffix(after.as_str()))
                .is_some_and(|value| !value.is_empty() && !value.starts_with('$')),
        }
    }

    fn literal_chars(&self) -> usize {
        self.before.len() + self.after.as_ref().map_or(0, String::len)
    }
}

fn decoded(segment: &str) -> Cow<'_, str> {
    percent_encoding::percent_decode_str(segment).decode_utf8_lossy()
}

/// `name('key')` as `name` and `key`.
fn without_parentheses(segment: &str) -> Vec<Cow<'_, str>> {
    match segment.strip_suffix("')").and_then(|rest| rest.split_once("('")) {
        Some((name, key)) => vec![name.into(), key.into()],
        None => vec![segment.into()],
    }
}

fn is_cast(segment: &str) -> bool {
    segment.starts_with("microsoft.graph.") || segment.starts_with("graph.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_literal_template_wins_and_the_other_forms_of_graph_are_understood() {
        let texts = [
            "/users/{id}",
            "/users/delta",
            "/users/{id}/memberOf",
            "/applications(appId='{appId}')",
            "/directory/deletedItems/{id}",
            "/directory/deletedItems/microsoft.graph.user",
            "/policies/{id}/settings",
        ];
        let templates = Templates::new(texts.iter().map(ToString::to_string));
        for (path, expected) in [
            ("/users/1", Some(texts[0])),
            ("/Users/Delta", Some(texts[1])),
            ("/users/1/memberOf/microsoft.graph.group", Some(texts[2])),
            ("/applications(appId='1-2')", Some(texts[3])),
            ("/applications(appId=%271-2%27)", Some(texts[3])),
            ("/directory/deletedItems/microsoft.graph.user", Some(texts[5])),
            ("/policies('1')/settings", Some(texts[6])),
            ("/users/$count", None),
            ("/users/1/2", None),
        ] {
            assert_eq!(templates.find(path, |_| true), expected, "{path}");
        }
        assert_eq!(templates.find("/users/delta", |text| text != texts[1]), Some(texts[0]));
    }
}
