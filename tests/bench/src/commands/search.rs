//! Searching a snapshot: by a part of a name and by a filter, as an instance does that has just started, and as one does that
//! was asked before.

use super::{Scene, snapshot};
use crate::Common;
use crate::measure::{Stopwatch, forget_peak, peak_rss_mb};
use crate::report::{round, tell};
use crate::slow::SlowVault;
use backup::commands::browse::Browse;
use backup::commands::filter::Filtered;
use domain::kinds::{self, Kind};
use domain::{SnapshotId, TenantId};
use engine::ports::Page;
use jiff::SignedDuration;
use serde_json::{Map, Value, json};

/// The options of `bench search`.
#[derive(clap::Args)]
pub struct Options {
    #[command(flatten)]
    common: Common,
    /// How long each call of the storage takes, in milliseconds.
    #[arg(long, default_value_t = 20)]
    storage_ms: u64,
    /// How many searches of each sort are made.
    #[arg(long, default_value_t = 100)]
    searches: usize,
    /// How many bytes an instance keeps, in MiB: as `snapshot-api` does by default.
    #[arg(long, default_value_t = 384)]
    kept_mib: usize,
}

/// The first page that a person sees.
const PAGE: usize = 50;

/// Takes a snapshot, searches it, and prints the figures.
pub async fn run(options: Options) -> Result<(), String> {
    let Options { common, storage_ms, searches, kept_mib } = options;
    let scene = Scene::open(&common, false).await?;
    let each = SignedDuration::from_secs(900);
    let mut figures = snapshot::measure(&scene, each, common.latency_ms).await?;
    figures.retain(|name, _| name == "objects");
    let id = scene.workbench.newest(&scene.tenant).await?;
    let asked = Asked { scene: &scene, id, storage_ms, kept_bytes: kept_mib << 20 };

    let names = asked.names().await?;
    for (sort, texts) in [
        ("beginning", texts(&names, searches, |name| name.chars().take(4).collect())),
        ("inside", texts(&names, searches, |name| name.chars().skip(2).take(4).collect())),
        ("nobody", texts(&names, searches, |name| format!("zq{}", name.chars().take(2).collect::<String>()))),
    ] {
        figures.extend(asked.searches(sort, &texts).await?);
    }
    for (sort, filter) in [
        ("filter", "accountEnabled eq false"),
        ("filter_any", "not (otherMails/any(m: endswith(m,'@nowhere.example'))) and department eq 'Sales'"),
    ] {
        figures.extend(asked.filtered(sort, filter).await?);
    }
    tell(&figures, common.json);
    Ok(())
}

/// What is searched, and how.
struct Asked<'a> {
    scene: &'a Scene,
    id: SnapshotId,
    storage_ms: u64,
    kept_bytes: usize,
}

impl Asked<'_> {
    fn tenant(&self) -> &TenantId {
        &self.scene.tenant
    }

    /// An instance that has just started.
    fn instance(&self) -> (Browse, std::sync::Arc<SlowVault>) {
        self.scene.workbench.instance(self.storage_ms, self.kept_bytes)
    }

    /// The names of some objects: a thousand of each of two kinds.
    async fn names(&self) -> Result<Vec<String>, String> {
        let (browse, _) = self.instance();
        let mut names = Vec::new();
        for kind in ["users", "groups"] {
            let page = Page { after: None, limit: 1_000, descending: false };
            let found = browse.objects(self.tenant(), &self.id, Some(kind_of(kind)?), None, page).await;
            names.extend(found.map_err(|e| e.to_string())?.items.into_iter().filter_map(|hit| hit.name));
        }
        Ok(names)
    }

    /// The first pages of searches by these texts over all kinds: the first asked of an instance that has just started, for a
    /// tenth of them, then all of one instance.
    async fn searches(&self, sort: &str, texts: &[String]) -> Result<Map<String, Value>, String> {
        let (mut cold, mut cold_reads) = (Vec::new(), Vec::new());
        for text in texts.iter().step_by(10) {
            let (browse, vault) = self.instance();
            cold.push(self.first_page(&browse, text).await?);
            cold_reads.push(vault.take_finds());
        }
        let (browse, vault) = self.instance();
        for text in texts {
            self.whole(&browse, text).await?;
        }
        vault.take_finds();
        let mut warm = Vec::new();
        for text in texts {
            warm.push(self.first_page(&browse, text).await?);
        }
        let mut figures = Map::new();
        for (name, value) in [
            ("cold_p50_ms", percentile(&mut cold, 50)),
            ("cold_p95_ms", percentile(&mut cold, 95)),
            ("warm_p50_ms", percentile(&mut warm, 50)),
            ("warm_p95_ms", percentile(&mut warm, 95)),
        ] {
            figures.insert(format!("{sort}_{name}"), json!(round(value)));
        }
        figures.insert(format!("{sort}_cold_most_reads"), json!(cold_reads.iter().max()));
        figures.insert(format!("{sort}_warm_reads"), json!(vault.take_finds()));
        Ok(figures)
    }

    /// How long the first page takes, in milliseconds.
    async fn first_page(&self, browse: &Browse, text: &str) -> Result<f64, String> {
        let watch = Stopwatch::start();
        let page = Page { after: None, limit: PAGE, descending: false };
        browse.objects(self.tenant(), &self.id, None, Some(text), page).await.map_err(|e| e.to_string())?;
        Ok(watch.wall_s() * 1_000.0)
    }

    /// All pages, up to ten.
    async fn whole(&self, browse: &Browse, text: &str) -> Result<(), String> {
        let mut after = None;
        for _ in 0..10 {
            let page = Page { after: after.take(), limit: PAGE, descending: false };
            let found = browse.objects(self.tenant(), &self.id, None, Some(text), page).await;
            after = found.map_err(|e| e.to_string())?.next;
            if after.is_none() {
                break;
            }
        }
        Ok(())
    }

    /// Everything that a filter means, asked twice of one instance.
    async fn filtered(&self, sort: &str, filter: &str) -> Result<Map<String, Value>, String> {
        let (browse, _) = self.instance();
        let mut figures = Map::new();
        for turn in ["cold", "warm"] {
            forget_peak();
            let watch = Stopwatch::start();
            let (mut after, mut hits, mut requests) = (None, 0, 0);
            loop {
                let asked = Filtered { kind: kind_of("users")?, filter, name: None };
                let page = Page { after: after.take(), limit: 1_000_000, descending: false };
                let found = browse.filtered(self.tenant(), &self.id, asked, page).await;
                let found = found.map_err(|e| e.to_string())?;
                (hits, requests, after) = (hits + found.items.len(), requests + 1, found.next);
                if after.is_none() {
                    break;
                }
            }
            figures.insert(format!("{sort}_{turn}_s"), json!(round(watch.wall_s())));
            figures.insert(format!("{sort}_{turn}_peak_mb"), json!(round(peak_rss_mb())));
            figures.insert(format!("{sort}_hits"), json!(hits));
            figures.insert(format!("{sort}_requests"), json!(requests));
        }
        Ok(figures)
    }
}

fn kind_of(name: &str) -> Result<&'static Kind, String> {
    kinds::get(name).map_err(|e| e.to_string())
}

/// Texts made of names that are spread over all of them.
fn texts(names: &[String], count: usize, make: impl Fn(&str) -> String) -> Vec<String> {
    let step = (names.len() / count.max(1)).max(1);
    names.iter().step_by(step).take(count).map(|name| make(name)).collect()
}

fn percentile(values: &mut [f64], percent: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = (values.len() * percent).div_ceil(100).saturating_sub(1);
    values.get(at).copied().unwrap_or_default()
}
