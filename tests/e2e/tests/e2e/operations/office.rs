//! A partner as its own API and authorizer see it: each over the rows behind its own role.

use crate::rig::Rig;
use domain::reach::Reach;
use domain::rights::Role;
use domain::{ErrorKind, InvitationId, OrganisationId, PartnerId, PersonId};
use engine::ports::{Clock, Ids};
use engine::records::rights::Function;
use engine::records::{Identity, IdentityLink, InvitationToken, Person};
use partners::commands::access::PortalAccess;
use partners::commands::invitations::{Invitations, NewInvitation};
use partners::commands::people::People;
use partners::commands::sessions::Sessions;
use partners::commands::sign_in::FindCaller;
use partners::commands::tokens::{MadeToken, NewToken, Tokens};
use partners::commands::{Caller, Gate, SignInTimes};
use std::sync::Arc;

/// A partner whose people, tokens, sessions, links and invitations are asked about as its own API and authorizer do.
pub struct Office<'a> {
    pub rig: &'a Rig,
    pub partner: PartnerId,
    pub organisation: OrganisationId,
}

impl Office<'_> {
    fn gate(&self) -> Gate {
        Gate { records: self.rig.records_of(Function::PlanApi) }
    }
    fn clock(&self) -> Arc<dyn Clock> {
        self.rig.clock.clone()
    }
    fn ids(&self) -> Arc<dyn Ids> {
        self.rig.world.ids.clone()
    }
    pub fn tokens(&self) -> Tokens {
        Tokens { gate: self.gate(), clock: self.clock(), ids: self.ids() }
    }
    pub fn people(&self) -> People {
        People { gate: self.gate(), clock: self.clock() }
    }
    pub fn sessions(&self) -> Sessions {
        Sessions { gate: self.gate(), clock: self.clock(), ids: self.ids() }
    }
    pub fn invitations(&self) -> Invitations {
        Invitations { gate: self.gate(), clock: self.clock(), ids: self.ids(), has_sign_in: true }
    }
    pub fn portal(&self) -> PortalAccess {
        let portal_url = "https://api.example.com/portal".parse().unwrap();
        PortalAccess { gate: self.gate(), clock: self.clock(), ids: self.ids(), portal_url }
    }

    fn identity(name: &str) -> Identity {
        Identity { issuer: "https://login.example.com/v2.0".to_owned(), subject: name.to_owned() }
    }
    /// Who signs in under that name.
    pub async fn signed_in(&self, name: &str) -> Caller {
        let times = SignInTimes::at(Some(self.rig.clock.now()));
        self.authorizer().find_signed_in_at(Self::identity(name), times).await.unwrap()
    }
    pub fn authorizer(&self) -> FindCaller {
        let records = self.rig.records_of(Function::AuthorizeRequest);
        FindCaller { records, clock: self.clock(), bootstrap_sha256: None }
    }
    /// How far whoever shows that text may act; nothing where it lets nobody in.
    pub async fn reach(&self, text: &str) -> Option<Reach> {
        let found = self.authorizer().find(text).await.unwrap();
        found.map(|caller| caller.member().unwrap().reach())
    }
    /// A person who can sign in under that name.
    pub async fn person(&self, name: &str, role: Role) -> (PersonId, Caller) {
        let id = PersonId::from_ulid(&self.ids().ulid());
        let (partner, email, now) =
            (self.partner.clone(), format!("{name}@msp.example"), self.rig.clock.now());
        let person = Person::new(id.clone(), partner.clone(), role, name, email, "UTC", now).unwrap();
        let link = IdentityLink { identity: Self::identity(name), partner, person: id.clone() };
        let person = Person { identity: Some(link.identity.clone()), ..person };
        self.rig.records.put_new(&person).await.unwrap();
        self.rig.records.put_new(&link).await.unwrap();
        (id, self.signed_in(name).await)
    }
    pub async fn token(&self, by: &Caller, role: Role) -> MadeToken {
        let new = NewToken { name: "t".to_owned(), role, organisations: None, expires_at: None };
        self.tokens().create(by, new).await.unwrap()
    }
    /// The secret of a new link to the portal.
    pub async fn link(&self, by: &Caller) -> String {
        let link = self.portal().link(by, &self.organisation).await.unwrap();
        link.url.fragment().unwrap().strip_prefix("access=").unwrap().to_owned()
    }
    /// An invitation and the secret that was mailed for it.
    pub async fn invited(&self, by: &Caller, name: &str) -> (InvitationId, String) {
        let new = NewInvitation {
            name: name.to_owned(),
            email: format!("{name}@msp.example"),
            role: Role::Support,
            organisations: None,
            time_zone: "UTC".to_owned(),
        };
        let invitation = self.invitations().create(by, new).await.unwrap();
        self.rig.tick().await;
        let mail = self.rig.world.mailer.sent().pop().unwrap();
        let secret = mail.text.lines().find(|line| line.starts_with(InvitationToken::START)).unwrap();
        (invitation.id, secret.to_owned())
    }
    /// Whether somebody who has only signed in becomes a person by that secret.
    pub async fn accepts(&self, name: &str, secret: &str) -> Result<PersonId, ErrorKind> {
        let caller = Caller::SignedIn(Self::identity(name), SignInTimes::default());
        let accepted = self.invitations().accept(&caller, secret).await;
        accepted.map(|person| person.id).map_err(|error| error.kind())
    }
}
