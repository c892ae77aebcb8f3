//! Who asks, and the gate at which every call of the partner plane and the data plane is checked.
//!
//! [`Gate`] finds the partner or the organisation that is asked about, keeps the walls between partners
//! and asks the rights table. What the caller may not see does not exist for it: `NotFound`, never
//! `Denied`, so that nobody learns which ids are somebody else's.

use domain::reach::Reach;
use domain::rights::{Action, Condition, Feature, Role, Verdict, can_be_limited, may, may_give};
use domain::{Error, OrganisationId, PartnerId, PersonId, Result, SessionId, Timestamp, TokenId};
use engine::records::{
    About, Found, Identity, Maker, Organisation, OrganisationPlace, OrganisationState, Partner, Records,
};

/// Who makes a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Whoever runs the installation; may make top partners, and nothing else.
    Operator,
    /// A person or token of a partner.
    Member(Member),
    /// Somebody who has signed in and is no person of any partner yet; may accept an invitation.
    SignedIn(Identity, SignInTimes),
}

/// What the issuer says of when somebody signed in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SignInTimes {
    /// When they signed in (`auth_time`); none where the issuer does not say.
    pub signed_in_at: Option<Timestamp>,
    /// When the token that they showed was made (`iat`). It is no sign-in: whoever is signed in at the issuer gets another
    /// token without showing who they are, unless they are asked to.
    pub token_made_at: Option<Timestamp>,
}

impl SignInTimes {
    /// Somebody who signed in then.
    pub fn at(signed_in_at: Option<Timestamp>) -> Self {
        Self { signed_in_at, token_made_at: None }
    }

    /// When they signed in, where they had to show who they are for this token (`prompt=login`) or not.
    pub fn of(self, was_prompted: bool) -> Option<Timestamp> {
        self.signed_in_at.or(self.token_made_at.filter(|_| was_prompted))
    }
}

/// A person or token of a partner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The partner that it belongs to.
    pub partner: PartnerId,
    /// The role, which says what it may do.
    pub role: Role,
    /// Only for these organisations; absent means every one that the partner sees.
    pub organisations: Option<Vec<OrganisationId>>,
    /// Only these of the features that an organisation has switched on; absent means every one.
    pub features: Option<Vec<Feature>>,
    /// How logs and the audit log name the token, the person or the portal's session; not a secret.
    pub token: String,
    /// The person whom its token or link comes from, through whichever tokens; none for a person, and where that was not
    /// written down.
    pub made_by: Option<PersonId>,
    /// What it showed to be let in.
    pub proof: Proof,
}

/// What a member showed to be let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// An API token; tokens made before there were lists have no id.
    Token(Option<TokenId>),
    /// A token of the issuer that people sign in with.
    SignIn {
        /// Whose sign-in it is.
        person: PersonId,
        /// When that was, as far as the issuer says.
        times: SignInTimes,
    },
    /// A session that a person began after they had signed in.
    Session {
        /// The session that the request came with.
        id: SessionId,
        /// The person whose session it is.
        person: PersonId,
        /// When they had signed in; none where the issuer did not say.
        signed_in_at: Option<Timestamp>,
    },
    /// The session of a portal that an access link opened.
    Portal(SessionId),
}

impl Caller {
    /// As whom it makes tokens, links and invitations, see [`Member::maker`].
    ///
    /// # Errors
    /// `Denied` where nobody could be named: what has no maker would end with nobody.
    pub fn maker(&self) -> Result<Maker> {
        let maker = match self {
            Self::Operator => Some(Maker::Operator),
            Self::Member(member) => member.maker(),
            Self::SignedIn(..) => None,
        };
        maker.ok_or_else(|| {
            Error::denied(
                "this token is of before tokens were listed, and what it made would end with nobody: a person makes it, \
                 or a newer token",
            )
        })
    }

    /// How logs and the audit log name the caller. Never a secret; of somebody who has only signed in it is a hash, not
    /// the name.
    pub fn name(&self) -> String {
        match self {
            Self::Operator => "operator".to_owned(),
            Self::Member(member) => member.token.clone(),
            Self::SignedIn(identity, _) => {
                let hash = blake3::hash(format!("{} {}", identity.issuer, identity.subject).as_bytes());
                format!("signed-in {}", &hash.to_hex()[..16])
            }
        }
    }

    /// The person or token of a partner that the caller is.
    ///
    /// # Errors
    /// `Denied` for the operator: what is asked is a partner's business.
    pub fn member(&self) -> Result<&Member> {
        match self {
            Self::Member(member) => Ok(member),
            Self::SignedIn(..) => Err(Error::denied("whoever is signed in is not a person of any partner")),
            Self::Operator => Err(Error::denied("the bootstrap token can only create partners")),
        }
    }
}

/// Checks each call before it is worked on.
#[derive(Clone)]
pub struct Gate {
    /// Where partners and organisations are found.
    pub records: Records,
}

impl Gate {
    /// The partner that the caller acts for: its own, or one below it when `partner` names one.
    ///
    /// # Errors
    /// `NotFound` when the caller does not see that partner; `Denied` when the right is missing.
    pub async fn partner(
        &self,
        caller: &Caller,
        partner: Option<&PartnerId>,
        action: Action,
    ) -> Result<Found<Partner>> {
        let member = caller.member()?;
        let id = partner.unwrap_or(&member.partner);
        let found = self.find_partner(id).await?.filter(|p| p.value.is_seen_by(&member.partner));
        let found = found.ok_or_else(|| Error::not_found("there is no such partner"))?;
        match may(member.role, action) {
            Verdict::Yes | Verdict::If(Condition::NotOfOwners) => Ok(found),
            Verdict::If(Condition::TopPartner) if found.value.above.is_empty() => Ok(found),
            Verdict::If(_) | Verdict::No => Err(refusal(member.role)),
        }
    }

    /// The organisation of that id, when the caller may do `action` there.
    ///
    /// # Errors
    /// `NotFound` when the caller does not see it; `Denied` when the right, or the feature, is missing.
    pub async fn organisation(
        &self,
        caller: &Caller,
        id: &OrganisationId,
        action: Action,
    ) -> Result<Found<Organisation>> {
        let member = caller.member()?;
        let found = self.seen_organisation(member, id).await?;
        let found = found.ok_or_else(|| Error::not_found("there is no such organisation"))?;
        member.check(&found.value, action)?;
        Ok(found)
    }

    /// Checks that the caller may itself do what these features let end users do in an organisation: nobody gives what
    /// they do not have.
    ///
    /// # Errors
    /// `Denied` when a right is missing; `NotFound` as [`Self::organisation`].
    pub async fn gives(&self, caller: &Caller, id: &OrganisationId, features: &[Feature]) -> Result<()> {
        for feature in features {
            self.organisation(caller, id, feature.right()).await?;
        }
        Ok(())
    }

    /// The caller's partner, when the caller may manage its people of all those roles.
    ///
    /// # Errors
    /// `Denied` when the right is missing, or one of the roles is out of the caller's reach.
    pub async fn people(&self, caller: &Caller, roles: &[Role]) -> Result<Partner> {
        let partner = self.partner(caller, None, Action::ManagePeople).await?.value;
        let member = caller.member()?;
        // Why: a limited caller could otherwise make people without its limitation.
        let fine = member.organisations.is_none() && roles.iter().all(|r| may_give(member.role, *r));
        if fine { Ok(partner) } else { Err(refusal(member.role)) }
    }

    /// The organisations that a new person or token of that role is limited to: those that were asked for, or else the
    /// caller's own limitation. None means no limitation.
    ///
    /// # Errors
    /// `Denied` when the role is not the caller's to give; `Invalid` naming the organisation that the caller does
    /// not see, or `organisations` where the role has none or must have some.
    pub async fn reach(
        &self,
        caller: &Caller,
        role: Role,
        wanted: Option<Vec<OrganisationId>>,
    ) -> Result<Option<Vec<OrganisationId>>> {
        let member = caller.member()?;
        if !may_give(member.role, role) {
            return Err(Error::denied(format!("the role {} is not yours to give", role.label())));
        }
        let Some(mut named) = wanted.or_else(|| member.organisations.clone()) else {
            if role == Role::EndCustomer {
                return Err(Error::invalid_field(
                    "organisations",
                    "an end customer is one of an organisation",
                ));
            }
            return Ok(None);
        };
        if !can_be_limited(role) {
            let why = format!("the role {} cannot be limited to organisations", role.label());
            return Err(Error::invalid_field("organisations", why));
        }
        for (i, id) in named.iter().enumerate() {
            if self.seen_organisation(member, id).await?.is_none() {
                let why = "there is no such organisation";
                return Err(Error::invalid_field(format!("organisations[{i}]"), why));
            }
        }
        named.sort();
        named.dedup();
        Ok(Some(named))
    }

    /// Whose that is: the partner that has the organisation, or those above the partner, the nearest first. None where the
    /// caller does not see it.
    pub(super) async fn line(&self, member: &Member, about: &About) -> Result<Option<Vec<PartnerId>>> {
        let above = |partner: Partner| partner.above.into_iter().rev();
        match about {
            About::Partner(id) => {
                let found = self.find_partner(id).await?.filter(|p| p.value.is_seen_by(&member.partner));
                Ok(found.map(|found| above(found.value).collect()))
            }
            About::Organisation(id) => {
                let Some(found) = self.seen_organisation(member, id).await? else { return Ok(None) };
                let own = found.value.partner;
                let Some(partner) = self.find_partner(&own).await? else { return Ok(None) };
                Ok(Some(std::iter::once(own).chain(above(partner.value)).collect()))
            }
        }
    }

    async fn seen_organisation(
        &self,
        member: &Member,
        id: &OrganisationId,
    ) -> Result<Option<Found<Organisation>>> {
        if !member.sees(id) {
            return Ok(None);
        }
        let place = self.records.find(&OrganisationPlace::at(id)).await?;
        let Some(place) = place else { return Ok(None) };
        let owner = &place.value.partner;
        if *owner != member.partner {
            let above = self.find_partner(owner).await?;
            if !above.is_some_and(|p| p.value.is_seen_by(&member.partner)) {
                return Ok(None);
            }
        }
        self.records.find(&Organisation::at(owner, id)).await
    }

    /// A partner by its id, whether the caller sees it or not: for an offer to it. Nothing but that it exists may go
    /// into an answer.
    pub(crate) async fn known_partner(&self, id: &PartnerId) -> Result<Option<Partner>> {
        Ok(self.find_partner(id).await?.map(|found| found.value))
    }

    pub(super) async fn find_partner(&self, id: &PartnerId) -> Result<Option<Found<Partner>>> {
        self.records.find(&Partner::at(id)).await
    }
}

impl Member {
    /// Whoever holds a token without an id.
    pub fn of_token(
        partner: PartnerId,
        role: Role,
        organisations: Option<Vec<OrganisationId>>,
        token: impl Into<String>,
    ) -> Self {
        let (features, made_by, proof) = (None, None, Proof::Token(None));
        Self { partner, role, organisations, features, token: token.into(), made_by, proof }
    }

    /// The person in whose name it asks: itself, or whom its token or link comes from.
    pub fn in_name_of(&self) -> Option<&PersonId> {
        self.person().or(self.made_by.as_ref())
    }

    /// The person that it is, if it is one.
    pub fn person(&self) -> Option<&PersonId> {
        match &self.proof {
            Proof::SignIn { person, .. } | Proof::Session { person, .. } => Some(person),
            Proof::Token(_) | Proof::Portal(_) => None,
        }
    }

    /// As whom it makes tokens and links; none for a token without an id, and for a portal, which makes nothing.
    pub fn maker(&self) -> Option<Maker> {
        let partner = self.partner.clone();
        match &self.proof {
            Proof::SignIn { person, .. } | Proof::Session { person, .. } => {
                Some(Maker::Person { partner, person: person.clone() })
            }
            Proof::Token(token) => token.clone().map(|token| Maker::Token { partner, token }),
            Proof::Portal(_) => None,
        }
    }

    /// How far it may act.
    pub fn reach(&self) -> Reach {
        Reach { role: self.role, organisations: self.organisations.clone(), features: self.features.clone() }
    }

    /// Checks that the member, who sees that organisation, may do `action` there.
    ///
    /// # Errors
    /// `Denied` when the right, or the feature, is missing.
    pub(super) fn check(&self, organisation: &Organisation, action: Action) -> Result<()> {
        let refused = |why: &str| Err(Error::denied(why));
        match may(self.role, action) {
            Verdict::Yes => {}
            Verdict::If(Condition::OwnOrganisation) => {
                if !self.organisations.as_ref().is_some_and(|own| own.contains(&organisation.id)) {
                    return refused("only whoever is limited to the organisation may do this");
                }
            }
            // Why not the approval as well: it is asked where the work is about to begin, of what is to be done then.
            Verdict::If(Condition::FeatureOn(feature) | Condition::FeatureOnAndApproved(feature)) => {
                if !organisation.features.contains(&feature) {
                    return refused(
                        "this is switched off for the organisation; its partner can switch it on",
                    );
                }
                // Why: what was made by somebody without the feature, or before it was switched on, does not gain it.
                if self.features.as_ref().is_some_and(|own| !own.contains(&feature)) {
                    return refused(
                        "the token or the session was made without this feature; a new one may have it",
                    );
                }
            }
            Verdict::If(Condition::NotOfOwners | Condition::TopPartner) | Verdict::No => {
                return Err(refusal(self.role));
            }
        }
        if !may_sign_in(self, organisation) {
            return refused("nobody signs in to the organisation now: it is suspended or has left");
        }
        Ok(())
    }

    /// Whether the member's limitation includes that organisation.
    pub fn sees(&self, id: &OrganisationId) -> bool {
        match &self.organisations {
            Some(named) => named.contains(id),
            // Why: an end customer belongs to one organisation; one without any sees none.
            None => self.role != Role::EndCustomer,
        }
    }
}

/// People of an organisation that is suspended or has left do not sign in; the partner's do.
pub(super) fn may_sign_in(member: &Member, organisation: &Organisation) -> bool {
    member.role != Role::EndCustomer || organisation.state == OrganisationState::Active
}

pub(super) fn refusal(role: Role) -> Error {
    Error::denied(format!("the role {} may not do this", role.label()))
}
