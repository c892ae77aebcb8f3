//! Restores on the wire: what is asked for, and the plan with what became of its steps.
//! Over 400 lines: each field with the sentence that documents it.

use super::{AdministratorsOut, SnapshotText};
use domain::kinds::NamedKind;
use domain::restore::{
    AccessPassChoice, AttributeMode, Conflict, Impossible, Left, LinkMode, Remark, Resolution, SelectedItem,
    SelectedLink, Selection, Step,
};
use domain::who::ChangeFilter;
use domain::{DiffId, Error, PersonId, RestoreId, RestoreSetId, Result, SnapshotId, Timestamp};
use engine::ports::{Page, Spent};
use engine::records::{
    Cause, NotProtected, OutcomeState, ReadBack, RefusedPart, Restore, RestoreCounts, RestoreState,
    StepOutcome, UndonePart,
};
use garde::Validate;
use restore::commands::restores::{
    AskedPart, FollowedStep, MAX_NAMED, MAX_REASON, MAX_TICKET, NamedChange, NamedObject, NewRestore,
    PlanPage, RestoreFrom, Why,
};
use restore::commands::wanted::WantedRestores;
use restore::plans::Sentence;
use runtime::http::{MAX_CURSOR, PageIn};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A restore to be previewed: `snapshot` with `items`, `kinds` or `everything`; `comparison`; or `undo`.
// Why nothing is checked here: the engine's `NewRestore::check` does, and names these fields.
#[derive(Deserialize, Validate, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RestoreIn {
    /// The snapshot that holds what is to come back, or `lastKnownGood` for the newest one that is marked as known to be good. It
    /// goes with `items`, `kinds` or `everything`.
    #[garde(skip)]
    snapshot: Option<SnapshotText>,
    /// The objects of the snapshot, or parts of them, that are to be as they were. For more of them than this takes,
    /// restore the changes of a comparison.
    #[garde(skip)]
    #[schemars(length(min = 1, max = MAX_NAMED))]
    items: Option<Vec<SelectedItem>>,
    /// The kinds of which all objects are to be as the snapshot holds them, such as `groups`: up to 10,000 objects, found when
    /// the preview is made. Objects that came since are named as impossible, and stay; with `deleteCreated` they are deleted.
    #[garde(skip)]
    #[schemars(length(min = 1))]
    kinds: Option<Vec<NamedKind>>,
    /// Whether all objects of all kinds are to be as the snapshot holds them, as with `kinds`. What kinds the snapshot does not
    /// hold is named.
    #[garde(skip)]
    #[serde(default)]
    everything: bool,
    /// The comparison whose changes are to be taken back to its earlier side.
    #[garde(skip)]
    comparison: Option<DiffId>,
    /// Only the changes of these objects, or some of them. It goes with `comparison`; without it all changes are taken back.
    /// With `undo`, only what was written to these objects.
    #[garde(skip)]
    #[schemars(length(min = 1, max = MAX_NAMED))]
    only: Option<Vec<ObjectRefIn>>,
    /// Only the changes that these words mean, such as what an actor changed (`actor`), also in a span of time (`from`, `until`).
    /// Of an object that several changed, the parts of whoever is meant are taken back and all others stay; what others changed
    /// since stays too. What may be meant and is not certain is left and named (`authorUncertain`, `authorUnknown`,
    /// `othersToo`, and `logNotWhole` for two hours after the later snapshot), unless `also` says otherwise. It goes with `comparison`, in place of `only`.
    #[garde(skip)]
    filter: Option<Box<ChangeFilter>>,
    /// The restore whose writes are to be taken back, as far as it came: what it made is deleted, what it deleted comes back,
    /// and the properties and links that it wrote are as they were. What somebody else changed since stays, and is named
    /// (`changedSince`).
    #[garde(skip)]
    undo: Option<RestoreId>,
    /// Only these steps of the restore that is undone, by their numbers; with the step that made an object, or brought it
    /// back, go all that were written to it. It goes with `undo`, and with `only`: then what either names is undone.
    #[garde(skip)]
    #[schemars(length(min = 1, max = MAX_NAMED))]
    steps: Option<Vec<u32>>,
    /// How attributes are written. Where it is not said, the items of a snapshot are merged, and of the changes of a
    /// comparison exactly the attributes that changed are overwritten: they are undone.
    #[garde(skip)]
    attributes: Option<AttributeMode>,
    /// How links are written. Where it is not said, the items of a snapshot are merged, and of the changes of a
    /// comparison exactly the links that came or went are rolled back: they are undone.
    #[garde(skip)]
    links: Option<LinkMode>,
    /// Whether a chosen object that was not there then is deleted.
    #[garde(skip)]
    #[serde(default)]
    delete_created: bool,
    /// Whether people who come back, created again or out of the recycle bin, are blocked: nobody signs in as them before
    /// somebody lets them.
    #[garde(skip)]
    #[serde(default)]
    come_back_blocked: bool,
    /// Whether people who come back get a Temporary Access Pass each; not said, nobody does. It takes the permission
    /// `UserAuthMethod-TAP.ReadWrite.All` of the writing application. Whoever is created again gets one; whoever comes out of
    /// the recycle bin only where they are named. It does not go with `comeBackBlocked`.
    #[garde(skip)]
    access_pass: Option<AccessPassChoice>,
    /// What is done about objects whose place is taken, as an earlier preview of the same told (`conflicts`). What is not
    /// named here is left.
    #[garde(skip)]
    #[serde(default)]
    #[schemars(length(max = MAX_NAMED))]
    conflicts: Vec<Resolution>,
    /// What it is for, in one line: whoever approves it reads this, and its receipt keeps it.
    #[garde(skip)]
    #[schemars(length(min = 1, max = MAX_REASON))]
    reason: Option<String>,
    /// Where that is written down, such as the number of a ticket.
    #[garde(skip)]
    #[schemars(length(min = 1, max = MAX_TICKET))]
    ticket: Option<String>,
}

/// An object by its kind and key; of a comparison also which of its changes.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ObjectRefIn {
    /// The name of the object's kind, such as `users`.
    kind: String,
    /// The object's key, as the change gives it. Of a restore that is undone also its id, as the steps give it, or the id under
    /// which the restore made it anew.
    key: String,
    /// Only these changes of its attributes, by their `path`, such as one setting of a policy: whatever else the property holds
    /// stays as it is. A place that several changed paths are in means them all. Where only `links` are named, no attribute is
    /// meant. It goes with `comparison`.
    #[schemars(length(max = MAX_NAMED))]
    paths: Option<Vec<String>>,
    /// Only these links of those that came, went or changed. Where only `paths` are named, no link is meant. It goes with
    /// `comparison`.
    #[schemars(length(max = MAX_NAMED))]
    links: Option<Vec<SelectedLink>>,
    /// Whether the links of others and the role assignments that led to the object come back as well, though it is still there.
    /// It goes with `comparison`.
    #[serde(default)]
    incoming: bool,
}

impl From<ObjectRefIn> for NamedChange {
    fn from(named: ObjectRefIn) -> Self {
        let object = NamedObject { kind: named.kind, key: named.key };
        Self { object, paths: named.paths, links: named.links, incoming: named.incoming }
    }
}

impl ObjectRefIn {
    /// The object of a restore that is undone: what was written to it is taken back whole.
    fn undone((number, named): (usize, Self)) -> Result<NamedObject> {
        let parts = [
            ("paths", named.paths.is_some()),
            ("links", named.links.is_some()),
            ("incoming", named.incoming),
        ];
        let part = parts.iter().find(|(_, is_named)| *is_named).map(|(part, _)| *part);
        match part {
            Some(part) => {
                Err(Error::invalid_field(format!("only[{number}].{part}"), "goes with a comparison"))
            }
            None => Ok(NamedChange::from(named).object),
        }
    }
}

impl RestoreIn {
    /// Whether it is from the newest snapshot that is known to be good, whichever that is.
    pub fn is_from_last_known_good(&self) -> bool {
        self.snapshot == Some(SnapshotText::LastKnownGood)
    }

    /// The same, from that snapshot.
    pub fn with_snapshot(self, snapshot: SnapshotId) -> Self {
        Self { snapshot: Some(SnapshotText::Id(snapshot)), ..self }
    }

    /// The snapshot that it is from.
    fn snapshot(&self) -> Result<Option<SnapshotId>> {
        match &self.snapshot {
            None => Ok(None),
            Some(SnapshotText::Id(id)) => Ok(Some(id.clone())),
            Some(SnapshotText::LastKnownGood) => {
                Err(Error::invalid_field("snapshot", "has to be looked up first"))
            }
        }
    }

    /// Where whole kinds are asked for, what is restored.
    fn of_kinds(&self) -> Result<Option<RestoreFrom>> {
        let field = match (&self.kinds, self.everything) {
            (None, false) => return Ok(None),
            (Some(_), true) => return Err(Error::invalid_field("everything", "cannot go with kinds")),
            (Some(_), false) => "kinds",
            (None, true) => "everything",
        };
        if self.items.is_some() || self.comparison.is_some() || self.only.is_some() {
            return Err(Error::invalid_field(field, "goes with a snapshot alone"));
        }
        let Some(snapshot) = self.snapshot()? else {
            return Err(Error::invalid_field("snapshot", "is missing"));
        };
        Ok(Some(match &self.kinds {
            Some(kinds) => RestoreFrom::Kinds(snapshot, kinds.clone()),
            None => RestoreFrom::Everything(snapshot),
        }))
    }
}

impl TryFrom<RestoreIn> for NewRestore {
    type Error = Error;
    fn try_from(asked: RestoreIn) -> Result<Self> {
        let of_kinds = if asked.undo.is_none() { asked.of_kinds()? } else { None };
        let why = Why { reason: asked.reason.clone(), ticket: asked.ticket.clone() };
        if let Some(undo) = asked.undo.clone() {
            let is_alone = asked.snapshot.is_none()
                && asked.items.is_none()
                && asked.kinds.is_none()
                && !asked.everything
                && asked.comparison.is_none()
                && asked.filter.is_none()
                && asked.attributes.is_none()
                && asked.links.is_none()
                && !asked.delete_created;
            if !is_alone {
                let message = "goes with `steps` and `only` alone: a restore is undone as it was run";
                return Err(Error::invalid_field("undo", message));
            }
            let selection = Selection {
                conflicts: asked.conflicts,
                come_back_blocked: asked.come_back_blocked,
                access_pass: asked.access_pass,
                ..Selection::default()
            };
            let objects =
                asked.only.map(|named| named.into_iter().enumerate().map(ObjectRefIn::undone).collect());
            let objects = objects.transpose()?;
            let part = AskedPart { steps: asked.steps, objects };
            let is_whole = part == AskedPart::default();
            let from = if is_whole { RestoreFrom::Undo(undo) } else { RestoreFrom::UndoOnly(undo, part) };
            return Ok(Self { from, selection, why });
        }
        if asked.steps.is_some() {
            return Err(Error::invalid_field("steps", "goes with undo"));
        }
        let snapshot = asked.snapshot()?;
        if asked.filter.is_some() && (asked.comparison.is_none() || asked.only.is_some()) {
            return Err(Error::invalid_field("filter", "goes with a comparison, in place of `only`"));
        }
        let (from, items) = match of_kinds {
            Some(from) => (from, Vec::new()),
            None => match (snapshot, asked.items, asked.comparison, asked.only) {
                (Some(snapshot), Some(items), None, None) => (RestoreFrom::Items(snapshot), items),
                (None, None, Some(comparison), None) => match asked.filter {
                    Some(filter) => (RestoreFrom::Filtered(comparison, filter), Vec::new()),
                    None => (RestoreFrom::Changes(comparison), Vec::new()),
                },
                (None, None, Some(comparison), Some(only)) => {
                    (RestoreFrom::Only(comparison, only.into_iter().map(Into::into).collect()), Vec::new())
                }
                (Some(_), None, None, _) => return Err(Error::invalid_field("items", "is missing")),
                (None, Some(_), None, _) => return Err(Error::invalid_field("snapshot", "is missing")),
                (_, _, None, Some(_)) => {
                    return Err(Error::invalid_field("only", "goes with a comparison or with undo"));
                }
                (_, _, Some(_), _) => {
                    return Err(Error::invalid_field("comparison", "cannot go with a snapshot or items"));
                }
                (None, None, None, None) => {
                    return Err(Error::invalid_field(
                        "snapshot",
                        "a snapshot with items or a comparison is needed",
                    ));
                }
            },
        };
        // Whoever asks for changes to be taken back means those that added something, too.
        let (attributes, links) = match from {
            RestoreFrom::Items(_) | RestoreFrom::Kinds(..) | RestoreFrom::Everything(_) => {
                (AttributeMode::default(), LinkMode::default())
            }
            _ => (AttributeMode::Overwrite, LinkMode::Rollback),
        };
        let (attributes, links) = (asked.attributes.unwrap_or(attributes), asked.links.unwrap_or(links));
        let RestoreIn { delete_created, come_back_blocked, access_pass, conflicts, .. } = asked;
        let selection = Selection {
            items,
            attributes,
            links,
            delete_created,
            come_back_blocked,
            access_pass,
            conflicts,
            ..Selection::default()
        };
        Ok(Self { from, selection, why })
    }
}

/// Which restores are to be listed.
#[derive(Deserialize, Validate, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RestoresIn {
    /// Only those that are to be run and wait for somebody to approve them, while they can be approved.
    #[garde(skip)]
    #[serde(default)]
    pub waits_for_approval: bool,
    /// Only those in this state.
    #[garde(skip)]
    pub state: Option<RestoreState>,
    /// Only those that this person or token asked for, as `requestedBy` names them.
    #[garde(length(min = 1, max = 100))]
    pub requested_by: Option<String>,
    /// Only those that were asked for then or later.
    #[garde(skip)]
    pub since: Option<Timestamp>,
    /// Only those that were asked for before then.
    #[garde(skip)]
    pub until: Option<Timestamp>,
    /// The `next` of the part before; without it the list is read from its beginning.
    #[garde(ascii, length(max = MAX_CURSOR))]
    #[schemars(extend("pattern" = "^[ -~]*$"))]
    pub cursor: Option<String>,
    /// The most items that the part may have: 50 when nothing is said. It may have fewer though more follow.
    #[garde(range(min = 1, max = 200))]
    pub limit: Option<usize>,
}

impl RestoresIn {
    /// Which restores are wanted.
    pub fn wanted(&self) -> WantedRestores {
        WantedRestores {
            only_waiting: self.waits_for_approval,
            state: self.state,
            requested_by: self.requested_by.clone(),
            since: self.since,
            until: self.until,
        }
    }

    /// The page of that cursor and limit, as the engine wants it.
    pub fn page(self) -> Page {
        PageIn { cursor: self.cursor, limit: self.limit }.page()
    }
}

/// A restore, without its steps.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "each is a field of the API that says its own thing")]
pub struct RestoreOut {
    /// The id of the restore.
    id: RestoreId,
    /// The snapshot that holds what comes back; of one that undoes another, the snapshot of that one.
    snapshot: SnapshotId,
    /// The comparison whose changes are taken back; null where objects were chosen one by one.
    comparison: Option<DiffId>,
    /// Which of those changes; null where it takes back all of them, or is of no comparison.
    filter: Option<Box<ChangeFilter>>,
    /// The restore set that it is one of; null where it was asked for by itself.
    set: Option<RestoreSetId>,
    /// The restore that it undoes; null where it undoes none.
    undoes: Option<RestoreId>,
    /// The part of that restore that it undoes; null where it undoes all of it, or none, and in lists.
    undoes_only: Option<UndonePart>,
    /// The kinds of which all objects were chosen; none where objects or changes were.
    kinds: Vec<NamedKind>,
    /// How attributes are written.
    attributes: AttributeMode,
    /// How links are written.
    links: LinkMode,
    /// Whether chosen objects that were not there then are deleted.
    delete_created: bool,
    /// Whether people who come back are blocked.
    come_back_blocked: bool,
    /// The Temporary Access Passes that people who come back get; null where nobody does.
    access_pass: Option<AccessPassChoice>,
    /// How far it is.
    state: RestoreState,
    /// Who asked for the preview: a person's id, or the first characters of a token.
    requested_by: String,
    /// The person in whose name that was: of a token or a portal's session whoever it comes from; null where that is not
    /// known. They do not approve it.
    requested_for: Option<PersonId>,
    /// Whether an end user of the organisation asked: then somebody of the partner has to approve.
    by_end_user: bool,
    /// What it is for, as whoever asked put it; null where they did not.
    reason: Option<String>,
    /// Where that is written down; null where they did not say.
    ticket: Option<String>,
    /// The restore of the same choice that it was previewed in place of; null where it was previewed for itself.
    previewed_in_place_of: Option<RestoreId>,
    /// Who approved that it is run: a person's id; where nothing held it up, whoever ran it, by that, who may be a token
    /// (its first characters); null while nobody has.
    approved_by: Option<String>,
    /// When they approved it, or the one that it was previewed in place of; null while nobody has, and where a release approved
    /// it that did not say.
    approved_at: Option<Timestamp>,
    /// Whether a person approved it who had not asked for it.
    approved_by_second: bool,
    /// Who ran it, or wants it to be run: a person's id, or the first characters of a token; null while nobody does.
    run_by: Option<String>,
    /// Whether it is to be run, and waits for somebody else to approve it: until `expiresAt`, after which it is previewed
    /// again.
    waits_for_approval: bool,
    /// Whether its plan gives or takes rights over the tenant.
    privileged: bool,
    /// When the preview was asked for.
    requested_at: Timestamp,
    /// When the preview was made; null until it is.
    previewed_at: Option<Timestamp>,
    /// When it was queued to be executed: run, and approved where it has to be; null until it is both.
    queued_at: Option<Timestamp>,
    /// When its execution began; null until it does.
    started_at: Option<Timestamp>,
    /// When its execution came to its end; null until it does.
    done_at: Option<Timestamp>,
    /// How many steps there are, and what became of them.
    counts: RestoreCounts,
    /// Whether all of its steps are as they were asked: false where one failed, was skipped or was not reached; null
    /// until it has come to its end.
    complete: Option<bool>,
    /// What its execution asked of Microsoft Graph.
    spent: Spent,
    /// What of the plan the writing application has no permission for: it is tried all the same, and Graph will refuse it.
    /// Kinds (`users`), and properties and links that have permissions of their own (`users.employeeLeaveDateTime`,
    /// `groups.members`).
    not_permitted: Vec<NotProtected>,
    /// When its permissions were read last: right after the preview, and when its execution began. Null until then, and
    /// where Microsoft does not say; then `notPermitted` says nothing.
    permissions_read_at: Option<Timestamp>,
    /// The hash of the plan; null until there is a preview. Two previews with one hash write the same.
    plan: Option<String>,
    /// Until when the preview can be run: a day, or half an hour where it is about roles and groups that may hold them;
    /// null until there is a preview.
    expires_at: Option<Timestamp>,
    /// When its execution is expected to end, at the speed of its steps so far; null while that is not known.
    expected_at: Option<Timestamp>,
    /// Who asked to stop it: a person's id, or the first characters of a token; null where nobody did.
    cancelled_by: Option<String>,
    /// Why it waits or has failed, for a person.
    error: Option<String>,
    /// Why it waits or has failed, for programs.
    cause: Option<Cause>,
    /// It is not worked on before: somebody asked to wait, or does not answer.
    waiting_until: Option<Timestamp>,
}

impl RestoreOut {
    /// As it stands in a list.
    ///
    /// Why without the part that it undoes: it may name a thousand objects, and a list two hundred restores.
    pub fn listed(row: Restore) -> Self {
        Restore { undoes_only: None, ..row }.into()
    }
}

impl From<Restore> for RestoreOut {
    fn from(row: Restore) -> Self {
        let (complete, expires_at) = (row.is_complete(), row.valid_until());
        let waits_for_approval = row.waits_for_approval();
        Self {
            id: row.id,
            snapshot: row.snapshot,
            comparison: row.diff,
            filter: row.filter,
            set: row.set.map(|of| of.set),
            undoes: row.undoes,
            undoes_only: row.undoes_only,
            kinds: row.selection.kinds,
            attributes: row.selection.attributes,
            links: row.selection.links,
            delete_created: row.selection.delete_created,
            come_back_blocked: row.selection.come_back_blocked,
            access_pass: row.selection.access_pass,
            state: row.state,
            requested_by: row.requested_by,
            requested_for: row.requested_for,
            by_end_user: row.by_end_user,
            reason: row.reason,
            ticket: row.ticket,
            previewed_in_place_of: row.again_of,
            approved_by: row.approved_by,
            approved_at: row.approved_at,
            approved_by_second: row.approved_by_second,
            run_by: row.run_by,
            waits_for_approval,
            privileged: row.privileged,
            requested_at: row.requested_at,
            previewed_at: row.previewed_at,
            queued_at: row.queued_at,
            started_at: row.started_at,
            done_at: row.done_at,
            complete,
            counts: row.counts,
            spent: row.spent,
            not_permitted: row.not_permitted,
            permissions_read_at: row.permissions_read_at,
            plan: row.plan,
            expires_at,
            expected_at: row.expected_at,
            cancelled_by: row.cancelled_by,
            error: row.error,
            cause: row.course.cause(),
            waiting_until: row.course.held_up.and_then(|held| held.until),
        }
    }
}

/// A restore with a part of its steps.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RestorePlanOut {
    #[serde(flatten)]
    restore: RestoreOut,
    /// What to know before anything else; on the first part only.
    remarks: Vec<Remark>,
    /// What cannot be restored, and why; on the first part only.
    impossible: Vec<Impossible>,
    /// What differs and stays as it is, since the chosen modes do not write it; on the first part only.
    left_by_mode: Vec<Left>,
    /// Objects that are to come back and whose place is taken: each is left, unless another preview is asked for with
    /// something else chosen for it; on the first part only.
    conflicts: Vec<Conflict>,
    /// Who administers the tenant before and after; null where no step can take or give anybody's rights, where it could not be
    /// read, and on further parts.
    administrators: Option<AdministratorsOut>,
    /// The steps, in the order in which they are written; none until there is a preview.
    items: Vec<StepOut>,
    /// The `cursor` of the next part; null at the end.
    next: Option<String>,
}

impl RestorePlanOut {
    /// The same, with who administers the tenant.
    pub fn administered(self, administrators: Option<AdministratorsOut>) -> Self {
        Self { administrators, ..self }
    }
}

impl From<PlanPage> for RestorePlanOut {
    fn from(page: PlanPage) -> Self {
        Self {
            restore: page.restore.into(),
            remarks: page.remarks,
            impossible: page.impossible,
            left_by_mode: page.left_by_mode,
            conflicts: page.conflicts,
            administrators: None,
            items: page.steps.items.into_iter().map(Into::into).collect(),
            next: page.steps.next,
        }
    }
}

/// A step, with what became of it once it was tried.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StepOut {
    #[serde(flatten)]
    step: Step,
    /// What became of the step; null while it was not tried.
    outcome: Option<OutcomeOut>,
}

impl From<FollowedStep> for StepOut {
    fn from(followed: FollowedStep) -> Self {
        let said: Vec<SentenceOut> = followed.said.into_iter().map(Into::into).collect();
        let step = followed.step;
        let outcome = followed.outcome.map(|outcome| {
            let may_exist = outcome.may_exist(&step);
            OutcomeOut { said, may_exist, ..outcome.into() }
        });
        Self { step, outcome }
    }
}

/// What Microsoft Graph said of something that it did not take.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SentenceOut {
    /// The part of the step, as `refused` names it; null where the step was refused as a whole.
    what: Option<String>,
    /// Microsoft's sentence, for a person: it may change at any time.
    said: String,
}

impl From<Sentence> for SentenceOut {
    fn from(sentence: Sentence) -> Self {
        Self { what: sentence.what, said: sentence.said }
    }
}

/// What became of a step.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OutcomeOut {
    /// What was asked of Graph: the action, and what of the object it is about, without values.
    asked: String,
    #[serde(flatten)]
    state: OutcomeState,
    /// The HTTP status that Graph answered with; null where nothing was answered.
    status: Option<u16>,
    /// The id under which Microsoft knows the request.
    request_id: Option<String>,
    /// Our own id of the step's requests, which Microsoft keeps beside its own (`client-request-id`); null where nothing was
    /// sent. Of links that came with a new object it is that of the request that made the object.
    client_request_id: Option<String>,
    /// Whether it was written, no answer to that is known, and it was found so afterwards.
    found_after_interruption: bool,
    /// The parts of the step that Microsoft Graph did not take, though it may have taken the others.
    refused: Vec<RefusedPart>,
    /// What Microsoft Graph said of what it did not take.
    said: Vec<SentenceOut>,
    /// What was found when the object was read again; null where it was not.
    read_back: Option<ReadBack>,
    /// The id of the object that was made; null where none was.
    new_id: Option<String>,
    /// Whether an object was sent to be created and was not found: it may be there all the same. A later restore of it looks
    /// for it before it creates another.
    may_exist: bool,
    /// When this was written.
    at: Timestamp,
}

impl From<StepOutcome> for OutcomeOut {
    fn from(row: StepOutcome) -> Self {
        Self {
            asked: row.asked,
            state: row.state,
            status: row.status,
            request_id: row.request_id,
            client_request_id: row.client_request_id,
            found_after_interruption: row.found_after_interruption,
            refused: row.refused,
            said: Vec::new(),
            read_back: row.read_back,
            may_exist: false,
            new_id: row.new_id,
            at: row.at,
        }
    }
}
