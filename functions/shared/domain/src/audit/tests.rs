use super::*;
use proptest::prelude::*;

const PROCESS: &str = "01kb6cvw00aaaaaaaaaaaaaaaa";

fn event(n: u64) -> Event {
    Event {
        at: Timestamp::from_second(1_790_000_000 + i64::try_from(n).unwrap()).unwrap(),
        who: Who { id: "hft_12345678".to_owned(), role: Some(Role::Owner), partner: None },
        what: "POST /v1/plans".to_owned(),
        subjects: BTreeMap::from([("org".to_owned(), "org_01jaaaaaaaaaaaaaaaaaaaaaaa".to_owned())]),
        from: Some("203.0.113.7".to_owned()),
        request: format!("r-{n}"),
        outcome: if n.is_multiple_of(2) { Outcome::Answered(201) } else { Outcome::Asked },
    }
}

fn partner() -> Option<PartnerId> {
    "prt_01jaaaaaaaaaaaaaaaaaaaaaaa".parse().ok()
}

/// The name of the chain of those events' day with that number.
fn chain_of(count: u64) -> ChainId {
    ChainId::new(ChainId::day_of(event(0).at), PROCESS, count)
}

fn appended(mut head: Head, events: impl IntoIterator<Item = u64>, seen: &[Mark]) -> (Vec<Entry>, Head) {
    let mut entries = Vec::new();
    for n in events {
        let seen = if head.mark.number == 0 { seen.to_vec() } else { Vec::new() };
        let (entry, next) = head.append(event(n), seen).unwrap();
        entries.push(entry);
        head = next;
    }
    (entries, head)
}

/// The single chain that a log had before.
fn older(count: u64) -> (Vec<Entry>, Head) {
    appended(Head::beginning(partner(), None), 1..=count, &[])
}

fn chain(count: u64) -> (Vec<Entry>, Head) {
    appended(Head::beginning(partner(), Some(chain_of(1))), 1..=count, &[])
}

fn walked(entries: &[Entry], head: &Head) -> std::result::Result<(), Broken> {
    let mut walk = Walk::begin(head.partner.clone(), head.mark.chain.clone());
    entries.iter().try_for_each(|e| walk.step(e))?;
    walk.end(&head.mark)
}

fn broken(head: &Head, number: u64, fault: Fault) -> std::result::Result<(), Broken> {
    Err(Broken { chain: head.mark.chain.clone(), number, fault })
}

#[test]
fn a_chain_that_nobody_touched_is_whole_and_each_loss_is_found_where_it_is() {
    for (entries, head, shorter) in
        [(older(5), older(4).1), (chain(5), chain(4).1)].map(|((e, h), s)| (e, h, s))
    {
        assert_eq!(walked(&entries, &head), Ok(()));
        assert_eq!(walked(&[], &Head::beginning(head.partner.clone(), head.mark.chain.clone())), Ok(()));

        let mut altered = entries.clone();
        altered[2].event.who.id = "hft_00000000".to_owned();
        assert_eq!(walked(&altered, &head), broken(&head, 3, Fault::Altered));

        let mut rehashed = altered;
        rehashed[2].hash = rehashed[2].computed_hash().unwrap();
        assert_eq!(walked(&rehashed, &head), broken(&head, 4, Fault::Unlinked));

        let mut removed = entries.clone();
        removed.remove(1);
        assert_eq!(walked(&removed, &head), broken(&head, 2, Fault::Missing));

        let mut swapped = entries.clone();
        swapped.swap(2, 3);
        assert_eq!(walked(&swapped, &head), broken(&head, 3, Fault::Missing));

        assert_eq!(walked(&entries[..3], &head), broken(&head, 4, Fault::Missing));
        assert_eq!(walked(&entries, &shorter), broken(&head, 5, Fault::Head));
    }
}

#[test]
fn the_last_entry_rewritten_with_its_hash_is_told_by_the_head() {
    let (mut entries, head) = chain(3);
    entries[2].event.request = "another".to_owned();
    entries[2].hash = entries[2].computed_hash().unwrap();
    assert_eq!(walked(&entries, &head), broken(&head, 3, Fault::Head));
}

#[test]
fn an_entry_of_another_partner_or_another_chain_is_not_of_this_chain() {
    let (mut entries, head) = chain(2);
    entries[1].partner = "prt_01jbbbbbbbbbbbbbbbbbbbbbbb".parse().ok();
    assert_eq!(walked(&entries, &head), broken(&head, 2, Fault::Missing));
    let (mut entries, head) = chain(2);
    entries[1].chain = Some(chain_of(2));
    assert_eq!(walked(&entries, &head), broken(&head, 2, Fault::Missing));
}

#[test]
fn in_a_chain_of_a_day_time_does_not_go_back_and_the_day_is_its_own() {
    let head = chain(1).1;
    let (entry, _) = head.append(event(0), Vec::new()).unwrap();
    assert_eq!(
        entry.event.at,
        event(1).at,
        "a clock that was set back writes at the time of the entry before"
    );
    let mut walk = Walk::begin(partner(), Some(chain_of(1)));
    let tomorrow = Event { at: event(0).at + jiff::SignedDuration::from_hours(24), ..event(1) };
    let (entry, _) = Head::beginning(partner(), Some(chain_of(1))).append(tomorrow, Vec::new()).unwrap();
    assert_eq!(walk.step(&entry), broken(&head, 1, Fault::Unlinked));
}

#[test]
fn an_entry_reads_back_with_the_hash_that_it_was_written_with() {
    // The forms are fixed: others would make every kept chain a broken one.
    for (entries, hash) in [
        (older(1).0, "fe1bcaae082202367514a995e28dbd5a54cb7dd5bbfeaeaa5fe998af4d013207"),
        (chain(2).0, "47c5b41113e2a4a729f275be1c65cfd191f2e54f3d4e17e40b74e9c54967508a"),
    ] {
        let last = entries.last().unwrap();
        let text = serde_json::to_string(last).unwrap();
        let back: Entry = serde_json::from_str(&text).unwrap();
        assert_eq!(&back, last);
        assert_eq!(back.computed_hash().unwrap(), last.hash);
        assert_eq!(last.hash, hash);
    }
}

#[test]
fn a_chain_is_named_by_its_day_and_the_name_of_no_chain_is_not_read() {
    let id = chain_of(7);
    assert_eq!(id.as_str(), format!("2026-09-21-{PROCESS}-7"));
    assert_eq!(id.day().to_string(), "2026-09-21");
    let text = serde_json::to_string(&id).unwrap();
    assert_eq!(serde_json::from_str::<ChainId>(&text).unwrap(), id);
    for bad in [
        "",
        "2026-09-21",
        "2026-13-21-01kb6cvw00aaaaaaaaaaaaaaaa-7",
        "2026-09-21-01KB6CVW00AAAAAAAAAAAAAAAA-7",
    ] {
        assert!(ChainId::try_from(bad.to_owned()).is_err(), "{bad}");
    }
}

#[test]
fn a_name_in_a_path_is_not_written_down() {
    for id in ["org_01jaaaaaaaaaaaaaaaaaaaaaaa", "a1b2c3d4-0000-1111-2222-333344445555", "users"] {
        assert_eq!(subject(id), id);
    }
    for name in ["ada_berg", "Sales_00000000000000000000000000", "org_short", "ab_01jaaaaaaaaaaaaaaaaaaaaaaa"]
    {
        assert!(subject(name).starts_with("blake3:"), "{name}: only the form of an id of ours is one");
    }
    let hidden = subject("Ada Berg");
    assert!(hidden.starts_with("blake3:") && !hidden.contains("Ada"));
    assert_ne!(hidden, subject("Ada Berk"));
}

proptest! {
    #[test]
    fn whatever_is_changed_in_whatever_entry_is_found(count in 1_u64..12, at in 0_usize..12, what in 0_u8..9) {
        let (mut entries, head) = chain(count);
        let at = at % entries.len();
        let entry = &mut entries[at];
        match what {
            0 => entry.event.at = Timestamp::UNIX_EPOCH,
            1 => entry.event.who.role = None,
            2 => entry.event.what.push('x'),
            3 => entry.event.subjects.clear(),
            4 => entry.event.from = None,
            5 => entry.event.outcome = Outcome::Answered(404),
            6 => entry.previous_at = Some(Timestamp::UNIX_EPOCH),
            7 => entry.seen.push(head.mark.clone()),
            _ => entry.previous.replace_range(..1, "x"),
        }
        prop_assert!(walked(&entries, &head).is_err_and(|b| b.number == at as u64 + 1));
    }
}

/// A log of an older chain and two chains of a day, and the statement of that day.
struct Log {
    entries: Vec<Entry>,
    heads: SignedHeads,
}

fn log() -> Log {
    let (mut entries, old) = older(2);
    let (first, one) = appended(
        Head::beginning(partner(), Some(chain_of(1))),
        [10, 12, 14],
        std::slice::from_ref(&old.mark),
    );
    let (second, two) = appended(Head::beginning(partner(), Some(chain_of(2))), [11, 13], &[first[0].mark()]);
    let mut new = [first, second].concat();
    new.sort_by_key(|entry| entry.event.at);
    entries.extend(new);
    let heads = SignedHeads {
        partner: partner(),
        day: chain_of(1).day(),
        part: 0,
        is_last: true,
        heads: vec![old.mark, one.mark, two.mark],
        previous: BEGINNING.to_owned(),
        signed_at: event(200_000).at,
    };
    Log { entries, heads }
}

fn checked(entries: &[Entry], statements: &[SignedHeads]) -> std::result::Result<LogFound, LogFault> {
    let mut check = LogCheck::default();
    entries.iter().try_for_each(|entry| check.take(entry))?;
    let statements: Vec<_> = statements.iter().map(|s| (s.clone(), format!("signed {}", s.part))).collect();
    check.end(&statements)
}

fn fault(chain: Option<ChainId>, number: u64, fault: Fault) -> std::result::Result<LogFound, LogFault> {
    Err(LogFault::Entry(Broken { chain, number, fault }))
}

#[test]
fn a_log_whose_chains_end_where_the_signed_heads_say_is_whole() {
    let Log { entries, heads } = log();
    let day = heads.day;
    let found = LogFound {
        entries: 7,
        chains: 3,
        signed: 3,
        signed_from: Some(day),
        signed_until: Some(day),
        is_signed_from_beginning: true,
    };
    assert_eq!(checked(&entries, &[heads]), Ok(found));
    assert_eq!(checked(&entries, &[]).unwrap().signed, 0);
}

#[test]
fn a_row_changed_removed_or_reordered_is_found_though_its_hashes_were_made_anew() {
    let Log { entries, heads } = log();
    let (one, two) = (Some(chain_of(1)), Some(chain_of(2)));
    let mut changed = entries.clone();
    changed[4].event.who.id = "hft_00000000".to_owned();
    assert_eq!(checked(&changed, std::slice::from_ref(&heads)), fault(one.clone(), 2, Fault::Altered));

    let mut removed = entries.clone();
    removed.remove(4);
    assert_eq!(checked(&removed, std::slice::from_ref(&heads)), fault(one.clone(), 2, Fault::Missing));

    let mut reordered = entries.clone();
    reordered.swap(4, 5);
    assert_eq!(checked(&reordered, std::slice::from_ref(&heads)), fault(one.clone(), 2, Fault::Order));

    // The whole chain is written anew, hashes and all, without its second entry: only the signed head shows it.
    let (anew, _) = appended(Head::beginning(partner(), one.clone()), [10, 14], &entries[2].seen);
    let mut forged: Vec<_> = entries.iter().filter(|e| e.chain != one).cloned().collect();
    forged.extend(anew);
    forged.sort_by_key(|e| (e.chain.is_some(), e.event.at));
    assert_eq!(checked(&forged, &[]).map(|f| f.entries), Ok(6), "by itself it is whole");
    assert_eq!(checked(&forged, std::slice::from_ref(&heads)), fault(one, 3, Fault::Missing));
    let _ = two;
}

#[test]
fn a_tail_that_was_cut_and_a_chain_that_is_gone_are_found() {
    let Log { entries, heads } = log();
    let (one, two) = (Some(chain_of(1)), Some(chain_of(2)));
    assert_eq!(checked(&entries[..6], &[]).map(|f| f.entries), Ok(6), "without a signed head nobody sees it");
    assert_eq!(checked(&entries[..6], std::slice::from_ref(&heads)), fault(one.clone(), 3, Fault::Missing));

    let without = |chain: &Option<ChainId>| -> Vec<_> {
        entries.iter().filter(|e| e.chain != *chain).cloned().collect()
    };
    assert_eq!(checked(&without(&two), std::slice::from_ref(&heads)), fault(two.clone(), 1, Fault::Missing));
    // Another chain saw this one when it began: that is told without any signature.
    assert_eq!(checked(&without(&one), &[]), fault(one, 1, Fault::Missing));
    assert_eq!(checked(&without(&None), &[]), fault(None, 1, Fault::Missing));
}

#[test]
fn a_chain_that_was_signed_before_its_first_entry_is_not_missed() {
    let Log { entries, mut heads } = log();
    heads.heads.push(Head::beginning(partner(), Some(chain_of(3))).mark);
    assert_eq!(checked(&entries, &[heads]).map(|found| (found.chains, found.signed)), Ok((3, 3)));
}

#[test]
fn an_entry_or_a_chain_that_came_after_the_signature_is_found() {
    let Log { mut entries, heads } = log();
    let last = Head { partner: partner(), mark: entries[6].mark() };
    entries.push(last.append(event(15), Vec::new()).unwrap().0);
    assert_eq!(checked(&entries, std::slice::from_ref(&heads)), fault(Some(chain_of(1)), 4, Fault::Head));
    entries.pop();
    let (late, _) = appended(Head::beginning(partner(), Some(chain_of(3))), [16], &[]);
    entries.extend(late);
    assert_eq!(checked(&entries, &[heads]), fault(Some(chain_of(3)), 1, Fault::Unsigned));
}

#[test]
fn a_head_that_was_replaced_and_a_statement_that_is_missing_are_found() {
    let Log { entries, heads } = log();
    let mut replaced = heads.clone();
    replaced.heads[1].hash = entries[2].hash.clone();
    assert_eq!(checked(&entries, &[replaced]), fault(Some(chain_of(1)), 3, Fault::Head));
    let mut others = heads.clone();
    others.partner = None;
    assert_eq!(checked(&entries, &[others]), Err(LogFault::OtherLog));

    let mut parts = [heads.clone(), heads.clone()];
    parts[0].is_last = false;
    parts[0].heads.truncate(2);
    parts[1].heads.drain(..2);
    parts[1].part = 1;
    parts[1].previous = fingerprint("signed 0");
    assert_eq!(checked(&entries, &parts).map(|f| f.signed), Ok(3));
    let day = heads.day;
    assert_eq!(checked(&entries, &parts[..1]), Err(LogFault::Statement(day, 0)));
    assert_eq!(checked(&entries, &parts[1..]), Err(LogFault::Statement(day, 1)));
    parts[1].previous = BEGINNING.to_owned();
    assert_eq!(checked(&entries, &parts), Err(LogFault::Statement(day, 1)));
}
