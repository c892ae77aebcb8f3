//! Nothing: its dependencies are what it is for (see its `Cargo.toml`).
