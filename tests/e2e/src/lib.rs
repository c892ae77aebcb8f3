//! The stories are in `tests/`; this library is empty.
