//! `holdfast verify-audit`: an exported audit log, held against itself and against the signed heads of its days. It needs
//! no installation and no network.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use clap::Args;
use domain::audit::{Broken, Entry, Fault, HEADS_TYPE, LogCheck, LogFault, LogFound, SignedHeads};
use domain::{Error, Result};
use jiff::civil::Date;
use serde::Deserialize;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

/// The options of `holdfast verify-audit`.
#[derive(Args, Clone, Debug)]
pub struct VerifyAuditOptions {
    /// The whole log of one partner, or of the installation: lines of JSON as `GET /v1/audit/export` answers them, all parts
    /// one after another.
    pub log: PathBuf,
    /// The signed heads of its days, one statement a line, oldest first: as `GET /v1/audit/heads` answers them, or as they
    /// are kept in the bucket of anchors.
    #[arg(long)]
    pub heads: Option<PathBuf>,
    /// The answer of `GET /v1/signing-keys`. Without it each statement is held against the key that it carries itself.
    #[arg(long, requires = "heads")]
    pub key: Option<PathBuf>,
    /// A day on which something was done, such as 2026-11-29: signed heads of it, or of a later day, have to be there. Whoever
    /// cuts a log and its statements alike, at their end, leaves nothing else to be found by.
    #[arg(long, requires = "heads")]
    pub until: Option<Date>,
}

/// A JSON Web Key, as far as it is needed.
#[derive(Clone, Deserialize, PartialEq, Eq)]
struct WebKey {
    kid: Option<String>,
    x: String,
    y: String,
}

#[derive(Deserialize)]
struct WebKeys {
    keys: Vec<WebKey>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    typ: String,
    kid: String,
    jwk: WebKey,
}

/// Runs `holdfast verify-audit`: prints what it found.
///
/// # Errors
/// `Invalid` when a file is not what it should be; `Corrupt` when the log is broken or a statement is not signed.
pub fn run(options: &VerifyAuditOptions) -> Result<()> {
    let keys = options.key.as_deref().map(read).transpose()?;
    let heads = options.heads.as_deref().map(read).transpose()?;
    let log = File::open(&options.log).map_err(|e| unreadable(&options.log, e))?;
    let found = check(BufReader::new(log), heads.as_deref(), keys.as_deref())?;
    for line in said(&found, keys.is_some()) {
        println!("{line}");
    }
    options.until.map_or(Ok(()), |day| reaches(&found, day))
}

/// What is said of a log that is whole; the keys are the installation's, or each statement's own.
pub fn said(found: &LogFound, with_keys: bool) -> Vec<String> {
    let LogFound { entries, chains, signed, signed_from, signed_until, is_signed_from_beginning } = found;
    let mut lines =
        vec![format!("{entries} entries in {chains} chains: none is missing, altered or out of its order")];
    let (Some(from), Some(until)) = (signed_from, signed_until) else {
        lines.push(
            "no signed heads were given (--heads): a log that somebody wrote anew as a whole would look the same"
                .to_owned(),
        );
        return lines;
    };
    let whose = if with_keys { "the installation signed" } else { "a signature says" };
    lines.push(format!("{signed} chains end where {whose} that they do: signed from {from} until {until}"));
    if !with_keys {
        lines.push("that the key is the installation's was not looked at (--key)".to_owned());
    }
    if !is_signed_from_beginning {
        lines.push(format!(
            "statements of before {from} were left out: nothing vouches for the log until then"
        ));
    }
    let outside = chains - signed;
    if outside > 0 {
        lines.push(format!("{outside} chains are of days outside of that: nothing vouches for them"));
    }
    lines.push(format!(
        "what was done after {until} is held against nothing; --until DAY asks for a later day"
    ));
    lines
}

/// Whether the signed heads reach that day.
///
/// # Errors
/// `Corrupt` when they end sooner.
pub fn reaches(found: &LogFound, day: Date) -> Result<()> {
    match found.signed_until {
        Some(until) if until >= day => Ok(()),
        until => {
            let ends =
                until.map_or_else(|| "there are none".to_owned(), |until| format!("they end at {until}"));
            Err(Error::corrupt(format!("signed heads of {day} or a later day are missing: {ends}")))
        }
    }
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|e| unreadable(path, e))
}

fn unreadable(path: &Path, cause: std::io::Error) -> Error {
    Error::invalid(format!("{} cannot be read", path.display())).caused_by(cause)
}

/// Checks a log against the statements of heads, signed under those keys: the answer of `GET /v1/signing-keys`.
///
/// # Errors
/// `Invalid` naming the line that is no entry, or where and why the log is broken.
pub fn check(log: impl BufRead, heads: Option<&str>, keys: Option<&str>) -> Result<LogFound> {
    let mut check = LogCheck::default();
    for (number, line) in (1..).zip(log.lines()) {
        let unreadable = || Error::invalid(format!("line {number} of the log is no entry"));
        let line = line.map_err(|e| unreadable().caused_by(e))?;
        if line.trim().is_empty() {
            continue;
        }
        let entry: Entry = serde_json::from_str(&line).map_err(|e| unreadable().caused_by(e))?;
        check.take(&entry).map_err(told)?;
    }
    let keys: Option<WebKeys> = keys
        .map(serde_json::from_str)
        .transpose()
        .map_err(|e| Error::invalid("the file of keys is not the answer of /v1/signing-keys").caused_by(e))?;
    let mut statements = Vec::new();
    for text in heads.unwrap_or_default().split_whitespace() {
        let number = statements.len() + 1;
        let statement = signed(text, keys.as_ref());
        let statement = statement
            .ok_or_else(|| Error::corrupt(format!("statement {number} is not signed by the installation")))?;
        statements.push((statement, text.to_owned()));
    }
    check.end(&statements).map_err(told)
}

/// The statement of a JSON Web Signature, where it is good under one of those keys, or under its own where there are none.
fn signed(text: &str, keys: Option<&WebKeys>) -> Option<SignedHeads> {
    let decode = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part).ok();
    let (message, signature) = text.rsplit_once('.')?;
    let (header, payload) = message.split_once('.')?;
    let header: Header = serde_json::from_slice(&decode(header)?).ok()?;
    if header.alg != "ES256" || header.typ != HEADS_TYPE {
        return None;
    }
    let key = match keys {
        Some(keys) => keys.keys.iter().find(|key| key.kid.as_deref() == Some(&header.kid))?,
        None => &header.jwk,
    };
    let point = [vec![4], decode(&key.x)?, decode(&key.y)?].concat();
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
    key.verify(message.as_bytes(), &decode(signature)?).ok()?;
    serde_json::from_slice(&decode(payload)?).ok()
}

/// What is wrong, in words.
fn told(fault: LogFault) -> Error {
    let Broken { chain, number, fault } = match fault {
        LogFault::Entry(broken) => broken,
        LogFault::OtherLog => return Error::corrupt("an entry or a statement is of another log"),
        LogFault::Statement(day, part) => {
            return Error::corrupt(format!("a statement is missing before or after part {part} of {day}"));
        }
    };
    let chain = chain.map_or_else(|| "the log's first chain".to_owned(), |chain| format!("chain {chain}"));
    let what = match fault {
        Fault::Missing => "is missing",
        Fault::Altered => "was altered",
        Fault::Unlinked => "does not follow the one before it",
        Fault::Head => "is not the one that a head names",
        Fault::Order => "stands before one that it comes after",
        Fault::Unsigned => "is of a chain that the signed heads of its day do not name",
    };
    Error::corrupt(format!("entry {number} of {chain} {what}"))
}
