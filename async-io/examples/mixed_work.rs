//! Beyond the notes: downloads whose bodies need computing. **Where the computing happens decides how
//! long all other tasks wait.**
//!
//! Each download is followed by a sum, in three ways: on the thread of the tasks; by `spawn_blocking`,
//! which has hundreds of threads; and by rayon, which has a thread for each core and returns the result
//! through a channel. A heartbeat task shows the latency that other tasks see.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use common::demo::{self, Claim, DemoResult, Flag, downloads};
use common::{Result, Run, Site, cpu_bound, server::Server, workload::Strategy};
use serde_json::json;
use tokio::task::{JoinSet, spawn_blocking};
use tokio::{sync::oneshot, time::sleep};

const BEAT: Duration = Duration::from_millis(5);

const PLACES: [&str; 3] = ["same_thread", "spawn_blocking", "rayon"];

/// Returns the longest time between two heartbeats, in milliseconds.
#[tokio::main(flavor = "current_thread")]
async fn all_sites(run: &'static Run<Site>, place: &'static str) -> Result<f64> {
    let session = run.async_session()?;
    let mut tasks = JoinSet::new();
    for site in run.items() {
        let session = session.clone();
        let work = async move {
            let bytes = session.get(&site.url).await?.read_to_end().await?;
            let sum = || cpu_bound(5_000_000);
            match place {
                "spawn_blocking" => _ = spawn_blocking(sum).await?,
                "rayon" => {
                    let (sender, receiver) = oneshot::channel();
                    rayon::spawn(move || _ = sender.send(sum()));
                    receiver.await?;
                }
                _ => _ = sum(),
            }
            Ok(bytes)
        };
        tasks.spawn(async move { run.time_async(&site, work).await });
    }
    let (mut longest, mut last) = (Duration::ZERO, Instant::now());
    while !tasks.is_empty() {
        sleep(BEAT).await;
        longest = longest.max(last.elapsed());
        last = Instant::now();
        while tasks.try_join_next().is_some() {}
    }
    Ok(longest.as_secs_f64() * 1e3)
}

/// Each result is the longest gap in milliseconds and the downloads per second. With the sums on the
/// thread of the tasks, the gap was ten beats or more. It was shorter with `spawn_blocking`, and at most
/// half as long with rayon. Both did at least half as many downloads per second.
pub(crate) fn holds([same, blocking, rayon]: [(f64, f64); 3]) -> bool {
    let fast = |result: (f64, f64)| result.1 >= 0.5 * same.1;
    let shorter = blocking.0 < same.0 && rayon.0 <= same.0 / 2.0;
    same.0 >= 10.0 * BEAT.as_millis() as f64 && shorter && fast(blocking) && fast(rayon)
}

fn main() -> ExitCode {
    let words = "computing on the thread of the tasks makes all other tasks wait";
    let help = "How often the two pages are read";
    let flag = Flag { name: "repeat", help, default: 40, range: 1..=1000 };
    demo::show(Claim::Beyond(words), flag, |repeat| {
        let server = Server::start()?;
        let measure = |place| {
            let latency = Some(Duration::from_millis(20));
            let run = Run::local(&server, Strategy::Tasks, repeat as usize, latency, usize::MAX);
            let mut gap = 0.0;
            let report = downloads::report(run, |run| {
                gap = all_sites(run, place)?;
                Ok(())
            })?;
            Ok::<_, common::Error>((gap, report.items as f64 / report.wall_seconds))
        };
        let results = [measure(PLACES[0])?, measure(PLACES[1])?, measure(PLACES[2])?];
        let mut figures = json!({ "downloads": 2 * repeat });
        for (name, result) in PLACES.iter().zip(results) {
            figures[format!("longest_gap_milliseconds_{name}")] = json!(result.0);
            figures[format!("downloads_per_second_{name}")] = json!(result.1);
        }
        let [same, blocking, rayon] = results.map(|(gap, _)| gap);
        let summary = format!(
            "A heartbeat stopped for {same:.0} ms with the sums on its thread, for {blocking:.0} ms \
             with spawn_blocking, for {rayon:.0} ms with rayon."
        );
        Ok(DemoResult::new(holds(results), figures, summary))
    })
}
