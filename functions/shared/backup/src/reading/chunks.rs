//! How many ids to ask for at a time, so that the fewest pages are read.
//!
//! Graph takes 50 ids in a delta's filter and gives about 500 links a page; the last page of a chunk is seldom
//! full. How many links objects have is learnt while they are read: for chunks of n objects the pages are
//! about ceil(n * mean / page), rounded by how much objects differ. Source: graph limits, technique D.

/// From this many chunks on, what they held says something about the next.
const SAMPLE: u32 = 4;

/// With each chunk that follows, what a chunk held counts for this much of what it counted before: objects that stand
/// near each other in Graph's list are more alike than others, and where they are not, the last eight chunks say
/// nearly as much as all.
const FADE: f64 = 7.0 / 8.0;

/// What is learnt from the chunks that were read, to choose the size of the next.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Density {
    /// How many chunks, objects and links were seen; earlier chunks count for less (`FADE`).
    chunks: f64,
    objects: f64,
    links: f64,
    /// The sum of each chunk's links squared, divided by its objects.
    squares: f64,
    /// The most links seen on a page that another follows.
    page: f64,
}

impl Density {
    /// Learns from a chunk that is completely read.
    pub(super) fn learn(&mut self, objects: u32, links: u32) {
        let (objects, links) = (f64::from(objects.max(1)), f64::from(links));
        for (sum, more) in [
            (&mut self.chunks, 1.0),
            (&mut self.objects, objects),
            (&mut self.links, links),
            (&mut self.squares, links * links / objects),
        ] {
            *sum = *sum * FADE + more;
        }
    }

    /// Learns how much a page holds: one that another follows was full.
    pub(super) fn learn_page(&mut self, links: usize) {
        self.page = self.page.max(f64::from(u32::try_from(links).unwrap_or(u32::MAX)));
    }

    /// Whether enough was read to say how large chunks should be.
    fn is_known(&self) -> bool {
        self.chunks > f64::from(SAMPLE - 1)
    }

    /// How many ids, at most `most`, cost the fewest pages for each object.
    pub(super) fn best(&self, most: usize) -> usize {
        if !self.is_known() || self.page < 1.0 {
            return most;
        }
        // Chunks of n objects have n * mean links, give or take the root of n * variance.
        let mean = self.links / self.objects;
        let variance = ((self.squares - self.links * mean) / self.chunks).max(0.0);
        let cost = |n: usize| {
            let n = f64::from(u32::try_from(n).unwrap_or(u32::MAX));
            expected_pages(n * mean / self.page, (n * variance).sqrt() / self.page) / n
        };
        let mut best = most;
        for n in (most / 2..most).rev() {
            // Why not any gain: one part in a thousand is not worth more chains.
            if cost(n) < cost(best) * 0.999 {
                best = n;
            }
        }
        best
    }
}

/// Takes that many of the ids that wait, evenly spaced. Why: where large objects stand together in Graph's list,
/// a chunk of neighbours is a long chain that everything waits for, and chunks are less alike.
pub(super) fn pick(waiting: &mut Vec<String>, size: usize) -> Vec<String> {
    let all = waiting.len();
    let mut picked = Vec::with_capacity(size);
    for (place, id) in std::mem::take(waiting).into_iter().enumerate() {
        if picked.len() < size && place == picked.len() * all / size {
            picked.push(id);
        } else {
            waiting.push(id);
        }
    }
    picked
}

/// The mean of max(1, ceil(x)) over x near `mean` with that deviation, by a coarse sum over the normal curve.
fn expected_pages(mean: f64, deviation: f64) -> f64 {
    const STEPS: i32 = 24;
    let (mut sum, mut weight) = (0.0, 0.0);
    for step in -STEPS..=STEPS {
        let at = f64::from(step) * 3.0 / f64::from(STEPS);
        let chance = (-at * at / 2.0).exp();
        sum += chance * (mean + at * deviation).ceil().max(1.0);
        weight += chance;
    }
    sum / weight
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_that_are_alike_are_asked_for_in_chunks_that_fill_their_pages() {
        let mut density = Density::default();
        density.learn_page(500);
        (0..SAMPLE).for_each(|_| density.learn(50, 50 * 52));
        // 48 * 52 = 2,496 links fit in five pages; fifty objects need a sixth.
        assert_eq!(density.best(50), 48);
    }

    #[test]
    fn where_objects_differ_chunks_leave_room_on_their_last_page() {
        let best = |chunks: &[u32]| {
            let mut density = Density::default();
            density.learn_page(500);
            for links in chunks {
                density.learn(50, *links);
            }
            density.best(50)
        };
        // 48 objects have 2,967 links and fit in six pages; where one in a few chunks has more, it needs a seventh.
        assert_eq!(best(&[3_091; 5]), 48);
        assert_eq!(best(&[3_075, 3_016, 3_217, 2_982, 3_167]), 47);
    }

    #[test]
    fn the_pages_that_are_expected_are_those_of_a_normal_curve() {
        for (mean, deviation, pages) in
            [(2.5, 0.0, 3.0), (0.0, 1.0, 1.16), (0.0, 2.0, 1.51), (10.0, 1.0, 10.44)]
        {
            let found = expected_pages(mean, deviation);
            assert!((found - pages).abs() < 0.01, "{found} pages for {mean} and {deviation}");
        }
    }

    #[test]
    fn ids_are_taken_evenly_and_none_is_lost() {
        let mut waiting: Vec<String> = (0..10).map(|n| n.to_string()).collect();
        assert_eq!(pick(&mut waiting, 4), ["0", "2", "5", "7"]);
        assert_eq!(waiting, ["1", "3", "4", "6", "8", "9"]);
        assert_eq!(pick(&mut waiting, 6).len(), 6);
        assert!(waiting.is_empty());
    }

    #[test]
    fn objects_that_differ_much_or_are_not_known_are_asked_for_in_the_largest_chunks() {
        let mut density = Density::default();
        assert_eq!(density.best(50), 50);
        density.learn_page(500);
        for links in [200, 5_000, 900, 4_300, 120, 5_480] {
            density.learn(50, links);
        }
        assert!(density.best(50) >= 48, "{}", density.best(50));
        let mut small = Density::default();
        small.learn_page(500);
        (0..SAMPLE).for_each(|_| small.learn(50, 150));
        assert_eq!(small.best(50), 50);
    }
}
