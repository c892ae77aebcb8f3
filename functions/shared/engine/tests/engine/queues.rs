//! Which work waits for which.

use domain::{DiffId, RestoreId, TenantId};
use engine::messages;
use engine::ports::{JobQueue, Queue};
use support::memory::World;

#[tokio::test]
async fn a_comparison_that_never_ends_holds_up_no_preview_of_the_same_tenant() {
    let world = World::new(1);
    let tenant: TenantId = "a1b2c3d4-0000-1111-2222-333344445555".parse().unwrap();
    let diff = DiffId::from_ulid("01JAAAAAAAAAAAAAAAAAAAAAAA");
    let restore = RestoreId::from_ulid("01JAAAAAAAAAAAAAAAAAAAAAAB");
    world.queue.send(messages::diff_snapshots(&tenant, &diff, 0)).await.unwrap();
    let at_work = world.queue.receive(JobQueue::DiffSnapshots);
    assert_eq!(at_work.len(), 1);
    let preview = messages::preview_restore(&tenant, &restore, 0);
    let queue = preview.queue;
    world.queue.send(preview).await.unwrap();
    let received = world.queue.receive(queue);
    assert_eq!(received.len(), 1, "the preview waits for the comparison");
    // Within the comparison's own queue the next one does wait: what is tried here is not the fake's leniency.
    world.queue.send(messages::diff_snapshots(&tenant, &diff, 1)).await.unwrap();
    assert_eq!(world.queue.receive(JobQueue::DiffSnapshots).len(), 0);
}
