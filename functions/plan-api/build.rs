//! Compresses the API's document once, so that the function carries no compressor.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

#[allow(clippy::disallowed_methods, reason = "it is cargo that says where a build script writes")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed=openapi.json");
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    out.write_all(&fs::read("openapi.json")?)?;
    let folder = std::env::var_os("OUT_DIR").ok_or("cargo says where to write")?;
    fs::write(PathBuf::from(folder).join("openapi.json.gz"), out.finish()?)?;
    Ok(())
}
