//! The contract of `Exports` and of `ExportLinks`.

use super::{Subjects, refused};
use bytes::Bytes;
use domain::{DownloadId, ErrorKind};
use engine::ports::{ExportFile, ExportLinks, Exports, MIN_PART_BYTES};

/// What a link leads to, for whoever fetches it: the bytes, or none where there is nothing.
#[async_trait::async_trait]
pub trait ExportProbe: Send + Sync {
    /// Fetches what the link leads to.
    async fn fetch(&self, link: &str) -> Option<Bytes>;
}

/// Asserts the contract of `Exports`: a file is there once it is completed, whole, for its tenant and download alone; a part that
/// is put again counts once; an upload that is over is told as that.
pub async fn exports(
    exports: &dyn Exports,
    links: &dyn ExportLinks,
    probe: &dyn ExportProbe,
    subjects: &Subjects,
) {
    let file = |tenant: &domain::TenantId, last: char| ExportFile {
        tenant: tenant.clone(),
        download: DownloadId::from_ulid(&format!("01JAAAAAAAAAAAAAAAAAAAAAA{last}")),
    };
    let (ours, other) = (file(&subjects.tenant, 'A'), file(&subjects.other, 'A'));
    let found = async |file: &ExportFile| {
        probe.fetch(&links.link(file, "a.csv", "text/csv; charset=utf-8", 60).await.unwrap()).await
    };
    let upload = exports.begin(&ours).await.unwrap();
    let large = Bytes::from(vec![b'x'; MIN_PART_BYTES]);
    exports.put_part(&ours, &upload, 1, Bytes::from(vec![b'y'; MIN_PART_BYTES])).await.unwrap().unwrap();
    let first = exports.put_part(&ours, &upload, 1, large.clone()).await.unwrap().unwrap();
    let again = exports.put_part(&ours, &upload, 1, large.clone()).await.unwrap().unwrap();
    assert_eq!(first, again, "the same bytes have the same tag");
    let last = exports.put_part(&ours, &upload, 2, Bytes::from_static(b"end")).await.unwrap().unwrap();
    assert_eq!(found(&ours).await, None, "it is not there before it is whole");
    let wrong = exports.complete(&ours, &upload, &[last.clone(), first.clone()]).await;
    refused(wrong, ErrorKind::Invalid, "parts in another order");
    assert!(exports.complete(&ours, &upload, &[first.clone(), last.clone()]).await.unwrap());
    let whole = found(&ours).await.unwrap();
    assert_eq!((whole.len(), &whole[whole.len() - 3..]), (MIN_PART_BYTES + 3, &b"end"[..]));

    // It is over: nothing is put into it any more.
    assert_eq!(exports.put_part(&ours, &upload, 3, Bytes::from_static(b"more")).await.unwrap(), None);
    for stranger in [&other, &file(&subjects.tenant, 'B')] {
        assert_eq!(found(stranger).await, None, "{stranger:?}");
    }

    // A file without anything is a file, and a second one takes the place of the first.
    let upload = exports.begin(&ours).await.unwrap();
    let tag = exports.put_part(&ours, &upload, 1, Bytes::new()).await.unwrap().unwrap();
    assert!(exports.complete(&ours, &upload, &[tag]).await.unwrap());
    assert_eq!(found(&ours).await, Some(Bytes::new()));
}
