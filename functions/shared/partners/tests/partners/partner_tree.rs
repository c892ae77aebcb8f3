//! The walls of the partner tree, over every tree.

use domain::rights::{Action, Role};
use domain::{ErrorKind, PartnerId, Timestamp};
use engine::records::{Partner, Records};
use partners::commands::{Caller, Gate, Member};
use proptest::prelude::*;
use support::memory::World;

fn id(number: usize) -> PartnerId {
    PartnerId::from_ulid(&format!("01J{number:023}"))
}

/// Partners of which each stands below an earlier one, or at the top.
fn tree(parents: &[Option<prop::sample::Index>]) -> Vec<Partner> {
    let mut all: Vec<Partner> = Vec::new();
    for (number, parent) in parents.iter().enumerate() {
        let parent = parent.filter(|_| number > 0).map(|index| &all[index.index(number)]);
        let above = parent.map_or_else(Vec::new, |parent| {
            parent.above.iter().chain(std::iter::once(&parent.id)).cloned().collect()
        });
        all.push(Partner {
            id: id(number),
            name: format!("Partner {number}"),
            above,
            entra_sku_active: true,
            created_at: Timestamp::UNIX_EPOCH,
        });
    }
    all
}

/// Whether `one` is `other`, or stands above it, by walking up from parent to parent.
fn is_at_or_above(all: &[Partner], one: &Partner, other: &Partner) -> bool {
    let mut at = Some(other);
    while let Some(partner) = at {
        if partner.id == one.id {
            return true;
        }
        at = partner.parent().map(|parent| all.iter().find(|p| p.id == *parent).unwrap());
    }
    false
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    /// A partner gets to itself and to what is below it; of all others it learns nothing, not even that they are there.
    #[test]
    fn a_partner_sees_itself_and_what_is_below_it_and_nothing_else(
        parents in prop::collection::vec(prop::option::of(any::<prop::sample::Index>()), 1..12),
    ) {
        let all = tree(&parents);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let world = World::new(7);
            let records = Records::new(world.catalog.clone(), world.clock.clone());
            for partner in &all {
                records.put_new(partner).await.unwrap();
            }
            let gate = Gate { records };
            for one in &all {
                let member = Member::of_token(one.id.clone(), Role::Owner, None, "hft_owner");
                for other in &all {
                    let caller = Caller::Member(member.clone());
                    let answer = gate.partner(&caller, Some(&other.id), Action::ManagePlans).await;
                    if is_at_or_above(&all, one, other) {
                        assert_eq!(answer.unwrap().value.id, other.id);
                    } else {
                        assert_eq!(answer.unwrap_err().kind(), ErrorKind::NotFound);
                    }
                }
                let nobody = gate.partner(&Caller::Member(member), Some(&id(99)), Action::ManagePlans).await;
                assert_eq!(nobody.unwrap_err().kind(), ErrorKind::NotFound);
            }
        });
    }
}
