//! The flags of the programs.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{OsStringValueParser, PathBufValueParser, TypedValueParser};
use clap::{Args, Parser, Subcommand};
use url::Url;

use crate::{file, sites, sums};

/// How a program reports.
#[derive(Args, Clone, Debug, Default)]
pub struct Output {
    /// Leave out the lines for single items and the diagram
    #[arg(long, global = true)]
    pub quiet: bool,
    /// Print one JSON object for each workload, and nothing else, on standard output
    #[arg(long, global = true)]
    pub json: bool,
    /// Tell also each span's process, and a task's polls, in the JSON object
    #[arg(long, global = true, hide = true)]
    pub details: bool,
    /// Draw the run into this file, as SVG; the baseline then needs its workload named
    #[arg(long, value_name = "FILE.svg", global = true, value_parser = file())]
    pub diagram: Option<PathBuf>,
    /// Write the run into this file, as a trace for Perfetto (ui.perfetto.dev); the baseline then
    /// needs its workload named
    #[arg(long, value_name = "FILE.json", global = true, value_parser = file())]
    pub trace: Option<PathBuf>,
}

/// What is downloaded, and how.
#[derive(Args, Clone, Debug)]
pub struct IoArgs {
    /// Read this site instead of the local ones (http or https; can be repeated)
    #[arg(long = "url", value_name = "URL", value_parser = parsed(url), allow_hyphen_values = true)]
    pub urls: Vec<Url>,
    /// How often the list of sites is read
    #[arg(long, value_name = "N", default_value_t = sites::REPEAT, value_parser = count(1_000_000), allow_hyphen_values = true)]
    pub repeat: usize,
    /// What each local page takes, in milliseconds, up to 60000 [default: 60 and 30]
    #[arg(long, value_name = "MS", conflicts_with = "urls", value_parser = whole(0..=LATENCY), allow_hyphen_values = true)]
    pub latency: Option<u64>,
    /// The longest that one download may take, from its start to its end
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = parsed(seconds), allow_hyphen_values = true)]
    pub timeout: Duration,
    /// Read from this running site server instead of starting one
    #[arg(long, value_name = "ADDRESS", conflicts_with = "urls", value_parser = parsed(loopback), allow_hyphen_values = true)]
    pub site_server: Option<SocketAddr>,
}

/// What is computed.
#[derive(Args, Clone, Debug, Default)]
pub struct CpuArgs {
    /// Sum the squares below each of these [default: 5000000 to 5000019]
    #[arg(value_name = "NUMBER", value_parser = whole(0..=sums::LARGEST), allow_negative_numbers = true)]
    pub numbers: Vec<u64>,
}

/// Read the sites, and report when each was read, by which worker and at what cost
#[derive(Debug, Parser)]
#[command(version)]
pub struct IoCommand {
    /// Downloads.
    #[command(flatten)]
    pub io: IoArgs,
    /// How many downloads may be on their way at once
    #[arg(long, value_name = "N", value_parser = count(1_000_000), allow_hyphen_values = true)]
    pub workers: Option<usize>,
    /// Reports.
    #[command(flatten)]
    pub output: Output,
}

/// Sum the squares below each number, and report when, by which worker and at what cost
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

/// Read the sites and sum the squares one after another, and report when and at what cost
#[derive(Debug, Parser)]
#[command(version)]
pub struct BothCommand {
    /// Which of the two; without it, both.
    #[command(subcommand)]
    pub workload: Option<Workload>,
    /// Reports.
    #[command(flatten)]
    pub output: Output,
}

/// A workload of the baseline.
#[derive(Debug, Subcommand)]
pub enum Workload {
    /// The downloads, one after another
    Io(IoArgs),
    /// The sums, one after another
    Cpu(CpuArgs),
}

impl Default for IoArgs {
    fn default() -> Self {
        Self {
            urls: Vec::new(),
            repeat: sites::REPEAT,
            latency: None,
            timeout: Duration::from_secs(10),
            site_server: None,
        }
    }
}

const LATENCY: u64 = sites::LONGEST_LATENCY.as_millis() as u64;

// Wrong values are told by flag and value, and so are those that are not UTF-8, of which clap's
// own parsers say only that there is one.
fn parsed<T: Clone + Send + Sync + 'static>(
    parse: impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static,
) -> impl TypedValueParser<Value = T> {
    OsStringValueParser::new().try_map(move |text: OsString| {
        let text = text.to_str().ok_or("not UTF-8")?;
        parse(text)
    })
}

fn whole(range: RangeInclusive<u64>) -> impl TypedValueParser<Value = u64> {
    parsed(move |text| match text.parse() {
        Ok(number) if range.contains(&number) => Ok(number),
        _ => Err(format!("not a whole number from {} to {}", range.start(), range.end())),
    })
}

fn count(most: usize) -> impl TypedValueParser<Value = usize> {
    whole(1..=most as u64).map(|number| number as usize)
}

fn file() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().try_map(file::writable)
}

/// A site from the command line.
///
/// # Errors
/// What is wrong with it, and how it should be written.
pub fn url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text)
        .map_err(|error| format!("{error}: write it whole, like https://www.jython.org"))?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        other => Err(format!("'{other}' cannot be downloaded from, only http and https")),
    }
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
