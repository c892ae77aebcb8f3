//! How long it may take until a directory shows what was written to it, and what is kept back for our own rows.

use jiff::SignedDuration;

/// How long parts of the directory may not know an object that was just created or restored.
/// Source: the azuread Terraform provider waits as long for a new object.
pub(super) const FRESH: SignedDuration = SignedDuration::from_mins(12);
/// How long an object that was there before may take to show its changes.
pub(super) const SETTLED: SignedDuration = SignedDuration::from_secs(90);
/// How long before the deadline work stops, so that what was done can still be written to its row.
pub(super) const MARGIN: SignedDuration = SignedDuration::from_secs(10);
