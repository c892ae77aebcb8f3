//! Which objects have the values, such as names, that a plan gives to others that are there.

use super::gather::Gather;
use crate::passing::may_pass;
use domain::Result;
use domain::kinds::{KINDS, Kind, Place, Shown};
use domain::restore::{Inputs, RestorePlan, gained};
use engine::ports::Holders;
use serde_json::Value;
use std::collections::BTreeSet;

/// For how many values Graph is asked at the same time. Why bounded: a search shows no more than a hundred objects.
const AT_ONCE: usize = 60;

impl Gather<'_> {
    /// Adds to the inputs who has the values that the steps of a plan give. What cannot be searched for is left to Graph.
    pub async fn taken(&self, plan: &RestorePlan, inputs: &mut Inputs) -> Result<()> {
        for kind in KINDS {
            let places = kind.writing.places.iter();
            for place in places.filter(|place| place.is_unique && place.shown == Shown::Same) {
                let steps = plan.steps.iter().filter(|step| step.kind == kind.name);
                let given = steps.flat_map(gained).filter(|(property, _)| *property == place.property);
                let values: BTreeSet<String> = given.map(|(_, value)| value).collect();
                let values: Vec<String> = values.into_iter().collect();
                for some in values.chunks(AT_ONCE) {
                    self.holders_of(kind, place, some, inputs).await?;
                }
            }
        }
        Ok(())
    }

    async fn holders_of(
        &self,
        kind: &'static Kind,
        place: &Place,
        values: &[String],
        inputs: &mut Inputs,
    ) -> Result<()> {
        self.in_time()?;
        let wanted = Holders { property: place.property, values, also: None };
        let found = match self.worker.directory.find_holders(self.tenant, kind, wanted).await {
            Err(error) if may_pass(&error) => return Err(error),
            found => found.unwrap_or_default(),
        };
        for object in found {
            let text = |property: &str| object.get(property).and_then(Value::as_str);
            if let (Some(id), Some(value)) = (text("id"), text(place.property)) {
                inputs.taken.insert(value.to_lowercase(), id.to_owned());
            }
        }
        Ok(())
    }
}
