//! What people have to do after a restore, row by row: what calls for it, who does it, and by what it is seen that it is done.

use domain::restore::{Cause, Warning};
use engine::records::FailCause;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What somebody has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ToDo {
    /// Give a person who was created again a password, or a Temporary Access Pass: nobody knows the one that they have.
    GivePassword,
    /// Read the Temporary Access Pass of a person and hand it over, before it ends.
    HandOverPass,
    /// Register second factors again: they belonged to the account that is gone.
    RegisterMethods,
    /// Let a person sign in who came back blocked.
    AllowSignIn,
    /// Consent again to applications that asked the person themselves.
    ConsentAgain,
    /// Give applications and sites that know the object by its old id the new one.
    ReplaceId,
    /// Enter a secret that Microsoft Graph never gives.
    EnterSecret,
    /// Bring back, in the service that has it, what Microsoft Graph does not write.
    RestoreElsewhere,
    /// Invite a guest again.
    Invite,
    /// Change it in the customer's own directory, from which it comes.
    ChangeAtSource,
    /// Free or buy a licence.
    FindLicence,
    /// Grant a permission or a directory role, and restore it again; or do it by hand.
    GrantPermission,
    /// Do it by hand: Microsoft Graph did not take it.
    DoByHand,
    /// Decide what is right: it is not what the preview showed.
    Decide,
}

/// Which role has to do what a restore leaves to people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Owner {
    /// The person whose account it is.
    Person,
    /// Whoever helps people to sign in.
    Helpdesk,
    /// An administrator of the tenant.
    Administrator,
    /// Whoever looks after devices and their policies.
    DeviceAdministrator,
    /// Whoever looks after licences.
    LicenceAdministrator,
    /// Whoever looks after the customer's own directory.
    DirectoryAdministrator,
    /// Whoever asked for the restore, or ran it.
    Technician,
}

/// What calls for it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Calls {
    /// An object was created again.
    Made {
        /// Whether only people call for it, and no other kinds of objects.
        people: bool,
    },
    /// A step that was done bore this warning.
    Warned(Warning),
    /// Something was impossible for one of these causes.
    Impossible(&'static [Cause]),
    /// A part of a step failed for that cause.
    Failed(FailCause),
    /// A part of a step failed for a cause that no other row names.
    FailedOtherwise,
    /// A step was skipped since what it is about changed.
    Skipped,
}

/// By what the newest snapshot shows that it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SeenBy {
    /// No snapshot shows it.
    Nobody,
    /// The one time of the object is later than the other by more than a minute.
    Later(&'static str, &'static str),
    /// The person may sign in.
    SignIn,
    /// That time of the object is later than the restore.
    Since(&'static str),
    /// The part is as it was asked for.
    Part,
}

/// A row of the table.
pub(super) struct Row {
    pub to_do: ToDo,
    pub calls: Calls,
    pub owner: Owner,
    pub seen_by: SeenBy,
}

const fn row(to_do: ToDo, calls: Calls, owner: Owner, seen_by: SeenBy) -> Row {
    Row { to_do, calls, owner, seen_by }
}

/// Everything that a restore may leave to people.
pub(super) static ROWS: &[Row] = &[
    row(
        ToDo::GivePassword,
        Calls::Made { people: true },
        Owner::Helpdesk,
        SeenBy::Later("lastPasswordChangeDateTime", "createdDateTime"),
    ),
    row(ToDo::HandOverPass, Calls::Warned(Warning::SignsInByPass), Owner::Helpdesk, SeenBy::Nobody),
    row(ToDo::RegisterMethods, Calls::Made { people: true }, Owner::Person, SeenBy::Nobody),
    row(ToDo::ConsentAgain, Calls::Made { people: true }, Owner::Person, SeenBy::Nobody),
    row(ToDo::AllowSignIn, Calls::Warned(Warning::Blocked), Owner::Helpdesk, SeenBy::SignIn),
    row(ToDo::ReplaceId, Calls::Made { people: false }, Owner::Administrator, SeenBy::Nobody),
    row(
        ToDo::EnterSecret,
        Calls::Impossible(&[Cause::SecretValue]),
        Owner::DeviceAdministrator,
        SeenBy::Since("lastModifiedDateTime"),
    ),
    row(
        ToDo::RestoreElsewhere,
        Calls::Impossible(&[Cause::OtherService, Cause::MailEnabled, Cause::Unsupported]),
        Owner::Administrator,
        SeenBy::Nobody,
    ),
    row(ToDo::Invite, Calls::Impossible(&[Cause::Guest]), Owner::Administrator, SeenBy::Nobody),
    row(
        ToDo::ChangeAtSource,
        Calls::Impossible(&[Cause::Synced]),
        Owner::DirectoryAdministrator,
        SeenBy::Part,
    ),
    row(
        ToDo::FindLicence,
        Calls::Impossible(&[Cause::NoFreeLicence, Cause::NotSubscribed, Cause::LicenceInError]),
        Owner::LicenceAdministrator,
        SeenBy::Part,
    ),
    row(
        ToDo::Decide,
        Calls::Impossible(&[Cause::Conflict, Cause::ChangedSince]),
        Owner::Technician,
        SeenBy::Part,
    ),
    row(ToDo::GrantPermission, Calls::Failed(FailCause::Denied), Owner::Administrator, SeenBy::Part),
    row(ToDo::DoByHand, Calls::FailedOtherwise, Owner::Administrator, SeenBy::Part),
    row(ToDo::Decide, Calls::Skipped, Owner::Technician, SeenBy::Part),
];

/// Whether a row of its own names the cause.
pub(super) fn has_row(cause: FailCause) -> bool {
    ROWS.iter().any(|row| matches!(row.calls, Calls::Failed(named) if named == cause))
}
