//! Keys, secrets and mails as files: who may read them, and what a repetition does.

use crate::common::{HandClock, ids};
use domain::{ErrorKind, TenantId};
use engine::ports::{Handed, KeyRing, Mail, Mailer, Secret, Secrets};
use local::embedded::{FileSecrets, KeyFile, Outbox, SecretSettings};
use runtime::system::SystemIds;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

fn tenant() -> TenantId {
    "a1b2c3d4-0000-1111-2222-333344445555".parse().unwrap()
}

#[tokio::test]
async fn a_key_wrapped_before_a_restart_is_unwrapped_after_it_and_by_no_other_ring() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys/master.key");
    let ring = KeyFile::open(&file, Arc::new(SystemIds::default())).await.unwrap();
    let (key, wrapped) = ring.generate(&tenant()).await.unwrap();
    drop(ring);
    let mode = fs::metadata(&file).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);

    let ring = KeyFile::open(&file, Arc::new(SystemIds::default())).await.unwrap();
    assert_eq!(ring.unwrap(&tenant(), &wrapped).await.unwrap().expose(), key.expose());
    let other = KeyFile::open(&folder.path().join("other"), Arc::new(SystemIds::default())).await.unwrap();
    assert_eq!(other.unwrap(&tenant(), &wrapped).await.unwrap_err().kind(), ErrorKind::Denied);
}

#[tokio::test]
async fn a_key_or_secret_that_others_may_read_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("master.key");
    KeyFile::open(&file, ids()).await.unwrap();
    let secrets = FileSecrets::open(folder.path(), SecretSettings::default()).unwrap();
    secrets.put("graph-reader", &Secret::new("{}")).await.unwrap();
    for path in [file.clone(), folder.path().join("graph-reader.json")] {
        fs::set_permissions(path, Permissions::from_mode(0o640)).unwrap();
    }
    assert_eq!(KeyFile::open(&file, ids()).await.err().unwrap().kind(), ErrorKind::Denied);
    let error = secrets.get("graph-reader").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied);
    assert!(error.to_string().contains("chmod 600"));
}

#[tokio::test]
async fn a_file_that_holds_no_key_is_corrupt_and_is_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("master.key");
    KeyFile::open(&file, ids()).await.unwrap();
    fs::write(&file, "not a key").unwrap();
    assert_eq!(KeyFile::open(&file, ids()).await.err().unwrap().kind(), ErrorKind::Corrupt);
    assert_eq!(fs::read_to_string(&file).unwrap(), "not a key");
}

#[tokio::test]
async fn settings_go_before_files_and_a_half_given_credential_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let pem = folder.path().join("some.pem");
    fs::write(&pem, "PEM").unwrap();
    let pem = pem.to_str().unwrap().to_owned();
    let settings = |given: &[(&'static str, &str)]| {
        let given: Vec<_> = given.iter().map(|(k, v)| (*k, (*v).to_owned())).collect();
        SecretSettings::read(move |name| given.iter().find(|(k, _)| *k == name).map(|(_, v)| v.clone()))
    };
    let both = settings(&[
        ("HOLDFAST_READER_CLIENT_ID", "r"),
        ("HOLDFAST_READER_CLIENT_SECRET", "s"),
        ("HOLDFAST_WRITER_CLIENT_ID", "w"),
        ("HOLDFAST_WRITER_CERTIFICATE", &pem),
        ("HOLDFAST_WRITER_KEY", &pem),
    ]);
    let secrets = FileSecrets::open(folder.path(), both.unwrap()).unwrap();
    secrets.put("graph-reader", &Secret::new("of the file")).await.unwrap();
    let value = |text: &Secret| serde_json::from_str::<serde_json::Value>(text.expose()).unwrap();
    let reader = value(&secrets.get("graph-reader").await.unwrap());
    assert_eq!(reader, serde_json::json!({ "clientId": "r", "clientSecret": "s" }));
    let writer = value(&secrets.get("graph-writer").await.unwrap());
    let wanted = serde_json::json!({ "clientId": "w", "certificatePem": "PEM", "privateKeyPem": "PEM" });
    assert_eq!(writer, wanted);
    for half in [
        &[("HOLDFAST_READER_CLIENT_ID", "r")][..],
        &[("HOLDFAST_READER_CLIENT_ID", "r"), ("HOLDFAST_READER_CERTIFICATE", pem.as_str())],
    ] {
        assert_eq!(settings(half).unwrap_err().kind(), ErrorKind::Invalid);
    }
}

#[tokio::test]
async fn a_mail_sent_again_replaces_its_file_and_names_sort_by_time() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(HandClock::default());
    let outbox = Outbox::open(folder.path(), "holdfast@example.com", clock.clone()).unwrap();
    let mail = |id: &str, text: &str| Mail {
        id: id.parse().unwrap(),
        to: "a@example.com".to_owned(),
        subject: "Changes".to_owned(),
        text: text.to_owned(),
        html: format!("<p>{text}</p>"),
        about: support::contracts::about(),
    };
    let first = outbox.send(&mail("z-1", "once")).await.unwrap();
    clock.0.advance_ms(1500);
    let second = outbox.send(&mail("a-2", "later")).await.unwrap();
    clock.0.advance_ms(1500);
    assert_eq!(outbox.send(&mail("z-1", "twice")).await.unwrap(), first);
    let name = |handed| match handed {
        Handed::Taken(name) => name,
        other => panic!("the address is good: {other:?}"),
    };
    let (first, second) = (name(first), name(second));
    assert_eq!(first, "20260105T080000000Z-z-1.eml");
    assert!(first < second);
    let mut files: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    files.sort();
    assert_eq!(files, [first.clone(), second]);
    assert!(fs::read_to_string(folder.path().join(first)).unwrap().contains("twice"));
}
