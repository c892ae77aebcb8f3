//! What the product knows: values and rules, and nothing that acts.
//!
//! Not here: clocks, randomness, networks, files. Whatever a rule needs to know comes in as an argument.
//! Enter by the word you have: [`kinds`] (what Microsoft Graph holds), [`stored`] (what we keep of it, and
//! how; FORMAT.md beside this crate is normative), [`changes`] (what differs), [`restore`] (what to write).
//!
//! # Glossary
//!
//! One word for a thing and one thing for a word, in code, comments, the API and the documents.
//!
//! Who and where:
//!
//! - **partner**: a service provider that uses Holdfast. Partners form a tree.
//! - **organisation**: a customer of a partner, with its subscription, its people and at most one tenant.
//! - **tenant**: a customer's directory in Microsoft Entra ID, named by its GUID. All that is backed up is a
//!   tenant's.
//! - **maker**: who made a token, or the link that opened a session: a person, another token or the operator. What was
//!   made acts no further than its maker may act now: see [`reach`].
//! - **session**: what somebody holds who has signed in, or has opened a portal by an access link. It ends by itself.
//! - **gate**: where each call is checked before it is worked on: who calls, which role, which part of the tree.
//!
//! What Microsoft has:
//!
//! - **kind**: a type of Entra object that Holdfast protects, such as `users`; one row of the table in [`kinds`].
//! - **object**: one thing of a kind. A **fact** is an object without a life of its own, such as a role assignment:
//!   it is the same when it is taken away and given again.
//! - **facet**: a property that has to be read apart from its object, and is stored in a run of its own.
//! - **link**: a relation from one object to another, such as a member of a group. (An access link, which opens a portal,
//!   is another thing.)
//! - **consent**: what lets our applications into a tenant. A **refusal** is why a tenant does not let them in; an **own
//!   fault** what Microsoft finds wrong with the applications themselves, in every tenant: see [`login`].
//! - **delta**: Graph's list of what changed since a **token**, which is the link that the last such list ended with.
//!   (What a program or a sign-in shows to be let in is called a token, too.)
//! - **chain**: pages of Graph that follow one another; a reading follows several side by side. (A chain of an audit log
//!   is another thing: see [`audit`].)
//!
//! What is stored:
//!
//! - **snapshot**: what a tenant held at one time. It exists once its **manifest** is stored, which names all its
//!   parts.
//! - **run**: the records of one kind, facet or link type, sorted by key: a **base**, and **layers** of later
//!   changes.
//! - **leaf**: a piece of a run of about 256 KiB, stored once however many snapshots hold it; an **index** lists the
//!   leaves.
//! - **block**: sorted records that a reading has parked in the vault until they are merged into a run.
//! - **coverage**: which kinds, and which parts of them, a snapshot holds.
//! - **gap**: a part of a kind that a snapshot does not hold, as coverage shows it.
//! - **download**: a file of what is backed up, made for somebody who asked for it; it ends after a day.
//! - **missing**: what a snapshot does not hold, each with a cause: see [`stored::Missing`]. Unless the tenant had no
//!   licence for it, it is unknown and never taken for empty.
//!
//! - **audit record**: one line of Microsoft's own log of who changed a tenant: see [`who`]. (Our own audit log is another
//!   thing: see [`audit`].)
//!
//! What is done:
//!
//! - **cause**: why an organisation needs somebody, one of a closed list: see [`attention`]. Whoever has looked at one
//!   **acknowledges** it.
//! - **comparison**: what differs between two snapshots, or a snapshot and the live tenant: **changes**, one for an
//!   object.
//! - **filter**: which objects of a kind are meant, in a part of OData's language: see [`filter`].
//! - **restore**: putting back what was chosen. Its **preview** makes the **plan**: **steps**, each one write, and
//!   what is impossible. Nothing is written before the plan is approved.
//! - **conflict**: an object that is to come back, and whose **place** (a name or an address) a **rival** has taken.
//! - **approval**: that somebody else than who asked lets one restore begin, by the hash of its plan.
//! - **receipt**: what is signed of a restore that has ended. **Completion**: what a restore leaves to people.
//! - **undo**: a restore that goes back to what another one wrote over.
//! - **outcome**: what became of one step, or of one call in the audit log.
//! - **notice**: what people are notified of, at once by a mail of its own or later in a **digest**, one mail for a
//!   period. How often a person hears of a topic is their **subscription** to it. (What an organisation pays for is called
//!   so too: see [`subscriptions`].)
//!
//! The same act has the same verb:
//!
//! - **suspend** and **resume** work: stop it at a point that is saved, and go on from there in another invocation.
//!   (An organisation is suspended and reactivated, which is another thing: see [`organisations`].)
//! - **park** a block: put it into the vault for later. **Enqueue** a message: put it into a queue.
//! - **notify** people by a notice; **report** what a call or a job came to.
//! - **pending**: accepted, and not yet worked on. **Complete**: nothing is left out; never said of what has merely
//!   ended.

pub mod attention;
pub mod audit;
pub mod canonical;
pub mod changes;
pub mod coverage;
pub mod csv;
pub mod error;
pub mod extensions;
pub mod filter;
pub mod ids;
pub mod kinds;
pub mod login;
pub mod notices;
pub mod organisations;
mod own_fault;
pub mod permissions;
pub mod plans;
pub mod reach;
mod refusal;
pub mod restore;
pub mod rights;
pub mod schedule;
pub mod stored;
pub mod subscriptions;
pub mod text;
pub mod trail;
pub mod usage;
pub mod who;

pub use error::{Answer, Error, ErrorKind, ErrorReason, FieldFault, Prose, Result};
pub use ids::{
    DiffId, DowngradeId, DownloadId, InvitationId, OrganisationId, PartnerId, PersonId, PlanId, RestoreId,
    RestoreSetId, SessionId, SnapshotId, SubscriptionId, TenantId, TokenId,
};
/// Instants are UTC and printed as RFC 3339.
pub use jiff::Timestamp;
pub use own_fault::OwnFault;
pub use refusal::Refusal;
