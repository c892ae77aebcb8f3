//! Which of many seeds a story is told with.

/// Of the seeds from 1 one in so many, and those that found a fault once; what the environment says of that name takes their
/// place: `all`, a number, or two of them as in `101-200`.
pub fn chosen_seeds(variable: &str, all: u64, one_in: usize, always: &[u64]) -> Vec<u64> {
    let wanted = std::env::var(variable).unwrap_or_default();
    if wanted == "all" {
        return (1..=all).collect();
    }
    if let Ok(seed) = wanted.parse() {
        return vec![seed];
    }
    if let Some((from, to)) = wanted.split_once('-') {
        return (from.parse().unwrap()..=to.parse().unwrap()).collect();
    }
    let mut seeds: Vec<u64> = (1..=all).step_by(one_in).chain(always.iter().copied()).collect();
    seeds.sort_unstable();
    seeds.dedup();
    seeds
}
