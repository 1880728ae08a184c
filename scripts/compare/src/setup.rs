//! What a comparison needs before it starts.

use std::time::Duration;

use common::os::limits::{explain, raise_open_file_limit};
use common::server::Server;
use common::workload::{REPEAT, default_numbers};

use crate::bench::Bench;
use crate::bench::progress::Progress;
use crate::bench::runner::{Runner, Sites};
use crate::catalog::{INTERPRETERS, WITH_GIL};
use crate::cli::Options;
use crate::model::{Comparison, Origin, Python, Workload};
use crate::process::Processes;
use crate::{machine, python, sources};

/// Starts the local server, finds the programs, and returns the comparison without runs. There is no
/// server if real sites are read.
///
/// # Errors
/// A program is missing, or the system refuses what is needed.
pub fn prepare(options: &Options) -> Result<(Bench, Comparison), String> {
    let programs = options.folder()?;
    if options.scaling {
        // The programs inherit it.
        raise_open_file_limit();
    }
    let server = if options.urls.is_empty() { Some(Server::start()?) } else { None };
    let processes = Processes::watch_signals()
        .map_err(|error| format!("no program can be started: {}", explain(&error)))?;
    let urls: Vec<String> = options.urls.iter().map(ToString::to_string).collect();
    let progress = Progress::start();
    let mut chosen = options.chosen();
    let python = options.wants_python().then(|| python::find(&options.interpreter(), &processes));
    if let Some(Python::Missing(why)) = &python {
        let message = format!("The Python programs were not run: {why}");
        chosen.retain(|program| program.origin != Origin::Python);
        if chosen.is_empty() {
            return Err(message);
        }
        progress.eprint_line(&format!("note: {message}"));
    }
    let mut comparison = Comparison {
        machine: machine::this(),
        urls: urls.clone(),
        sums: default_numbers().count(),
        as_in_the_article: options.repeat == REPEAT,
        until: options.effort().until,
        python,
        ..Comparison::default()
    };
    let interpreter = comparison.interpreter().cloned();
    if let Some(interpreter) = &interpreter {
        chosen.retain(|program| match program.name {
            WITH_GIL => !interpreter.gil,
            INTERPRETERS => interpreter.interpreters,
            _ => true,
        });
    }
    let local = server.as_ref().map(|server| Sites::Local(server.address()));
    let runner = Runner {
        programs,
        sites: local.unwrap_or(Sites::Real(urls)),
        repeat: options.repeat,
        python: interpreter.map(|interpreter| (interpreter, options.python_folder())),
        limit: Duration::from_secs(options.run_limit),
        processes,
    };
    for program in &options.also {
        progress.show(&format!("trying {}", program.name), 0.0);
        chosen.push(runner.foreign(*program));
    }
    comparison.downloads = runner.expected(Workload::Io, runner.repeat).items;
    comparison.rows = chosen.into_iter().map(sources::row).collect();
    let (warm_ups, effort) = (options.warmup, options.effort());
    Ok((Bench { runner, server, warm_ups, effort, progress }, comparison))
}
