//! A plan: steps in order, and what cannot be done. It is stored, shown, approved and then executed.
//! Over 400 lines: the words of a plan and of its API are one list, each with what a person is told of it.

use super::{Conflict, IdMap, Left, id_map};
use crate::kinds::{self, NamedKind, Phase};
use crate::{Error, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A far end of a link, as a person and as Graph knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct End {
    /// The id of the object there; of a policy's assignment its key.
    pub id: String,
    /// The name of the object there, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The type of the object there, as Graph gives it (`@odata.type`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub odata_type: Option<String>,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "RestoreAction")]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "type")]
pub enum WriteAction {
    /// Takes the object out of the recycle bin, under its old id.
    Undelete {
        /// The user name that it has then, where it cannot have its own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        new_name: Option<String>,
        /// The addresses of mail that it leaves to those who have them by now.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        without: Vec<String>,
    },
    /// Takes a live object for the one that is to come back. Nothing is written to the tenant: from then on the one's id
    /// stands for the other's.
    Adopt {
        /// The id that the object had.
        old: String,
    },
    /// Creates the object anew; it gets another id.
    Create {
        /// What is sent. Holds no password: one is made when it is sent, and is kept nowhere.
        body: Map<String, Value>,
    },
    /// Changes properties of the object in one request.
    Update {
        /// What is sent; where the kind is replaced whole, the whole.
        body: Map<String, Value>,
        /// The names of the properties that differ.
        properties: Vec<String>,
    },
    /// Changes a property that travels by an action of its own.
    Act {
        /// The name of the property.
        property: String,
        /// What is sent as the action's argument.
        argument: Value,
    },
    /// Adds links from the object.
    AddLinks {
        /// The type of the links, such as `groups.members`.
        link: String,
        /// The objects that the links lead to.
        to: Vec<End>,
    },
    /// Removes a link from the object.
    RemoveLink {
        /// The type of the link, such as `groups.members`.
        link: String,
        /// The object that the link leads to.
        to: End,
    },
    /// Removes the links of a type that lead to anything but these objects. Of an object in the recycle bin nobody can see
    /// which those are before it is back.
    RemoveOtherLinks {
        /// The type of the links, such as `groups.members`.
        link: String,
        /// The objects that the links may lead to.
        keep: Vec<End>,
    },
    /// Sets all assignments of a policy.
    Assign {
        /// The type of the links, such as `groups.members`.
        link: String,
        /// The assignments, each with its `target`.
        assignments: Vec<Map<String, Value>>,
    },
    /// Gives and takes licences.
    AssignLicences {
        /// The licences to give: `{skuId, disabledPlans}` each.
        add: Vec<Value>,
        /// The SKU ids of the licences to take.
        remove: Vec<String>,
    },
    /// Makes a Temporary Access Pass for a person. What it is, is in no plan, row or report: it is kept sealed until somebody
    /// reads it, once.
    IssuePass {
        /// For how many minutes it is good; absent means as long as the tenant's policy says.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lifetime_in_minutes: Option<u32>,
        /// Whether it is good for one sign-in alone.
        is_usable_once: bool,
    },
    /// Deletes the object, into the recycle bin where its kind has one.
    Delete,
}

/// What a person should know before approving a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Warning {
    /// Graph deletes all members of a static group that becomes dynamic.
    LosesMembers,
    /// A new user gets a random password that nobody knows: it must be reset.
    PasswordReset,
    /// There is no recycle bin for this kind.
    FinalDeletion,
    /// The object lies in the recycle bin, where not all of it can be seen: it is compared once more after it came back,
    /// and only what differs then is written.
    ComparedLater,
    /// What was empty at the snapshot is emptied, once the object is back and shows what it has.
    EmptiesLater,
    /// Nothing carries over but what is shown: the object gets a new id.
    NewId,
    /// Whether the role was given for a time could not be read: it is given for good.
    TenureUnknown,
    /// The person comes back blocked, as it was chosen: somebody has to let them sign in.
    Blocked,
    /// The object is in a restricted management administrative unit: Graph refuses this, unless the writing application
    /// holds a directory role over that unit.
    Restricted,
    /// The links lead to something that is neither a person nor a group, such as a device or an application: Graph refuses
    /// them, unless the writing application was granted more than Holdfast asks for.
    OtherEnds,
    /// What led to the object when it was deleted comes back with it. What led to it at the snapshot and was taken away before
    /// it was deleted cannot be seen as long as it lies in the recycle bin: that comes back only where it is chosen
    /// (`incoming`).
    IncomingUnseen,
    /// The role is still listed under the id that its holder, or what it is held over, had before it was deleted: that gives
    /// nobody anything, and is left as it is.
    FormerListed,
    /// Somebody else has the name that the person is to get, and they have the other's: for the time of a few writes the
    /// person has a name that nobody has, and nobody signs in by the one before.
    NameForAWhile,
    /// Whoever reads the pass can sign in as this person until it ends, with all that they may do.
    SignsInByPass,
    /// Whether the tenant's policy allows Temporary Access Passes could not be read.
    PassPolicyUnknown,
    /// The tenant's policy allows Temporary Access Passes to the members of some groups alone, or not to those of some: Graph
    /// says whether this person may have one.
    PassPolicyOfGroups,
    /// Nobody known holds the role, or it is held over nothing known, by the snapshot or live: it may be an application. Graph
    /// refuses this if it is gone.
    EndUnknown,
}

/// One write to the tenant, with what it changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// Its number, from 1, in the order of execution.
    pub number: u32,
    /// The phase of the restore that it belongs to.
    pub phase: Phase,
    /// The name of the object's kind, such as `users`.
    pub kind: NamedKind,
    /// The object's key in the snapshot.
    pub key: String,
    /// The key that it has live; of an object that is created again, the one that it had last.
    pub id: String,
    /// The object's name, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What is done to the object.
    pub action: WriteAction,
    /// What it changes, as it is live: properties, assignments or licences. None where nothing is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// The same, as it shall be, and as a read-back must find it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
    /// Ids in this step of objects that other steps bring back. When one of those gets another id, it
    /// takes the place of the old one throughout this step.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<String>,
    /// What the object is given where this step comes to nothing: what an earlier step of the restore took from it for a
    /// while.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead: Option<Map<String, Value>>,
    /// What to know before approving.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
}

/// Why something cannot be restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ImpossibleCause")]
pub enum Cause {
    /// It is kept by the customer's own directory.
    Synced,
    /// Members follow from a rule.
    DynamicMembership,
    /// Only Exchange can write it.
    MailEnabled,
    /// Guests are invited, not created.
    Guest,
    /// It is Microsoft's own, and nobody else writes it.
    BuiltIn,
    /// The service sets it.
    ReadOnly,
    /// It can be written when the object is created and never again.
    CreateOnly,
    /// It can be changed but not emptied.
    CannotBeCleared,
    /// Graph never gave its value.
    SecretValue,
    /// A role that was activated for a while is not made permanent.
    Activated,
    /// It follows from a membership.
    Inherited,
    /// Its time is over.
    Expired,
    /// It is given for a time, and nobody's to make permanent.
    TimeBound,
    /// What has to be known first could not be read.
    Unreadable,
    /// It would leave nobody to administer the tenant.
    LockOut,
    /// It would take away Holdfast's own access.
    OwnAccess,
    /// A Microsoft 365 group keeps an owner.
    LastOwner,
    /// What it refers to is not there.
    TargetMissing,
    /// Only a part was chosen, of an object that is gone, or of something in it that came, went or became something else.
    ObjectGone,
    /// It was not there at the snapshot.
    NotInSnapshot,
    /// What it was, or what it is, could not be read: it is unknown, and is left as it is.
    NotRead,
    /// Somebody else changed it since: since the restore that is undone, or after what is to be taken back.
    ChangedSince,
    /// Several may have made the change, and only what one of them made is to be taken back.
    AuthorUncertain,
    /// Who made the change is not known, and only what somebody made is to be taken back.
    AuthorUnknown,
    /// Others had a hand in the change too: taking it back would take that along.
    OthersToo,
    /// Not all records of that time are there, or may still come: others may have had a hand in the change.
    LogNotWhole,
    /// The step that is to be undone wrote nothing.
    NothingWritten,
    /// It is of another type now.
    TypeChanged,
    /// Graph offers no way.
    Unsupported,
    /// Objects refer to each other in a circle.
    Circular,
    /// Another service has it, and makes no new one.
    OtherService,
    /// Another object has its place.
    Conflict,
    /// All licences of the SKU are given to others.
    NoFreeLicence,
    /// The tenant has no subscription to the SKU any more.
    NotSubscribed,
    /// It is assigned, and Microsoft says that it is not in effect.
    LicenceInError,
    /// The account is blocked.
    SignInBlocked,
    /// A policy of the tenant does not allow it.
    RefusedByPolicy,
    /// It was asked for of somebody whom the restore does not bring back.
    NotComingBack,
}

/// What cannot be restored, named before anything starts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Impossible {
    /// The name of the object's kind, such as `users`.
    pub kind: NamedKind,
    /// The object's key in the snapshot; empty where it is about all objects of the kind.
    pub key: String,
    /// The object's name, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Which part: a property, a path in one, a link, `object`; `kind` where it is about all objects of the kind.
    pub what: String,
    /// Why it cannot be restored, for programs.
    pub cause: Cause,
    /// Why it cannot be restored, for a person.
    pub why: String,
}

/// What a preview says of the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Remark {
    /// Before the restore nobody who can sign in is known to hold Global Administrator for good.
    NoAdministrator,
    /// After it there is exactly one such person.
    OneAdministrator,
    /// Who holds Global Administrator could not be read.
    AdministratorsUnknown,
}

/// Who is known to administer the tenant before a restore and after it, by their ids.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EffectiveAdministrators {
    /// Those who do before, [`EffectiveAdministrators::MOST`] at the most.
    pub before: Vec<String>,
    /// How many more there are before.
    pub more_before: u64,
    /// Those who do after, as many at the most.
    pub after: Vec<String>,
    /// How many more there are after.
    pub more_after: u64,
}

impl EffectiveAdministrators {
    /// How many are named on each side.
    pub const MOST: usize = 100;
}

/// What a restore would do.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RestorePlan {
    /// What to know before anything else.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<Remark>,
    /// The writes, in the order of execution.
    pub steps: Vec<Step>,
    /// What was asked for and cannot be restored.
    pub impossible: Vec<Impossible>,
    /// What differs and stays as it is, since the chosen mode does not write it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_by_mode: Vec<Left>,
    /// Objects that are to come back and whose place is taken; a person chooses what is done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conflicts: Vec<Conflict>,
    /// Who administers the tenant before and after; none where no step can take or give anybody's rights, and where it could
    /// not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub administrators: Option<EffectiveAdministrators>,
}

impl Step {
    /// The kind's row.
    ///
    /// # Errors
    /// `Corrupt` when the kind is not one: a stored plan names only kinds that there are.
    pub fn kind(&self) -> Result<&'static kinds::Kind> {
        self.kind.find().ok_or_else(|| Error::corrupt("a stored plan names an unknown kind"))
    }

    /// Whether it is about a fact (a role assignment), which has no life of its own under an id.
    pub fn is_fact(&self) -> bool {
        self.kind.find().is_some_and(|k| k.identity != kinds::Identity::Id)
    }

    /// Whether the object was in the recycle bin when the plan was made, so that what is shown is compared
    /// only after it came back.
    pub fn is_compared_later(&self) -> bool {
        self.warnings.contains(&Warning::ComparedLater)
    }

    /// Whether what it writes is to be exactly so: what came since the snapshot is taken away once it can be seen.
    pub fn is_exact(&self) -> bool {
        self.warnings.contains(&Warning::EmptiesLater)
    }

    /// The same step with the ids that objects got since the plan was made.
    ///
    /// # Errors
    /// `Corrupt` when the kind is not one.
    pub fn rewritten(&self, ids: &IdMap) -> Result<Self> {
        if ids.is_empty() || self.depends_on.is_empty() {
            return Ok(self.clone());
        }
        let kind = self.kind()?;
        let mut known = IdMap::default();
        for old in &self.depends_on {
            if ids.resolve(old) != old {
                known.insert(old.as_str(), ids.resolve(old));
            }
        }
        let side = |side: &Option<Value>| match side {
            Some(Value::Object(map)) => Some(Value::Object(known.object(kind, map.clone()))),
            Some(other) => Some(known.value(other)),
            None => None,
        };
        let end = |end: &End| End { id: known.rewrite(&end.id), ..end.clone() };
        let action = match &self.action {
            WriteAction::Create { body } => WriteAction::Create { body: known.object(kind, body.clone()) },
            WriteAction::Update { body, properties } => {
                WriteAction::Update { body: known.object(kind, body.clone()), properties: properties.clone() }
            }
            WriteAction::AddLinks { link, to } => {
                WriteAction::AddLinks { link: link.clone(), to: to.iter().map(end).collect() }
            }
            WriteAction::RemoveLink { link, to } => {
                WriteAction::RemoveLink { link: link.clone(), to: end(to) }
            }
            WriteAction::RemoveOtherLinks { link, keep } => {
                WriteAction::RemoveOtherLinks { link: link.clone(), keep: keep.iter().map(end).collect() }
            }
            WriteAction::Assign { link, assignments } => WriteAction::Assign {
                link: link.clone(),
                assignments: assignments.iter().map(|a| known.map(a)).collect(),
            },
            same => same.clone(),
        };
        // Assignments keep leading to a group that is gone: until they are written they show its old id.
        let is_assignment = matches!(action, WriteAction::Assign { .. });
        let before = if is_assignment { self.before.clone() } else { side(&self.before) };
        Ok(Self { id: known.rewrite(&self.id), action, before, after: side(&self.after), ..self.clone() })
    }

    /// The ids without whose objects nothing of the step can be done: of links and assignments only that which they lead
    /// from, since each stands for itself; of anything else all that it refers to and waits for.
    pub fn needs(&self) -> Vec<String> {
        let own: Vec<String> = id_map::tokens(&self.id).map(str::to_owned).collect();
        let is_of_links = matches!(
            self.action,
            WriteAction::AddLinks { .. } | WriteAction::RemoveOtherLinks { .. } | WriteAction::Assign { .. }
        );
        if is_of_links {
            return own;
        }
        self.depends_on.clone()
    }

    /// Every id that the step refers to, its own included; for facts, what they consist of.
    pub fn refers_to(&self) -> Vec<String> {
        let mut found: Vec<String> = id_map::tokens(&self.id).map(str::to_owned).collect();
        let mut texts = |text: &str| found.extend(id_map::tokens(text).map(str::to_owned));
        match &self.action {
            WriteAction::Create { body } | WriteAction::Update { body, .. } => {
                for property in self.kind.find().into_iter().flat_map(id_map::referring) {
                    texts(body.get(property).and_then(Value::as_str).unwrap_or_default());
                }
            }
            WriteAction::AddLinks { to: ends, .. } | WriteAction::RemoveOtherLinks { keep: ends, .. } => {
                for end in ends {
                    texts(&end.id);
                }
            }
            WriteAction::RemoveLink { to, .. } => texts(&to.id),
            WriteAction::Assign { assignments, .. } => {
                for assignment in assignments {
                    let group = assignment.get("target").and_then(|t| t.get("groupId"));
                    texts(group.and_then(Value::as_str).unwrap_or_default());
                }
            }
            _ => {}
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}
