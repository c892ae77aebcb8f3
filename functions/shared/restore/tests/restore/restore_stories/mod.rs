//! Stories of more than one restore, and of rights.

mod administrators_by_chance;
mod approval_carried;
mod approval_privileged;
mod approval_races;
mod approved;
mod at_once;
mod calls;
mod continued;
mod foretold;
mod late;
mod left_to_people;
mod lock_out;
mod made_with;
mod names;
mod parcels;
mod returned;
mod selected;
mod stopped;
mod terms;
mod twice;
mod under_way;
mod undone;
mod undone_part;
mod undone_since;
mod undone_unseen;
mod unreadable;
