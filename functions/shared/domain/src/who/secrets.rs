//! Takes the secrets out of a record before anything of it is stored.
//!
//! Records of the log hold key material, phone numbers and push tokens among what was modified. What is taken out is marked
//! (`stripped`), so that nothing missing looks empty. Source: records seen by others; see FORMAT.md section 13.

use serde_json::{Map, Value, json};

/// How a property is known.
enum Known {
    /// Its name begins so.
    Name(&'static str),
    /// One of its values has this word in it.
    Word(&'static str),
}

/// What is left of its values.
enum Left {
    Nothing,
    /// The ids of the keys alone.
    KeyIds,
}

/// The secrets. The first row that fits decides; names and words in any case.
const SECRETS: [(Known, Left); 13] = [
    (Known::Name("KeyDescription"), Left::KeyIds),
    (Known::Name("Credential"), Left::Nothing),
    (Known::Name("StrongAuthentication"), Left::Nothing),
    (Known::Name("Password"), Left::Nothing),
    (Known::Name("UserPassword"), Left::Nothing),
    (Known::Name("EncryptedPinHash"), Left::Nothing),
    (Known::Name("SearchableDeviceKey"), Left::Nothing),
    (Known::Name("KeyCredential"), Left::Nothing),
    (Known::Name("TemporaryAccessPass"), Left::Nothing),
    (Known::Word("DeviceToken"), Left::Nothing),
    (Known::Word("OathSecretKey"), Left::Nothing),
    (Known::Word("SecretText"), Left::Nothing),
    (Known::Word("PRIVATE KEY"), Left::Nothing),
];

/// What names a key in a `KeyDescription`.
const KEY_ID: &str = "KeyIdentifier=";

/// The record without secrets, and otherwise as it came.
pub fn without_secrets(mut record: Value) -> Value {
    let targets = record.get_mut("targetResources").and_then(Value::as_array_mut);
    for target in targets.into_iter().flatten() {
        let modified = target.get_mut("modifiedProperties").and_then(Value::as_array_mut);
        for property in modified.into_iter().flatten().filter_map(Value::as_object_mut) {
            strip(property);
        }
    }
    // Details are pairs of a key and a value, and are treated as properties are.
    let details = record.get_mut("additionalDetails").and_then(Value::as_array_mut);
    for detail in details.into_iter().flatten().filter_map(Value::as_object_mut) {
        let name = detail.get("key").and_then(Value::as_str).unwrap_or_default().to_owned();
        let value = detail.get("value").and_then(Value::as_str).unwrap_or_default().to_owned();
        if row(&name, &[&value]).is_some() {
            detail.insert("value".to_owned(), Value::Null);
            detail.insert("stripped".to_owned(), json!(true));
        }
    }
    record
}

fn strip(property: &mut Map<String, Value>) {
    let text = |name: &str| property.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (name, old, new) = (text("displayName"), text("oldValue"), text("newValue"));
    let Some(left) = row(&name, &[&old, &new]) else { return };
    for (side, value) in [("oldValue", old), ("newValue", new)] {
        let left = match left {
            Left::KeyIds if !value.is_empty() => json!(json!(key_ids(&value)).to_string()),
            _ => Value::Null,
        };
        property.insert(side.to_owned(), left);
    }
    property.insert("stripped".to_owned(), json!(true));
}

fn row(name: &str, values: &[&str]) -> Option<&'static Left> {
    let (name, values) = (name.to_lowercase(), values.iter().map(|v| v.to_lowercase()).collect::<Vec<_>>());
    let fits = |known: &Known| match known {
        Known::Name(begin) => name.starts_with(&begin.to_lowercase()),
        Known::Word(word) => values.iter().any(|value| value.contains(&word.to_lowercase())),
    };
    SECRETS.iter().find(|(known, _)| fits(known)).map(|(_, left)| left)
}

/// The ids of the keys that a description names.
fn key_ids(description: &str) -> Vec<&str> {
    let ends = [',', ']', '"', '\\'];
    description.split(KEY_ID).skip(1).map(|rest| rest.split(ends).next().unwrap_or_default()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is left of a property of that name and value.
    fn left(name: &str, value: &str) -> Value {
        let property = json!({ "displayName": name, "oldValue": null, "newValue": value });
        let record = json!({ "id": "r", "targetResources": [{ "modifiedProperties": [property] }] });
        without_secrets(record)["targetResources"][0]["modifiedProperties"][0].clone()
    }

    #[test]
    fn nothing_is_left_of_the_values_that_a_row_names_and_that_they_were_there_is_said() {
        for (known, left_of_it) in &SECRETS {
            let (name, value) = match known {
                Known::Name(name) => (format!("{}Detail", name.to_uppercase()), "[\"hush hush\"]".to_owned()),
                Known::Word(word) => {
                    ("Anything".to_owned(), format!("[{{\"{}\":\"hush hush\"}}]", word.to_lowercase()))
                }
            };
            let property = left(&name, &value);
            assert!(!property.to_string().contains("hush"), "{name}: {property}");
            assert_eq!(property["stripped"], true, "{name}");
            assert_eq!(property["displayName"], name.as_str());
            let is_null = property["newValue"].is_null();
            assert_eq!(is_null, matches!(left_of_it, Left::Nothing), "{name}");
        }
    }

    #[test]
    fn of_the_description_of_a_key_its_id_is_left() {
        let value = "[\"[KeyIdentifier=0000-abcd,KeyType=Password,KeyUsage=Verify,DisplayName=hush]\"]";
        assert_eq!(left("KeyDescription", value)["newValue"], "[\"0000-abcd\"]");
    }

    #[test]
    fn the_push_token_of_an_updated_user_is_taken_out_wherever_it_stands() {
        let value = "[{\"DeviceName\":\"Phone\",\"DeviceToken\":\"apns2-e947\",\"PhoneAppVersion\":\"6\"}]";
        for name in ["StrongAuthenticationPhoneAppDetail", "SomethingNew"] {
            assert!(!left(name, value).to_string().contains("e947"), "{name}");
        }
        let details = json!({ "id": "r", "additionalDetails": [
            { "key": "DeviceToken", "value": "x" }, { "key": "Credential", "value": "hush" },
            { "key": "User-Agent", "value": "Mozilla" } ] });
        let details = without_secrets(details);
        assert_eq!(
            details["additionalDetails"][1],
            json!({ "key": "Credential", "value": null, "stripped": true })
        );
        assert_eq!(details["additionalDetails"][2]["value"], "Mozilla");
    }

    #[test]
    fn what_is_no_secret_stays_as_it_came_known_or_not() {
        let record = json!({ "id": "r", "new": { "field": [1] }, "targetResources": [{ "id": "x",
            "modifiedProperties": [{ "displayName": "JobTitle", "oldValue": "[\"a\"]", "newValue": "[\"b\"]" }] }] });
        assert_eq!(without_secrets(record.clone()), record);
    }
}
