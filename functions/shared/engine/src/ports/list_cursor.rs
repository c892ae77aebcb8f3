//! Where a list of rows goes on: one form for every catalog, so that a command which stops in the middle of a page can say
//! behind which row the next part begins.

use super::Scope;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::{Error, Result};
use serde_json::json;

/// What such a cursor begins with, so that it is taken for no other.
const KIND: &str = "list";

/// The cursor behind the row of that key, as a list over its scope gives it and takes it. Not a secret, and opaque to
/// callers.
#[must_use]
pub fn list_cursor(scope: &Scope, key: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(json!([KIND, scope.text(), key]).to_string())
}

/// The key behind which a list of the scope's rows with that prefix goes on.
///
/// # Errors
/// `Invalid` when the text is no cursor, or is that of another scope or prefix.
pub fn read_list_cursor(cursor: &str, scope: &Scope, prefix: &str) -> Result<String> {
    let not_ours = || Error::invalid("the page token is not one of this list");
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(cursor).map_err(|_| not_ours())?;
    let parts: Vec<String> = serde_json::from_slice(&bytes).map_err(|_| not_ours())?;
    match parts.as_slice() {
        [kind, of, key]
            if kind == KIND && *of == scope.text() && !key.is_empty() && key.starts_with(prefix) =>
        {
            Ok(key.clone())
        }
        _ => Err(not_ours()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ErrorKind;

    fn tenant(first: char) -> Scope {
        let id = format!("{first}1111111-1111-1111-1111-111111111111");
        Scope::Tenant(id.parse().unwrap())
    }

    #[test]
    fn a_cursor_leads_back_to_its_row() {
        let key = "snapshot#snp_é\"/1";
        let cursor = list_cursor(&tenant('1'), key);
        assert_eq!(read_list_cursor(&cursor, &tenant('1'), "snapshot#").unwrap(), key);
    }

    #[test]
    fn a_cursor_of_another_tenant_or_prefix_is_invalid() {
        let cursor = list_cursor(&tenant('2'), "diff#1");
        for (scope, prefix) in [('1', "diff#"), ('1', ""), ('2', "snapshot#")] {
            let refused = read_list_cursor(&cursor, &tenant(scope), prefix).unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::Invalid);
        }
        for noise in ["", "%%%", "bm90IGpzb24", "W10"] {
            let refused = read_list_cursor(noise, &tenant('1'), "").unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::Invalid);
        }
    }
}
