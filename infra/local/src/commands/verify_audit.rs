//! `holdfast verify-audit`: an exported audit log, held against itself and against the signed heads of its days. It needs
//! no installation and no network.

use super::signed::{WebKeys, read, signed, unreadable};
use clap::Args;
use domain::audit::{Broken, Entry, Fault, HEADS_TYPE, LogCheck, LogFault, LogFound, SignedHeads};
use domain::{Error, Result};
use jiff::civil::Date;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;

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
    let keys = keys.map(WebKeys::read).transpose()?;
    let mut statements = Vec::new();
    for text in heads.unwrap_or_default().split_whitespace() {
        let number = statements.len() + 1;
        let statement = signed::<SignedHeads>(text, HEADS_TYPE, keys.as_ref());
        let statement = statement.map_err(|e| {
            Error::corrupt(format!("statement {number} is not signed by the installation: {}", e.why()))
        })?;
        statements.push((statement, text.to_owned()));
    }
    check.end(&statements).map_err(told)
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
