//! The flags of the programs.

use std::ffi::OsString;
use std::fmt::Display;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::builder::{OsStringValueParser, PathBufValueParser, TypedValueParser};
use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand};
use url::Url;

use crate::os::file;
use crate::server;
use crate::workload::{MAX_LATENCY, MAX_NUMBER, REPEAT, default_numbers};

/// The time limit of a download unless `--timeout` sets another one.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// How a program reports.
#[derive(Args, Clone, Debug, Default)]
pub struct Output {
    /// Print a line for each item
    #[arg(short, long, global = true)]
    pub verbose: bool,
    /// Leave out the diagram on the terminal
    #[arg(long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Print one JSON object for each workload, and nothing else, on standard output
    #[arg(long, global = true)]
    pub json: bool,
    /// Add each span's process, and when a task ran, to the JSON object
    #[arg(long, global = true, hide = true)]
    pub details: bool,
    /// Draw the run into this file, as SVG; the baseline then needs its workload named
    #[arg(long, value_name = "FILE.svg", global = true, value_parser = writable_file())]
    pub diagram: Option<PathBuf>,
    /// Write the run into this file, as a trace for Perfetto (ui.perfetto.dev); the baseline then
    /// needs its workload named
    #[arg(long, value_name = "FILE.json", global = true, value_parser = writable_file())]
    pub trace: Option<PathBuf>,
    /// Print nothing but failures: the run of an example.
    #[arg(skip)]
    pub silent: bool,
}

impl Output {
    /// Nothing but failures.
    pub fn silent() -> Self {
        Self { silent: true, ..Self::default() }
    }
}

/// What is downloaded, and how.
#[derive(Args, Clone, Debug)]
pub struct IoArgs {
    /// Read this site instead of the local ones (http or https; can be repeated)
    #[arg(long = "url", value_name = "URL", value_parser = parsed(url), allow_hyphen_values = true)]
    pub urls: Vec<Url>,
    /// How often the list of sites is read
    #[arg(long, value_name = "N", default_value_t = REPEAT, value_parser = count(1_000_000), allow_hyphen_values = true)]
    pub repeat: usize,
    /// The latency of each local page, in milliseconds, up to 60000 [default: 60 and 30]
    #[arg(long, value_name = "MS", conflicts_with = "urls", value_parser = whole(0..=LATENCY), allow_hyphen_values = true)]
    pub latency: Option<u64>,
    /// The time limit of one download, from its start to its end
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = parsed(seconds), allow_hyphen_values = true)]
    pub timeout: Duration,
    /// Read from this running local server instead of starting one
    #[arg(long, value_name = "ADDRESS", conflicts_with = "urls", value_parser = parsed(loopback), allow_hyphen_values = true)]
    pub site_server: Option<SocketAddr>,
}

/// What is computed.
#[derive(Args, Clone, Debug, Default)]
pub struct CpuArgs {
    /// Sum the squares below each of these [default: 5000000 to 5000019]
    #[arg(value_name = "NUMBER", value_parser = whole(0..=MAX_NUMBER), allow_negative_numbers = true)]
    pub numbers: Vec<u64>,
}

impl CpuArgs {
    /// The numbers, or the default ones if there are none.
    pub fn or_default(self) -> Vec<u64> {
        if self.numbers.is_empty() { default_numbers().collect() } else { self.numbers }
    }
}

/// Download the sites; report when each was read, by which worker, and what it cost
#[derive(Debug, Parser)]
#[command(version)]
pub struct IoCommand {
    /// Downloads.
    #[command(flatten)]
    pub io: IoArgs,
    /// How many downloads may be in progress at once
    #[arg(long, value_name = "N", value_parser = count(1_000_000), allow_hyphen_values = true)]
    pub workers: Option<usize>,
    /// Reports.
    #[command(flatten)]
    pub output: Output,
}

/// Sum the squares below each number; report when, by which worker, and what it cost
#[derive(Debug, Parser)]
#[command(version)]
pub struct CpuCommand {
    /// Sums.
    #[command(flatten)]
    pub cpu: CpuArgs,
    /// How many worker processes [default: one for each core available]
    #[arg(long, value_name = "N", value_parser = count(10_000), allow_hyphen_values = true)]
    pub workers: Option<usize>,
    /// Reports.
    #[command(flatten)]
    pub output: Output,
}

/// Download the sites and sum the squares, one item after another; report when and what it cost
#[derive(Debug, Parser)]
#[command(version)]
pub struct BothCommand {
    /// Which of the two; without it, both.
    #[command(subcommand)]
    pub workload: Option<BothWorkload>,
    /// Reports.
    #[command(flatten)]
    pub output: Output,
}

/// One of the baseline's workloads.
#[derive(Debug, Subcommand)]
pub enum BothWorkload {
    /// The downloads, one after another
    Io(IoArgs),
    /// The sums, one after another
    Cpu(CpuArgs),
}

const LATENCY: u64 = MAX_LATENCY.as_millis() as u64;

/// A parser of a flag's values, by `parse`. The message for a wrong value names the flag, the value and
/// the error of `parse`, also for a value that is not UTF-8, which clap's own parsers do not name.
pub fn parsed<T: Clone + Send + Sync + 'static>(
    parse: impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static,
) -> impl TypedValueParser<Value = T> {
    OsStringValueParser::new().try_map(move |text: OsString| {
        let text = text.to_str().ok_or("not UTF-8")?;
        parse(text)
    })
}

/// A parser of whole numbers within `range`.
pub fn whole<N>(range: RangeInclusive<N>) -> impl TypedValueParser<Value = N>
where
    N: FromStr + PartialOrd + Display + Clone + Send + Sync + 'static,
{
    parsed(move |text| match text.parse() {
        Ok(number) if range.contains(&number) => Ok(number),
        _ => Err(format!("not a whole number from {} to {}", range.start(), range.end())),
    })
}

fn count(most: usize) -> impl TypedValueParser<Value = usize> {
    whole(1..=most)
}

/// A parser of the path of a file that can be written.
pub fn writable_file() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().try_map(|path: PathBuf| file::check_writable(&path).map(|()| path))
}

/// A site from the command line.
///
/// # Errors
/// The reason why it cannot be downloaded, and what to write instead.
pub fn url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text)
        .map_err(|error| format!("{error}; write a whole URL, like https://www.jython.org"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("the scheme '{}' is not http or https", url.scheme()));
    }
    // They would appear in errors, tables and reports.
    if !url.username().is_empty() || url.password().is_some() {
        return Err("a URL with a user name or password is not accepted".into());
    }
    Ok(url)
}

fn seconds(text: &str) -> Result<Duration, String> {
    const LONGEST: f64 = 86_400.0;
    match text.parse::<f64>() {
        Ok(seconds) if seconds > 0.0 && seconds <= LONGEST => Ok(Duration::from_secs_f64(seconds)),
        _ => Err(format!("not a number of seconds above 0 and up to {LONGEST}")),
    }
}

fn loopback(text: &str) -> Result<SocketAddr, String> {
    match text.parse::<SocketAddr>() {
        Ok(address) if address.ip().is_loopback() => Ok(address),
        _ => Err("not an address on this machine, like 127.0.0.1:8080".into()),
    }
}

/// The command line of a program, once it is known that this process is not the local server.
///
/// Ends the process with exit code 2 on a wrong command line, and with 0 after `--help`.
pub fn parse<C: Parser>(program: &'static str) -> C {
    server::serve_if_requested();
    let mut command = C::command().name(program);
    let matches = command.get_matches_mut();
    let [diagram, trace] = ["diagram", "trace"].map(|flag| matches.get_one::<PathBuf>(flag));
    if let (Some(diagram), Some(trace)) = (diagram, trace)
        && file::same(diagram, trace)
    {
        let why = format!("--diagram and --trace cannot both be {}", diagram.display());
        command.error(ErrorKind::ArgumentConflict, why).exit();
    }
    C::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
}

/// The baseline's command line: downloads, sums, or both if it names none of them.
///
/// Ends the process as [`parse`] does.
pub fn parse_both(program: &'static str) -> (Option<IoArgs>, Option<CpuArgs>, Output) {
    let BothCommand { workload, output } = parse(program);
    if workload.is_none() && (output.diagram.is_some() || output.trace.is_some()) {
        let why =
            format!("a picture shows one workload: name it, as in `{program} io --diagram F.svg`");
        BothCommand::command().name(program).error(ErrorKind::MissingSubcommand, why).exit();
    }
    match workload {
        Some(BothWorkload::Io(args)) => (Some(args), None, output),
        Some(BothWorkload::Cpu(args)) => (None, Some(args), output),
        None => (Some(IoCommand::parse_from([program]).io), Some(CpuArgs::default()), output),
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    use clap::Command;
    use proptest::prelude::*;

    use super::*;

    fn read<P: TypedValueParser>(parser: &P, value: &OsStr) -> Option<P::Value> {
        parser.parse_ref(&Command::new("test"), None, value).ok()
    }

    // Text that is a number, or almost one.
    fn nearly_a_number() -> impl Strategy<Value = String> {
        prop_oneof![
            "[0-9]{1,25}",
            "[-+]?[0-9]{0,5}[.,eE_x ]?[0-9]{0,5}",
            any::<u64>().prop_map(|number| number.to_string()),
            any::<f64>().prop_map(|number| number.to_string()),
            any::<String>(),
        ]
    }

    proptest! {
        #[test]
        fn a_number_is_what_its_digits_say_within_its_range(text in nearly_a_number()) {
            let number = read(&whole(3..=70_000u64), text.as_ref());
            match number {
                Some(number) => {
                    prop_assert!((3..=70_000).contains(&number));
                    prop_assert_eq!(text.trim_start_matches('+').parse(), Ok(number));
                }
                // Through a type that all of these fit in.
                None => prop_assert!(!text.parse().is_ok_and(|n: u128| (3..=70_000).contains(&n))),
            }
        }

        #[test]
        fn a_time_limit_is_above_nothing_and_within_a_day(text in nearly_a_number()) {
            if let Ok(limit) = seconds(&text) {
                prop_assert!(limit <= Duration::from_secs(86_400));
                let number: f64 = text.parse().expect("a number");
                prop_assert!(number > 0.0 && (limit.as_secs_f64() - number).abs() < 1e-9, "{limit:?}");
            }
        }

        #[test]
        fn a_site_is_http_and_has_a_host(text in "([a-z]{0,6}:)?/{0,3}.{0,20}") {
            if let Ok(url) = url(&text) {
                prop_assert!(matches!(url.scheme(), "http" | "https"));
                prop_assert!(url.host_str().is_some_and(|host| !host.is_empty()), "{url}");
            }
        }

        #[test]
        fn a_site_server_is_on_this_machine(text in "([0-9.:\\[\\]]{0,30}|127.[0-9.]{5}:[0-9]{1,6})") {
            if let Ok(address) = loopback(&text) {
                prop_assert!(address.ip().is_loopback());
            }
        }

        // Whatever bytes a value has, it is read or refused; nothing panics.
        #[test]
        fn any_bytes_are_read_or_refused(bytes in any::<Vec<u8>>()) {
            let value = OsStr::from_bytes(&bytes);
            let text = value.to_str();
            let read = [
                read(&whole(0..=u64::MAX), value).is_some(),
                read(&parsed(url), value).is_some(),
                read(&parsed(seconds), value).is_some(),
                read(&parsed(loopback), value).is_some(),
            ];
            prop_assert!(text.is_some() || read == [false; 4]);
        }
    }

    #[test]
    fn the_ends_of_a_range_are_in_it() {
        let read = |text: &str| read(&whole(2..=100u16), text.as_ref());
        assert_eq!(["1", "2", "100", "101"].map(read), [None, Some(2), Some(100), None]);
        assert_eq!(
            ["0", "86400", "86400.001", "NaN"].map(|text| seconds(text).is_ok()),
            [false, true, false, false]
        );
        assert!(loopback("127.0.0.1:80").is_ok() && loopback("[::1]:80").is_ok());
        assert!(loopback("10.0.0.1:80").is_err());
    }
}
