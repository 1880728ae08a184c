//! The tables and sentences of `--scaling`.

use crate::model::{Comparison, Fit, Point, Scaling, Series, Workload};
use crate::render::number::{UNKNOWN, count, known, memory, time};
use crate::render::tables::NONE;
use crate::render::words::{heading, name};
use crate::render::{Element, Grid};

/// What each figure covers.
pub const EXPLANATION: [&str; 4] = [
    "Time, CPU time: of the whole process and its workers, measured from outside. One run each; of the sums the run of median time of three. The local server is not included.",
    "Memory: the peak that a single process reports; of several processes the most seen while they ran, in which a shared page counts in equal parts.",
    "Marginal cost (one more): the difference to the row above over the difference in workers.",
    "Class: from the exponent b of a x^b, by least squares on the logarithms. Flat within 0.1 of 0, linear within 0.1 of 1, inverse within 0.1 of -1. Memory, and for downloads CPU time, is the cost above that of the first row.",
];

/// The columns of the table of points.
const POINTS: [&str; 7] =
    ["program", "workers", "time", "CPU time", "memory", "one more: CPU time", "one more: memory"];

/// Everything that `--scaling` shows.
pub fn document(comparison: &Comparison) -> Vec<Element> {
    let mut elements = heading("Marginal cost of a worker", comparison);
    if let Some(scaling) = &comparison.scaling {
        elements.push(Element::Text(task(scaling)));
        elements.push(Element::Table(points(scaling)));
        elements.push(Element::List(classes(scaling)));
        elements.extend(Element::list(remarks(scaling)));
        elements.push(Element::Heading(2, "What the figures cover".into()));
        elements.push(Element::List(EXPLANATION.map(str::to_owned).to_vec()));
    }
    elements
}

/// What the programs did.
pub fn task(scaling: &Scaling) -> String {
    format!(
        "Downloads: one for each worker, all in flight at the same time; each page has a latency of {}. \
         Sums: {} by 1 to {} workers.",
        time(scaling.latency_milliseconds as f64 / 1e3),
        scaling.sums,
        2 * scaling.cpus
    )
}

/// The costs for each number of workers, and the marginal costs.
pub fn points(scaling: &Scaling) -> Grid {
    let mut rows = Vec::new();
    for series in &scaling.series {
        let marginal = [Point::CPU_TIME, Point::MEMORY].map(|cost| series.marginal(cost));
        for (position, point) in series.points.iter().enumerate() {
            let one_more = |cost: usize, show: fn(f64) -> String| match marginal[cost][position] {
                Some(step) => show(step),
                None if position == 0 => NONE.into(),
                None => UNKNOWN.into(),
            };
            rows.push(vec![
                series.program.to_owned(),
                count(point.workers as u64),
                time(point.wall_seconds),
                known(point.cpu_seconds, time),
                known(Point::MEMORY(point), memory),
                one_more(0, time),
                one_more(1, memory),
            ]);
        }
    }
    Grid { caption: "Costs by number of workers".into(), head: POINTS.to_vec(), rows, words: 1 }
}

/// How the costs grow, a sentence for each program.
pub fn classes(scaling: &Scaling) -> Vec<String> {
    let sentence = |fit: &Fit| {
        let (from, to) = (count(fit.range.0 as u64), count(fit.range.1 as u64));
        let [wall, cpu, memory] =
            [fit.wall, fit.cpu_time, fit.memory].map(|class| known(class, name));
        format!(
            "{}, {from} to {to} workers: time {wall}, CPU time {cpu}, memory {memory}.",
            fit.program
        )
    };
    scaling.fit.iter().map(sentence).collect()
}

/// What limits the results.
pub fn remarks(scaling: &Scaling) -> Vec<String> {
    scaling.series.iter().flat_map(of_series).collect()
}

fn of_series(series: &Series) -> Vec<String> {
    let not_run = series.not_run.iter().map(|it| {
        let workers = count(it.workers as u64);
        format!("Not run: {}, {workers} workers: {}.", series.program, it.reason)
    });
    let mut remarks: Vec<String> = not_run.collect();
    for point in &series.points {
        let at = format!("{}, {} workers", series.program, count(point.workers as u64));
        if series.workload == Workload::Io && point.peak_concurrency < point.workers {
            let most = count(point.peak_concurrency as u64);
            remarks
                .push(format!("{at}: at most {most} downloads were in flight at the same time."));
        }
        if point.server_is_busy() {
            remarks
                .push(format!("{at}: the local server was busy and may have been the bottleneck."));
        }
    }
    remarks
}
