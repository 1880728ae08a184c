//! The tables of `--growth`, for the terminal and in Markdown.

use comfy_table::Table;

use crate::growth::fit::{Fit, TOLERANCE};
use crate::growth::{BUSY, FIGURES, Growth, Point, Series};
use crate::programs::Workload;
use crate::results::Comparison;
use crate::tables::{self, Look, UNKNOWN};

/// A figure that there is none of.
const NONE: &str = "–";

/// Everything that `--growth` has to say.
pub fn report(comparison: &Comparison, look: Look) -> String {
    let mut parts = vec![
        tables::heading("What one more at once costs", 1, look),
        format!("Measured on {}.", comparison.machine),
    ];
    if let Some(growth) = &comparison.growth {
        for workload in Workload::ALL {
            parts.push(tables::heading(&title(growth, workload), 2, look));
            parts.push(tables::text(&points(growth, workload, look), look));
        }
        parts.push(tables::heading("How it grows", 2, look));
        parts.push(tables::text(&grows(growth, look), look));
        parts.extend(remarks(growth));
        parts.push(tables::heading("What the figures cover", 2, look));
        parts.push(covers().iter().map(|line| format!("- {line}")).collect::<Vec<_>>().join("\n"));
    }
    if comparison.any_failed() {
        parts.push(tables::heading("Failed runs", 2, look));
        for (command, failure) in comparison.failures() {
            parts.extend(tables::failure(&command, failure));
        }
    }
    if let Some(signal) = comparison.interrupted_by {
        parts.push(format!("Interrupted by signal {signal}: this is what was done until then."));
    }
    parts.join("\n\n")
}

/// What the programs of a workload had to do.
pub fn title(growth: &Growth, workload: Workload) -> String {
    match workload {
        Workload::Io => format!(
            "Downloads: one for each in flight, each page takes {} ms",
            whole(growth.latency_milliseconds as usize)
        ),
        Workload::Cpu => format!("{} sums, by 1 to {} workers", growth.sums, 2 * growth.cores),
    }
}

/// What was measured at each number of workers, and what one more adds.
pub fn points(growth: &Growth, workload: Workload, look: Look) -> Table {
    let count = match workload {
        Workload::Io => "in\nflight",
        Workload::Cpu => "workers",
    };
    let mut head = vec![
        "program",
        count,
        "wall",
        "CPU\ntime",
        "memory",
        "one more:\nwall",
        "one more:\nCPU time",
        "one more:\nmemory",
    ];
    if workload == Workload::Io {
        head.push("site\nserver");
    }
    let mut rows = Vec::new();
    for series in growth.series.iter().filter(|series| series.workload == workload) {
        let steps = FIGURES.map(|figure| series.for_one_more(figure));
        for (place, point) in series.points.iter().enumerate() {
            let step = |figure: usize, show: fn(f64) -> String| match steps[figure][place] {
                Some(step) => show(step),
                None if place == 0 => NONE.into(),
                None => UNKNOWN.into(),
            };
            let mut cells = vec![
                series.program.to_owned(),
                whole(point.workers),
                tables::time(point.wall_seconds),
                point.cpu_seconds.map_or(UNKNOWN.into(), tables::time),
                point.memory_bytes.map_or(UNKNOWN.into(), tables::memory),
                step(0, small_time),
                step(1, small_time),
                step(2, small_memory),
            ];
            if workload == Workload::Io {
                cells.push(server(point));
            }
            rows.push(cells);
        }
    }
    tables::table(&head, 1, rows.into_iter(), look)
}

fn server(point: &Point) -> String {
    let mark = if point.server_is_busy() { "! " } else { "" };
    point.server_share.map_or(UNKNOWN.into(), |share| format!("{mark}{:.0} %", share * 100.0))
}

/// The exponents, in words and figures.
pub fn grows(growth: &Growth, look: Look) -> Table {
    let head = ["program", "from", "wall", "CPU time", "memory"];
    let rows = growth.series.iter().flat_map(|series| {
        let line = |grows: crate::growth::Grows| {
            let said = |fit: Fit| match look {
                Look::Terminal => fit.to_string().replacen(", ", "\n", 1),
                Look::Markdown => fit.to_string(),
            };
            let fits = grows.fits.map(|fit| fit.map_or(UNKNOWN.into(), said));
            [series.program.to_owned(), grows.over].into_iter().chain(fits).collect()
        };
        series.grows(growth.cores).into_iter().map(line).collect::<Vec<Vec<String>>>()
    });
    tables::table(&head, 2, rows, look)
}

/// What is to be said beside the tables.
pub fn remarks(growth: &Growth) -> Vec<String> {
    growth.series.iter().flat_map(of_series).collect()
}

fn of_series(series: &Series) -> Vec<String> {
    let unit = match series.workload {
        Workload::Io => "in flight",
        Workload::Cpu => "workers",
    };
    let mut remarks: Vec<String> = series
        .not_run
        .iter()
        .map(|it| format!("Not run: {}, {} {unit}: {}.", series.program, whole(it.workers), it.why))
        .collect();
    for point in &series.points {
        let at = format!("{}, {} {unit}", series.program, whole(point.workers));
        if series.workload == Workload::Io && point.most_at_once < point.workers {
            let most = whole(point.most_at_once);
            remarks
                .push(format!("{at}: no more than {most} were on their way in the same moment."));
        }
        if point.server_is_busy() {
            remarks
                .push(format!("! {at}: the site server was busy, and may be what was waited for."));
        }
    }
    remarks
}

/// What each figure covers.
pub fn covers() -> Vec<String> {
    let (flat, busy) = (TOLERANCE, BUSY * 100.0);
    vec![
        "Wall, CPU time: of the whole process and its workers, from outside. One run each; of the sums\n  the one of median time of three. Never of the site server.".into(),
        "Memory: the most resident, of one process as it reports it. Of several what was seen of them\n  together while they ran; a page that they share counts in equal parts.".into(),
        "One more: the difference to the row above, by the difference in workers.".into(),
        format!("Site server: its CPU time over the wall time. Above {busy:.0} % of a core it is marked with !."),
        format!(
            "How it grows: the exponent b of a x^b by least squares on the logarithms, ± its standard\n  \
             error. Memory, and for downloads CPU time, is what is added to the first row of the\n  \
             program, by workers added. Flat: below {flat} up or down. Linear: {} to {}. Inverse: -{} to -{}.",
            1.0 - flat, 1.0 + flat, 1.0 + flat, 1.0 - flat
        ),
    ]
}

/// A count with a comma before each three digits.
pub fn whole(count: usize) -> String {
    let digits = count.to_string();
    let groups = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy);
    groups.collect::<Vec<_>>().join(",")
}

/// A short or a negative time.
pub fn small_time(seconds: f64) -> String {
    match seconds.abs() * 1e6 {
        micros if micros < 0.05 => "0 µs".into(),
        micros if micros < 9.95 => format!("{:.1} µs", seconds * 1e6),
        micros if micros < 1e4 => format!("{:.0} µs", seconds * 1e6),
        _ => format!("{:.0} ms", seconds * 1e3),
    }
}

/// A little or a negative amount of memory.
pub fn small_memory(bytes: f64) -> String {
    match bytes.abs() / 1024.0 {
        kibibytes if kibibytes < 9.95 => format!("{:.1} KiB", bytes / 1024.0),
        kibibytes if kibibytes < 9_999.5 => format!("{:.0} KiB", bytes / 1024.0),
        _ => format!("{:.0} MiB", bytes / f64::from(1 << 20)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::growth::sample;
    use crate::results::{self, Broken, Failure};

    fn comparison() -> Comparison {
        let mut comparison = results::sample::comparison();
        comparison.rows.clear();
        comparison.growth = Some(sample::growth());
        comparison
    }

    #[test]
    fn as_the_terminal_shows_it() {
        insta::assert_snapshot!(report(&comparison(), Look::Terminal));
    }

    #[test]
    fn what_failed_and_what_interrupted_it_is_told() {
        let mut comparison = comparison();
        let failure = Failure {
            run: "10 in flight".into(),
            reason: "exit code 1".into(),
            stdout: String::new(),
            stderr: "no".into(),
        };
        comparison.broken.push(Broken { name: "async-io".into(), failure });
        comparison.interrupted_by = Some(2);
        let said = report(&comparison, Look::Markdown);
        for words in
            ["## Failed runs", "async-io, 10 in flight: exit code 1", "Interrupted by signal 2"]
        {
            assert!(said.contains(words), "{words} in {said}");
        }
    }

    #[test]
    fn no_line_is_wider_than_a_terminal() {
        let mut comparison = comparison();
        for series in comparison.growth.iter_mut().flat_map(|growth| &mut growth.series) {
            for point in &mut series.points {
                (point.wall_seconds, point.cpu_seconds) = (123.456, Some(100.25));
                point.memory_bytes = point.memory_bytes.map(|bytes| bytes * 100);
                // Figures whose growth has a long name, and a large error.
                if point.workers.is_multiple_of(100) {
                    (point.wall_seconds, point.cpu_seconds) = (20.0, Some(120.5));
                }
            }
        }
        for line in report(&comparison, Look::Terminal).lines() {
            assert!(line.chars().count() <= 100, "{} columns: {line}", line.chars().count());
        }
    }

    #[test]
    fn numbers() {
        assert_eq!([7, 1_000, 1_234_567].map(whole), ["7", "1,000", "1,234,567"]);
        assert_eq!(
            [0.0, -1e-8, 4.2e-7, 1.5e-4, -2e-3, 0.25].map(small_time),
            ["0 µs", "0 µs", "0.4 µs", "150 µs", "-2000 µs", "250 ms"]
        );
        assert_eq!(
            [512.0, 33_000.0, 20_971_520.0, -2048.0].map(small_memory),
            ["0.5 KiB", "32 KiB", "20 MiB", "-2.0 KiB"]
        );
    }
}
