//! Sessions on the wire, and who the caller is.

use domain::rights::{Action, Condition, Feature, Role, TABLE, Verdict};
use domain::{OrganisationId, PartnerId, PersonId, SessionId, Timestamp};
use engine::records::{Session, SessionOf};
use garde::Validate;
use partners::commands::sessions::{Me, SessionView};
use partners::commands::{Caller, Proof};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the person signed in who begins a session.
#[derive(Deserialize, Validate, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewSessionIn {
    /// Whether the issuer was asked for a sign-in (`prompt=login`), so that the person showed who they are for the token that is
    /// shown. Where the token does not say when they signed in (`auth_time`), the time at which it was made then stands for
    /// that; without it that time is not known.
    #[garde(skip)]
    #[serde(default)]
    pub prompted: bool,
}

/// A session of a person, or of a portal that an access link opened.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionInfoOut {
    /// The session's id, which is no secret.
    pub id: SessionId,
    /// The person whose session it is; null for that of a portal.
    pub person: Option<PersonId>,
    /// The organisation whose portal it is; null for a person's.
    pub organisation: Option<OrganisationId>,
    /// Who made the access link, as the audit log names them; null for a person's session.
    pub opened_by: Option<String>,
    /// When the session began.
    pub created_at: Timestamp,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
    /// After how many minutes without use it ends; null where it ends by its time alone.
    pub idle_minutes: Option<i64>,
    /// When it was last used, to about five minutes; null when it was not since it began.
    pub last_used_at: Option<Timestamp>,
    /// When the person had last signed in; null where the issuer did not say, and for a portal.
    pub signed_in_at: Option<Timestamp>,
    /// The secret of the session, where it just began: shown this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

impl SessionInfoOut {
    /// A session that just began, with its secret.
    pub fn begun(token: String, session: Session) -> Self {
        Self { token: Some(token), ..SessionView { session, last_used_at: None }.into() }
    }
}

impl From<SessionView> for SessionInfoOut {
    fn from(view: SessionView) -> Self {
        let SessionView { session, last_used_at } = view;
        let idle_minutes = session.may_rest().map(|rest| rest.as_mins());
        let (person, organisation, opened_by, signed_in_at) = match session.of {
            SessionOf::Person { person, signed_in_at } => (Some(person), None, None, signed_in_at),
            SessionOf::Portal { organisation, opened_by, .. } => {
                (None, Some(organisation), Some(opened_by), None)
            }
        };
        Self {
            id: session.id,
            person,
            organisation,
            opened_by,
            created_at: session.created_at,
            expires_at: session.expires_at,
            idle_minutes,
            last_used_at,
            signed_in_at,
            token: None,
        }
    }
}

/// What the caller showed to be let in.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ShownOut {
    /// The bootstrap token of the installation.
    Bootstrap,
    /// An API token, of a partner or of one organisation.
    Token,
    /// A token of the issuer that people sign in with.
    SignIn,
    /// A session that a person began.
    Session,
    /// The session of a portal that an access link opened.
    Portal,
}

/// Under what condition something may be done.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ConditionOut {
    /// Not to Owners, nor for them.
    NotOfOwners,
    /// Only for the organisations that the caller is limited to.
    OwnOrganisation,
    /// Only where the organisation has the feature switched on.
    FeatureOn,
    /// The same, and a person of the partner approves.
    FeatureOnAndApproved,
    /// Only at the top partner.
    TopPartner,
}

/// Something that the caller may do: a row of the table of rights.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RightOut {
    /// What may be done.
    pub action: Action,
    /// Under what condition; null where there is none.
    pub condition: Option<ConditionOut>,
    /// The feature that the condition is about; null where it is about none.
    pub feature: Option<Feature>,
}

/// Who the caller is, and what they may do.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MeOut {
    /// How the audit log names the caller.
    pub name: String,
    /// What the caller showed to be let in.
    pub shown: ShownOut,
    /// The partner that the caller belongs to; null for the operator, and for who has signed in and is no person yet.
    pub partner: Option<PartnerId>,
    /// The person that the caller is; null for a token and for a portal.
    pub person: Option<PersonId>,
    /// The name of that person.
    pub person_name: Option<String>,
    /// The address to which mails to that person go.
    pub email: Option<String>,
    /// The caller's role; null where there is no partner.
    pub role: Option<Role>,
    /// The only organisations that the caller sees; null means all of the partner's.
    pub organisations: Option<Vec<OrganisationId>>,
    /// The only features that the caller may use, of those that are switched on; null means every one.
    pub features: Option<Vec<Feature>>,
    /// What the caller may do.
    pub may: Vec<RightOut>,
    /// The session that the caller holds; null where it holds none.
    pub session: Option<SessionId>,
    /// Until when that session is good at the most.
    pub session_expires_at: Option<Timestamp>,
    /// When the person last signed in, as far as that is known.
    pub signed_in_at: Option<Timestamp>,
    /// How many seconds ago that was.
    pub sign_in_age_seconds: Option<i64>,
}

impl MeOut {
    /// What is told of the caller at that time.
    pub fn at(me: Me, now: Timestamp) -> Self {
        let Me { caller, person, session } = me;
        let member = match &caller {
            Caller::Member(member) => Some(member),
            Caller::Operator | Caller::SignedIn(..) => None,
        };
        let (shown, signed_in_at) = match (&caller, member.map(|m| &m.proof)) {
            (Caller::Operator, _) => (ShownOut::Bootstrap, None),
            (_, None) => (ShownOut::SignIn, None),
            (_, Some(Proof::Token(_))) => (ShownOut::Token, None),
            (_, Some(Proof::SignIn { times, .. })) => (ShownOut::SignIn, times.signed_in_at),
            (_, Some(Proof::Session { signed_in_at, .. })) => (ShownOut::Session, *signed_in_at),
            (_, Some(Proof::Portal(_))) => (ShownOut::Portal, None),
        };
        Self {
            name: caller.name(),
            shown,
            partner: member.map(|m| m.partner.clone()),
            person: member.and_then(|m| m.person().cloned()),
            person_name: person.as_ref().map(|p| p.name.clone()),
            email: person.map(|p| p.email),
            role: member.map(|m| m.role),
            organisations: member.and_then(|m| m.organisations.clone()),
            features: member.and_then(|m| m.features.clone()),
            may: member.map(|m| rights_of(m.role)).unwrap_or_default(),
            session: session.as_ref().map(|s| s.id.clone()),
            session_expires_at: session.map(|s| s.expires_at),
            signed_in_at,
            sign_in_age_seconds: signed_in_at.map(|at| (now.as_second() - at.as_second()).max(0)),
        }
    }
}

/// The column of a role in the table of rights.
fn rights_of(role: Role) -> Vec<RightOut> {
    let cells = TABLE.iter().map(|(action, cells)| (*action, cells[role as usize]));
    let may = cells.filter(|(_, verdict)| *verdict != Verdict::No);
    let right = |(action, verdict)| {
        let (condition, feature) = condition_of(verdict);
        RightOut { action, condition, feature }
    };
    may.map(right).collect()
}

/// Under what condition, and of which feature, a verdict is a yes.
fn condition_of(verdict: Verdict) -> (Option<ConditionOut>, Option<Feature>) {
    match verdict {
        Verdict::No | Verdict::Yes => (None, None),
        Verdict::If(Condition::NotOfOwners) => (Some(ConditionOut::NotOfOwners), None),
        Verdict::If(Condition::OwnOrganisation) => (Some(ConditionOut::OwnOrganisation), None),
        Verdict::If(Condition::TopPartner) => (Some(ConditionOut::TopPartner), None),
        Verdict::If(Condition::FeatureOn(feature)) => (Some(ConditionOut::FeatureOn), Some(feature)),
        Verdict::If(Condition::FeatureOnAndApproved(feature)) => {
            (Some(ConditionOut::FeatureOnAndApproved), Some(feature))
        }
    }
}

/// The table of rights.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RightsOut {
    /// Its rows, one for each thing that may be done.
    pub actions: Vec<RowOfRightsOut>,
}

/// A row of the table of rights: something that may be done, and by whom.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RowOfRightsOut {
    /// What may be done, or not.
    pub action: Action,
    /// Its cells, one for each role.
    pub roles: Vec<CellOfRightsOut>,
}

/// A cell of the table of rights.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CellOfRightsOut {
    /// The role that the cell is about.
    pub role: Role,
    /// Whether that role may do it, under the condition where there is one.
    pub may: bool,
    /// Under what condition; null where there is none.
    pub condition: Option<ConditionOut>,
    /// The feature that the condition is about; null where it is about none.
    pub feature: Option<Feature>,
}

impl RightsOut {
    /// The whole table, as it holds everywhere.
    pub fn all() -> Self {
        let cell = |role: Role, verdict: Verdict| {
            let (condition, feature) = condition_of(verdict);
            CellOfRightsOut { role, may: verdict != Verdict::No, condition, feature }
        };
        let row = |(action, cells): &(Action, [Verdict; 6])| RowOfRightsOut {
            action: *action,
            roles: Role::ALL.into_iter().zip(cells).map(|(role, verdict)| cell(role, *verdict)).collect(),
        };
        Self { actions: TABLE.iter().map(row).collect() }
    }
}
