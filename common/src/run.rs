//! One run of a program: what was asked of it, and what it reports at its end.

use std::io;
use std::path::PathBuf;
use std::process::{self, ExitCode};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use tokio::signal::unix::{SignalKind, signal};

use crate::args::{BothCommand, CpuArgs, CpuCommand, IoArgs, IoCommand, Output, Workload};
use crate::diagram::{self, Canvas};
use crate::file::{self, Target};
use crate::interrupt::Interrupt;
use crate::schedule::Schedule;
use crate::server::{self, Server};
use crate::span::causes;
use crate::summary::{Item, LOST, Measured, Report};
use crate::svg::{self, View};
use crate::usage::Usage;
use crate::{Error, Site, Span, clock, limits, out, session, sites, sums, trace};

/// As many workers as there are downloads: all at once.
pub const ALL: usize = usize::MAX;

const SILENT: Output =
    Output { quiet: true, json: false, details: false, diagram: None, trace: None };

/// One run over one list of items: [`Site`]s to read or numbers to sum up to.
#[derive(Debug)]
pub struct Run<T> {
    /// How many items may be worked on at once; never more than there are items.
    pub workers: usize,
    program: &'static str,
    items: Vec<T>,
    timeout: Duration,
    output: Output,
    interrupt: Interrupt,
    // The workers that could be started.
    taking_part: AtomicUsize,
    // Held, not read: the server ends with the run.
    _server: Option<Server>,
}

impl Run<Site> {
    /// The run that the command line of a downloading program asks for; `default` workers unless it
    /// says otherwise. Starts the site server if one is needed.
    ///
    /// Ends the process on a wrong command line (exit code 2), and where the server or the signal
    /// handlers cannot be set up (exit code 1), with a message that says why.
    pub fn io(program: &'static str, default: usize) -> Self {
        let command: IoCommand = parse(program);
        let workers = command.workers.unwrap_or(default);
        // Only tasks are so light that there is one for each download.
        let room = if default == ALL { limits::ROOM_OF_A_TASK } else { limits::ROOM_OF_A_THREAD };
        Self::over_sites(program, command.io, workers, room, command.output, watch())
    }

    /// A run over the local pages, for an example: `repeat` rounds, each page taking `latency` if
    /// one is given. It says nothing of its own but failures.
    pub fn of_local_sites(
        server: &Server,
        repeat: usize,
        latency: Option<Duration>,
        workers: usize,
    ) -> Self {
        let sites = sites::local(server.address(), latency);
        let items: Vec<Site> = sites.iter().cycle().take(repeat * sites.len()).cloned().collect();
        let mut run = Self::new("example", items, workers, SILENT, Interrupt::default());
        run.timeout = IoArgs::default().timeout;
        run
    }

    fn over_sites(
        program: &'static str,
        args: IoArgs,
        workers: usize,
        room: usize,
        output: Output,
        interrupt: Interrupt,
    ) -> Self {
        let mut server = None;
        let sites = if args.urls.is_empty() {
            let address = args.site_server.unwrap_or_else(|| {
                server.insert(Server::start().unwrap_or_else(|why| fail(&why))).address()
            });
            sites::local(address, args.latency.map(Duration::from_millis))
        } else {
            args.urls.iter().map(sites::real).collect()
        };
        let count = sites.len() * args.repeat;
        let items: Vec<Site> = sites.into_iter().cycle().take(count).collect();
        let mut run = Self::new(program, items, workers, output, interrupt);
        run.timeout = args.timeout;
        run._server = server;
        let (most, limit) = limits::downloads(&run.items, room);
        if most < run.workers {
            out::complain(&format!(
                "note: {most} downloads at once instead of {}: {limit} allows no more",
                run.workers
            ));
            run.workers = most;
            run.taking_part = AtomicUsize::new(most);
        }
        run
    }

    /// A session that blocks its thread while it waits.
    ///
    /// # Errors
    /// A proxy variable that is no proxy's address.
    pub fn session(&self) -> Result<ureq::Agent, Error> {
        session::blocking(self.timeout)
    }

    /// A session that tasks share.
    ///
    /// # Errors
    /// A proxy variable that is no proxy's address; a trust store that cannot be read.
    #[cfg(feature = "nonblocking")]
    pub fn async_session(&self) -> Result<reqwest::Client, Error> {
        session::nonblocking(self.timeout, &self.items)
    }
}

impl Run<u64> {
    /// The run that the command line of a computing program asks for; one worker for each core
    /// that this process may use (affinity and cgroup respected) unless it says otherwise.
    ///
    /// Ends the process as [`Run::io`] does.
    pub fn cpu(program: &'static str) -> Self {
        let command: CpuCommand = parse(program);
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let workers = command.workers.unwrap_or(cores);
        Self::over_numbers(program, command.cpu, workers, command.output, watch())
    }

    /// A run over `numbers`, for an example. It says nothing of its own but failures.
    pub fn of_numbers(numbers: Vec<u64>, workers: usize) -> Self {
        Self::new("example", numbers, workers, SILENT, Interrupt::default())
    }

    fn over_numbers(
        program: &'static str,
        args: CpuArgs,
        workers: usize,
        output: Output,
        interrupt: Interrupt,
    ) -> Self {
        let mut numbers = args.numbers;
        if numbers.is_empty() {
            numbers.extend(sums::default_numbers());
        }
        Self::new(program, numbers, workers, output, interrupt)
    }
}

/// The runs that the baseline's command line asks for: downloads, sums, or both.
///
/// Ends the process as [`Run::io`] does.
pub fn io_and_cpu(program: &'static str) -> (Option<Run<Site>>, Option<Run<u64>>) {
    let BothCommand { workload, output } = parse(program);
    if workload.is_none() && (output.diagram.is_some() || output.trace.is_some()) {
        let why =
            format!("a picture shows one workload: name it, as in `{program} io --diagram F.svg`");
        BothCommand::command().name(program).error(ErrorKind::MissingSubcommand, why).exit();
    }
    let (io, cpu) = match workload {
        Some(Workload::Io(args)) => (Some(args), None),
        Some(Workload::Cpu(args)) => (None, Some(args)),
        None => (Some(IoArgs::default()), Some(CpuArgs::default())),
    };
    let interrupt = watch();
    let room = limits::ROOM_OF_A_THREAD;
    let io =
        io.map(|args| Run::over_sites(program, args, 1, room, output.clone(), interrupt.clone()));
    let cpu = cpu.map(|args| Run::over_numbers(program, args, 1, output, interrupt));
    (io, cpu)
}

impl<T: Item> Run<T> {
    fn new(
        program: &'static str,
        items: Vec<T>,
        workers: usize,
        output: Output,
        interrupt: Interrupt,
    ) -> Self {
        let workers = workers.min(items.len());
        Self {
            workers,
            program,
            items,
            timeout: Duration::MAX,
            output,
            interrupt,
            taking_part: AtomicUsize::new(workers),
            _server: None,
        }
    }

    /// The items in the order asked; no further one once Ctrl-C was pressed.
    pub fn items(&self) -> impl Iterator<Item = &T> {
        self.items.iter().take_while(|_| !self.interrupted())
    }

    /// Whether Ctrl-C or SIGTERM has asked the program to end.
    pub fn interrupted(&self) -> bool {
        self.interrupt.signal().is_some()
    }

    /// What `work` gives, or `None` once Ctrl-C was pressed. For use within a tokio runtime.
    pub async fn unless_interrupted<O>(&self, work: impl Future<Output = O>) -> Option<O> {
        // The streams come first: a signal from here on wakes them, an earlier one was noted.
        let streams = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
        let (Ok(mut interrupt), Ok(mut terminate)) = streams else {
            return Some(work.await);
        };
        if self.interrupted() {
            return None;
        }
        tokio::select! {
            biased;
            output = work => Some(output),
            _ = interrupt.recv() => None,
            _ = terminate.recv() => None,
        }
    }

    /// The handle of a worker that was to be started. `None` if the system refused it and others
    /// have started: the run and its report then count with these, and standard error says why.
    ///
    /// # Errors
    /// The refusal of the first worker: without it nothing gets done.
    pub fn started<W>(&self, worker: usize, handle: io::Result<W>) -> Result<Option<W>, Error> {
        match handle {
            Ok(handle) => Ok(Some(handle)),
            Err(why) if worker == 0 => Err(why.into()),
            Err(why) => {
                out::complain(&format!(
                    "note: {worker} workers instead of {}: {}",
                    self.workers,
                    limits::named(&why)
                ));
                self.taking_part.store(worker, Ordering::Relaxed);
                Ok(None)
            }
        }
    }

    /// Says that an item has ended: its line on standard output, a failure on standard error.
    pub fn finished(&self, span: Span) -> Span {
        match &span.outcome {
            Err(why) => out::complain(&format!("error: {}: {why}", span.name)),
            Ok(_) if self.output.quiet || self.output.json => {}
            Ok(answer) => out::say(&T::line(&span, *answer)),
        }
        span
    }

    /// Does `work`, which is the program's own part, and prints the report on it. Returns the exit
    /// code: 0; 1 if an item failed or a file could not be written; 128 and the signal's number if
    /// one ended the run.
    pub fn report(&self, work: impl FnOnce() -> Result<Vec<Span>, Error>) -> ExitCode {
        let mut report = match self.measure(work) {
            Ok(report) => report,
            Err(error) => match error.downcast_ref() {
                Some(refused) => fail(&limits::named(refused)),
                None => fail(&causes(&*error)),
            },
        };
        // Of every other failure its worker has said so.
        for span in report.spans.iter().filter(|span| span.error.as_deref() == Some(LOST)) {
            out::complain(&format!("error: {}: {LOST}", span.name));
        }
        let schedule = Schedule::of(&report);
        // First, because a reader of the output who has gone ends the program.
        let unwritten = self.write_pictures(&schedule);
        if !self.output.details {
            report.leave_out_details();
        }
        match serde_json::to_string(&report) {
            _ if !self.output.json => out::say(&report.to_string()),
            Ok(json) => out::say(&json),
            Err(error) => fail(&format!("the report cannot be written as JSON: {error}")),
        }
        if !self.output.quiet && !self.output.json {
            out::say(&diagram::draw(&schedule, Canvas::stdout()));
        }
        for why in &unwritten {
            out::complain(&format!("error: {why}"));
        }
        if let Some(signal) = self.interrupt.signal() {
            out::complain(&format!(
                "interrupted by signal {signal}: {} of {} items not done",
                report.failed, report.items
            ));
            return ExitCode::from(128 + signal);
        }
        ExitCode::from(u8::from(report.failed > 0 || !unwritten.is_empty()))
    }

    /// Does `work` and reads the report off the list that it returns. Wall time, CPU time and
    /// switches cover `work` from its start to its end.
    ///
    /// # Errors
    /// Those of `work`; an item that failed is none.
    pub fn measure(
        &self,
        work: impl FnOnce() -> Result<Vec<Span>, Error>,
    ) -> Result<Report, Error> {
        let before = Usage::so_far();
        let began = clock::now();
        let spans = work()?;
        let measured = Measured {
            program: self.program,
            workers: self.taking_part.load(Ordering::Relaxed),
            began,
            wall: clock::now().saturating_sub(began),
            usage: Usage::so_far().zip(before).map(|(after, before)| after.since(&before)),
            signal: self.interrupt.signal(),
        };
        Ok(Report::new(&self.items, spans, &measured))
    }

    // Says why, for each file that could not be written.
    fn write_pictures(&self, schedule: &Schedule) -> Vec<Error> {
        let diagram = |path: &PathBuf| {
            Ok::<_, Error>(file::replace(path, &svg::draw(schedule, View::WHOLE)?)?)
        };
        let trace = |path: &PathBuf| Ok::<_, Error>(file::replace(path, &trace::draw(schedule)?)?);
        let Output { diagram: to_svg, trace: to_trace, .. } = &self.output;
        let written = [to_svg.as_ref().map(diagram), to_trace.as_ref().map(trace)];
        written.into_iter().flatten().filter_map(Result::err).collect()
    }
}

/// The exit code of several runs: the first that is not 0.
pub fn first_failure(codes: impl IntoIterator<Item = ExitCode>) -> ExitCode {
    codes.into_iter().find(|code| *code != ExitCode::SUCCESS).unwrap_or(ExitCode::SUCCESS)
}

// Ends the process with exit code 2 on a wrong command line, and with 0 after `--help`.
fn parse<C: Parser>(program: &'static str) -> C {
    server::serve_if_asked();
    let mut command = C::command().name(program);
    let matches = command.get_matches_mut();
    let [diagram, trace] = ["diagram", "trace"].map(|file| matches.get_one::<PathBuf>(file));
    let place = |path: &PathBuf| Target::find(path).ok();
    if let Some(path) = diagram
        && trace.is_some_and(|trace| place(trace) == place(path))
    {
        let why = format!("--diagram and --trace cannot both be {}", path.display());
        command.error(ErrorKind::ArgumentConflict, why).exit();
    }
    C::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
}

fn watch() -> Interrupt {
    Interrupt::watch().unwrap_or_else(|error| fail(&format!("signals cannot be watched: {error}")))
}

fn fail(why: &str) -> ! {
    out::complain(&format!("error: {why}"));
    process::exit(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_failure_is_the_exit_code() {
        let [well, one, other] = [0, 1, 130].map(ExitCode::from);
        assert_eq!(first_failure([]), well);
        assert_eq!(first_failure([well, well]), well);
        assert_eq!(first_failure([well, one]), one);
        assert_eq!(first_failure([other, one]), other);
    }

    #[test]
    fn the_first_worker_is_needed_and_others_are_not() {
        let refused = || io::Error::from_raw_os_error(11);
        let run = Run::of_numbers(vec![1, 2, 3], 3);
        assert!(run.started(0, Ok("first")).is_ok_and(|handle| handle == Some("first")));
        assert!(run.started(1, Ok("second")).is_ok_and(|handle| handle == Some("second")));
        assert!(run.started(2, Err::<(), _>(refused())).is_ok_and(|handle| handle.is_none()));
        let report = run.measure(|| Ok(Vec::new())).expect("a report");
        assert_eq!((report.workers, report.failed), (2, 3), "two have started, and done nothing");
        assert!(run.started(0, Err::<(), _>(refused())).is_err());
    }
}
