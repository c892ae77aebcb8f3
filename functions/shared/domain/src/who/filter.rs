//! Which changes of a comparison are meant by what they are and by who made them: "what this actor changed".
//!
//! Nobody is taken for the author who only may be it, unless whoever asks says so by a word of its own.

use super::told::{Author, Finding, Told};
use crate::changes::{Chosen, Happened};
use crate::kinds::NamedKind;
use crate::{Error, Result, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Why it is in doubt whether a change is somebody's, or theirs alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Doubt {
    /// They are one of several who may have made it, or a likely one.
    SeveralCandidates,
    /// It is not known who made it.
    UnknownAuthor,
    /// Others had a hand in it too, between the two sides: taking it back takes that along.
    OthersToo,
    /// Of that time not all records are there: some may still come, or were never read. Others may have had a hand in it.
    LogNotWhole,
}

/// Which changes of a comparison are meant; what is left out excludes none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ChangeFilter {
    /// Those of objects of this kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<NamedKind>,
    /// Those in which that happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub what: Option<Happened>,
    /// Those that weigh as much or more, 1 to 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_weight: Option<u8>,
    /// Those of objects whose name has this part, without case, width and marks, or whose key is this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Those in which something at or within this path differs, or links of this type: of an object these parts alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub property: Option<String>,
    /// Those that give or take this role, by the id of its definition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Those that this person, application or restore made: a user name, an id, what an application is called, or a restore's id,
    /// in any case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// Those made then or later, by the log,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// and before then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Also those of which it is in doubt, in these ways, whether they were made so.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<Doubt>,
}

/// What the log says of whether a change, or a part of one, is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// It is.
    Meant,
    /// It is not: others made it.
    NotMeant,
    /// That is in doubt.
    Doubtful(Doubt),
    /// Somebody who is meant changed it, and others changed it afterwards.
    ChangedAfter,
}

impl ChangeFilter {
    /// Checks it.
    ///
    /// # Errors
    /// `Invalid`, naming the field below `filter`: nothing is chosen, an unknown kind, a text of a wrong length, a span that ends
    /// before it begins, doubts about nobody.
    pub fn check(&self) -> Result<()> {
        let wrong = |field: &str, why: String| Err(Error::invalid_field(format!("filter.{field}"), why));
        if (Self { also: Vec::new(), ..self.clone() }) == Self::default() {
            return Err(Error::invalid_field(
                "filter",
                "nothing is chosen; without it all changes are meant",
            ));
        }
        if let Some(Err(error)) = self.kind.as_ref().map(NamedKind::get) {
            let message =
                error.fields().first().map_or_else(|| error.to_string(), |fault| fault.message.clone());
            return wrong("kind", message);
        }
        if self.min_weight.is_some_and(|least| !(1..=100).contains(&least)) {
            return wrong("minWeight", "is 1 to 100".to_owned());
        }
        let texts = [
            ("name", &self.name, 256),
            ("property", &self.property, 512),
            ("role", &self.role, 100),
            ("actor", &self.actor, 256),
        ];
        for (field, text, most) in texts {
            if text.as_ref().is_some_and(|text| text.is_empty() || text.chars().count() > most) {
                return wrong(field, format!("has 1 to {most} characters"));
            }
        }
        if self.from.zip(self.until).is_some_and(|(from, until)| from >= until) {
            return wrong("until", "must be later than from".to_owned());
        }
        if !self.also.is_empty() && !self.asks_author() {
            return wrong("also", "goes with actor, from or until".to_owned());
        }
        let mut also = self.also.clone();
        also.sort_unstable();
        also.dedup();
        if also.len() < self.also.len() {
            return wrong("also", "has something twice".to_owned());
        }
        Ok(())
    }

    /// What of it concerns the changes themselves.
    ///
    /// # Errors
    /// `Invalid` when there is no such kind.
    pub fn chosen(&self) -> Result<Chosen> {
        Ok(Chosen {
            kind: self.kind.as_ref().map(NamedKind::get).transpose()?,
            what: self.what,
            class: None,
            min_weight: self.min_weight,
            name: self.name.clone(),
            property: self.property.clone(),
            role: self.role.clone(),
        })
    }

    /// Whether it asks who made a change, or when.
    pub fn asks_author(&self) -> bool {
        self.actor.is_some() || self.from.is_some() || self.until.is_some()
    }

    /// Whether somebody who is named did, at that time, what is meant.
    pub fn means(&self, author: &Author) -> bool {
        self.actor.as_ref().is_none_or(|actor| author.is_called(actor))
            && self.from.is_none_or(|from| author.at >= from)
            && self.until.is_none_or(|until| author.at < until)
    }

    /// Whether a change, or a part of one, is meant by what is told of its author.
    pub fn claim(&self, told: &Told) -> Claim {
        if !self.asks_author() {
            return Claim::Meant;
        }
        let was_earlier = told.earlier.iter().any(|author| self.means(author));
        match (told.answer, told.by.as_slice()) {
            // Who synchronises is named where such changes are recorded elsewhere, too.
            (Finding::Exact | Finding::RecordedElsewhere, [author]) if self.means(author) => {
                if told.earlier.iter().all(|author| self.means(author)) {
                    Claim::Meant
                } else {
                    Claim::Doubtful(Doubt::OthersToo)
                }
            }
            (_, by) if by.iter().any(|author| self.means(author)) => {
                Claim::Doubtful(Doubt::SeveralCandidates)
            }
            (_, []) => Claim::Doubtful(Doubt::UnknownAuthor),
            _ if was_earlier => Claim::ChangedAfter,
            _ => Claim::NotMeant,
        }
    }

    /// What whoever asks makes of a claim.
    pub fn takes(&self, claim: Claim) -> bool {
        match claim {
            Claim::Meant => true,
            Claim::Doubtful(doubt) => self.also.contains(&doubt),
            Claim::NotMeant | Claim::ChangedAfter => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{from_value, json};

    fn author(name: &str, minute: u8) -> Author {
        from_value(json!({ "sort": "person", "id": name, "at": format!("2026-11-02T09:{minute:02}:00Z"),
            "activity": "Update user", "record": "r" }))
        .unwrap()
    }

    fn told(answer: Finding, by: &[&str], earlier: &[&str]) -> Told {
        let authors = |names: &[&str]| names.iter().map(|name| author(name, 10)).collect::<Vec<_>>();
        Told { by: authors(by), earlier: authors(earlier), ..Told::new(answer) }
    }

    fn by(actor: &str) -> ChangeFilter {
        ChangeFilter { actor: Some(actor.to_owned()), ..ChangeFilter::default() }
    }

    #[test]
    fn only_what_somebody_surely_made_alone_is_theirs() {
        use Finding::{Exact, NoRecordFound, NotGranted, Probably, RecordedElsewhere};
        for (answer, authors, earlier, expected) in [
            (Exact, &["ann"][..], &[][..], Claim::Meant),
            (Exact, &["ann"], &["ann"], Claim::Meant),
            (Exact, &["ann"], &["bob"], Claim::Doubtful(Doubt::OthersToo)),
            (Exact, &["bob"], &[], Claim::NotMeant),
            (Exact, &["bob"], &["ann"], Claim::ChangedAfter),
            (Probably, &["ann"], &[], Claim::Doubtful(Doubt::SeveralCandidates)),
            (Probably, &["bob", "ann"], &[], Claim::Doubtful(Doubt::SeveralCandidates)),
            (Probably, &["bob", "eve"], &[], Claim::NotMeant),
            (Probably, &["bob"], &["ann"], Claim::ChangedAfter),
            (RecordedElsewhere, &["ann"], &[], Claim::Meant),
            (RecordedElsewhere, &[], &[], Claim::Doubtful(Doubt::UnknownAuthor)),
            (NoRecordFound, &[], &["ann"], Claim::Doubtful(Doubt::UnknownAuthor)),
            (NotGranted, &[], &[], Claim::Doubtful(Doubt::UnknownAuthor)),
        ] {
            assert_eq!(
                by("ANN").claim(&told(answer, authors, earlier)),
                expected,
                "{answer:?} {authors:?} {earlier:?}"
            );
        }
        let anybody = ChangeFilter { name: Some("x".to_owned()), ..ChangeFilter::default() };
        assert_eq!(anybody.claim(&told(NotGranted, &[], &[])), Claim::Meant);
    }

    #[test]
    fn a_span_of_time_begins_with_its_first_moment_and_ends_before_its_last() {
        let span = |from: u8, until: u8| ChangeFilter {
            from: Some(author("", from).at),
            until: Some(author("", until).at),
            ..ChangeFilter::default()
        };
        let is_in = |from, until| span(from, until).means(&author("ann", 10));
        assert_eq!([is_in(10, 11), is_in(9, 10), is_in(11, 12)], [true, false, false]);
    }

    #[test]
    fn doubts_are_taken_by_their_names_alone() {
        let named = ChangeFilter { also: vec![Doubt::UnknownAuthor], ..by("ann") };
        assert!(named.takes(Claim::Doubtful(Doubt::UnknownAuthor)) && named.takes(Claim::Meant));
        for left in [Claim::Doubtful(Doubt::OthersToo), Claim::ChangedAfter, Claim::NotMeant] {
            assert!(!named.takes(left), "{left:?}");
        }
    }

    #[test]
    fn a_filter_is_checked_field_by_field() {
        let check = |filter: serde_json::Value| from_value::<ChangeFilter>(filter).unwrap().check();
        check(json!({ "actor": "ann", "also": ["unknownAuthor"] })).unwrap();
        for (filter, field) in [
            (json!({}), "filter:"),
            (json!({ "also": ["othersToo"] }), "filter:"),
            (json!({ "kind": "printers" }), "filter.kind"),
            (json!({ "minWeight": 101 }), "filter.minWeight"),
            (json!({ "actor": "" }), "filter.actor"),
            (json!({ "from": "2026-01-02T00:00:00Z", "until": "2026-01-01T00:00:00Z" }), "filter.until"),
            (json!({ "name": "x", "also": ["othersToo"] }), "filter.also"),
            (json!({ "actor": "x", "also": ["othersToo", "othersToo"] }), "filter.also"),
        ] {
            let error = check(filter).unwrap_err();
            assert!(error.to_string().starts_with(field), "{error}");
        }
    }
}
