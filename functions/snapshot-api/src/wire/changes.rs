//! Changes on the wire: which are asked for, and how they are shown: as JSON, as a table, as text.

use super::MarkOut;
use backup::commands::changes::{AskedChanges, ChangeOrder};
use backup::commands::explained::AskedPlace;
use backup::commands::one_object::ObjectChange;
use backup::commands::who::{Authored, AuthoredPart};
use domain::changes::{
    AttributeChange, Change, Chosen, Class, Explained, Happened, How, LinkChange, Reason, Verdict, What,
};
use domain::who::Who;
use domain::{DiffId, Error, Result, SnapshotId, csv, kinds, text};
use engine::ports::Page;
use engine::records::NotCovered;
use garde::Validate;
use runtime::http::{MAX_CURSOR, PageIn};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Which place of a comparison is to be explained.
#[derive(Deserialize, Validate, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExplainIn {
    /// The kind of the object.
    #[garde(length(max = 100))]
    kind: String,
    /// The key of the object, as a change names it.
    #[garde(length(min = 1, max = 512))]
    key: String,
    /// The path in it, as a change names it, such as `employeeOrgData/division`.
    #[garde(length(min = 1, max = 2_048))]
    path: String,
}

impl TryFrom<ExplainIn> for AskedPlace {
    type Error = Error;
    fn try_from(asked: ExplainIn) -> Result<Self> {
        Ok(Self { kind: kinds::get(&asked.kind)?, key: asked.key, path: asked.path })
    }
}

/// Between which snapshots an object is compared.
#[derive(Deserialize, Validate, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ObjectChangeIn {
    /// The id of the earlier snapshot.
    #[garde(skip)]
    pub from: SnapshotId,
    /// The later snapshot; the newest one when none is named.
    #[garde(skip)]
    pub to: Option<SnapshotId>,
}

/// What changed of one object between two snapshots.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObjectChangeOut {
    /// The id of the earlier snapshot.
    before: SnapshotId,
    /// The id of the later snapshot.
    after: SnapshotId,
    /// The comparison of the two; null where none is done.
    comparison: Option<DiffId>,
    /// What changed: nothing where the object does not differ; two changes where it was created again and is there under its former
    /// id, too.
    changes: Vec<ChangeOut>,
    /// What of the object's kind could not be compared, and why.
    not_compared: Vec<NotCovered>,
}

impl From<ObjectChange> for ObjectChangeOut {
    fn from(found: ObjectChange) -> Self {
        let ObjectChange { before, after, comparison, changes, not_compared } = found;
        let changes = changes.into_iter().map(ChangeOut::from).collect();
        Self { before, after, comparison, changes, not_compared }
    }
}

/// Why a place of an object is a change, or is none.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExplainedOut {
    /// What the comparison makes of it.
    verdict: Verdict,
    /// The same in words, for a person.
    because: &'static str,
    /// What the earlier side has there; null where it has nothing.
    before: Option<Value>,
    /// What the later side has there; null where it has nothing.
    after: Option<Value>,
}

impl From<Explained> for ExplainedOut {
    fn from(explained: Explained) -> Self {
        let Explained { verdict, before, after } = explained;
        Self { verdict, because: verdict.words(), before, after }
    }
}

/// How many characters of a value a line of text has at the most.
const VALUE_CHARS: usize = 200;

/// In which order changes are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum OrderIn {
    /// By kind and key.
    #[default]
    Key,
    /// What matters most first.
    Weight,
}

/// How changes are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum FormatIn {
    /// As JSON, with the cursor of the next part in it.
    #[default]
    Json,
    /// As a table with a line for each property and link that differs; the header `Link` leads to the next part.
    Csv,
    /// As text for a person; the header `Link` leads to the next part.
    Text,
}

/// Which changes are asked for, and how.
#[derive(Deserialize, Validate, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangesIn {
    /// Only changes of objects of this kind.
    #[garde(length(max = 100))]
    kind: Option<String>,
    /// Only changes in which this happened: `deleted` are all that went, `softDeleted` those known to lie in the recycle bin.
    #[garde(skip)]
    what: Option<Happened>,
    /// Only changes of this class, or with a part of it: `change`, `derived`, `observed`, `service`.
    #[garde(skip)]
    class: Option<Class>,
    /// Only changes that weigh as much or more.
    #[garde(range(min = 1, max = 100))]
    min_weight: Option<u8>,
    /// Only changes of objects whose name has this part, whatever its case, width and marks, or whose key is this.
    #[garde(length(min = 1, max = 256))]
    name: Option<String>,
    /// Only changes in which something at or within this path differs, or links of this type, such as `groups.members`.
    #[garde(length(min = 1, max = 512))]
    property: Option<String>,
    /// Only assignments, schedules and eligibilities of this role that came or went, by the id of its definition.
    #[garde(length(min = 1, max = 100))]
    role: Option<String>,
    /// Only changes of which this person, application or restore made a part or may have made one: a user name, the id of a
    /// person or service principal, what an application is called, or a restore's id, in any case. `notKnown` says of how
    /// many others it is not known who made them.
    #[garde(length(min = 1, max = 256))]
    pub actor: Option<String>,
    /// With `true` only changes that somebody said were expected, with `false` only the others.
    #[garde(skip)]
    expected: Option<bool>,
    /// In which order: by `key`, or by `weight`. A cursor leads on in the order in which it was given.
    #[garde(skip)]
    #[serde(default)]
    order: OrderIn,
    /// With `true`, objects that came or went have all their properties as attributes, read from the snapshot that holds them.
    #[garde(skip)]
    #[serde(default)]
    with_objects: bool,
    /// How they are shown: `json`, `csv` or `text`.
    #[garde(skip)]
    #[serde(default)]
    pub format: FormatIn,
    /// The `next` of the part before; without it the list is read from its beginning.
    #[garde(ascii, length(max = MAX_CURSOR))]
    #[schemars(extend("pattern" = "^[ -~]*$"))]
    pub cursor: Option<String>,
    /// The most items that the part may have: 50 when nothing is said. It may have fewer though more follow.
    #[garde(range(min = 1, max = 200))]
    limit: Option<usize>,
}

impl ChangesIn {
    /// The page of that cursor and limit, as the engine wants it.
    pub fn page(&self) -> Page {
        PageIn { cursor: self.cursor.clone(), limit: self.limit }.page()
    }

    /// What is asked for.
    ///
    /// # Errors
    /// `Invalid`, naming `kind`, when there is no such kind.
    pub fn asked(&self) -> Result<AskedChanges> {
        let order = match self.order {
            OrderIn::Key => ChangeOrder::Key,
            OrderIn::Weight => ChangeOrder::Weight,
        };
        let chosen = Chosen {
            kind: self.kind.as_deref().map(kinds::get).transpose()?,
            what: self.what,
            class: self.class,
            min_weight: self.min_weight,
            name: self.name.clone(),
            property: self.property.clone(),
            role: self.role.clone(),
        };
        Ok(AskedChanges { chosen, order, expected: self.expected, with_objects: self.with_objects })
    }
}

/// A change, with the reasons for its weight in words, and who made it by Microsoft's own log.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangeOut {
    #[serde(flatten)]
    change: Change,
    /// Why it matters, in words, the gravest first; empty where nothing makes it matter more than any other.
    because: Vec<&'static str>,
    /// Who made it, or why that is not known; null of a kind that this release does not know, and where a snapshot of the
    /// comparison is no more.
    who: Option<Who>,
    /// Who said that it was expected, and why: of this change, or of the comparison as a whole; null where nobody did. What it
    /// weighs stays as it is.
    expected: Option<MarkOut>,
}

impl From<Authored> for ChangeOut {
    fn from(authored: Authored) -> Self {
        let Authored { change, who, expected } = authored;
        let expected = expected.map(MarkOut::from);
        Self { because: words(&change), change, who: who.map(Who::shortened), expected }
    }
}

/// A part of the changes of a comparison.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangesOut {
    /// The changes of this part, in the order that was asked for.
    items: Vec<ChangeOut>,
    /// Where the next part begins, as an opaque text; none at the end. May be set though nothing more follows.
    next: Option<String>,
    /// With `actor`: how many more changes this part would have of which it is not known who made all of them. They may be
    /// that actor's, too; asked for without `actor` they are listed, each with why it is not known.
    not_known: u64,
}

impl From<AuthoredPart> for ChangesOut {
    fn from(part: AuthoredPart) -> Self {
        let AuthoredPart { items, next, not_known } = part;
        Self { items: items.into_iter().map(ChangeOut::from).collect(), next, not_known }
    }
}

fn words(change: &Change) -> Vec<&'static str> {
    change.rating.reasons.iter().map(|reason: &Reason| reason.words()).collect()
}

/// The first line of the table.
const HEAD: [&str; 13] = [
    "kind",
    "key",
    "newKey",
    "name",
    "what",
    "how",
    "class",
    "weight",
    "because",
    "part",
    "partClass",
    "before",
    "after",
];

/// The changes as lines of a table, with its head where it is the first part.
///
/// # Errors
/// `Invalid` when a line cannot be written.
pub fn table(changes: &[Change], is_first: bool) -> Result<String> {
    let mut out = if is_first { csv::line(HEAD)? } else { String::new() };
    for change in changes {
        let mut parts: Vec<[String; 4]> = change.attributes.iter().map(of_attribute).collect();
        parts.extend(change.links.iter().map(of_link));
        if parts.is_empty() {
            parts.push(Default::default());
        }
        let own = [
            change.kind.to_string(),
            change.key.clone(),
            change.new_key.clone().unwrap_or_default(),
            change.name.clone().unwrap_or_default(),
            word(&change.what),
            change.rating.how.map(|how| word(&how)).unwrap_or_default(),
            word(&change.rating.class),
            change.weight().to_string(),
            words(change).join("; "),
        ];
        for part in &parts {
            out += &csv::line(own.iter().chain(part).map(String::as_str))?;
        }
    }
    Ok(out)
}

fn of_attribute(attribute: &AttributeChange) -> [String; 4] {
    let (before, after) = attribute.shown();
    let said = |value: Option<Value>| value.map(|value| plain(&value)).unwrap_or_default();
    [attribute.path.clone(), word(&attribute.class), said(before), said(after)]
}

fn of_link(link: &LinkChange) -> [String; 4] {
    let end = link.to_name.as_ref().map_or_else(|| link.to.clone(), |name| format!("{name} ({})", link.to));
    let (before, after) = match link.what {
        What::Created => (String::new(), end),
        What::Deleted => (end, String::new()),
        _ => {
            let said = |value: &Option<Value>| value.as_ref().map(plain).unwrap_or_default();
            return [
                format!("{}[{}]", link.link, link.to),
                word(&link.class),
                said(&link.before),
                said(&link.after),
            ];
        }
    };
    [link.link.clone(), word(&link.class), before, after]
}

/// A word of a closed list, as JSON has it.
fn word(value: &impl Serialize) -> String {
    let word = serde_json::to_value(value).ok();
    word.and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The changes as text for a person: a line for each object, and one for each part of it that differs.
pub fn readable(changes: &[Change]) -> String {
    let mut lines: Vec<String> = Vec::new();
    for change in changes {
        let label = change.kind.find().map_or_else(|| change.kind.to_string(), |kind| kind.label.to_owned());
        let name = shown(change.name.as_deref().unwrap_or(&change.key));
        let how = change.rating.how.map_or_else(
            || word(&change.what),
            |how| match (change.what, how) {
                (What::Created | What::Deleted, How::Unknown) => word(&change.what),
                _ => word(&how),
            },
        );
        let class = if change.rating.class.is_change() {
            String::new()
        } else {
            format!(", {}", word(&change.rating.class))
        };
        let reasons = words(change).join("; ");
        let because = if reasons.is_empty() { String::new() } else { format!(": {reasons}") };
        lines.push(format!("{name} ({label}): {how}{class} [{}{because}]\n", change.weight()));
        for [part, class, before, after] in
            change.attributes.iter().map(of_attribute).chain(change.links.iter().map(of_link))
        {
            let class = if class == "change" { String::new() } else { format!(" ({class})") };
            let said = |text: &str| if text.is_empty() { "nothing".to_owned() } else { shown(text) };
            lines.push(format!("  {}{class}: {} -> {}\n", shown(&part), said(&before), said(&after)));
        }
    }
    lines.concat()
}

fn shown(value: &str) -> String {
    text::one_line(value, VALUE_CHARS)
}
