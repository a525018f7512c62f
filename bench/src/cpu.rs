//! CPU time and memory of other processes, as the kernel counts them.

use std::collections::HashMap;
use std::fs;
use std::time::Duration;

/// Of `utime` and `stime` in `/proc/<pid>/stat`: what the kernel shows to programs, on every architecture.
const TICKS_PER_SECOND: u64 = 100;

/// The CPU time that some processes have used up to a moment, thread by thread.
pub(crate) struct Used {
    /// By process and thread, in nanoseconds.
    threads: HashMap<(u32, u32), u64>,
}

impl Used {
    /// By these processes until now. Those that have ended count nothing.
    ///
    /// # Errors
    /// There is no `/proc`.
    pub(crate) fn by(pids: &[u32]) -> anyhow::Result<Self> {
        anyhow::ensure!(fs::exists("/proc/self/stat")?, "CPU time is read from /proc, which is not here");
        let mut threads = HashMap::new();
        for pid in pids {
            let entries = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
            for thread in entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()) {
                let task = format!("/proc/{pid}/task/{thread}");
                if let Some(nanoseconds) = precise(&task).or_else(|| coarse(&task)) {
                    threads.insert((*pid, thread), nanoseconds);
                }
            }
        }
        Ok(Self { threads })
    }

    /// What was used after `earlier`. What a thread did that has ended since is lost.
    pub(crate) fn since(&self, earlier: &Self) -> Duration {
        let before = |thread| earlier.threads.get(thread).copied().unwrap_or_default();
        let used = self.threads.iter().map(|(thread, now)| now.saturating_sub(before(thread)));
        Duration::from_nanos(used.sum())
    }
}

/// In nanoseconds; none where the kernel keeps no such figures.
fn precise(task: &str) -> Option<u64> {
    let text = fs::read_to_string(format!("{task}/schedstat")).ok()?;
    text.split_whitespace().next()?.parse().ok().filter(|nanoseconds| *nanoseconds > 0)
}

/// In nanoseconds, in steps of a tick.
fn coarse(task: &str) -> Option<u64> {
    let text = fs::read_to_string(format!("{task}/stat")).ok()?;
    // The name of the program may hold spaces and parentheses; after it come numbers only.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at)?.parse::<u64>().ok();
    Some((ticks(11)? + ticks(12)?) * (1_000_000_000 / TICKS_PER_SECOND))
}

/// Resident memory of a process, in bytes.
///
/// # Errors
/// It has ended.
pub(crate) fn resident(pid: u32) -> anyhow::Result<u64> {
    memory(pid, "VmRSS:")
}

/// The most resident memory that a process has had, in bytes.
///
/// # Errors
/// It has ended.
pub(crate) fn peak(pid: u32) -> anyhow::Result<u64> {
    memory(pid, "VmHWM:")
}

fn memory(pid: u32, which: &str) -> anyhow::Result<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = text.lines().find_map(|line| line.strip_prefix(which));
    let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kibibytes.map(|kibibytes| kibibytes * 1024).ok_or_else(|| anyhow::anyhow!("process {pid} has no memory"))
}

/// The machine in words: CPU model and number of cores.
pub(crate) fn machine() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("unknown CPU", |(_, model)| model.trim());
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    format!("{model}, {cores} cores")
}
