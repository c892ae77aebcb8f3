//! The receiving side: messages are handed out, and their receivers say what became of them.

use super::{DeadLetter, Handle, LocalQueue, Received, rows};
use domain::{Error, Result};
use engine::ports::JobQueue;

impl LocalQueue {
    /// Up to `most` messages that may be handed out now, without waiting; possibly none. Several may be of one group,
    /// then in its order; none is of a group of which a message is in flight.
    pub async fn receive(&self, queue: JobQueue, most: usize) -> Result<Vec<Received>> {
        let (now, max_receives) = (self.now_ms(), self.rules.max_receives);
        let until = now.saturating_add_unsigned(self.rules.visibility_ms);
        let receipt = self.ids.ulid();
        self.change(move |tx| {
            rows::bury_spent(tx, queue, max_receives, now)?;
            let ready = rows::ready(tx, queue, most, now)?;
            ready.into_iter().map(|seq| rows::hand_out(tx, seq, &receipt, now, until)).collect()
        })
        .await
    }

    /// The same, but waits up to `wait_ms` for the first one. Woken by a sent message and by the end of a
    /// message's invisibility.
    pub async fn receive_wait(&self, queue: JobQueue, most: usize, wait_ms: u64) -> Result<Vec<Received>> {
        let end = self.now_ms().saturating_add_unsigned(wait_ms);
        loop {
            // Why: armed before looking, so that what is sent in between wakes us.
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let now = self.now_ms();
            let visible_at = self.look(move |tx| {
                let ready = !rows::ready(tx, queue, 1, now)?.is_empty();
                Ok(if ready { Some(now) } else { rows::next_visible_at(tx, queue, now)? })
            });
            let visible_at = visible_at.await?;
            if visible_at.is_some_and(|at| at <= now) {
                let received = self.receive(queue, most).await?;
                if !received.is_empty() {
                    return Ok(received);
                }
                continue;
            }
            if now >= end {
                return Ok(Vec::new());
            }
            let wait_ms = u64::try_from(visible_at.unwrap_or(end).min(end) - now).unwrap_or(0);
            tokio::select! {
                () = changed => {}
                () = self.clock.sleep_ms(wait_ms) => {}
            }
        }
    }

    /// Deletes a message that was worked on.
    ///
    /// # Errors
    /// `Conflict` when it was handed out again since.
    pub async fn delete(&self, handle: &Handle) -> Result<()> {
        let handle = handle.clone();
        self.settle_one(handle, rows::delete).await
    }

    /// Lets a message be handed out again, no sooner than in `delay_ms`; until then it holds its group back.
    ///
    /// # Errors
    /// `Conflict` when it was handed out again since.
    pub async fn release(&self, handle: &Handle, delay_ms: u64, reason: Option<&str>) -> Result<()> {
        let (handle, reason) = (handle.clone(), reason.map(str::to_owned));
        let at = self.now_ms().saturating_add_unsigned(delay_ms);
        self.settle_one(handle, move |tx, seq| rows::set_visible_at(tx, seq, at, reason.as_deref())).await
    }

    /// Makes a message a dead letter at once.
    ///
    /// # Errors
    /// `Conflict` when it was handed out again since.
    pub async fn bury(&self, handle: &Handle, reason: Option<&str>) -> Result<()> {
        let (handle, reason, now) = (handle.clone(), reason.map(str::to_owned), self.now_ms());
        self.settle_one(handle, move |tx, seq| rows::bury(tx, seq, reason.as_deref(), now)).await
    }

    /// How many messages the queue has, dead letters not counted: pending, held back or in flight.
    pub async fn count(&self, queue: JobQueue) -> Result<u64> {
        self.look(move |tx| rows::count(tx, queue)).await
    }

    /// Dead letters of all queues, oldest first.
    pub async fn dead_letters(&self) -> Result<Vec<DeadLetter>> {
        self.look(rows::dead_letters).await
    }

    /// Makes every message in flight visible: for a process that begins after another has ended.
    pub async fn release_all(&self) -> Result<()> {
        let now = self.now_ms();
        self.change(move |tx| rows::release_all(tx, now)).await
    }

    async fn settle_one(
        &self,
        handle: Handle,
        work: impl FnOnce(&rusqlite::Transaction<'_>, i64) -> rusqlite::Result<()> + Send + 'static,
    ) -> Result<()> {
        let held = self
            .change(move |tx| {
                let held = rows::is_held(tx, &handle)?;
                if held {
                    work(tx, handle.seq)?;
                }
                Ok(held)
            })
            .await?;
        if held { Ok(()) } else { Err(Error::conflict("the message was handed out again")) }
    }

    /// Reads in one transaction, without waking whoever waits.
    async fn look<T: Send + 'static>(
        &self,
        work: impl FnOnce(&rusqlite::Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let connection = self.connection.clone();
        super::blocking(move || {
            let mut connection = connection.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let transaction = connection.transaction().map_err(rows::store_error)?;
            work(&transaction).map_err(rows::store_error)
        })
        .await
    }
}
