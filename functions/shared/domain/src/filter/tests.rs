//! The language by examples: what it means, what it refuses and where.

use super::{Beliefs, Derived, Filter, Seen, Subject, Verdict};
use crate::ErrorKind;
use crate::kinds::{self, Kind};
use crate::stored::Manifest;
use serde_json::{Map, Value, json};

pub(super) fn users() -> &'static Kind {
    kinds::get("users").unwrap()
}

/// A kind of which everything is kept that Graph gives: any property can be asked about.
pub(super) fn policies() -> &'static Kind {
    kinds::get("ConfigurationPolicies").unwrap()
}

/// An object of which everything is known.
pub(super) struct Whole(pub Map<String, Value>);

impl Subject for Whole {
    fn property(&self, name: &str) -> Option<&Value> {
        Some(self.0.get(name).unwrap_or(&Value::Null))
    }
}

fn whole(object: Value) -> Whole {
    Whole(serde_json::from_value(object).unwrap())
}

#[test]
fn each_part_of_the_language_means_what_odata_says() {
    let object = whole(json!({
        "name": "Ann O'Neil", "greek": "ΟΔΥΣΣΕΥΣ", "age": 30, "share": 0.5, "large": 9_007_199_254_740_993_i64, "on": true,
        "nothing": null, "at": "2026-11-30T10:00:00Z", "local": "2026-11-30T12:00:00.5+02:00",
        "deep": { "er": { "est": "x" } }, "list": ["SMTP:ann@x", "smtp:a@x"], "none": [],
        "never": "9999-12-31T23:59:59.9999999Z", "first": "0001-01-01T00:00:00Z",
        "rows": [{ "sku": "a", "plans": ["p", "q"] }, { "sku": "b", "plans": [] }, { "plans": null }, "odd"],
    }));
    for (text, is_meant) in [
        // Equality and order, of each type; case does not count.
        ("name eq 'ANN o''neil'", true),
        ("greek eq 'οδυσσεύς'", false),
        ("greek eq 'οδυσσευς'", true),
        ("name ne 'Bob'", true),
        ("name gt 'ANA' and name lt 'anne'", true),
        ("age ge 30 and age le 30 and age eq 30.0", true),
        ("age gt 30", false),
        ("share lt 1 and share gt -1e0", true),
        ("large eq 9007199254740992", false),
        ("on eq true and on ne false and on gt false", true),
        ("at eq 2026-11-30T11:00:00+01:00", true),
        ("local gt 2026-11-30T10:00:00Z and at ge 2026-11-30 and at lt 2026-12-01", true),
        ("at eq '2026-11-30T10:00:00z'", true),
        // The first and the last moment that Graph writes, by which it says "never".
        ("never gt 2027-01-01 and never ge 9999-12-31 and not (never lt 9999-12-31T23:59:59.9999998Z)", true),
        ("never eq 9999-12-31T23:59:59.9999999Z and never ne 9999-12-31T23:59:59Z", true),
        ("never eq 9999-12-31T22:59:59.9999999-01:00", true),
        ("first eq 0001-01-01 and first lt 1970-01-01 and first gt 0001-01-01T00:00:00+00:01", true),
        // What is of another type is not equal.
        ("age eq '30'", false),
        ("age ne '30'", true),
        ("age lt '31' or age ge '0'", false),
        ("name gt 2026-11-30", false),
        // Null.
        ("nothing eq null and absent eq null and deep/no/where eq null", true),
        ("nothing ge null or nothing lt 5 or nothing gt 'a'", false),
        ("not (nothing lt 5)", true),
        ("nothing ne null", false),
        ("nothing ne 5 and name ne null", true),
        ("not startswith(nothing,'a')", false),
        ("startswith(nothing,'a') or on eq true", true),
        ("not (startswith(nothing,'a') and on eq false)", true),
        // Functions.
        ("startswith(name,'ann') and endswith(name,'NEIL') and contains(name,'''')", true),
        ("StartsWith(name,'neil')", false),
        ("contains(name,'')", true),
        ("contains(age,'3')", false),
        // Lists.
        ("age in (1,2,30)", true),
        ("nothing in ('x',null)", true),
        ("name in ('x')", false),
        // Paths and any.
        ("deep/er/est eq 'X'", true),
        ("list/any(l: startswith(l,'SMTP:ann'))", true),
        ("list/any() and not none/any() and not nothing/any() and not name/any()", true),
        ("rows/any(r: r/sku eq 'b' and not r/plans/any())", true),
        ("rows/any(r: r/sku eq 'a' and r/plans/any(p: p eq 'q' and age eq 30))", true),
        ("rows/any(r: startswith(r/sku,'c'))", false),
        ("not rows/any(r: startswith(r/sku,'c'))", true),
        // What binds closer.
        ("on eq true or on eq true and on eq false", true),
        ("not on eq false and on eq true", true),
        ("NOT (on EQ False OR on eq TRUE)", false),
    ] {
        let filter = Filter::parse(policies(), text).expect(text);
        let wanted = if is_meant { Verdict::Yes } else { Verdict::No };
        assert_eq!(filter.judge(&object), wanted, "{text}");
    }
}

#[test]
fn what_is_no_filter_is_refused_with_the_character_at_which_it_ceases_to_be_one() {
    let long = format!("displayName eq '{}'", "x".repeat(super::MOST_BYTES));
    let terms = vec!["mail eq null"; super::MOST_TERMS + 1].join(" or ");
    let listed = format!("mail in ({})", vec!["'x'"; super::MOST_TERMS].join(","));
    let deep = |levels: usize| format!("{}mail eq null{}", "(".repeat(levels), ")".repeat(levels));
    for (text, at) in [
        ("", 1),
        ("mail", 5),
        ("mail eq", 8),
        ("mail eq x", 9),
        ("mail eq 'x", 9),
        ("mail eq 'é' ! null", 13),
        ("mail eq 'x' mail", 13),
        ("mail eq 'x' and", 16),
        ("mail eq mail", 9),
        ("otherMails/any(m: mail eq m)", 27),
        ("(mail eq null", 14),
        ("mail eq null)", 13),
        ("mail in ('a',)", 14),
        ("mail in 'a'", 9),
        ("mail eq 1.2.3", 9),
        ("mail eq 2026-13-01", 9),
        ("mail eq 2026-11-30T10:00:00", 9),
        ("mail eq 01", 9),
        ("mail/ eq 'x'", 10),
        ("mail/ 'x'", 7),
        ("tolower(mail) eq 'x'", 1),
        ("contains(mail)", 14),
        ("contains(mail,mail)", 15),
        ("mail eq null and nosuch eq 1", 18),
        ("manager/id eq 'x'", 1),
        ("otherMails/all(m: m eq 'x')", 12),
        ("otherMails/any(m m eq 'x')", 18),
        ("otherMails/any(m: m eq 'x'", 27),
        ("otherMails/any(m: m/any(m: m eq 'x'))", 25),
        ("otherMails/any(m: businessPhones/any(b: b eq 'x'))", 19),
        ("displayName eq 'x' and startswith(otherMails/any(),'x')", 49),
        // Collections are asked by `any` alone.
        ("rolesHeld ne null", 1),
        ("not (rolesHeld eq null)", 6),
        ("memberOf/id eq 'G'", 1),
        ("transitiveMemberOf/id in ('G')", 1),
        ("memberOf/id/any()", 1),
        ("assignedLicenses/skuId eq 'x'", 1),
        ("startswith(otherMails,'a')", 12),
        ("mail eq null or otherMails eq 'x'", 17),
        ("assignedLicenses/any(l: otherMails eq 'x')", 25),
        (&long, 1),
        (&deep(9), 10),
        (&format!("not {}", deep(8)), 13),
        (&terms, terms.rfind("mail").unwrap() + 1),
        (&listed, listed.rfind("'x'").unwrap() + 1),
    ] {
        let error = Filter::parse(users(), text).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{text}");
        let fault = &error.fields()[0];
        assert_eq!(fault.field, "filter");
        assert!(fault.message.starts_with(&format!("at character {at}: ")), "{text}: {}", fault.message);
    }
    for text in [deep(8), vec!["mail eq null"; super::MOST_TERMS].join(" or ")] {
        assert!(Filter::parse(users(), &text).is_ok(), "{text}");
    }
}

#[test]
fn a_filter_asks_about_what_is_read_of_the_kind_and_where_all_is_kept_about_anything() {
    let text = "displayName eq 'a' and (mail eq null or employeeOrgData/division eq 'x') \
                and assignedLicenses/any(l: l/skuId eq 'x' and mail ne null) and extension_0_x eq 1 \
                and customSecurityAttributes/Set/Name eq 'y'";
    let filter = Filter::parse(users(), text).unwrap();
    let asked: Vec<_> = filter.properties().collect();
    assert_eq!(
        asked,
        [
            "assignedLicenses",
            "customSecurityAttributes",
            "displayName",
            "employeeOrgData",
            "extension_0_x",
            "mail"
        ]
    );
    assert!(Filter::parse(policies(), "whatever/@odata.type eq '#x'").is_ok());
    assert!(Filter::parse(policies(), "assignments/any()").is_err(), "they are links");
    for derived in Derived::ALL {
        let text = format!("{}/any(d: d/id eq 'x')", derived.name());
        assert_eq!(Filter::parse(users(), &text).unwrap().derived().collect::<Vec<_>>(), [derived]);
        assert!(Filter::parse(kinds::get("groups").unwrap(), &text).is_ok());
        assert!(
            Filter::parse(kinds::get("administrativeUnits").unwrap(), &text).is_err(),
            "no unit is a member"
        );
    }
}

#[test]
fn what_a_snapshot_does_not_know_is_neither_null_nor_anything_else() {
    let manifest = json!({
        "format": 2, "snapshot": "snp_01jzzzzzzzzzzzzzzzzzzzzzzz", "tenant": "7e000000-0000-4000-8000-000000000001",
        "base": null, "startedAt": "2026-01-01T00:00:00Z", "sealedAt": "2026-01-01T00:00:00Z", "runs": {}, "tokens": {},
        "missing": [{ "source": "users.otherMails", "cause": "unknown", "why": "unknown" }], "fullAt": {}, "requests": 0,
        "resourceUnits": 0, "throttled": 0, "storedBlobs": 0, "storedBytes": 0, "permissions": ["User.Read.All"]
    });
    let manifest = Manifest::from_bytes(manifest.to_string().as_bytes()).unwrap();
    let object = json!({ "id": "1", "city": null, "mail": "a@x", "employeeLeaveDateTime": null, "otherMails": [],
                         "businessPhones": [] });
    for (text, wanted) in [
        ("city eq null and not businessPhones/any()", Verdict::Yes),
        // It was not asked for; no permission for it was known; the manifest says that it could not be read.
        ("department eq null", Verdict::Unknown),
        ("department ne 'x'", Verdict::Unknown),
        ("not startswith(department,'x')", Verdict::Unknown),
        ("employeeLeaveDateTime eq null", Verdict::Unknown),
        ("otherMails/any(m: m eq 'x')", Verdict::Unknown),
        ("customSecurityAttributes/a/b eq 'x'", Verdict::Unknown),
        ("extension_0_x in (1,2)", Verdict::Unknown),
        // The rest decides, or cannot.
        ("otherMails/any() or mail eq 'a@x'", Verdict::Yes),
        ("otherMails/any() and mail eq 'b@x'", Verdict::No),
        ("otherMails/any() and startswith(city,'x')", Verdict::Unknown),
    ] {
        let filter = Filter::parse(users(), text).unwrap();
        let beliefs = Beliefs::of(&manifest, users(), &filter);
        let seen = Seen { object: object.as_object().unwrap(), beliefs: &beliefs };
        assert_eq!(filter.judge(&seen), wanted, "{text}");
    }
}
