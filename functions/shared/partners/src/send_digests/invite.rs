//! Invitations whose mail is due. The secret is made here. Only its hash is kept; the secret itself stands in the mail
//! alone. An invitation that has to be mailed again gets another secret; each of them opens it, and it is accepted
//! once.

use super::{Report, Worker};
use domain::{ErrorKind, Result, Timestamp};
use engine::ports::Page;
use engine::records::{ApiToken, Delivery, Found, Invitation, InvitationToken, put_new, replace, watched};
use jiff::SignedDuration;

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
                    Ok(Some(true)) => report.sent += 1,
                    Ok(Some(false)) => report.refused += 1,
                    Ok(None) => report.claimed += 1,
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

    /// Mails one invitation. True when the mail service took the mail, false when the address can take none; none
    /// when the invitation is not due, or another process sends it.
    async fn invite_one(&self, listed: &Invitation) -> Result<Option<bool>> {
        let now = self.clock.now();
        let found = self.records.find(&Invitation::at(&listed.partner, &listed.id)).await?;
        let due = |i: &Invitation| i.is_open(now) && i.mail_due_at.is_some_and(|at| at <= now);
        let Some(Found { value: mut invitation, version }) = found.filter(|f| due(&f.value)) else {
            return Ok(None);
        };
        let secret = format!("{}{}", InvitationToken::START, self.ids.token());
        let token = InvitationToken {
            hash: ApiToken::hash(&secret),
            partner: invitation.partner.clone(),
            invitation: invitation.id.clone(),
            expires_at: invitation.expires_at,
        };
        invitation.mail_due_at = Some(now + AGAIN);
        match self.records.write(vec![replace(&invitation, version)?, put_new(&token)?]).await {
            Err(e) if e.kind() == ErrorKind::Conflict => return Ok(None),
            claimed => claimed?,
        }
        let mail = self.templates.invitation(&invitation, &secret)?;
        let taken = self.hand_over(&mail, &invitation.id).await? == Delivery::Sent;
        invitation.mail_due_at = None;
        invitation.refused = !taken;
        invitation.mailed_at = taken.then(|| self.clock.now());
        match self.records.replace(&invitation, version + 1).await {
            // Accepted or withdrawn while the mail left: then nothing is due any more.
            Err(e) if e.kind() == ErrorKind::Conflict => Ok(Some(taken)),
            done => done.map(|()| Some(taken)),
        }
    }
}
