//! The lines that are logged while something is done, for tests of what must be in none of them.

use std::io;
use std::sync::{Arc, Mutex, Once};
use tracing::instrument::WithSubscriber;

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl io::Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        crate::lock(&self.0).extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Does that, and gives with its result every line that it logged from level info up, each a JSON object. What tasks
/// log that it spawned is not among them.
///
/// # Panics
/// Where the program has a subscriber for all of its threads already: then lines of other tests would be among them.
pub async fn logged<T>(work: impl Future<Output = T>) -> (T, Vec<String>) {
    // Why: what another test's thread comes to first, while nobody listens there, may be taken for a line that nobody wants.
    static LISTENED_TO: Once = Once::new();
    LISTENED_TO.call_once(|| {
        tracing::subscriber::set_global_default(tracing_subscriber::registry())
            .expect("no other subscriber listens to all threads of this program");
    });
    let kept = Kept::default();
    let writer = kept.clone();
    let lines = tracing_subscriber::fmt().json().with_writer(move || writer.clone()).finish();
    let done = work.with_subscriber(lines).await;
    let text = String::from_utf8(crate::lock(&kept.0).clone()).expect("log lines are text");
    (done, text.lines().map(str::to_owned).collect())
}
