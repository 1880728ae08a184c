//! One run of a program: what the command line asks for, the records of its items, the report.

use std::cell::Cell;
use std::fmt;
use std::io;
use std::ops::Deref;
use std::path::PathBuf;
use std::process::{self, ExitCode};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, Scope};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::sync::Notify;

use crate::cli::{self, CpuArgs, IoArgs, Output};
use crate::os::output::{self, eprint_line, print_line, print_raw};
use crate::os::signals::Signals;
use crate::os::usage::{self, Usage};
use crate::os::{clock, file, limits};
use crate::report::polls::{Poll, observe};
use crate::report::svg::{self, View};
use crate::report::terminal::{self, Canvas};
use crate::report::timeline::Timeline;
use crate::report::{LOST, Measured, Record, Report, format, trace, with_causes};
use crate::server::Server;
use crate::workload::{self, PAGES, Site, Strategy, WorkItem};
use crate::{Error, Result};

thread_local! {
    // The number of the worker that this thread is; the main thread is the first.
    static WORKER: Cell<usize> = const { Cell::new(0) };
}

/// One run over a list of items: [`Site`]s to download or numbers to sum up to. Keeps a record of
/// each finished item, and makes the report from them.
#[derive(Debug)]
pub struct Run<T> {
    /// How many items may be in progress at once: threads, processes, or tasks in flight.
    pub workers: usize,
    program: &'static str,
    strategy: Strategy,
    items: Vec<T>,
    timeout: Duration,
    output: Output,
    signals: Signals,
    cancelled: Notify,
    active_workers: AtomicUsize,
    refused: AtomicBool,
    records: Mutex<Vec<Record>>,
    // The first error that is not one item's own.
    error: Mutex<Option<Error>>,
    progress: ProgressBar,
    // Ends with the run.
    _server: Option<Server>,
}

/// An item of a run and its position in the list.
#[derive(Debug)]
pub struct Item<'run, T> {
    index: usize,
    value: &'run T,
}

impl<T> Clone for Item<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Item<'_, T> {}

impl<T> Deref for Item<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value
    }
}

impl<T> Item<'_, T> {
    /// The item's position in the list, from 0.
    pub fn index(&self) -> usize {
        self.index
    }
}

impl Run<Site> {
    /// The run that the command line asks for: downloads by threads, `workers` of them unless
    /// `--workers` sets another number. Starts the local server if it is needed.
    ///
    /// Ends the process with exit code 2 on a wrong command line, and with 1 if the server or the
    /// signal handlers cannot be set up.
    pub fn threads(program: &'static str, workers: usize) -> Self {
        let command: cli::IoCommand = cli::parse(program);
        let workers = command.workers.unwrap_or(workers);
        Self::downloads(program, Strategy::Threads, command.io, workers, command.output, watch())
    }

    /// As [`Run::threads`], by tasks: all downloads in flight at once unless `--workers` sets a limit.
    pub fn tasks(program: &'static str) -> Self {
        let command: cli::IoCommand = cli::parse(program);
        let workers = command.workers.unwrap_or(usize::MAX);
        Self::downloads(program, Strategy::Tasks, command.io, workers, command.output, watch())
    }

    /// As [`Run::threads`], by processes.
    pub fn downloads_by_processes(program: &'static str, workers: usize) -> Self {
        let command: cli::IoCommand = cli::parse(program);
        let workers = command.workers.unwrap_or(workers);
        Self::downloads(program, Strategy::Processes, command.io, workers, command.output, watch())
    }

    /// A run of an example: `repeat` rounds over the pages of `server`, each with `latency` if one is
    /// given. It prints nothing but failures.
    pub fn local(
        server: &Server,
        strategy: Strategy,
        repeat: usize,
        latency: Option<Duration>,
        workers: usize,
    ) -> &'static Self {
        let items = repeated(workload::local_sites(server.address(), latency), repeat);
        let mut run =
            Self::new("example", strategy, items, workers, Output::SILENT, Signals::default());
        run.timeout = cli::TIMEOUT;
        Box::leak(Box::new(run))
    }

    fn downloads(
        program: &'static str,
        strategy: Strategy,
        args: IoArgs,
        workers: usize,
        output: Output,
        signals: Signals,
    ) -> Self {
        let local = args.urls.is_empty();
        let count = args.repeat * if local { PAGES.len() } else { args.urls.len() };
        // Before the server and the runtime, which would fail in the middle of a run.
        let (max, limit) = limits::max_downloads(count, local, strategy == Strategy::Tasks)
            .unwrap_or_else(|error| fail(&error));
        let mut server = None;
        let sites = if local {
            let address = args.site_server.unwrap_or_else(|| {
                server.insert(Server::start().unwrap_or_else(|error| fail(&error))).address()
            });
            workload::local_sites(address, args.latency.map(Duration::from_millis))
        } else {
            args.urls.iter().map(Site::real).collect()
        };
        let items = repeated(sites, args.repeat);
        let mut run = Self::new(program, strategy, items, workers, output, signals);
        run.timeout = args.timeout;
        run._server = server;
        if max < run.workers {
            eprint_line(&format!(
                "note: {max} downloads at once instead of {}: {limit} allows no more",
                run.workers
            ));
            run.workers = max;
        }
        run
    }

    fn is_local(&self) -> bool {
        self.items.iter().all(|site| site.latency.is_some())
    }

    /// A session that blocks its thread while it waits.
    ///
    /// # Errors
    /// A proxy variable that is not the URL of an http or https proxy.
    #[cfg(feature = "blocking")]
    pub fn session(&self) -> Result<crate::Session> {
        crate::Session::new(self.timeout, self.is_local())
    }

    /// A session that tasks share. Must be called within a tokio runtime, which from then on also
    /// waits for Ctrl-C and SIGTERM.
    ///
    /// # Errors
    /// A proxy variable that is not the URL of an http or https proxy; a signal that cannot be
    /// handled.
    #[cfg(feature = "async")]
    pub fn async_session(&'static self) -> Result<crate::AsyncSession> {
        use tokio::signal::unix::{SignalKind, signal};
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::spawn(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            self.cancelled.notify_waiters();
        });
        crate::AsyncSession::new(self.timeout, self.is_local(), self.workers)
    }
}

impl Run<u64> {
    /// The run that the command line asks for: sums by processes, one for each available core
    /// (affinity and control group respected) unless `--workers` sets another number.
    ///
    /// Ends the process as [`Run::threads`] does.
    pub fn processes(program: &'static str) -> Self {
        Self::sums_on_all_cores(program, Strategy::Processes)
    }

    /// As [`Run::processes`], by threads.
    pub fn sums_by_threads(program: &'static str) -> Self {
        Self::sums_on_all_cores(program, Strategy::Threads)
    }

    fn sums_on_all_cores(program: &'static str, strategy: Strategy) -> Self {
        let command: cli::CpuCommand = cli::parse(program);
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let workers = command.workers.unwrap_or(cores);
        Self::sums(program, strategy, command.cpu, workers, command.output, watch())
    }

    /// A run over `numbers`, for an example or a test. It prints nothing but failures.
    pub fn numbers(strategy: Strategy, numbers: Vec<u64>, workers: usize) -> Self {
        Self::new("example", strategy, numbers, workers, Output::SILENT, Signals::default())
    }

    fn sums(
        program: &'static str,
        strategy: Strategy,
        args: CpuArgs,
        workers: usize,
        output: Output,
        signals: Signals,
    ) -> Self {
        let mut numbers = args.numbers;
        if numbers.is_empty() {
            numbers.extend(workload::default_numbers());
        }
        Self::new(program, strategy, numbers, workers, output, signals)
    }
}

/// Does the downloads, the sums, or both, one after another, as the command line asks. Returns the
/// exit code of the first that failed.
///
/// Ends the process as [`Run::threads`] does.
pub fn execute_both(
    program: &'static str,
    downloads: impl FnOnce(&'static Run<Site>) -> Result<()>,
    sums: impl FnOnce(&'static Run<u64>) -> Result<()>,
) -> ExitCode {
    let (io, cpu, output) = cli::parse_both(program);
    let signals = watch();
    let sequential = Strategy::Sequential;
    let io = io.map(|args| {
        Run::downloads(program, sequential, args, 1, output.clone(), signals.clone())
            .execute(downloads)
    });
    let cpu =
        cpu.map(|args| Run::sums(program, sequential, args, 1, output, signals).execute(sums));
    let mut codes = io.into_iter().chain(cpu);
    codes.find(|code| *code != ExitCode::SUCCESS).unwrap_or(ExitCode::SUCCESS)
}

impl<T: WorkItem> Run<T> {
    fn new(
        program: &'static str,
        strategy: Strategy,
        items: Vec<T>,
        workers: usize,
        output: Output,
        signals: Signals,
    ) -> Self {
        let progress = if output.silent || output.json || output.verbose {
            ProgressBar::hidden()
        } else {
            // Without a steady tick it has no thread, which `fork` does not allow.
            let style = ProgressStyle::with_template("{msg}: {pos} of {len} done, {elapsed}");
            // Drawing is part of the program's CPU time, so it is rare.
            let terminal = ProgressDrawTarget::stderr_with_hz(4);
            ProgressBar::with_draw_target(Some(items.len() as u64), terminal)
                .with_style(style.unwrap_or(ProgressStyle::default_bar()))
                .with_message(program)
        };
        Self {
            workers: workers.min(items.len()),
            program,
            strategy,
            items,
            timeout: Duration::MAX,
            output,
            signals,
            cancelled: Notify::new(),
            active_workers: AtomicUsize::new(0),
            refused: AtomicBool::new(false),
            records: Mutex::default(),
            error: Mutex::default(),
            progress,
            _server: None,
        }
    }

    /// The items in their order. Ends early after Ctrl-C or SIGTERM.
    pub fn items(&self) -> impl Iterator<Item = Item<'_, T>> {
        let item = |(index, value)| Item { index, value };
        self.items.iter().enumerate().map(item).take_while(|_| !self.interrupted())
    }

    /// Whether Ctrl-C or SIGTERM has asked the program to end.
    pub fn interrupted(&self) -> bool {
        self.signals.received().is_some()
    }

    /// Does an item, and records when and with which result.
    pub fn time<O: Into<u128>>(&self, item: Item<'_, T>, work: impl FnOnce() -> Result<O>) {
        self.record(self.measure(item, WORKER.get(), work));
    }

    /// [`Run::time`] for a task: also records when the task was woken and when it ran on its thread. A
    /// signal cancels the work.
    pub async fn time_async<O: Into<u128>>(
        &self,
        item: Item<'_, T>,
        work: impl Future<Output = Result<O>>,
    ) {
        if self.interrupted() {
            return;
        }
        let start = clock::now();
        let mut polls = Vec::new();
        let outcome = tokio::select! {
            biased;
            outcome = observe(work, &mut polls) => outcome,
            () = self.cancelled.notified() => return,
        };
        let ready = Some(polls.iter().map(Poll::ready).sum());
        self.record(Record { polls, ready, ..finish(item.index, None, start, outcome) });
    }

    /// Does an item and returns the record, for a worker process, whose parent keeps the records.
    pub fn measure<O: Into<u128>>(
        &self,
        item: Item<'_, T>,
        worker: usize,
        work: impl FnOnce() -> Result<O>,
    ) -> Record {
        let before = usage::ready_time_of_thread();
        let start = clock::now();
        let outcome = work();
        let record = finish(item.index, Some(worker), start, outcome);
        let ready = usage::ready_time_of_thread().zip(before).map(|(after, before)| after - before);
        Record { ready, ..record }
    }

    /// Records a finished item, and prints its line: a failure always, a success with `--verbose`.
    pub fn record(&self, record: Record) {
        match &record.outcome {
            Err(error) => self.eprint(&format!("error: {}: {error}", self.items[record.index])),
            Ok(result) if self.output.verbose => print_line(&self.line(&record, *result)),
            Ok(_) => {}
        }
        self.progress.inc(1);
        self.records.lock().unwrap_or_else(PoisonError::into_inner).push(record);
    }

    fn line(&self, record: &Record, result: u128) -> String {
        let by = match (self.strategy, record.worker) {
            (Strategy::Threads, Some(worker)) => format!(" by thread {worker}"),
            (Strategy::Processes, Some(worker)) => format!(" by process {worker}"),
            _ => String::new(),
        };
        let time = format::seconds(record.duration().as_secs_f64());
        format!("{}: {} in {time}{by}", self.items[record.index], T::describe(result))
    }

    /// Prints a note on standard error, above the progress line.
    pub fn note(&self, text: &str) {
        self.eprint(&format!("note: {text}"));
    }

    fn eprint(&self, line: &str) {
        self.progress.suspend(|| eprint_line(line));
    }

    /// Starts a thread of the scope as one more worker. If the system refuses it, the run goes on with
    /// those that started, and standard error names the limit. An error of `work` ends the program.
    pub fn spawn<'scope>(
        &'scope self,
        scope: &'scope Scope<'scope, '_>,
        work: impl FnOnce() -> Result<()> + Send + 'scope,
    ) {
        let worker = self.active_workers.load(Ordering::Relaxed);
        let thread = thread::Builder::new().spawn_scoped(scope, move || {
            WORKER.set(worker);
            if let Err(error) = work() {
                self.keep_error(error);
            }
        });
        self.started(thread.map(drop));
    }

    /// Counts one more worker, or prints why the system refused it; without any worker, the refusal is
    /// the run's error. Returns whether it started.
    pub fn started(&self, worker: io::Result<()>) -> bool {
        let active = self.active_workers.load(Ordering::Relaxed);
        let Err(error) = worker else {
            self.active_workers.store(active + 1, Ordering::Relaxed);
            return true;
        };
        let error = limits::explain(&error);
        // A second refusal has nothing to add.
        match (self.refused.swap(true, Ordering::Relaxed), active) {
            (true, _) => {}
            (false, 0) => self.keep_error(format!("cannot start a worker: {error}").into()),
            (false, _) => {
                self.note(&format!("{active} workers instead of {}: {error}", self.workers))
            }
        }
        false
    }

    fn keep_error(&self, error: Error) {
        self.error.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    }

    /// Runs the program's own part and prints the report. Returns the exit code: 0; 1 if an item
    /// failed or a file could not be written; 128 plus the signal's number after a signal.
    pub fn execute(mut self, work: impl FnOnce(&'static Self) -> Result<()>) -> ExitCode
    where
        T: 'static,
    {
        // Tasks may outlive the function that starts them, so that they need a run that lives as long
        // as the program.
        let server = self._server.take();
        let run: &'static Self = Box::leak(Box::new(self));
        let report = run.report(work);
        drop(server);
        match report {
            Ok(report) => run.print(report),
            Err(error) => {
                let error = match error.downcast_ref() {
                    Some(error) => limits::explain(error),
                    None => with_causes(&*error),
                };
                eprint_line(&format!("error: {error}"));
                ExitCode::FAILURE
            }
        }
    }

    /// Runs `work` and makes the report. Wall time, CPU time and context switches cover `work` from
    /// its start to its end.
    ///
    /// # Errors
    /// Those of `work`; a failed item is none.
    pub fn report<'run>(&'run self, work: impl FnOnce(&'run Self) -> Result<()>) -> Result<Report> {
        let before = Usage::now();
        let start = clock::now();
        let result = work(self);
        let wall = clock::now().saturating_sub(start);
        let usage = Usage::now().zip(before).map(|(after, before)| after.since(&before));
        self.progress.finish_and_clear();
        result?;
        if let Some(error) = self.error.lock().unwrap_or_else(PoisonError::into_inner).take() {
            return Err(error);
        }
        let records =
            std::mem::take(&mut *self.records.lock().unwrap_or_else(PoisonError::into_inner));
        let workers = match self.strategy {
            Strategy::Sequential => 1,
            Strategy::Tasks => self.workers,
            Strategy::Threads | Strategy::Processes => self.active_workers.load(Ordering::Relaxed),
        };
        let measured = Measured {
            program: self.program,
            strategy: self.strategy,
            workers,
            start,
            wall,
            usage,
            interrupted: self.interrupted(),
        };
        Ok(Report::new(&self.items, records, &measured))
    }

    fn print(&self, mut report: Report) -> ExitCode {
        // Each other failure was printed when its item ended.
        for span in report.spans.iter().filter(|span| span.error.as_deref() == Some(LOST)) {
            eprint_line(&format!("error: {}: {LOST}", span.name));
        }
        let timeline = Timeline::of(&report);
        let written = self.write_pictures(&timeline);
        if !self.output.details {
            report.remove_details();
        }
        if self.output.json {
            match serde_json::to_string(&report) {
                Ok(json) => print_raw(&json),
                Err(error) => fail(&format!("cannot write the report as JSON: {error}")),
            }
        } else {
            let canvas = Canvas::stdout();
            print_line(&canvas.fit(report.to_string()));
            if !self.output.quiet {
                print_raw(&terminal::draw(&timeline, canvas));
            }
        }
        for error in &written {
            eprint_line(&format!("error: {error}"));
        }
        if let Some(signal) = self.signals.received() {
            let Report { failed, items, .. } = report;
            eprint_line(&format!(
                "interrupted by signal {signal}: {failed} of {items} items not done"
            ));
            return ExitCode::from(128 + signal);
        }
        ExitCode::from(u8::from(report.failed > 0 || !written.is_empty() || output::failed()))
    }

    // Returns an error for each file that could not be written.
    fn write_pictures(&self, timeline: &Timeline) -> Vec<Error> {
        let write = |what: &str, path: &PathBuf, text: String| {
            file::replace(path, &text)?;
            eprint_line(&format!("{what} written to {}", path.display()));
            Ok::<_, Error>(())
        };
        let Output { diagram, trace, .. } = &self.output;
        let svg = |path| write("diagram", path, svg::draw(timeline, View::WHOLE));
        let trace_json = |path| write("trace", path, trace::draw(timeline));
        let written = [diagram.as_ref().map(svg), trace.as_ref().map(trace_json)];
        written.into_iter().flatten().filter_map(Result::err).collect()
    }
}

fn repeated(sites: Vec<Site>, times: usize) -> Vec<Site> {
    let count = sites.len() * times;
    sites.into_iter().cycle().take(count).collect()
}

fn finish<O: Into<u128>>(
    index: usize,
    worker: Option<usize>,
    start: Duration,
    outcome: Result<O>,
) -> Record {
    let outcome = outcome.map(O::into).map_err(|error| with_causes(&*error));
    Record::new(index, worker, start, outcome)
}

fn watch() -> Signals {
    Signals::watch().unwrap_or_else(|error| fail(&format!("cannot handle signals: {error}")))
}

fn fail(error: &dyn fmt::Display) -> ! {
    eprint_line(&format!("error: {error}"));
    process::exit(1)
}
