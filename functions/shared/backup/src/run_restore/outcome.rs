//! What a step came to, before it is written to its row.

use domain::restore::{Step, WriteAction};
use domain::{Error, ErrorKind};
use engine::ports::Applied;
use engine::records::{FailCause, OutcomeState, ReadBack, SkipCause};

/// How the work on a step ended.
pub(super) enum Ended {
    /// The step came to an outcome.
    With(Verdict),
    /// The time is up; another invocation goes on with the step.
    OutOfTime,
}

/// An outcome, with what Graph answered and what was read back.
pub(super) struct Verdict {
    pub state: OutcomeState,
    pub answer: Option<Applied>,
    pub read_back: Option<ReadBack>,
    /// The id of the object, where that is not the plan's.
    pub new_id: Option<String>,
}

impl Verdict {
    pub fn skipped(cause: SkipCause) -> Ended {
        Ended::With(Self {
            state: OutcomeState::Skipped { cause },
            answer: None,
            read_back: None,
            new_id: None,
        })
    }
    /// The outcome of a step whose object another restore brought back, under that id; `is_there` says whether it
    /// still is there.
    pub fn moved(new_id: &str, is_there: bool) -> Ended {
        let state = OutcomeState::Skipped { cause: SkipCause::ChangedSincePreview };
        let read_back = (!is_there).then_some(ReadBack::Absent);
        Ended::With(Self { state, answer: None, read_back, new_id: Some(new_id.to_owned()) })
    }
    pub fn already_so() -> Ended {
        let read_back = Some(ReadBack::AsAsked);
        Ended::With(Self { state: OutcomeState::AlreadySo, answer: None, read_back, new_id: None })
    }
    pub fn done(answer: Option<Applied>) -> Ended {
        Ended::With(Self {
            state: OutcomeState::Done,
            answer,
            read_back: Some(ReadBack::AsAsked),
            new_id: None,
        })
    }
    pub fn failed(error: &Error, answer: Option<Applied>) -> Ended {
        let message = error.summary().into();
        let state = OutcomeState::Failed { cause: cause_of(error), message };
        Ended::With(Self { state, answer, read_back: None, new_id: None })
    }
    pub fn unreadable(error: &Error) -> Ended {
        let message = error.summary().into();
        let state = OutcomeState::Failed { cause: FailCause::Unreadable, message };
        Ended::With(Self { state, answer: None, read_back: None, new_id: None })
    }
    pub fn not_seen(answer: Option<Applied>, found: ReadBack) -> Ended {
        let message = "a read-back did not find it".to_owned();
        let state = OutcomeState::Failed { cause: FailCause::NotSeen, message };
        Ended::With(Self { state, answer, read_back: Some(found), new_id: None })
    }
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
        WriteAction::Undelete => "undelete".to_owned(),
        WriteAction::Adopt { .. } => "adopt".to_owned(),
        WriteAction::Create { .. } => "create".to_owned(),
        WriteAction::Update { properties, .. } => format!("update {}", properties.join(", ")),
        WriteAction::Act { property, .. } => format!("update {property}"),
        WriteAction::AddLinks { link, to } => format!("add {} {link}", to.len()),
        WriteAction::RemoveLink { link, .. } => format!("remove 1 {link}"),
        WriteAction::Assign { assignments, .. } => format!("assign {}", assignments.len()),
        WriteAction::AssignLicences { add, remove } => {
            let gives = add.iter().filter_map(|l| l.get("skuId")?.as_str()).map(|sku| format!("+{sku}"));
            let all: Vec<String> = gives.chain(remove.iter().map(|sku| format!("-{sku}"))).collect();
            format!("licences {}", all.join(" "))
        }
        WriteAction::Delete => "delete".to_owned(),
    }
}

/// Whether an error concerns the run, and not the step alone.
pub(super) fn is_of_run(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Throttled { .. })
}
