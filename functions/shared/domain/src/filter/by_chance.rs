//! Filters by chance: each is written down, understood and judged, and the answer is that of a plain evaluation, which is
//! written from OData's text (URL Conventions 4.01, 5.1.1) over plain values and knows nothing of the evaluator. And any
//! text: a filter or a fault with its place.
//!
//! Few cases each time; the 5,000 filters by `PROPTEST_CASES=5000 cargo test --workspace --lib -- filter::by_chance`.

use super::tests::{Whole, policies, users};
use super::{Filter, Subject, Verdict};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::cmp::Ordering;
use std::collections::BTreeSet;

/// A condition as the test has it.
#[derive(Clone, Debug)]
enum Asked {
    And(Vec<Asked>),
    Or(Vec<Asked>),
    Not(Box<Asked>),
    Compared(String, &'static str, Value),
    Listed(String, Vec<Value>),
    Called(&'static str, String, String),
    /// Over the collection at the path; the condition is about the item, whose variable is `v` and the depth.
    Any(String, Option<Box<Asked>>),
}

/// The names below which values are, at any depth. The first four are properties of the object.
const NAMES: [&str; 6] = ["a", "b", "c", "list", "rows", "x"];
const WORDS: [&str; 8] = ["", "ann", "Ann", "ANNA", "it's", "émile", "ÉMILE", "2026-11-30T10:00:00Z"];

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        2 => (-2..3_i64).prop_map(Value::from),
        1 => (-4..5_i32).prop_map(|n| json!(f64::from(n) / 2.0)),
        4 => prop::sample::select(&WORDS[..]).prop_map(Value::from),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(prop::sample::select(&NAMES[..]), inner, 0..5).prop_map(|map| map
                .into_iter()
                .map(|(k, v)| (k.to_owned(), v))
                .collect::<serde_json::Map<_, _>>()
                .into()),
        ]
    })
}

fn object() -> impl Strategy<Value = Value> {
    let item = prop::collection::btree_map(prop::sample::select(&NAMES[..]), value(), 0..4)
        .prop_map(|map| json!(map.into_iter().collect::<std::collections::BTreeMap<_, _>>()));
    (value(), value(), value(), prop::collection::vec(scalar(), 0..4), prop::collection::vec(item, 0..4))
        .prop_map(|(a, b, c, list, rows)| json!({ "a": a, "b": b, "c": c, "list": list, "rows": rows }))
}

/// A path that begins at `@`, which stands for the object or the innermost item.
fn path() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(&NAMES[..]), 1..3)
        .prop_map(|names| format!("@/{}", names.join("/")))
}

/// A path inside an `any`: it may be the item itself, or begin at the object.
fn inner_path() -> impl Strategy<Value = String> {
    prop_oneof![3 => path(), 2 => Just("@".to_owned()), 1 => path().prop_map(|p| p.replacen('@', "$", 1))]
}

fn leaf<P: Strategy<Value = String> + 'static>(path: fn() -> P) -> impl Strategy<Value = Asked> {
    let compare = prop::sample::select(&["eq", "ne", "gt", "ge", "lt", "le"][..]);
    let function = prop::sample::select(&["startswith", "endswith", "contains"][..]);
    let word = prop::sample::select(&["", "a", "N", "ann", "É", "'", "10:"][..]);
    prop_oneof![
        4 => (path(), compare, scalar()).prop_map(|(path, compare, value)| Asked::Compared(path, compare, value)),
        1 => (path(), prop::collection::vec(scalar(), 1..4)).prop_map(|(path, all)| Asked::Listed(path, all)),
        2 => (function, path(), word).prop_map(|(f, path, word)| Asked::Called(f, path, word.to_owned())),
    ]
}

fn joined(leaf: impl Strategy<Value = Asked> + 'static) -> impl Strategy<Value = Asked> {
    leaf.prop_recursive(3, 8, 3, |inner| {
        let many = || prop::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            many().prop_map(Asked::And),
            many().prop_map(Asked::Or),
            inner.clone().prop_map(|asked| Asked::Not(Box::new(asked))),
        ]
    })
}

/// Conditions inside an `any`, at most one more inside of it.
fn inner() -> impl Strategy<Value = Asked> {
    let deepest = (prop_oneof![path(), Just("@".to_owned())], prop::option::of(joined(leaf(inner_path))))
        .prop_map(|(path, condition)| Asked::Any(path, condition.map(Box::new)));
    joined(prop_oneof![3 => leaf(inner_path), 1 => deepest])
}

fn asked() -> impl Strategy<Value = Asked> {
    let collection = prop_oneof![Just("@/list".to_owned()), Just("@/rows".to_owned()), path()];
    let any = (collection, prop::option::weighted(0.9, inner()))
        .prop_map(|(path, condition)| Asked::Any(path, condition.map(Box::new)));
    joined(prop_oneof![2 => leaf(path), 2 => any])
}

fn literal(value: &Value) -> String {
    match value {
        Value::String(text) => format!("'{}'", text.replace('\'', "''")),
        other => other.to_string(),
    }
}

/// The path as a filter has it, `depth` times inside an `any`.
fn written_path(path: &str, depth: usize) -> String {
    let from_object = |rest: &str| rest.trim_start_matches('/').to_owned();
    match (path.strip_prefix('$'), depth) {
        (Some(rest), _) => from_object(rest),
        (None, 0) => from_object(&path[1..]),
        (None, _) => path.replacen('@', &format!("v{depth}"), 1),
    }
}

fn written(asked: &Asked, depth: usize) -> String {
    let all = |parts: &[Asked], word: &str| {
        parts.iter().map(|part| format!("({})", written(part, depth))).collect::<Vec<_>>().join(word)
    };
    let path = |path: &str| written_path(path, depth);
    match asked {
        Asked::And(parts) => all(parts, " and "),
        Asked::Or(parts) => all(parts, " or "),
        Asked::Not(part) => format!("not ({})", written(part, depth)),
        Asked::Compared(of, compare, value) => format!("{} {compare} {}", path(of), literal(value)),
        Asked::Listed(of, values) => {
            format!("{} in ({})", path(of), values.iter().map(literal).collect::<Vec<_>>().join(", "))
        }
        Asked::Called(function, of, word) => {
            format!("{function}({},{})", path(of), literal(&json!(word)))
        }
        Asked::Any(of, None) => format!("{}/any()", path(of)),
        Asked::Any(of, Some(part)) => {
            format!("{}/any(v{}: {})", path(of), depth + 1, written(part, depth + 1))
        }
    }
}

/// What a path leads to, from the object and the innermost item; none where it goes through a collection.
fn led_to<'a>(path: &str, object: &'a Value, item: &'a Value) -> Option<&'a Value> {
    let mut value = if path.starts_with('$') { object } else { item };
    for name in path.split('/').skip(1) {
        value = match value {
            Value::Array(_) => return None,
            Value::Object(map) if map.contains_key(name) => &map[name],
            _ => &Value::Null,
        };
    }
    Some(value)
}

/// The same, of which a comparison can be: none where it is a collection.
fn compared<'a>(path: &str, object: &'a Value, item: &'a Value) -> Option<&'a Value> {
    led_to(path, object, item).filter(|value| !value.is_array())
}

/// "If only one operand is null, eq is false and ne true; if any operand is null, gt, ge, lt and le are false."
fn is_so(value: &Value, compare: &str, literal: &Value) -> bool {
    let text = |value: &Value| value.as_str().map(str::to_lowercase);
    let (equal, less) = if value.is_null() || literal.is_null() {
        return match compare {
            "eq" => value == literal,
            "ne" => value != literal,
            _ => false,
        };
    } else if let (Some(a), Some(b)) = (value.as_bool(), literal.as_bool()) {
        (a == b, !a && b)
    } else if let (Some(a), Some(b)) = (value.as_f64(), literal.as_f64()) {
        (a.partial_cmp(&b) == Some(Ordering::Equal), a < b)
    } else if let (Some(a), Some(b)) = (text(value), text(literal)) {
        (a == b, a < b)
    } else {
        // Of two types: neither equal, less nor greater.
        return compare == "ne";
    };
    match compare {
        "eq" => equal,
        "ne" => !equal,
        "lt" => less,
        "le" => less || equal,
        "gt" => !less && !equal,
        _ => !less,
    }
}

/// True, false, or null; more than one of them where a collection is compared, since nobody said which item is meant.
type May = BTreeSet<Option<bool>>;

fn is(answer: bool) -> May {
    [Some(answer)].into()
}

/// What comes of each pair.
fn pairs(a: &May, b: &May, comes: impl Fn(Option<bool>, Option<bool>) -> Option<bool>) -> May {
    a.iter().flat_map(|a| b.iter().map(|b| comes(*a, *b)).collect::<Vec<_>>()).collect()
}

/// "The null value is treated as unknown, so if one operand is null and the other false, `and` is false; all other combinations
/// with null are null."
fn both(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    if a == Some(false) || b == Some(false) { Some(false) } else { Some(a? && b?) }
}

/// "True and null, `or` is true; all other combinations with null are null."
fn either(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    if a == Some(true) || b == Some(true) { Some(true) } else { Some(a? || b?) }
}

fn plainly(asked: &Asked, object: &Value, item: &Value) -> May {
    let open = || May::from([Some(true), Some(false)]);
    match asked {
        Asked::And(parts) => {
            parts.iter().fold(is(true), |so_far, part| pairs(&so_far, &plainly(part, object, item), both))
        }
        Asked::Or(parts) => {
            parts.iter().fold(is(false), |so_far, part| pairs(&so_far, &plainly(part, object, item), either))
        }
        // "Not null is null."
        Asked::Not(part) => plainly(part, object, item).into_iter().map(|answer| Some(!answer?)).collect(),
        Asked::Compared(path, compare, literal) => {
            compared(path, object, item).map_or_else(open, |value| is(is_so(value, compare, literal)))
        }
        Asked::Listed(path, all) => compared(path, object, item)
            .map_or_else(open, |value| is(all.iter().any(|literal| is_so(value, "eq", literal)))),
        Asked::Called(function, path, word) => match compared(path, object, item) {
            None => [Some(true), Some(false), None].into(),
            Some(Value::String(text)) => {
                let (text, word) = (text.to_lowercase(), word.to_lowercase());
                is(match *function {
                    "startswith" => text.starts_with(&word),
                    "endswith" => text.ends_with(&word),
                    _ => text.contains(&word),
                })
            }
            Some(_) => [None].into(),
        },
        Asked::Any(path, condition) => {
            let none = Vec::new();
            let Some(value) = led_to(path, object, item) else { return open() };
            value.as_array().unwrap_or(&none).iter().fold(is(false), |so_far, item| {
                let of_item = condition.as_ref().map_or(is(true), |part| plainly(part, object, item));
                let of_item = of_item.into_iter().map(|answer| Some(answer == Some(true))).collect();
                pairs(&so_far, &of_item, either)
            })
        }
    }
}

/// A subject of which some properties are not known.
struct Partly<'a>(&'a Whole, [bool; 5]);

impl Subject for Partly<'_> {
    fn property(&self, name: &str) -> Option<&Value> {
        let is_unknown = NAMES.iter().zip(self.1).any(|(known, is_unknown)| *known == name && is_unknown);
        if is_unknown { None } else { self.0.property(name) }
    }
}

proptest! {
    #[test]
    fn a_filter_means_what_a_plain_evaluation_says(asked in asked(), objects in prop::collection::vec(object(), 1..6)) {
        let text = written(&asked, 0);
        let filter = match Filter::parse(policies(), &text) {
            Ok(filter) => filter,
            // Chance may ask for more than a filter may have, and for nothing else that is refused.
            Err(error) => {
                let text = error.to_string();
                prop_assert!(["more than 8 deep", "more than 100 terms", "longer than 2048"].iter().any(|most| text.contains(most)), "{}", text);
                return Ok(());
            }
        };
        for object in objects {
            let may = plainly(&asked, &object, &object);
            let wanted = match may.contains(&Some(true)) {
                true if may.len() == 1 => Verdict::Yes,
                true => Verdict::Unknown,
                false => Verdict::No,
            };
            let whole = Whole(object.as_object().unwrap().clone());
            prop_assert_eq!(filter.judge(&whole), wanted, "{} of {}", text, object);
        }
    }

    #[test]
    fn what_is_decided_without_knowing_all_stays_so_whatever_the_rest_turns_out_to_be(
        asked in asked(), object in object(), other in object(), unknown in any::<[bool; 5]>(),
    ) {
        let Ok(filter) = Filter::parse(policies(), &written(&asked, 0)) else { return Ok(()) };
        let whole = Whole(object.as_object().unwrap().clone());
        let partly = filter.judge(&Partly(&whole, unknown));
        if partly == Verdict::Unknown {
            return Ok(());
        }
        // What was not known is now what it is in the other one.
        let mut turned_out = whole.0.clone();
        for (name, _) in NAMES.iter().zip(unknown).filter(|(_, is_unknown)| *is_unknown) {
            turned_out.insert((*name).to_owned(), other[*name].clone());
        }
        prop_assert_eq!(filter.judge(&Whole(turned_out)), partly, "{}", written(&asked, 0));
    }
}

/// Pieces of the language, right and wrong, in any order.
fn any_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => prop::sample::select(vec![
            "mail", "otherMails", "displayName", "manager", "eq", "ne", "gt", "in", "and", "or", "not", "null", "true", "any",
            "startswith", "(", ")", "/", ",", ":", "'", "'x'", "''", "x", "x:", "-1", "2026-11-30", "2026-11-30T10:00:00Z", "1e999",
            "otherMails/any(x: x eq 'y')", "mail eq 'x'", "mail in ('x','y')", " ", "\t", "\u{301}",
        ]).prop_map(str::to_owned),
        1 => any::<String>(),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.join(" "))
}

proptest! {
    // Why so few: they are in every run of the tests.
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases / 16, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_a_filter_or_is_refused_at_a_character_of_it(text in prop_oneof![any_text(), any::<String>()]) {
        match Filter::parse(users(), &text) {
            Ok(filter) => {
                let subject = Whole(serde_json::Map::new());
                prop_assert_ne!(filter.judge(&subject), Verdict::Unknown);
            }
            Err(error) => {
                let message = &error.fields()[0].message;
                let at = message.strip_prefix("at character ").and_then(|rest| rest.split_once(": ")).unwrap().0;
                let at: usize = at.parse().unwrap();
                prop_assert!((1..=text.chars().count() + 1).contains(&at), "{} in {:?}", message, text);
            }
        }
    }
}
