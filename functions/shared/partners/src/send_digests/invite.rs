//! Invitations whose mail is due. The secret is made here. Only its hash is kept; the secret itself stands in the mail
//! alone. An invitation that has to be mailed again gets another secret; each of them opens it, and it is accepted
//! once.

use super::{Report, Worker};
use domain::{ErrorKind, Result, Timestamp};
use engine::ports::Page;
use engine::records::{
    ApiToken, Delivery, Found, HandOver, Invitation, InvitationToken, MailStanding, put_new, replace, watched,
};
use jiff::SignedDuration;

/// What came of an invitation's mail.
enum Invite {
    Sent,
    Refused,
    /// It was handed over, and what became of it is not known yet.
    Waits,
    /// It is not due, or another process sends it.
    Claimed,
    /// Nobody wrote whether it left; it counts as sent.
    Settled,
}

/// After how long a mail that did not leave is tried again.
const AGAIN: SignedDuration = SignedDuration::from_mins(5);
/// How many due invitations are read at once.
const PAGE_ROWS: usize = 100;

impl Worker {
    pub(super) async fn invite(&self, deadline: Timestamp, report: &mut Report) -> Result<()> {
        let mut after = None;
        loop {
            let page = Page { after, limit: PAGE_ROWS, descending: false };
            let (due, next) = self.records.list_due::<Invitation>(watched::INVITATIONS_DUE, page).await?;
            for listed in due {
                if self.clock.now() >= deadline {
                    return Ok(());
                }
                match self.invite_one(&listed.value).await {
                    Ok(Invite::Sent) => report.sent += 1,
                    Ok(Invite::Refused) => report.refused += 1,
                    Ok(Invite::Waits) => report.waiting += 1,
                    Ok(Invite::Claimed) => report.claimed += 1,
                    Ok(Invite::Settled) => {}
                    Err(error) => {
                        report.failed += 1;
                        let (invitation, kind) = (&listed.value.id, error.kind().name());
                        tracing::warn!(%invitation, kind, %error, "an invitation's mail failed");
                    }
                }
            }
            match next {
                Some(_) => after = next,
                None => return Ok(()),
            }
        }
    }

    /// Mails one invitation, unless it is accepted, revoked or over by now.
    async fn invite_one(&self, listed: &Invitation) -> Result<Invite> {
        let now = self.clock.now();
        let found = self.records.find(&Invitation::at(&listed.partner, &listed.id)).await?;
        let due = |i: &Invitation| i.is_open(now) && i.mail_due_at.is_some_and(|at| at <= now);
        let Some(Found { value: mut invitation, version }) = found.filter(|f| due(&f.value)) else {
            return Ok(Invite::Claimed);
        };
        match self.standing(invitation.handed.as_ref()) {
            MailStanding::Waits => return Ok(Invite::Waits),
            // It has left, as far as anybody knows: whoever invited sees when, and can invite again.
            MailStanding::Lost => {
                invitation.mail_due_at = None;
                invitation.mailed_at = invitation.handed.take().map(|handed| handed.at);
                self.records.replace(&invitation, version).await?;
                return Ok(Invite::Settled);
            }
            MailStanding::Free => {}
        }
        let secret = format!("{}{}", InvitationToken::START, self.ids.token());
        let token = InvitationToken {
            hash: ApiToken::hash(&secret),
            partner: invitation.partner.clone(),
            invitation: invitation.id.clone(),
            expires_at: invitation.expires_at,
        };
        // Rendered before anything is written: what cannot be rendered was not handed over.
        let mail = self.templates.invitation(&invitation, &secret)?;
        invitation.mail_due_at = Some(now + AGAIN);
        invitation.handed = Some(HandOver::new(now));
        match self.records.write(vec![replace(&invitation, version)?, put_new(&token)?]).await {
            Err(e) if e.kind() == ErrorKind::Conflict => return Ok(Invite::Claimed),
            claimed => claimed?,
        }
        let handed = self.hand_over(&mail, &invitation.id).await;
        let invited = match &handed {
            Ok(Some(delivery)) => {
                let taken = *delivery == Delivery::Sent;
                (invitation.mail_due_at, invitation.handed) = (None, None);
                invitation.refused = !taken;
                invitation.mailed_at = taken.then(|| self.clock.now());
                if taken { Invite::Sent } else { Invite::Refused }
            }
            Ok(None) => {
                invitation.handed = Some(HandOver { at: self.clock.now(), is_unanswered: true });
                Invite::Waits
            }
            Err(_) => {
                invitation.handed = None;
                Invite::Waits
            }
        };
        // Accepted or withdrawn while the mail left: then nothing is due any more, and this is not written.
        self.note(&invitation, version + 1).await;
        handed.map(|_| invited)
    }
}
