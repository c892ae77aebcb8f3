//! Where the next answer to a question over many tenants begins.

use crate::commands::changes::{ChangeOrder, Place};
use domain::{DiffId, Error, OrganisationId, Result};

/// Where the next answer begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The organisation that is next, or was last.
    pub organisation: OrganisationId,
    /// Where in it; none where the organisation is done with.
    pub(super) at: Option<At>,
}

/// A place in what is told of one tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct At {
    /// The comparison that is next,
    pub diff: DiffId,
    /// and the place in that.
    pub place: Place,
    /// Of how many changes before it nobody knows whether they are the actor's.
    pub not_known: u64,
}

impl Mark {
    /// Behind that organisation.
    pub fn behind(organisation: OrganisationId) -> Self {
        Self { organisation, at: None }
    }

    /// Whether the organisation is done with.
    pub fn is_behind(&self) -> bool {
        self.at.is_none()
    }

    /// The mark as a cursor, bound to what was asked.
    pub fn cursor(&self, bound: &str) -> String {
        match &self.at {
            None => format!("{bound}.{}", self.organisation),
            Some(At { diff, place, not_known }) => {
                format!("{}.{}.{diff}.{not_known}", place.cursor(bound), self.organisation)
            }
        }
    }

    /// The mark of a cursor.
    ///
    /// # Errors
    /// `Invalid`, naming `cursor`, when it is of another question.
    pub fn of(cursor: &str, bound: &str) -> Result<Self> {
        Self::read(cursor, bound)
            .ok_or_else(|| Error::invalid_field("cursor", "is not one that this question gave"))
    }

    fn read(cursor: &str, bound: &str) -> Option<Self> {
        let parts: Vec<&str> = cursor.split('.').collect();
        match parts.as_slice() {
            [of, organisation] if *of == bound => Some(Self::behind(organisation.parse().ok()?)),
            [of, page, offset, organisation, diff, not_known] if *of == bound => {
                let place = Place::of(&format!("{bound}.{page}.{offset}"), bound, ChangeOrder::Key)?;
                let at = At { diff: diff.parse().ok()?, place, not_known: not_known.parse().ok()? };
                Some(Self { organisation: organisation.parse().ok()?, at: Some(at) })
            }
            _ => None,
        }
    }
}
