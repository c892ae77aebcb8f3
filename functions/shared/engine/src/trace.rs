//! Which story a piece of work belongs to, so that one name finds it in every function's log.
//!
//! Whatever calls a function names a trace. What that function enqueues takes the name with it, and so on to the last
//! mail. It decides nothing: work without one is done as well.

use std::fmt;

tokio::task_local! {
    static CURRENT: Option<Trace>;
}

/// A tracing header of AWS X-Ray: `Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1`. Other
/// fields of a header, such as `Lineage`, are the business of who wrote it, and are not passed on.
/// Source: <https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader>
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace(String);

impl Trace {
    /// The fields that are known of a header, if it is one: anything else must reach neither a log nor a queue.
    pub fn parse(header: &str) -> Option<Self> {
        let part = |name: &str| {
            header.split(';').find_map(|part| part.trim_matches(' ').strip_prefix(name)?.strip_prefix('='))
        };
        let root = part("Root").filter(|root| is_root(root))?;
        let mut kept = vec![format!("Root={root}")];
        if let Some(parent) = part("Parent").filter(|parent| is_hex(parent, 16)) {
            kept.push(format!("Parent={parent}"));
        }
        if let Some(sampled) = part("Sampled").filter(|sampled| ["0", "1"].contains(sampled)) {
            kept.push(format!("Sampled={sampled}"));
        }
        Some(Self(kept.join(";")))
    }

    /// The complete header, as it is passed on.
    pub fn header(&self) -> &str {
        &self.0
    }

    /// The name of the story, the same from its first call to the last mail; empty where the header has none.
    pub fn root(&self) -> &str {
        self.0.split(';').find_map(|part| part.strip_prefix("Root=")).unwrap_or_default()
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.root())
    }
}

/// Whether it is `1-`, 8 hexadecimal digits, `-` and 24 more.
fn is_root(root: &str) -> bool {
    let parts: Vec<&str> = root.split('-').collect();
    matches!(parts[..], ["1", time, name] if is_hex(time, 8) && is_hex(name, 24))
}

fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Does the work as part of that story.
pub async fn within<F: Future>(trace: Option<Trace>, work: F) -> F::Output {
    CURRENT.scope(trace, work).await
}

/// The story that the work at hand belongs to. A task that was spawned has none.
pub fn current() -> Option<Trace> {
    CURRENT.try_with(Clone::clone).ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";

    #[tokio::test]
    async fn work_knows_its_story_and_what_is_spawned_or_done_after_it_does_not() {
        let trace = Trace::parse(HEADER).unwrap();
        assert_eq!(
            (trace.header(), trace.to_string()),
            (HEADER, "1-5759e988-bd862e3fe1be46a994272793".into())
        );
        let (own, spawned) = within(Some(trace.clone()), async {
            (current(), tokio::spawn(async { current() }).await.unwrap())
        })
        .await;
        assert_eq!((own, spawned, current()), (Some(trace), None, None));
    }

    #[test]
    fn what_is_no_header_is_not_taken_for_one() {
        for text in [
            "",
            "Root=",
            "Root=1-5759e988-bd862e3fe1be46a99427279",
            "Root=1-5759e988-bd862e3fe1be46a99427279x",
            "Root=2-5759e988-bd862e3fe1be46a994272793",
            "Root=1-5759e988-bd862e3fe1be46a994272793\n",
        ] {
            assert_eq!(Trace::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn of_a_header_only_what_is_known_is_kept() {
        let root = "Root=1-5759e988-bd862e3fe1be46a994272793";
        for (text, kept) in [
            (format!("{HEADER};Lineage=037bed70:0"), HEADER.to_owned()),
            (format!("{HEADER};Lineage=1:fe460cdd:0|2:x"), HEADER.to_owned()),
            (format!("Self=1-a b; {root};Sampled=?"), root.to_owned()),
            (format!("{root};Parent=a name;Sampled=1"), format!("{root};Sampled=1")),
        ] {
            assert_eq!(Trace::parse(&text).unwrap().header(), kept, "{text}");
        }
    }
}
