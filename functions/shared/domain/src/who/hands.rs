//! Who had a hand in a change: who made each part of it, however many there are, and who else worked on an object that came or
//! went.

use super::absence::absence;
use super::joined::{Known, who_changed};
use super::told::{Author, AuthorSort, Finding, MOST_PARTS, Told, Who};
use crate::changes::{Change, What};
use crate::kinds::Kind;

/// Who had a hand in a change.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hands {
    /// Of an object that came or went, of the whole; otherwise of each attribute and then of each link, in their order. None
    /// where nobody was looked for.
    pub parts: Vec<Option<Told>>,
    /// Of an object that came or went, whoever did anything to it between the two sides, by the log; Microsoft's own doings
    /// are left out.
    pub all: Vec<Author>,
    /// Whether all records of the time between the two sides are held, and none may still come. Where not, that nobody else is
    /// named says nothing.
    pub is_log_whole: bool,
}

/// Whether all records of the time of a change are held, and none may still come.
fn is_whole(known: &Known<'_>) -> bool {
    let absence = absence(known.held, &known.window);
    known.unread.is_none() && absence.finding == Finding::NoRecordFound && !absence.may_come
}

/// Who had a hand in that change.
pub fn hands_in(kind: &Kind, change: &Change, known: &Known<'_>) -> Hands {
    if !matches!(change.what, What::Modified | What::Moved) {
        let Who { told, parts, .. } = who_changed(kind, change, known);
        // Of what came or went with links, the object itself may be a part of its own.
        let own = parts.into_iter().find(|part| part.path.is_none() && part.link.is_none());
        let done = known.records.iter().filter(|record| record.succeeded);
        let all = done.map(|record| Author::of(record, known.ours));
        let all = all.filter(|author| author.sort != AuthorSort::Microsoft).collect();
        let parts = vec![Some(own.map_or(told, |part| part.told))];
        return Hands { parts, all, is_log_whole: is_whole(known) };
    }
    let (mut of_attributes, mut of_links) = (Vec::new(), Vec::new());
    for piece in pieces(change) {
        let who = who_changed(kind, &piece, known);
        let attributes = piece.attributes.iter().map(|attribute| told_of(&who, Some(&attribute.path), None));
        of_attributes.extend(attributes);
        of_links.extend(piece.links.iter().map(|link| told_of(&who, None, Some((&link.link, &link.to)))));
    }
    of_attributes.append(&mut of_links);
    Hands { parts: of_attributes, all: Vec::new(), is_log_whole: is_whole(known) }
}

/// The change in pieces of which each part is looked at.
fn pieces(change: &Change) -> Vec<Change> {
    let bare = Change { attributes: Vec::new(), links: Vec::new(), ..change.clone() };
    let attributes = change.attributes.chunks(MOST_PARTS);
    let attributes = attributes.map(|part| Change { attributes: part.to_vec(), ..bare.clone() });
    let links = change.links.chunks(MOST_PARTS);
    let links = links.map(|part| Change { links: part.to_vec(), ..bare.clone() });
    attributes.chain(links).collect()
}

/// What is told of one part; parts of which the same is told are not named apart.
fn told_of(who: &Who, path: Option<&String>, link: Option<(&String, &String)>) -> Option<Told> {
    if who.parts.is_empty() {
        return Some(who.told.clone());
    }
    let part = who
        .parts
        .iter()
        .find(|part| part.path.as_ref() == path && part.link.as_ref().zip(part.to.as_ref()) == link);
    part.map(|part| part.told.clone())
}
