//! What a step came to, before it is written to its row.

use crate::plans::Sentence;
use domain::restore::{Step, WriteAction};
use domain::{Error, ErrorKind};
use engine::ports::Applied;
use engine::records::{FailCause, OutcomeState, ReadBack, RefusedPart, SkipCause};
use std::collections::BTreeSet;

/// How the work on a step ended.
#[expect(clippy::large_enum_variant, reason = "one a step, and nearly always with an outcome")]
pub(super) enum Ended {
    /// The step came to an outcome.
    With(Verdict),
    /// The time is up; another invocation goes on with the step.
    OutOfTime,
}

impl Ended {
    /// The same of a creation that was also sent without an answer: it may have made the object, however it was answered
    /// in the end.
    pub fn of_unknown_fate(self) -> Self {
        match self {
            Self::With(verdict) => Self::With(Verdict { may_exist: true, ..verdict }),
            Self::OutOfTime => self,
        }
    }
}

/// An outcome, with what Graph answered and what was read back.
pub(super) struct Verdict {
    pub state: OutcomeState,
    pub answer: Option<Applied>,
    /// The parts that Graph did not take.
    pub refused: Vec<RefusedPart>,
    /// What Graph said of what it did not take.
    pub said: Vec<Sentence>,
    pub read_back: Option<ReadBack>,
    /// The id of the object, where that is not the plan's.
    pub new_id: Option<String>,
    /// Whether a try that was not answered may have created the object.
    pub may_exist: bool,
    /// Whether it is known that somebody else made it so, though the step was begun.
    pub is_others: bool,
}

impl Verdict {
    fn of(state: OutcomeState) -> Self {
        Self {
            state,
            answer: None,
            refused: Vec::new(),
            said: Vec::new(),
            read_back: None,
            new_id: None,
            may_exist: false,
            is_others: false,
        }
    }
    pub fn skipped(cause: SkipCause) -> Ended {
        Ended::With(Self::of(OutcomeState::Skipped { cause }))
    }
    /// The outcome of a step whose object another restore brought back, under that id; `is_there` says whether it
    /// still is there.
    pub fn moved(new_id: &str, is_there: bool) -> Ended {
        let verdict = Self::of(OutcomeState::Skipped { cause: SkipCause::ChangedSincePreview });
        let read_back = (!is_there).then_some(ReadBack::Absent);
        Ended::With(Self { read_back, new_id: Some(new_id.to_owned()), ..verdict })
    }
    pub fn already_so() -> Ended {
        let read_back = Some(ReadBack::AsAsked);
        Ended::With(Self { read_back, ..Self::of(OutcomeState::AlreadySo) })
    }
    /// Graph answered our only write that it was so already, and right before that it was not.
    pub fn met_so(answer: Applied) -> Ended {
        let verdict = Self::of(OutcomeState::AlreadySo);
        let read_back = Some(ReadBack::AsAsked);
        Ended::With(Self { read_back, answer: Some(answer), is_others: true, ..verdict })
    }
    pub fn done(answer: Option<Applied>) -> Ended {
        let read_back = Some(ReadBack::AsAsked);
        Ended::With(Self { answer, read_back, ..Self::of(OutcomeState::Done) })
    }
    /// Graph refused all of it.
    pub fn failed(error: &Error) -> Ended {
        let state = OutcomeState::Failed { cause: cause_of(error), message: error.summary().into() };
        let answer = error.answer().map(|answer| Applied {
            status: answer.status,
            request_id: answer.request_id.clone(),
            ..Applied::default()
        });
        Ended::With(Self { answer, said: sentence(None, error).into_iter().collect(), ..Self::of(state) })
    }
    /// Graph refused some parts, or all; `found` is what a read-back found of the step as it was asked.
    pub fn refused(answer: Option<Applied>, refused: &[Refusal], found: ReadBack) -> Ended {
        let Some(first) = refused.first() else { return Self::not_seen(answer, found) };
        let Ended::With(failed) = Self::failed(&first.error) else { return Ended::OutOfTime };
        let parts = refused.iter().flat_map(Refusal::parts).collect();
        // Why the refusal's answer: the status of a step that failed is the one that says why.
        let said =
            refused.iter().filter_map(|refusal| sentence(refusal.names.first(), &refusal.error)).collect();
        let answer = failed.answer.or(answer);
        Ended::With(Self { answer, refused: parts, said, read_back: Some(found), ..failed })
    }
    /// It came to no end of its own.
    pub fn ended_by(cause: FailCause, message: &str) -> Ended {
        Ended::With(Self::of(OutcomeState::Failed { cause, message: message.to_owned() }))
    }
    pub fn unreadable(error: &Error) -> Ended {
        let message = error.summary().into();
        Ended::With(Self::of(OutcomeState::Failed { cause: FailCause::Unreadable, message }))
    }
    pub fn not_seen(answer: Option<Applied>, found: ReadBack) -> Ended {
        let message = "a read-back did not find it".to_owned();
        let state = OutcomeState::Failed { cause: FailCause::NotSeen, message };
        Ended::With(Self { answer, read_back: Some(found), ..Self::of(state) })
    }
}

/// What Graph said with an error, of that part.
fn sentence(what: Option<&String>, error: &Error) -> Option<Sentence> {
    let said = error.answer().map(|answer| answer.sentence.clone()).filter(|said| !said.is_empty())?;
    Some(Sentence { what: what.cloned(), said })
}

/// Parts of a step that Graph refused, with its refusal.
pub(super) struct Refusal {
    /// Several where they go together or not at all.
    pub names: BTreeSet<String>,
    pub error: Error,
}

impl Refusal {
    fn parts(&self) -> impl Iterator<Item = RefusedPart> + '_ {
        let answer = self.error.answer();
        self.names.iter().map(move |what| RefusedPart {
            what: what.clone(),
            cause: cause_of(&self.error),
            status: answer.map(|answer| answer.status),
            code: answer.map(|answer| answer.code.clone()).filter(|code| !code.is_empty()),
        })
    }
}

/// Whether Graph looked at a write and did not take it: then nothing of that write was done.
pub(super) fn is_refusal(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Invalid | ErrorKind::NotFound | ErrorKind::Conflict | ErrorKind::Denied)
}

fn cause_of(error: &Error) -> FailCause {
    match error.kind() {
        ErrorKind::Invalid | ErrorKind::Corrupt => FailCause::Refused,
        ErrorKind::NotFound => FailCause::NotFound,
        ErrorKind::Conflict | ErrorKind::Stale => FailCause::Conflict,
        ErrorKind::Denied => FailCause::Denied,
        ErrorKind::Throttled { .. } | ErrorKind::Unavailable => FailCause::Unavailable,
    }
}

/// A step in words without its values: the action, and which properties or links it is about.
pub(super) fn asked(step: &Step) -> String {
    match &step.action {
        WriteAction::Undelete { .. } => "undelete".to_owned(),
        WriteAction::Adopt { .. } => "adopt".to_owned(),
        WriteAction::Create { .. } => "create".to_owned(),
        WriteAction::Update { properties, .. } => format!("update {}", properties.join(", ")),
        WriteAction::Act { property, .. } => format!("update {property}"),
        WriteAction::AddLinks { link, to } => format!("add {} {link}", to.len()),
        WriteAction::RemoveLink { link, .. } => format!("remove 1 {link}"),
        WriteAction::RemoveOtherLinks { link, keep } => format!("remove {link} but {}", keep.len()),
        WriteAction::Assign { assignments, .. } => format!("assign {}", assignments.len()),
        WriteAction::AssignLicences { add, remove } => {
            let gives = add.iter().filter_map(|l| l.get("skuId")?.as_str()).map(|sku| format!("+{sku}"));
            let all: Vec<String> = gives.chain(remove.iter().map(|sku| format!("-{sku}"))).collect();
            format!("licences {}", all.join(" "))
        }
        WriteAction::IssuePass { .. } => "issue pass".to_owned(),
        WriteAction::Delete => "delete".to_owned(),
    }
}

/// Whether an error concerns the run, and not the step alone.
pub(super) fn is_of_run(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Throttled { .. })
}
