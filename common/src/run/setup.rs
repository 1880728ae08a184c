//! The start of a run: what the command line asks for, and the local server.

use std::fmt;
use std::process::{self, ExitCode};
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::sync::Notify;

use super::Run;
use crate::Result;
use crate::cli::{self, CpuCommand, IoArgs, IoCommand, Output};
use crate::os::output::eprint_line;
use crate::os::{affinity, limits, signals};
use crate::server::Server;
use crate::workload::{self, Site, Strategy, WorkItem};

impl Run<Site> {
    /// The downloads that the command line asks for, by threads: `workers` of them unless `--workers`
    /// sets another number. Starts the local server if it is needed.
    ///
    /// Ends the process with exit code 2 on a wrong command line, and with 1 if the server or the
    /// signal handlers cannot be set up.
    pub fn threads(program: &'static str, workers: usize) -> Self {
        Self::downloads(program, Strategy::Threads, workers)
    }

    /// As [`Run::threads`], by tasks: all downloads in flight at once unless `--workers` sets a limit.
    pub fn tasks(program: &'static str) -> Self {
        Self::downloads(program, Strategy::Tasks, usize::MAX)
    }

    /// As [`Run::threads`], by any strategy.
    pub fn downloads(program: &'static str, strategy: Strategy, workers: usize) -> Self {
        let IoCommand { io, workers: requested, output } = cli::parse(program);
        Self::of_args(program, strategy, requested.unwrap_or(workers), output, io)
    }

    /// A run of an example: `repeat` rounds over the pages of `server`, each with `latency` if one is
    /// given.
    pub fn local(
        server: &Server,
        strategy: Strategy,
        repeat: usize,
        latency: Option<Duration>,
        workers: usize,
    ) -> &'static Self {
        let items = repeated(workload::local_sites(server.address(), latency), repeat);
        let run = Self::new("example", strategy, workers, Output::silent(), items);
        Box::leak(Box::new(Self { timeout: cli::TIMEOUT, ..run }))
    }

    fn of_args(
        program: &'static str,
        strategy: Strategy,
        workers: usize,
        output: Output,
        args: IoArgs,
    ) -> Self {
        let local = args.urls.is_empty();
        // Before the server and the runtime, which would fail in the middle of a run.
        let (max, limit) =
            limits::max_downloads(strategy == Strategy::Tasks).unwrap_or_else(|error| fail(&error));
        let mut server = None;
        let sites = if local {
            let address = args.site_server.unwrap_or_else(|| {
                server.insert(Server::start().unwrap_or_else(|error| fail(&error))).address()
            });
            workload::local_sites(address, args.latency.map(Duration::from_millis))
        } else {
            args.urls.iter().map(Site::real).collect()
        };
        let mut run = Self::new(program, strategy, workers, output, repeated(sites, args.repeat));
        run.timeout = args.timeout;
        run._server = server;
        if max < run.workers {
            let wanted = run.workers;
            run.note(&format!(
                "{max} downloads at once instead of {wanted}: {limit} allows no more"
            ));
            run.workers = max;
        }
        run
    }

    #[cfg(any(feature = "async", feature = "blocking"))]
    fn is_local(&self) -> bool {
        self.items.iter().all(|site| site.latency.is_some())
    }

    /// A session that blocks its thread while it waits.
    #[cfg(feature = "blocking")]
    pub fn session(&self) -> crate::Session {
        crate::Session::new(self.timeout, self.is_local())
    }

    /// A session that tasks share. Must be called within a tokio runtime, which from then on also
    /// waits for Ctrl-C and SIGTERM.
    ///
    /// # Errors
    /// A signal that cannot be handled.
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
    /// The sums that the command line asks for, by processes: one for each available core (affinity
    /// and control group respected) unless `--workers` sets another number.
    ///
    /// Ends the process as [`Run::threads`] does.
    pub fn processes(program: &'static str) -> Self {
        Self::sums(program, Strategy::Processes)
    }

    /// As [`Run::processes`], by any strategy.
    pub fn sums(program: &'static str, strategy: Strategy) -> Self {
        let CpuCommand { cpu, workers, output } = cli::parse(program);
        Self::new(
            program,
            strategy,
            workers.unwrap_or_else(affinity::cores),
            output,
            cpu.or_default(),
        )
    }

    /// A run over `numbers`, for an example or a test.
    pub fn numbers(strategy: Strategy, numbers: Vec<u64>, workers: usize) -> Self {
        Self::new("example", strategy, workers, Output::silent(), numbers)
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
    let one = Strategy::Sequential;
    let io = io
        .map(|args| Run::<Site>::of_args(program, one, 1, output.clone(), args).execute(downloads));
    let cpu = cpu.map(|args| Run::new(program, one, 1, output, args.or_default()).execute(sums));
    let mut codes = io.into_iter().chain(cpu);
    codes.find(|code| *code != ExitCode::SUCCESS).unwrap_or(ExitCode::SUCCESS)
}

impl<T: WorkItem> Run<T> {
    // Ends the process with exit code 1 if signals cannot be handled.
    fn new(
        program: &'static str,
        strategy: Strategy,
        workers: usize,
        output: Output,
        items: Vec<T>,
    ) -> Self {
        if !output.silent
            && let Err(error) = signals::watch()
        {
            fail(&format!("cannot handle signals: {error}"));
        }
        let progress = progress(program, items.len(), &output);
        Self {
            workers: workers.min(items.len()),
            program,
            strategy,
            items,
            timeout: Duration::MAX,
            output,
            cancelled: Notify::new(),
            active_workers: AtomicUsize::new(0),
            records: Mutex::default(),
            refusal: Mutex::default(),
            progress,
            _server: None,
        }
    }
}

fn progress(program: &'static str, items: usize, output: &Output) -> ProgressBar {
    if output.silent || output.json || output.verbose {
        return ProgressBar::hidden();
    }
    // Without a steady tick it has no thread, which `fork` does not allow. Drawing is part of the
    // program's CPU time, so it is rare.
    let terminal = ProgressDrawTarget::stderr_with_hz(4);
    let style = ProgressStyle::with_template("{msg}: {pos} of {len} done, {elapsed}");
    ProgressBar::with_draw_target(Some(items as u64), terminal)
        .with_style(style.unwrap_or(ProgressStyle::default_bar()))
        .with_message(program)
}

fn repeated(sites: Vec<Site>, times: usize) -> Vec<Site> {
    let count = sites.len() * times;
    sites.into_iter().cycle().take(count).collect()
}

fn fail(error: &dyn fmt::Display) -> ! {
    eprint_line(&format!("error: {error}"));
    process::exit(1)
}
