//! What a process used, read from `/proc`.

use std::time::Instant;

/// Clock ticks a second in `/proc`; the kernel's constant for user space on every architecture that we run on.
const TICKS: f64 = 100.0;

/// Processor seconds of a process, user and system; 0 when it is not there.
pub fn cpu_seconds(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let field = |n: usize| after_name.split_whitespace().nth(n).and_then(|t| t.parse::<f64>().ok());
    (field(11).unwrap_or_default() + field(12).unwrap_or_default()) / TICKS
}

/// Processor time of this process in nanoseconds; of threads that have ended it is not counted.
pub fn own_cpu_ns() -> u64 {
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let of = |task: std::fs::DirEntry| {
        let stat = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        stat.split_whitespace().next()?.parse::<u64>().ok()
    };
    tasks.filter_map(of).sum()
}

/// The most memory that this process ever held, in MB (10^6 bytes), or since [`forget_peak`].
pub fn peak_rss_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap_or_default();
    let kib: f64 = line.split_whitespace().next().and_then(|t| t.parse().ok()).unwrap_or_default();
    kib * 1024.0 / 1e6
}

/// Starts the peak anew from what is held now.
pub fn forget_peak() {
    // Why: the kernel takes the peak back to what is held now when 5 is written here.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// Measures time and processor time from when it was started.
pub struct Stopwatch {
    began: Instant,
    cpu: f64,
}

impl Stopwatch {
    /// Starts measuring time now.
    pub fn start() -> Self {
        Self { began: Instant::now(), cpu: cpu_seconds(std::process::id()) }
    }
    /// Seconds since it was started.
    pub fn wall_s(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }
    /// Processor seconds of this process since it was started.
    pub fn cpu_s(&self) -> f64 {
        cpu_seconds(std::process::id()) - self.cpu
    }
}
