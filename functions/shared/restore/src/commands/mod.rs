//! What may be asked about the restores of a connected tenant, apart from HTTP; built like `backup::commands`.

pub mod access_passes;
pub mod approvals;
mod new_restore;
pub mod receipts;
pub mod restores;
pub mod sets;
mod stop_restore;
pub mod wanted;
mod why;
