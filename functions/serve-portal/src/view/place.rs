//! Paths of pages that name something by a key of its own.

/// A path of those segments, each encoded by itself: the key of a role assignment has slashes in it.
pub fn path(segments: &[&str]) -> String {
    let mut url = url::Url::parse("http://portal.invalid/").expect("a constant address is one");
    if let Ok(mut parts) = url.path_segments_mut() {
        parts.extend(segments);
    }
    url.path().to_owned()
}
