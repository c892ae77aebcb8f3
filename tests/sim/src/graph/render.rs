//! Objects and pages as JSON text, written straight from the stored rows.

use super::call::{Call, Reply};
use super::error::{Failure, malformed};
use crate::schema::{self, Schema, Type, flag};
use crate::state::{Directory, Index, Kind, Relation};

/// What `$select` and `$expand` ask for.
#[derive(Clone, Debug)]
pub(crate) struct Selection {
    pub id: bool,
    pub mask: u128,
    /// The properties of `mask` that are shown as if they had no value.
    pub withheld: u128,
    /// Relations named in `$select`, as delta allows.
    pub relations: Vec<Relation>,
    pub expand: Vec<Expand>,
    pub explicit: bool,
    /// Directory extensions, by their names.
    pub extensions: Vec<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct Expand {
    pub name: String,
    pub select: Option<String>,
}

/// Splits at every `separator` that is outside parentheses.
pub(crate) fn split_outside(text: &str, separator: char) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0_usize, 0);
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            c if c == separator && depth == 0 => {
                parts.push(text[start..at].trim());
                start = at + c.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(text[start..].trim());
    parts.retain(|part| !part.is_empty());
    parts
}

/// Reads an `$expand` such as `manager($select=id),members`.
pub(crate) fn parse_expand(text: &str) -> Vec<Expand> {
    split_outside(text, ',')
        .into_iter()
        .map(|part| {
            let (name, options) = part.split_once('(').unwrap_or((part, ""));
            let select = split_outside(options.trim_end_matches(')'), ';')
                .into_iter()
                .find_map(|option| option.strip_prefix("$select=").map(str::to_owned));
            Expand { name: name.to_owned(), select }
        })
        .collect()
}

impl Selection {
    pub fn defaults(schema: &Schema) -> Self {
        Self {
            id: true,
            mask: schema.defaults,
            withheld: 0,
            relations: Vec::new(),
            expand: Vec::new(),
            explicit: false,
            extensions: Vec::new(),
        }
    }

    pub fn only_id() -> Self {
        Self {
            id: true,
            mask: 0,
            withheld: 0,
            relations: Vec::new(),
            expand: Vec::new(),
            explicit: true,
            extensions: Vec::new(),
        }
    }

    pub fn parse(schema: &Schema, select: Option<&str>, expand: Option<&str>) -> Result<Self, Failure> {
        let mut selection = Self::defaults(schema);
        if let Some(select) = select {
            selection = Self { id: false, explicit: true, mask: 0, ..selection };
            for name in select.split(',').map(str::trim).filter(|name| !name.is_empty()) {
                if name == "id" {
                    selection.id = true;
                } else if name == "*" {
                    selection.id = true;
                    selection.mask |= schema.defaults;
                } else if let Some(property) = schema.property(name) {
                    selection.mask |= 1 << property;
                } else if let Some(relation) =
                    Relation::named(name).filter(|relation| schema.relations.contains(relation))
                {
                    selection.relations.push(relation);
                } else if name.starts_with("extension_") {
                    selection.extensions.push(name.to_owned());
                } else {
                    return Err(malformed(format!(
                        "Could not find a property named '{name}' on type 'microsoft.graph.{}'.",
                        schema.entity
                    )));
                }
            }
        }
        if let Some(expand) = expand {
            selection.expand = parse_expand(expand);
        }
        Ok(selection)
    }

    pub fn selects(&self, schema: &Schema, name: &str) -> bool {
        schema.property(name).is_some_and(|property| self.mask & (1 << property) != 0)
    }
}

fn comma(out: &mut Vec<u8>) {
    if !matches!(out.last(), Some(b'{' | b'[')) {
        out.push(b',');
    }
}

pub(crate) fn key(out: &mut Vec<u8>, name: &str) {
    comma(out);
    out.push(b'"');
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
}

pub(crate) fn string(out: &mut Vec<u8>, text: &str) {
    serde_json::to_writer(out, text).expect("a string is written to memory");
}

pub(crate) fn text_member(out: &mut Vec<u8>, name: &str, text: &str) {
    key(out, name);
    string(out, text);
}

/// Writes unordered collections in an order that varies.
fn shuffled(out: &mut Vec<u8>, json: &[u8], seed: u64) {
    match serde_json::from_slice::<Vec<serde_json::Value>>(json) {
        Ok(mut list) if list.len() > 1 => {
            let by = usize::try_from(seed).unwrap_or(0) % list.len();
            list.rotate_left(by);
            out.extend_from_slice(serde_json::Value::from(list).to_string().as_bytes());
        }
        _ => out.extend_from_slice(json),
    }
}

/// Whether a value is null or an empty collection.
fn is_empty(json: &[u8]) -> bool {
    matches!(json, b"null" | b"[]")
}

/// Writes the members of an object, without braces.
pub(crate) fn members(
    out: &mut Vec<u8>,
    directory: &Directory,
    index: Index,
    selection: &Selection,
    how: How<'_>,
    shuffle: Option<u64>,
) {
    let object = directory.object(index);
    let schema = schema::of(object.kind);
    if selection.id {
        key(out, "id");
        let mut buffer = uuid::Uuid::encode_buffer();
        out.push(b'"');
        out.extend_from_slice(object.id.hyphenated().encode_lower(&mut buffer).as_bytes());
        out.push(b'"');
    }
    // What the row holds is written first, as it stands; what is left of the selection then gets its default. So an
    // object is written without ever being parsed.
    let mut left = selection.mask;
    let shown = |property: u8| {
        let prop = &schema.props[usize::from(property)];
        !prop.has(flag::SECRET) && (how.alone || !prop.has(flag::ALONE_READ))
    };
    let row = directory.row(index);
    for (property, json) in row.iter() {
        if left & !selection.withheld & (1 << property) == 0 {
            continue;
        }
        left &= !(1 << property);
        if !shown(property) || (how.without_empty && is_empty(json)) {
            continue;
        }
        let prop = &schema.props[usize::from(property)];
        key(out, prop.name);
        // Why only collections: their order means nothing in Graph, and a client that relies on it has to fail here.
        match (prop.ty, shuffle) {
            (Type::Texts | Type::Objects, Some(seed)) => shuffled(out, json, seed ^ u64::from(index)),
            _ => out.extend_from_slice(json),
        }
    }
    for name in &selection.extensions {
        match directory.extended.value(index, name) {
            Some(value) => {
                key(out, name);
                out.extend_from_slice(value.to_string().as_bytes());
            }
            // Why: an extension without a value is no member of the object, but a change says that it was emptied.
            None if how.changed => {
                key(out, name);
                out.extend_from_slice(b"null");
            }
            None => {}
        }
    }
    while left != 0 {
        let property = u8::try_from(left.trailing_zeros()).unwrap_or(127);
        left &= left - 1;
        if shown(property) {
            let prop = &schema.props[usize::from(property)];
            let value = prop.default_json().as_bytes();
            if !(how.without_empty && is_empty(value)) {
                key(out, prop.name);
                out.extend_from_slice(value);
            }
        }
    }
}

/// The `@odata.type` of a kind, such as `#microsoft.graph.user`.
pub(crate) fn odata_type(kind: Kind) -> String {
    format!("#microsoft.graph.{}", schema::of(kind).entity)
}

/// Writes one complete object, with braces.
pub(crate) fn object(
    out: &mut Vec<u8>,
    call: &Call,
    directory: &Directory,
    index: Index,
    selection: &Selection,
    how: How<'_>,
) {
    comma(out);
    out.push(b'{');
    if let Some(context) = how.context {
        text_member(out, "@odata.context", context);
    }
    if how.typed {
        text_member(out, "@odata.type", &odata_type(directory.object(index).kind));
    }
    members(out, directory, index, selection, how, call.switches.shuffle);
    for expand in &selection.expand {
        expanded(out, call, directory, index, expand);
    }
    out.push(b'}');
}

/// An object as the whole answer.
pub(crate) fn alone(call: &Call, d: &Directory, index: Index, chosen: &Selection, how: How<'_>) -> Reply {
    // Why behind a bracket: what is written after one is written without a comma.
    let mut out = Vec::with_capacity(2048);
    out.push(b'[');
    object(&mut out, call, d, index, chosen, How { alone: true, ..how });
    out.remove(0);
    Reply::bytes(200, out)
}

/// How an object is presented.
#[derive(Clone, Copy, Default)]
#[allow(clippy::struct_excessive_bools, reason = "independent facts")]
pub(crate) struct How<'a> {
    pub context: Option<&'a str>,
    /// With `@odata.type`, where a collection holds several types.
    pub typed: bool,
    /// Answered on its own and not in a collection.
    pub alone: bool,
    /// Properties without a value are left out.
    pub without_empty: bool,
    /// It tells what changed.
    pub changed: bool,
}

/// How many related objects `$expand` gives at most.
const EXPANDED: usize = 20;

fn expanded(out: &mut Vec<u8>, call: &Call, directory: &Directory, index: Index, expand: &Expand) {
    let Some(relation) = Relation::named(&expand.name) else { return };
    let links = directory.object(index).links(relation);
    let mut targets = links.iter().filter(|target| directory.listed(*target));
    let write = |out: &mut Vec<u8>, target: Index| {
        let schema = schema::of(directory.object(target).kind);
        let selection = match &expand.select {
            Some(select) => {
                Selection::parse(schema, Some(select), None).unwrap_or_else(|_| Selection::only_id())
            }
            None => Selection::defaults(schema),
        };
        object(out, call, directory, target, &selection, How { typed: true, ..How::default() });
    };
    if relation == Relation::Manager {
        // Why no null: a user without a manager simply lacks the member.
        if let Some(target) = targets.next() {
            key(out, "manager");
            let mut inner = vec![b'['];
            write(&mut inner, target);
            out.extend_from_slice(&inner[1..]);
        }
        return;
    }
    key(out, relation.name());
    out.push(b'[');
    for target in targets.take(EXPANDED) {
        write(out, target);
    }
    out.push(b']');
}

/// The head of a collection up to and including `"value":[`.
pub(crate) fn open_page(context: &str) -> Vec<u8> {
    open_counted_page(context, None)
}

/// The same, with how many there are on all pages together.
pub(crate) fn open_counted_page(context: &str, count: Option<usize>) -> Vec<u8> {
    let mut out = Vec::with_capacity(64 * 1024);
    out.push(b'{');
    text_member(&mut out, "@odata.context", context);
    if let Some(count) = count {
        key(&mut out, "@odata.count");
        out.extend_from_slice(count.to_string().as_bytes());
    }
    key(&mut out, "value");
    out.push(b'[');
    out
}

/// The end of a collection, with its link.
pub(crate) fn close_page(out: &mut Vec<u8>, link: Option<(&str, &str)>) {
    out.push(b']');
    if let Some((name, url)) = link {
        out.push(b',');
        out.push(b'"');
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b"\":");
        string(out, url);
    }
    out.push(b'}');
}
