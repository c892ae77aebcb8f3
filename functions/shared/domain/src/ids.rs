//! Names of things. Ours have a prefix and sort by the time of their making; Microsoft's are GUIDs.

use crate::{Error, Result};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::{fmt, str::FromStr};

macro_rules! prefixed_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// What every such id begins with.
            pub const PREFIX: &'static str = $prefix;
            /// An id from 26 characters of Crockford base32 that sort by time (a ULID).
            pub fn from_ulid(ulid: &str) -> Self {
                Self(format!("{}{}", $prefix, ulid.to_ascii_lowercase()))
            }
            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl FromStr for $name {
            type Err = Error;
            fn from_str(text: &str) -> Result<Self> {
                let rest = text.strip_prefix($prefix).filter(|r| {
                    r.len() == 26 && r.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase())
                });
                match rest {
                    Some(_) => Ok(Self(text.to_owned())),
                    None => Err(Error::invalid(concat!("not an id of the form ", $prefix, "…"))),
                }
            }
        }
        impl TryFrom<String> for $name {
            type Error = Error;
            fn try_from(text: String) -> Result<Self> {
                text.parse()
            }
        }
        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "pattern": concat!("^", $prefix, "[0-9a-z]{26}$") })
            }
        }
        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

prefixed_id!(/** A partner: an MSP or reseller. */ PartnerId, "prt_");
prefixed_id!(/** A person of a partner or of an organisation. */ PersonId, "per_");
prefixed_id!(/** An API token, apart from its secret. */ TokenId, "tok_");
prefixed_id!(/** A session of a person or of a portal, apart from its secret. */ SessionId, "ses_");
prefixed_id!(/** An invitation of a person. */ InvitationId, "inv_");
prefixed_id!(/** A plan. */ PlanId, "pln_");
prefixed_id!(/** A customer of a partner. */ OrganisationId, "org_");
prefixed_id!(/** An organisation on a plan. */ SubscriptionId, "sub_");
prefixed_id!(/** A request for a downgrade. */ DowngradeId, "dwn_");
prefixed_id!(/** A snapshot. */ SnapshotId, "snp_");
prefixed_id!(/** A comparison. */ DiffId, "dif_");
prefixed_id!(/** A restore, from its preview to its report. */ RestoreId, "rst_");
prefixed_id!(/** A restore set: one change taken back in several tenants. */ RestoreSetId, "set_");
prefixed_id!(/** A download: a file of what was backed up, while it is made and until it ends. */ DownloadId, "dow_");

/// A customer's Entra directory: its GUID, in lower case.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TenantId(String);

impl TenantId {
    /// The GUID as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TenantId {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        if is_guid(text) {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(Error::invalid("a tenant id is a GUID"))
        }
    }
}
impl TryFrom<String> for TenantId {
    type Error = Error;
    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}
impl JsonSchema for TenantId {
    fn schema_name() -> Cow<'static, str> {
        "TenantId".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "uuid" })
    }
}
impl From<TenantId> for String {
    fn from(id: TenantId) -> String {
        id.0
    }
}
impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether the text has the shape of a GUID.
pub fn is_guid(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 36
        && bytes.iter().enumerate().all(|(i, b)| match i {
            8 | 13 | 18 | 23 => *b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_another_thing_is_refused() {
        let org = OrganisationId::from_ulid("01JAAAAAAAAAAAAAAAAAAAAAAA");
        assert_eq!(org.as_str().parse::<OrganisationId>().unwrap(), org);
        assert!(org.as_str().parse::<PartnerId>().is_err());
        assert!("org_../../etc".parse::<OrganisationId>().is_err());
    }

    #[test]
    fn a_tenant_is_a_guid_in_lower_case() {
        let tenant: TenantId = "A1B2C3D4-0000-1111-2222-333344445555".parse().unwrap();
        assert_eq!(tenant.as_str(), "a1b2c3d4-0000-1111-2222-333344445555");
        assert!("common".parse::<TenantId>().is_err());
    }
}
