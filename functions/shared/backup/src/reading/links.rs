//! Operations on links, made ready for their merge when it is known which objects are gone.

use super::reader::KindReader;
use super::sorters::{gone, reverse};
use super::take::join;
use crate::archive::Op;
use domain::kinds::{LinkType, LinkWrite};
use domain::stored::RunRef;
use domain::{Error, Result};

impl KindReader<'_> {
    /// Makes the operations on links ready, once the objects are merged: of links of which an object has at most one
    /// the old one goes, and the links of what is gone go with it.
    pub(super) async fn prepare_links(&mut self) -> Result<()> {
        let archive = &self.context.archive;
        let mut held = Vec::new();
        for link in self.kind.links {
            // Where everything is read, links that no page named go by themselves.
            let base = self.base_run(link.name).filter(|_| self.state.incremental);
            if link.write == LinkWrite::Single {
                self.prepare_single_links(link, base).await?;
            }
            if base.is_some() {
                held.push((link, archive.open_run(base).await?));
            }
        }

        // Every link that the base has of an object that is gone.
        let mut gone = self.sorters.take(&gone(self.kind)).into_ops(None).await?;
        let (mut forward, mut back) = (Vec::new(), Vec::new());
        while !held.is_empty() && gone.advance().await? {
            let from = text(gone.head().unwrap_or_default())?;
            for (link, opened) in &held {
                for to in opened.ends(&format!("{from}/")).await? {
                    join(&mut forward, &from, &to);
                    join(&mut back, &to, &from);
                    self.sorters.get(link.name).push(&forward, Op::Remove).await?;
                    self.sorters.get(&reverse(link.name)).push(&back, Op::Remove).await?;
                }
            }
        }
        Ok(())
    }

    /// Turns operations on `from`, of a link of which an object has at most one, into operations on `from/to`. Until
    /// then the far end is a part of the value (`take`), so that of several that Graph reported the last one is left.
    async fn prepare_single_links(&mut self, link: &LinkType, base: Option<&RunRef>) -> Result<()> {
        let held = self.context.archive.open_run(base).await?;
        let mut forward = self.sorters.empty();
        let mut ops = self.sorters.take(link.name).into_ops(None).await?;
        let back = self.sorters.get(&reverse(link.name));
        let (mut key, mut back_key) = (Vec::new(), Vec::new());
        while ops.advance().await? {
            let from = text(ops.head().unwrap_or_default())?;
            // Whatever Graph says of it now, the link that the base has is no longer there, or is put again below.
            if base.is_some() {
                for to in held.ends(&format!("{from}/")).await? {
                    join(&mut key, &from, &to);
                    join(&mut back_key, &to, &from);
                    forward.push(&key, Op::Remove).await?;
                    back.push(&back_key, Op::Remove).await?;
                }
            }
            // The value is `to/value` until here; from here on the key is `from/to`, as in every other link run.
            let Op::Put(value) = ops.op()? else { continue };
            let value =
                std::str::from_utf8(value).map_err(|_| Error::corrupt("a parked link is not text"))?;
            let (to, value) =
                value.split_once('/').ok_or_else(|| Error::corrupt("a parked link has no end"))?;
            join(&mut key, &from, to);
            join(&mut back_key, to, &from);
            forward.push(&key, Op::Put(value.as_bytes())).await?;
            back.push(&back_key, Op::Put(b"")).await?;
        }
        self.sorters.put(link.name, forward);
        Ok(())
    }
}

fn text(key: &[u8]) -> Result<String> {
    String::from_utf8(key.to_vec()).map_err(|_| Error::corrupt("a parked key is not text"))
}
