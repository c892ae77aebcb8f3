//! More is granted than is needed: told by class and by name, and stopping nothing.

use crate::rig::Rig;
use engine::records::CredentialStatus;
use jiff::SignedDuration;
use sim::READER_CLIENT_ID;

#[tokio::test]
async fn permissions_that_nothing_needs_are_named_in_the_class_that_they_are_of() {
    let rig = Rig::new().await;
    rig.snapshot().await;
    rig.world.mailer.take_sent();
    for (more, status, said) in [
        (&["Mail.Read", "BitlockerKey.Read.All"][..], CredentialStatus::ExcessReading, "More can be read"),
        (&["Mail.Read", "User.Create"], CredentialStatus::ExcessPermissions, "More is granted"),
        (&["User.ReadBasic.All"], CredentialStatus::Connected, "connected again"),
    ] {
        let granted = sim::READING.iter().chain(more).map(ToString::to_string).collect();
        rig.control.set_permissions(rig.tenant().as_str(), READER_CLIENT_ID, granted);
        rig.clock.advance(SignedDuration::from_hours(2));
        rig.restart();
        rig.snapshot().await;
        assert_eq!(rig.tenant_row(rig.tenant()).await.credentials, status, "{more:?}");
        let sent = rig.world.mailer.take_sent();
        let [mail] = &sent[..] else { panic!("{more:?}: {} mails", sent.len()) };
        assert!(mail.subject.contains(said), "{}", mail.subject);
        for name in more.iter().filter(|_| status != CredentialStatus::Connected) {
            assert!(mail.text.contains(name), "{name}: {}", mail.text);
        }
    }
}
