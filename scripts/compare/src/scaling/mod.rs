//! `--growth`: what one more costs, from a few at once to as many as the machine allows.
//!
//! | module | what is in it |
//! | --- | --- |
//! | [`measure`] | which points there are, and their runs |
//! | [`fit`] | the exponent of a growth |
//! | [`text`] | what is printed |
//! | [`page`] | what stands in the report: the same tables, and charts |

pub mod fit;
pub mod measure;
pub mod page;
pub mod text;

use serde::Serialize;

use crate::growth::fit::Fit;
use crate::programs::Workload;

/// What was measured, or as much of it as was done.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Growth {
    /// What each page was set to take, in milliseconds.
    pub latency_milliseconds: u64,
    /// Cores that a program may use; sums are computed by up to twice as many workers.
    pub cores: usize,
    /// How many sums each run computed.
    pub sums: usize,
    /// A series for each program, downloads first.
    pub series: Vec<Series>,
}

/// One program with more and more workers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Series {
    /// The program's name.
    pub program: &'static str,
    /// What it works on.
    pub workload: Workload,
    /// What was measured, by growing number of workers.
    pub points: Vec<Point>,
    /// What could not be measured.
    pub not_run: Vec<NotRun>,
}

/// One number of workers. What the system does not tell is `None`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Point {
    /// How many workers there were, which for downloads are as many in flight.
    pub workers: usize,
    /// How many items were on their way in the same moment, at most.
    pub most_at_once: usize,
    /// The time of the whole process, from outside, in seconds.
    pub wall_seconds: f64,
    /// CPU time of the program and its workers, in seconds.
    pub cpu_seconds: Option<f64>,
    /// The most memory resident, in bytes: of a single process by its own report; of several what
    /// was seen of them together, a page that they share in equal parts.
    pub memory_bytes: Option<u64>,
    /// CPU time of the site server over wall time; `None` also for sums.
    pub server_share: Option<f64>,
}

impl Point {
    /// Whether the site server may have been what the program waited for.
    pub fn server_is_busy(&self) -> bool {
        self.server_share.is_some_and(|share| share > BUSY)
    }
}

/// The share of a core above which the site server counts as busy.
pub const BUSY: f64 = 0.8;

/// A number of workers that there could not be.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NotRun {
    /// How many there should have been.
    pub workers: usize,
    /// Why there could not: the limit, by name.
    pub why: String,
}

/// A figure that grows: its name, and how it is read off a point.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    /// What it is called.
    pub name: &'static str,
    /// Its value, in seconds or bytes.
    pub of: fn(&Point) -> Option<f64>,
}

/// The figures, in the order in which they are shown.
pub const FIGURES: [Figure; 3] = [
    Figure { name: "wall", of: |point| Some(point.wall_seconds) },
    Figure { name: "CPU time", of: |point| point.cpu_seconds },
    Figure { name: "memory", of: |point| Some(point.memory_bytes? as f64) },
];

/// How the figures of a series grow, over some of its points.
#[derive(Clone, Debug, PartialEq)]
pub struct Grows {
    /// Which points: `2 to 10,000 in flight`.
    pub over: String,
    /// For each of [`FIGURES`]; `None` where there are too few points.
    pub fits: [Option<Fit>; 3],
}

impl Series {
    /// What one more worker adds to a figure at each point: the difference to the point before, by
    /// the difference in workers. `None` for the first one, and where a figure is unknown.
    pub fn for_one_more(&self, figure: Figure) -> Vec<Option<f64>> {
        let step = |pair: &[Point]| {
            let more = pair[1].workers.checked_sub(pair[0].workers).filter(|more| *more > 0)?;
            Some(((figure.of)(&pair[1])? - (figure.of)(&pair[0])?) / more as f64)
        };
        let first = self.points.first().map(|_| None);
        first.into_iter().chain(self.points.windows(2).map(step)).collect()
    }

    /// How it grows. Downloads: over all points. Sums: up to one worker a core, and from there on.
    ///
    /// Memory, and for downloads CPU time, is what is added to the first point's, by workers added:
    /// what the program takes anyway would hide how it grows.
    pub fn grows(&self, cores: usize) -> Vec<Grows> {
        let Some(first) = self.points.first() else { return Vec::new() };
        let grows = |over: &dyn Fn(usize) -> bool| {
            let points: Vec<&Point> =
                self.points.iter().filter(|point| over(point.workers)).collect();
            let workers = |point: Option<&&Point>| point.map_or(0, |point| point.workers);
            let fits = FIGURES.map(|figure| {
                let added = match figure.name {
                    "wall" => false,
                    "CPU time" => self.workload == Workload::Io,
                    _ => true,
                };
                let pair = |point: &&Point| {
                    let (x, y) = (point.workers as f64, (figure.of)(point)?);
                    Some(match added {
                        true => (x - first.workers as f64, y - (figure.of)(first)?),
                        false => (x, y),
                    })
                };
                Fit::of(&points.iter().filter_map(pair).collect::<Vec<_>>())
            });
            let unit = match self.workload {
                Workload::Io => "in flight",
                Workload::Cpu => "workers",
            };
            let (from, to) = (workers(points.first()), workers(points.last()));
            Grows { over: format!("{} to {} {unit}", text::whole(from), text::whole(to)), fits }
        };
        match self.workload {
            Workload::Io => vec![grows(&|_| true)],
            Workload::Cpu => {
                vec![grows(&|workers| workers <= cores), grows(&|workers| workers >= cores)]
            }
        }
    }
}

/// Made-up results for the tests of whatever shows them.
#[cfg(test)]
pub mod sample {
    use super::*;

    fn point(workers: usize, wall: f64, cpu: f64, memory: f64, server: Option<f64>) -> Point {
        Point {
            workers,
            most_at_once: workers,
            wall_seconds: wall,
            cpu_seconds: Some(cpu),
            memory_bytes: Some((memory * f64::from(1 << 20)) as u64),
            server_share: server,
        }
    }

    /// Downloads that grow by a law, one series with a limit, one with a busy server and something
    /// unknown; sums on two cores.
    pub fn growth() -> Growth {
        let law = |workers: usize| {
            let more = workers as f64 - 2.0;
            point(workers, 4.0, 0.005 + 1e-4 * more, 5.0 + more / 32.0, Some(0.1))
        };
        let mut tasks: Vec<Point> = [2, 10, 100, 1_000, 10_000].map(law).to_vec();
        tasks[4].server_share = Some(0.81);
        tasks[4].most_at_once = 9_000;
        let mut threads: Vec<Point> = [2, 10, 100].map(law).to_vec();
        threads[1].cpu_seconds = None;
        let not_run = vec![NotRun { workers: 1_000, why: "the limit on everything".into() }];
        let sums = [(1, 1.0), (2, 0.5), (3, 0.5), (4, 0.5)];
        let sums = sums.map(|(workers, wall)| Point {
            most_at_once: workers,
            ..point(workers, wall, 1.0, 3.0 + workers as f64, None)
        });
        let series =
            |program, workload, points, not_run| Series { program, workload, points, not_run };
        Growth {
            latency_milliseconds: 4_000,
            cores: 2,
            sums: 240,
            series: vec![
                series("threads-io", Workload::Io, threads, not_run),
                series("async-io", Workload::Io, tasks, vec![]),
                series("multiproc-cpu", Workload::Cpu, sums.to_vec(), vec![]),
            ],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exponents(grows: &Grows) -> [Option<f64>; 3] {
        grows.fits.map(|fit| fit.map(|fit| (fit.exponent * 1e6).round() / 1e6 + 0.0))
    }

    #[test]
    fn what_a_program_takes_anyway_does_not_hide_its_growth() {
        let growth = sample::growth();
        let tasks = growth.series[1].grows(2);
        assert_eq!(tasks[0].over, "2 to 10,000 in flight");
        assert_eq!(exponents(&tasks[0]), [Some(0.0), Some(1.0), Some(1.0)]);
    }

    #[test]
    fn sums_grow_otherwise_beyond_the_cores() {
        let growth = sample::growth();
        let [up, beyond] = &growth.series[2].grows(2)[..] else { panic!("two ranges") };
        assert_eq!((up.over.as_str(), beyond.over.as_str()), ("1 to 2 workers", "2 to 4 workers"));
        // Memory is that of one worker and what is added: up to two workers a single point.
        assert_eq!(exponents(up), [Some(-1.0), Some(0.0), None]);
        assert_eq!(exponents(beyond), [Some(0.0), Some(0.0), Some(1.0)]);
    }

    #[test]
    fn one_more_is_the_step_from_the_point_before() {
        let growth = sample::growth();
        let memory = growth.series[1].for_one_more(FIGURES[2]);
        assert_eq!(memory[0], None);
        assert!(memory[1..].iter().all(|step| *step == Some(32_768.0)), "{memory:?}");
        let unknown = growth.series[0].for_one_more(FIGURES[1]);
        assert_eq!(unknown, [None, None, None], "a step needs both its ends");
    }

    #[test]
    fn without_points_nothing_grows() {
        let mut series = sample::growth().series.remove(0);
        series.points.clear();
        assert!(series.grows(2).is_empty() && series.for_one_more(FIGURES[0]).is_empty());
        series.points = sample::growth().series[1].points[..1].to_vec();
        assert_eq!(series.grows(2)[0].fits, [None; 3]);
    }

    #[test]
    fn the_server_is_busy_above_its_share() {
        let mut point = sample::growth().series[1].points[0];
        for (share, busy) in [(None, false), (Some(0.8), false), (Some(0.801), true)] {
            point.server_share = share;
            assert_eq!(point.server_is_busy(), busy, "{share:?}");
        }
    }
}
