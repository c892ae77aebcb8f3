//! The language by examples: what it means, what it refuses and where.

use super::{Beliefs, Derived, Filter, Judging, Met, Seen, Subject, Unmet, Verdict};
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
        // A line break is a blank.
        ("on eq true\r\nand\nage eq 30", true),
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
        // An item of what follows from links and grants has certain names.
        ("rolesHeld/any(r: r/roleDefinitionId eq 'x')", 18),
        ("rolesHeld/any(r: r/displayname eq 'x')", 18),
        ("rolesHeld/any(r: r eq 'x')", 18),
        ("rolesHeld/any(r: r/id/x eq 'x')", 18),
        ("rolesHeld/any(r: mail eq null or startswith(r/name,'x'))", 45),
        ("memberOf/any(g: g/isEligible eq true)", 17),
        ("not transitiveMemberOf/any(g: g/mail in ('x'))", 31),
        ("memberOf/any(g: g/id/any())", 17),
        ("memberOf/any(g: g/any())", 17),
        // What is no collection has no items.
        ("displayName/any(d: d eq 'x')", 1),
        ("mail eq null or employeeOrgData/any()", 17),
        // What a text without quotes is, is said where it begins.
        ("id eq a1b2c3d4-0000-1111", 7),
        ("id eq 7e00-1111", 7),
        // A longer duration may be the lesser text.
        ("displayName gt 'PT9H'", 16),
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
        assert_eq!(fault.at, Some(at), "{text}");
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
        ("otherMails/any() and startswith(city,'x')", Verdict::No),
    ] {
        let filter = Filter::parse(users(), text).unwrap();
        let beliefs = Beliefs::of(&manifest, users(), &filter);
        let seen = Seen { object: object.as_object().unwrap(), beliefs: &beliefs, is_stale: false };
        assert_eq!(filter.judge(&seen), wanted, "{text}");
    }
}

#[test]
fn an_attribute_may_be_called_by_any_letters_and_begin_with_a_digit() {
    let object =
        whole(json!({ "customSecurityAttributes": { "Ingénierie": { "1stLevel": "high", "2": 3 } } }));
    for text in [
        "customSecurityAttributes/Ingénierie/1stLevel eq 'HIGH'",
        "customSecurityAttributes/Ingénierie/2 eq 3",
    ] {
        assert_eq!(Filter::parse(users(), text).unwrap().judge(&object), Verdict::Yes, "{text}");
    }
}

#[test]
fn a_comparison_that_meets_a_collection_is_open_and_the_rest_of_the_filter_decides() {
    let object = whole(json!({
        "settings": [{ "id": "1", "tags": ["a"] }], "deep": { "list": ["x"] }, "none": [], "name": "n", "nothing": null,
    }));
    for (text, wanted) in [
        ("settings/id eq '1'", Verdict::Unknown),
        ("settings/id ne '1'", Verdict::Unknown),
        ("settings/id eq null", Verdict::Unknown),
        ("deep/list ne null", Verdict::Unknown),
        ("deep/list in ('x','y')", Verdict::Unknown),
        ("not startswith(deep/list,'x')", Verdict::Unknown),
        ("none eq 'x'", Verdict::Unknown),
        ("settings/id/any()", Verdict::Unknown),
        ("settings/any(s: s/tags eq 'a')", Verdict::Unknown),
        ("settings/any(s: s/id eq '2' and s/tags eq 'a')", Verdict::No),
        ("settings/any(s: s/tags/any(t: t eq 'A'))", Verdict::Yes),
        ("deep/list eq 'x' and name eq 'm'", Verdict::No),
        ("deep/list eq 'x' or name eq 'n'", Verdict::Yes),
        // Neither true nor false, whatever the collection: it can never be meant.
        ("deep/list eq 'x' and startswith(nothing,'a')", Verdict::No),
        ("not (deep/list eq 'x' or startswith(nothing,'a'))", Verdict::No),
    ] {
        assert_eq!(Filter::parse(policies(), text).unwrap().judge(&object), wanted, "{text}");
    }
}

/// A policy of which everything is kept.
struct Kept(Map<String, Value>);

impl Subject for Kept {
    fn property(&self, name: &str) -> Option<&Value> {
        Some(self.0.get(name).unwrap_or(&Value::Null))
    }
    fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }
}

#[test]
fn a_term_that_met_nothing_it_can_be_about_is_told_with_what_was_there_instead() {
    let objects = [
        json!({ "name": "a", "on": true, "count": null, "org": { "division": "x" }, "list": [{ "sku": "s" }], "at": "x" }),
        json!({ "name": "b", "on": true, "count": 3, "org": null, "list": [] }),
    ];
    for (text, unmet) in [
        ("name eq 'x' or count eq 3 or org/division eq 'y' or list/any(l: l/sku eq 't')", vec![]),
        ("nam eq 'x'", vec![("nam", Unmet::Absent)]),
        ("not (nam eq 'x') and nam ne null", vec![("nam", Unmet::Absent), ("nam", Unmet::Absent)]),
        ("org/Division eq null", vec![("org/Division", Unmet::Absent)]),
        ("list/any(l: l/skuID eq 's')", vec![("list/skuID", Unmet::Absent)]),
        ("name/x eq null", vec![("name/x", Unmet::Absent)]),
        ("on eq 'true'", vec![("on", Unmet::OtherType)]),
        ("on in ('true',1)", vec![("on", Unmet::OtherType)]),
        ("contains(on,'t')", vec![("on", Unmet::OtherType)]),
        ("at lt 2026-01-01", vec![("at", Unmet::OtherType)]),
        ("name/any(n: n eq 'x')", vec![("name", Unmet::NoCollection)]),
        ("list/sku eq 's'", vec![("list/sku", Unmet::Collection)]),
        ("list eq null", vec![("list", Unmet::Collection)]),
        // Also where the rest decides.
        ("name ne null or nam eq 'x'", vec![("nam", Unmet::Absent)]),
        ("name eq null and on eq 'x'", vec![("on", Unmet::OtherType)]),
        ("name ne null or on eq true", vec![]),
    ] {
        let filter = Filter::parse(policies(), text).unwrap();
        let mut met = Met::default();
        for object in &objects {
            // Each as a page of its own: what was met before is not forgotten.
            let mut judging = Judging::of(&filter, met.to_string().parse().unwrap());
            judging.judge(&Kept(object.as_object().unwrap().clone()));
            met = judging.met();
        }
        assert_eq!(filter.unmet(met).collect::<Vec<_>>(), unmet, "{text}");
    }
}

#[test]
fn what_an_item_is_called_is_open_where_it_is_not_known() {
    let object = whole(json!({ "rolesHeld": [{ "id": "r1" }, { "id": "r2", "displayName": "Reader" }] }));
    for (text, wanted) in [
        ("rolesHeld/any(r: r/displayName eq 'Reader')", Verdict::Yes),
        ("rolesHeld/any(r: r/displayName eq 'Global Administrator')", Verdict::Unknown),
        ("not rolesHeld/any(r: r/displayName eq 'Global Administrator')", Verdict::Unknown),
        ("rolesHeld/any(r: r/displayName ne 'Reader')", Verdict::Unknown),
        ("rolesHeld/any(r: r/id eq 'r1' and r/displayName eq null)", Verdict::Unknown),
        ("rolesHeld/any(r: r/id eq 'r3' and r/displayName eq null)", Verdict::No),
    ] {
        let filter = Filter::parse(users(), text).unwrap();
        assert_eq!(filter.judge(&object), wanted, "{text}");
        assert!(
            filter.asks_names_of(Derived::RolesHeld)
                && filter.sources().iter().any(|kind| *kind == kinds::get("roles").unwrap().name)
        );
    }
    let by_id = Filter::parse(users(), "rolesHeld/any(r: r/id eq 'r1')").unwrap();
    assert!(
        !by_id.asks_names_of(Derived::RolesHeld)
            && !by_id.sources().iter().any(|kind| *kind == kinds::get("roles").unwrap().name)
    );
}

#[test]
fn of_an_object_that_could_not_be_read_its_id_is_known_and_what_leads_to_it() {
    let manifest = json!({
        "format": 2, "snapshot": "snp_01jzzzzzzzzzzzzzzzzzzzzzzz", "tenant": "7e000000-0000-4000-8000-000000000001",
        "base": null, "startedAt": "2026-01-01T00:00:00Z", "sealedAt": "2026-01-01T00:00:00Z", "runs": {}, "tokens": {},
        "missing": [], "fullAt": {}, "requests": 0, "resourceUnits": 0, "throttled": 0, "storedBlobs": 0, "storedBytes": 0
    });
    let manifest = Manifest::from_bytes(manifest.to_string().as_bytes()).unwrap();
    let object = json!({ "id": "1", "mail": "a@x", "memberOf": [{ "id": "g" }] });
    for (text, wanted) in [
        ("mail eq 'a@x'", Verdict::Unknown),
        ("mail ne 'a@x'", Verdict::Unknown),
        ("id eq '1'", Verdict::Yes),
        ("memberOf/any(g: g/id eq 'g')", Verdict::Yes),
        ("id eq '2' and mail eq 'a@x'", Verdict::No),
    ] {
        let filter = Filter::parse(users(), text).unwrap();
        let beliefs = Beliefs::of(&manifest, users(), &filter);
        let seen = Seen { object: object.as_object().unwrap(), beliefs: &beliefs, is_stale: true };
        assert_eq!(filter.judge(&seen), wanted, "{text}");
    }
}
