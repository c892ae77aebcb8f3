//! What a snapshot needs to be there before it is put back, since no restore brings it: domains, licences, definitions of
//! custom security attributes, what policies refer to, Microsoft's own roles.
//!
//! An administrator sets it up in a new tenant; here it is put into the simulated one. Names of kinds are nowhere: what is
//! looked for follows from the table.

use backup::archive::{SnapshotView, read_object};
use domain::kinds::{Form, KINDS, Kind, Limit, LinkWrite, OUTSIDE};
use domain::restore::LICENCES;
use domain::{Error, Result};
use serde::Serialize;
use serde_json::{Map, Value, json};
use sim::Control;
use std::collections::{BTreeMap, BTreeSet};

/// What has to be there first.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Needed {
    /// The domains that names of users are in, and how many of them are.
    pub domains: BTreeMap<String, u64>,
    /// The licences that people have, by SKU.
    pub licences: BTreeMap<String, Licence>,
    /// The custom security attributes that somebody has a value of, as `set_name`.
    pub attributes: BTreeSet<String>,
    /// What policies refer to and no snapshot holds: ids by the name of their collection.
    pub referred_to: BTreeMap<&'static str, BTreeSet<String>>,
    /// The services without which Microsoft has no such objects, by the name of their plan.
    pub services: BTreeSet<&'static str>,
    #[serde(skip)]
    issuers: BTreeMap<String, u64>,
    #[serde(skip)]
    definitions: BTreeMap<String, Value>,
    #[serde(skip)]
    built_in: Vec<(&'static str, Value)>,
}

/// A licence that has to be there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Licence {
    /// How many people have it.
    pub people: u64,
    /// The service plans that somebody who has it has not.
    pub plans: BTreeSet<String>,
}

impl Needed {
    /// What that snapshot needs.
    ///
    /// # Errors
    /// As reading it fails.
    pub async fn by(view: &SnapshotView) -> Result<Self> {
        let mut needed = Self::default();
        for kind in KINDS.into_iter().filter(|kind| view.covers(kind)) {
            needed.services.extend(kind.licence.and_then(|licence| licence.plans.first()).copied());
            view.each_record(kind.run(), |_, bytes| {
                needed.see(kind, read_object(bytes)?);
                Ok(())
            })
            .await?;
            for (attributes, _) in
                kind.writing.forms.iter().filter(|(_, form)| *form == Form::SecurityAttributes)
            {
                let run = kind.part(attributes);
                if view.run(&run).is_ok() {
                    view.each_record(&run, |_, bytes| needed.see_attributes(bytes)).await?;
                }
            }
            let of_targets = kind.links.iter().filter(|link| link.write == LinkWrite::AssignAll);
            for link in of_targets.filter(|link| view.run(link.name).is_ok()) {
                view.each_record(link.name, |_, bytes| {
                    if let Some(Value::Object(target)) = read_object(bytes)?.get("target") {
                        needed.see_outside(target, |property| property.is_none());
                    }
                    Ok(())
                })
                .await?;
            }
        }
        Ok(needed)
    }

    fn see(&mut self, kind: &'static Kind, object: Map<String, Value>) {
        let text = |property: &str| object.get(property).and_then(Value::as_str);
        let domain = kind.unique_property.and_then(text).and_then(|name| name.rsplit_once('@'));
        if let Some((_, domain)) = domain {
            *self.domains.entry(domain.to_lowercase()).or_default() += 1;
        }
        for (property, _) in kind.writing.forms.iter().filter(|(_, form)| *form == Form::Identities) {
            for identity in list(&object, property) {
                if identity["signInType"] == "userPrincipalName"
                    && let Some(issuer) = identity["issuer"].as_str()
                {
                    *self.issuers.entry(issuer.to_lowercase()).or_default() += 1;
                }
            }
        }
        if kind.writing.licences {
            for held in list(&object, LICENCES) {
                let Some(sku) = held["skuId"].as_str() else { continue };
                let licence = self.licences.entry(sku.to_owned()).or_default();
                // A licence is a person's; a group only hands it out.
                licence.people += u64::from(kind.writing.licensed_by.is_some());
                let plans = held["disabledPlans"].as_array().into_iter().flatten();
                licence.plans.extend(plans.filter_map(Value::as_str).map(str::to_owned));
            }
        }
        if kind.writing.typed {
            self.see_outside(&object, |property| property.is_some());
        }
        let is_built_in = object.get("isBuiltIn") == Some(&Value::Bool(true));
        if is_built_in && kind.writing.limits.contains(&Limit::BuiltIn) {
            self.built_in.push((kind.path, Value::Object(object)));
        }
    }

    fn see_outside(&mut self, object: &Map<String, Value>, is_meant: fn(Option<&str>) -> bool) {
        for outside in OUTSIDE.iter().filter(|outside| is_meant(outside.property())) {
            let ids = outside.ids(object);
            if !ids.is_empty() {
                self.referred_to.entry(outside.path).or_default().extend(ids);
            }
        }
    }

    fn see_attributes(&mut self, bytes: &[u8]) -> Result<()> {
        let sets: Value = serde_json::from_slice(bytes)
            .map_err(|e| Error::corrupt("a stored value cannot be read").caused_by(e))?;
        let named = |values: &'_ Value| values.as_object().cloned().unwrap_or_default();
        for (set, values) in named(&sets).into_iter().filter(|(set, _)| !set.contains('@')) {
            for (name, value) in named(&values).into_iter().filter(|(name, _)| !name.contains('@')) {
                let id = format!("{set}_{name}");
                let one = value.as_array().map_or(&value, |all| all.first().unwrap_or(&Value::Null));
                let data_type = match one {
                    Value::Bool(_) => "Boolean",
                    Value::Number(_) => "Integer",
                    _ => "String",
                };
                let definition = json!({
                    "id": id, "attributeSet": set, "name": name, "type": data_type,
                    "isCollection": value.is_array(), "isSearchable": true, "status": "Available",
                    "usePreDefinedValuesOnly": false, "allowedValues": [],
                });
                self.definitions.insert(id.clone(), definition);
                self.attributes.insert(id);
            }
        }
        Ok(())
    }

    /// The domain that most names are in, which is the tenant's own; another where there is none.
    pub fn main_domain(&self) -> String {
        let most = self.domains.iter().max_by_key(|(_, count)| **count);
        most.map_or_else(|| "drill.example".to_owned(), |(domain, _)| domain.clone())
    }

    /// Puts it into the simulated tenant.
    pub fn set_up(&self, control: &Control, tenant: &str) {
        let initial = self.issuers.iter().max_by_key(|(_, count)| **count).map(|(domain, _)| domain);
        for domain in self.domains.keys().filter(|domain| Some(*domain) != initial) {
            control.add_domain(tenant, domain, false);
        }
        if let Some(initial) = initial {
            control.add_domain(tenant, initial, true);
        }
        for (sku, licence) in &self.licences {
            let plan = |id: &String| {
                json!({ "servicePlanId": id, "servicePlanName": id, "provisioningStatus": "Success",
                    "appliesTo": "User" })
            };
            let plans: Vec<Value> = licence.plans.iter().map(plan).collect();
            let bought = json!({
                "id": format!("{tenant}_{sku}"), "skuId": sku, "skuPartNumber": sku, "appliesTo": "User",
                "capabilityStatus": "Enabled", "servicePlans": plans,
                "prepaidUnits": { "enabled": licence.people, "suspended": 0, "warning": 0, "lockedOut": 0 },
            });
            control.put_raw(tenant, "subscribedSkus", bought);
        }
        for service in &self.services {
            let plan = json!({ "servicePlanId": service, "servicePlanName": service, "provisioningStatus": "Success",
                "appliesTo": "Company" });
            let bought = json!({
                "id": format!("{tenant}_{service}"), "skuId": service, "skuPartNumber": service,
                "appliesTo": "Company", "capabilityStatus": "Enabled", "servicePlans": [plan],
                "prepaidUnits": { "enabled": 1, "suspended": 0, "warning": 0, "lockedOut": 0 },
            });
            control.put_raw(tenant, "subscribedSkus", bought);
        }
        for definition in self.definitions.values() {
            let set = json!({ "id": definition["attributeSet"], "maxAttributesPerSet": 25 });
            control.put_raw(tenant, "directory/attributeSets", set);
            control.put_raw(tenant, "directory/customSecurityAttributeDefinitions", definition.clone());
        }
        for (path, ids) in &self.referred_to {
            for id in ids {
                control.put_raw(tenant, path, json!({ "id": id, "displayName": id }));
            }
        }
        for (path, object) in &self.built_in {
            control.put_raw(tenant, path, object.clone());
        }
    }
}

/// The items of a property that is a list.
fn list<'a>(object: &'a Map<String, Value>, property: &str) -> &'a [Value] {
    object.get(property).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
