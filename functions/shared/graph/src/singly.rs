//! Objects asked for one by one, where a page that would hold them is refused: one that Graph cannot show costs itself alone.

use crate::{
    GraphClient,
    batch::Part,
    cost::read_units,
    lost::passes,
    select::{encoded, kind_of, with_query},
};
use domain::{
    Error, ErrorKind, Result, TenantId,
    kinds::{FullReading, Read, Source, id_of},
};
use engine::ports::Unreadable;
use serde_json::{Value, value::RawValue};

impl GraphClient {
    /// The objects of these ids, as a list of them would give them; and those that cannot be had. One that Graph lists and
    /// then does not find is among these: whether it is gone meanwhile, the next reading knows.
    ///
    /// # Errors
    /// Those that pass, and what is wrong with every object.
    pub(crate) async fn one_by_one(
        &self,
        tenant: &TenantId,
        source: &'static Source,
        ids: &[Box<RawValue>],
        also: &[&str],
    ) -> Result<(Vec<Value>, Vec<Unreadable>)> {
        let Some(kind) = kind_of(source) else { return Ok((Vec::new(), Vec::new())) };
        let select = self.selectable(tenant, source, also).await?;
        let select: Vec<&str> = select.into_iter().filter(|p| !kind.is_relation(p)).collect();
        // What a list of policies expands is asked for apart, object by object.
        let expand = match source.read {
            Read::Delta(FullReading::ByList { expand, .. }) => expand,
            Read::Delta(_) | Read::List => "",
        };
        let ids: Vec<String> = ids
            .iter()
            .map(|item| id_of(item).ok_or_else(|| Error::unavailable("an item has no id")))
            .collect::<Result<_>>()?;
        let part = |id: &String| {
            let path = format!("{}/{}", kind.path, encoded(id));
            let units = read_units(&path, !select.is_empty(), !expand.is_empty(), None);
            let below = with_query(&path, &select, expand, None);
            Part { below, units, what: format!("reading one of {}", source.name) }
        };
        let parts: Vec<Part> = ids.iter().map(part).collect();
        let (mut found, mut lost, mut first) = (Vec::new(), Vec::new(), None);
        for ((id, part), reply) in
            ids.iter().zip(&parts).zip(self.get_many(tenant, kind.version, &parts).await?)
        {
            match reply.and_then(|reply| reply.success(&part.what)) {
                Ok(object) if object.get("id").and_then(Value::as_str) == Some(id.as_str()) => {
                    found.push(object);
                }
                // What is not the object that was asked for still costs the one that was.
                Ok(_) => lost.push(Unreadable::of_text(Some(id.clone()))),
                Err(error) if passes(&error) && error.kind() != ErrorKind::Unavailable => return Err(error),
                Err(error) => {
                    lost.push(Unreadable { id: Some(id.clone()), why: error.summary().into() });
                    first.get_or_insert(error);
                }
            }
        }
        match first {
            // Why: that is no fault of the objects.
            Some(error) if found.is_empty() && lost.len() > 1 => Err(error),
            _ => Ok((found, lost)),
        }
    }
}
