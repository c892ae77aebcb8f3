//! Every text is used, and every word that the API may answer has one.

use serde_json::Value;
use serve_portal::{ENGLISH, GERMAN};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

fn keys(text: &str) -> BTreeSet<&str> {
    let lines = text.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()));
    lines.filter_map(|line| line.split_once(" =")).map(|(key, _)| key).collect()
}

/// Everything that is written in the portal's code.
fn code(folder: &Path) -> String {
    let mut all = String::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() { all += &code(&path) } else { all += &fs::read_to_string(path).unwrap() }
    }
    all
}

/// Sorts of words, whose texts are found by what the API answers: each with the enumerations that it is for.
const WORDS: [(&str, &[&str]); 43] = [
    ("state", &["OrganisationState"]),
    ("credentials", &["CredentialStatus"]),
    ("product", &["ProductType"]),
    ("period", &["Periodicity"]),
    ("role", &["Role"]),
    ("reason", &["Reason"]),
    ("job", &["JobState"]),
    ("restore", &["RestoreState"]),
    ("what", &["What"]),
    ("who", &["Finding"]),
    ("attention", &["Cause"]),
    ("warning", &["Warning"]),
    ("remark", &["Remark"]),
    ("cause", &["FailCause", "SkipCause"]),
    ("todo", &["ToDo"]),
    ("owner", &["Owner"]),
    ("duty", &["DutyState"]),
    ("feature", &["Feature"]),
    ("rule", &["ApprovalRule"]),
    ("request", &["RequestState"]),
    ("left-by", &["LeftBy"]),
    ("happened", &["Happened"]),
    ("verdict", &["Verdict"]),
    ("reach", &["Reach"]),
    ("limit", &["Limit"]),
    ("gap", &["GapCause"]),
    ("class", &["Class"]),
    ("format", &["DownloadFormat"]),
    ("topic", &["Topic"]),
    ("often", &["HowOften"]),
    ("trouble", &["MailTroubleOut"]),
    ("right", &["Action"]),
    ("condition", &["ConditionOut"]),
    ("sort", &[]),
    ("order", &[]),
    ("weight", &[]),
    ("bulk", &[]),
    ("sees", &[]),
    ("standing", &[]),
    ("way", &[]),
    ("action", &[]),
    ("job-of", &[]),
    ("page", &[]),
];

#[test]
fn every_value_that_the_api_may_answer_has_a_word_in_each_language() {
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plan-api/openapi.json");
    let document: Value = serde_json::from_str(&fs::read_to_string(document).unwrap()).unwrap();
    for (sort, enumerations) in WORDS {
        for name in enumerations {
            let schema = &document["components"]["schemas"][name];
            for value in values(schema) {
                for text in [ENGLISH, GERMAN] {
                    assert!(
                        keys(text).contains(format!("{sort}-{value}").as_str()),
                        "{name}: {sort}-{value}"
                    );
                }
            }
        }
    }
}

/// The values of an enumeration, however the document writes it.
fn values(schema: &Value) -> Vec<String> {
    let one = |of: &Value| of["const"].as_str().map(str::to_owned);
    let listed = schema["enum"]
        .as_array()
        .map(|all| all.iter().filter_map(Value::as_str).map(str::to_owned).collect());
    let found: Vec<String> =
        listed.unwrap_or_else(|| schema["oneOf"].as_array().into_iter().flatten().filter_map(one).collect());
    assert!(!found.is_empty(), "{schema} is no enumeration");
    found
}

#[test]
fn every_text_is_used() {
    let code = code(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    // Keys that code puts together: their beginnings stand in it.
    let made = [
        "time-ago-",
        "time-in-",
        "failure-",
        "sign-in-failed-",
        "changes-",
        "head-",
        "outcome-",
        "restore-step-",
        "restore-count-",
        "organisation-",
        "lists-",
        "access-",
        "compare-",
    ];
    for key in keys(ENGLISH) {
        let is_word = WORDS.iter().any(|(sort, _)| key.starts_with(&format!("{sort}-")));
        let is_made = made.iter().any(|start| key.starts_with(start));
        let last = key.rsplit('-').next().unwrap();
        let stands = code.contains(&format!("\"{key}\""));
        assert!(stands || is_word || (is_made && code.contains(last)), "{key} is used nowhere");
    }
}
