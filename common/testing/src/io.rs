//! What holds for every program that downloads.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{TcpStream, UdpSocket};
use std::process::Stdio;

use nix::sys::signal::Signal;
use serde_json::Value;

use super::faulty::{Fault, Faulty, GOOD};
use super::{Ended, HANG, Program, end, eventually, skip, works};
use crate::sites;

/// Makes a test of each function of this module, for one program.
#[macro_export]
macro_rules! io_tests {
    ($program:expr) => {
        $crate::io_tests!($program; each_download_has_its_line, quiet_leaves_the_lines_out,
            json_is_all_of_stdout, faults_fail_alone, certificates_are_checked,
            bodies_have_a_largest_size, many_downloads_under_a_file_limit,
            no_file_left_for_the_server, wrong_arguments_are_named, a_reader_may_leave,
            full_and_closed_streams, proxies_keep_off_this_machine, a_wrong_proxy_is_named,
            a_signal_ends_it_with_a_report, nothing_outlives_a_kill, two_at_once,
            a_name_that_hangs_holds_nothing_up, the_server_stands_abuse);
    };
    ($program:expr; $($name:ident),+) => {
        $(#[test]
        fn $name() {
            $crate::testing::io::$name(&$program);
        })+
    };
}

const TWO_ROUNDS: [&str; 4] = ["--repeat", "2", "--latency", "1"];
const FOREVER: [&str; 4] = ["--repeat", "1000", "--latency", "50"];

fn read_lines(text: &str) -> Vec<&str> {
    text.lines().filter(|line| line.starts_with("read ")).collect()
}

#[expect(missing_docs, reason = "the names say it")]
pub fn each_download_has_its_line(program: &Program) {
    let ended = program.run(TWO_ROUNDS).with_code(0);
    assert_eq!(ended.stderr, "");
    let lines = read_lines(&ended.stdout);
    assert_eq!(lines.len(), 4, "{}", ended.stdout);
    for (page, bytes) in [("/jython", "20480 bytes"), ("/dice", "32 bytes")] {
        let of_page: Vec<_> = lines.iter().filter(|line| line.contains(page)).collect();
        assert_eq!(of_page.len(), 2, "{lines:?}");
        for line in of_page {
            assert!(line.contains(bytes) && line.contains("by worker"), "{line}");
        }
    }
    summary(program, &ended, "io", "4, 0 failed");
    assert!(ended.stdout.contains("41024 bytes read"), "{}", ended.stdout);
}

/// Asserts that a summary stands at the end of standard output, with all its figures known.
pub fn summary(program: &Program, ended: &Ended, workload: &str, items: &str) {
    let heading = format!("{} ({workload})", program.name());
    let (_, summary) = ended.stdout.split_once(&heading).expect("a summary");
    let figure = |name: &str| {
        let row = summary.lines().find_map(|line| line.trim().strip_prefix(name));
        row.unwrap_or_else(|| panic!("{name} in {summary}")).trim().to_owned()
    };
    assert_eq!(figure("items"), items);
    for name in ["workers", "wall time", "bound", "CPU time", "switches", "peak memory"] {
        assert!(figure(name).starts_with(|c: char| c.is_ascii_digit()), "{name}: {summary}");
    }
    let share = figure("bound").strip_suffix(" % of it reached").map(str::to_owned);
    let share = share.as_deref().and_then(|bound| bound.rsplit(' ').next()?.parse::<f64>().ok());
    assert!(share.is_some_and(|share| share <= 100.0), "{summary}");
    assert!(figure("processes").starts_with(|c: char| c.is_ascii_digit()), "{summary}");
    let known = figure("threads").starts_with(|c: char| c.is_ascii_digit());
    assert_eq!(known, cfg!(target_os = "linux"), "{summary}");
}

#[expect(missing_docs, reason = "the names say it")]
pub fn quiet_leaves_the_lines_out(program: &Program) {
    let ended = program.run(TWO_ROUNDS.iter().chain(&["--quiet"])).with_code(0);
    assert!(read_lines(&ended.stdout).is_empty(), "{}", ended.stdout);
    summary(program, &ended, "io", "4, 0 failed");
}

#[expect(missing_docs, reason = "the names say it")]
pub fn json_is_all_of_stdout(program: &Program) {
    let ended = program.run(TWO_ROUNDS.iter().chain(&["--json"])).with_code(0);
    let json = ended.json();
    let keys: Vec<_> = json.as_object().expect("an object").keys().cloned().collect();
    let promised = [
        "program",
        "workload",
        "items",
        "failed",
        "workers",
        "wall_seconds",
        "bound_seconds",
        "user_seconds",
        "system_seconds",
        "peak_memory_bytes",
        "threads",
        "processes",
        "voluntary_switches",
        "involuntary_switches",
        "answer",
        "spans",
    ];
    assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), promised.len());
    for key in promised {
        assert!(json.get(key).is_some(), "{key} in {keys:?}");
    }
    assert_eq!(json["program"], program.name());
    assert_eq!(json["items"], 4);
    assert_eq!(json["answer"], sites::expected_bytes(2));
    // Half the rounds' latency on its own is the bound where all go at once, the sum of all in
    // the baseline.
    let workers = json["workers"].as_u64().expect("workers");
    let bound = json["bound_seconds"].as_f64().expect("bound");
    assert!((bound - (0.004 / workers as f64).max(0.001)).abs() < 1e-9, "{bound}");
    for span in json["spans"].as_array().expect("spans") {
        let [start, end] = ["start_seconds", "end_seconds"].map(|key| span[key].as_f64());
        assert!(Some(0.0) <= start && start <= end && end <= json["wall_seconds"].as_f64());
        assert_eq!(span["error"], Value::Null);
        assert!(span["worker"].as_u64().expect("worker") < workers);
    }
}

#[expect(missing_docs, reason = "the names say it")]
pub fn faults_fail_alone(program: &Program) {
    let sites = Faulty::start();
    // The endless body has a test of its own, since it takes as long as it may.
    let faults = Fault::ALL.into_iter().filter(|fault| *fault != Fault::Endless);
    let mut command = program.command();
    command.args(["--json", "--repeat", "1", "--timeout", "0.7", "--url", &sites.good()]);
    for fault in faults.clone() {
        command.args(["--url", &sites.url(fault)]);
    }
    command.args(["--url", &sites.good(), "--url", &sites.good_by_name()]);
    let ended = end(command).with_code(1);
    let json = ended.json();
    assert_eq!(json["failed"], faults.clone().count(), "{ended:?}");
    assert_eq!(json["answer"], 3 * GOOD);
    assert_eq!(json["bound_seconds"], Value::Null, "unknown for a real site");
    let spans = json["spans"].as_array().expect("spans");
    for fault in faults {
        let url = sites.url(fault);
        let span = spans.iter().find(|span| span["name"] == url.as_str());
        let error = span.expect("a span")["error"].as_str().expect("an error");
        assert!(fault.causes().iter().any(|cause| error.contains(cause)), "{fault:?}: {error}");
        let line = format!("error: {url}: {error}\n");
        assert_eq!(ended.stderr.matches(&line).count(), 1, "{line} in {}", ended.stderr);
    }
    let memory = json["peak_memory_bytes"].as_u64().expect("memory");
    assert!(memory < 64 << 20, "{memory} bytes");
}

#[expect(missing_docs, reason = "the names say it")]
pub fn certificates_are_checked(program: &Program) {
    let sites = Faulty::start();
    let mut command = program.command();
    command.env("SSL_CERT_FILE", sites.trust()).args(["--json", "--repeat", "1"]);
    let urls = [sites.good_and_encrypted(), sites.url(Fault::Expired), sites.url(Fault::Foreign)];
    for url in &urls {
        command.args(["--url", url]);
    }
    let ended = end(command).with_code(1);
    let json = ended.json();
    let errors: Vec<_> =
        json["spans"].as_array().expect("spans").iter().map(|s| &s["error"]).collect();
    assert_eq!(*errors[0], Value::Null);
    for (error, fault) in errors[1..].iter().zip([Fault::Expired, Fault::Foreign]) {
        let error = error.as_str().expect("an error");
        assert!(fault.causes().iter().any(|cause| error.contains(cause)), "{error}");
    }
}

#[expect(missing_docs, reason = "the names say it")]
pub fn bodies_have_a_largest_size(program: &Program) {
    let sites = Faulty::start();
    let ended =
        program.run(["--json", "--repeat", "1", "--url", &sites.url(Fault::Endless)]).with_code(1);
    let json = ended.json();
    let error = json["spans"][0]["error"].as_str().expect("an error");
    assert!(error.contains("larger than 64 MiB"), "{error}");
    let memory = json["peak_memory_bytes"].as_u64().expect("memory");
    assert!(memory < 64 << 20, "{memory} bytes");
}

#[expect(missing_docs, reason = "the names say it")]
pub fn many_downloads_under_a_file_limit(program: &Program) {
    let mut command = program.after("ulimit -n 256");
    command.args(["--repeat", "5000", "--latency", "0", "--json"]);
    let ended = end(command).with_code(0);
    let json = ended.json();
    assert_eq!(json["items"], 10_000);
    assert_eq!(json["answer"], sites::expected_bytes(5000));
    // Two for each download, besides the 32 that the program has open anyway.
    let fewer = ended.stderr.contains("note: 112 downloads at once instead of 10000");
    assert_eq!(fewer, program.name() == "async-io", "{}", ended.stderr);

    // No more than there are downloads are ever opened.
    let mut command = program.after("ulimit -n 256");
    command.args(["--repeat", "110", "--latency", "1", "--json"]);
    let ended = end(command).with_code(0);
    assert_eq!(ended.stderr, "", "none of 220 has to wait");

    // A limit that may be raised is raised.
    let mut command = program.after("ulimit -S -n 40");
    command.args(["--repeat", "50", "--latency", "1", "--json"]);
    let ended = end(command).with_code(0);
    assert_eq!(ended.stderr, "", "none of 100 has to wait");
    assert_eq!(ended.json()["answer"], sites::expected_bytes(50));
}

#[expect(missing_docs, reason = "the names say it")]
pub fn no_file_left_for_the_server(program: &Program) {
    let mut command = program.after("ulimit -n 5");
    command.args(TWO_ROUNDS);
    let ended = end(command).with_code(1);
    let said = "(ulimit -n) 5";
    assert!(ended.stderr.contains("error: ") && ended.stderr.contains(said), "{}", ended.stderr);
}

#[expect(missing_docs, reason = "the names say it")]
pub fn wrong_arguments_are_named(program: &Program) {
    for flag in ["--repeat", "--latency", "--timeout", "--url", "--site-server"] {
        program.refuses_rubbish(flag);
    }
    for (flag, value) in [
        ("--repeat", "0"),
        ("--repeat", "1000001"),
        ("--repeat", "1.5"),
        ("--latency", "60001"),
        ("--timeout", "0"),
        ("--timeout", "86401"),
        ("--timeout", "NaN"),
        ("--timeout", "inf"),
        ("--url", "www.jython.org"),
        ("--url", "ftp://example.org"),
        ("--url", "http://"),
        ("--url", "http://a:99999/"),
        ("--url", "file:///etc/passwd"),
        ("--site-server", "192.0.2.1:80"),
        ("--site-server", "127.0.0.1"),
    ] {
        program.refuses([flag, value], &[flag, &format!("'{value}'")]);
    }
    program.refuses(["--no-such-flag"], &["'--no-such-flag'"]);
    program.refuses(["--quiet=yes"], &["--quiet", "'yes'"]);
    program.refuses(["--repeat"], &["--repeat"]);
    program.refuses(["rubbish"], &["'rubbish'"]);
    program.refuses(["--url", "http://localhost", "--latency", "1"], &["--url", "--latency"]);
}

#[expect(missing_docs, reason = "the names say it")]
pub fn a_reader_may_leave(program: &Program) {
    let mut command = program.prefixed(&["sh", "-c", "{ \"$0\" \"$@\"; echo $? >&2; } | head -1"]);
    command.args(["--repeat", "20", "--latency", "5"]);
    let ended = end(command).with_code(0);
    assert_eq!(ended.stdout.lines().count(), 1, "{ended:?}");
    assert_eq!(ended.stderr, "0\n", "quietly, with exit code 0");
}

#[expect(missing_docs, reason = "the names say it")]
pub fn full_and_closed_streams(program: &Program) {
    for arguments in [&TWO_ROUNDS[..], &["--json", "--repeat", "1", "--latency", "1"]] {
        program.stands_streams(arguments);
    }
    let sites = Faulty::start();
    for redirection in ["2>&-", "2>/dev/full"] {
        if redirection == "2>&-" || cfg!(target_os = "linux") {
            let script = format!("exec \"$0\" \"$@\" {redirection}");
            let mut command = program.prefixed(&["sh", "-c", &script]);
            command.args(["--repeat", "1", "--url", &sites.url(Fault::NotFound)]);
            end(command).with_code(1);
        }
    }
}

#[expect(missing_docs, reason = "the names say it")]
pub fn proxies_keep_off_this_machine(program: &Program) {
    let sites = Faulty::start();
    let nowhere = sites.url(Fault::Refuses);
    let nowhere = nowhere.trim_end_matches('/');
    for names in
        [["http_proxy", "all_proxy"], ["HTTP_PROXY", "HTTPS_PROXY"], ["ALL_PROXY", "https_proxy"]]
    {
        let proxied = || {
            let mut command = program.command();
            command.envs(names.map(|name| (name, nowhere))).args(["--repeat", "1"]);
            command
        };
        let mut local = proxied();
        local.args(["--latency", "1"]);
        end(local).with_code(0);
        let mut by_url = proxied();
        by_url.args(["--url", &sites.good(), "--url", &sites.good_by_name()]);
        end(by_url).with_code(0);
        // Others are asked for through the proxy, which refuses.
        let mut other = proxied();
        other.args(["--url", "http://no-such-site.invalid/"]);
        let ended = end(other).with_code(1);
        assert!(ended.stderr.contains("refused"), "{names:?}: {ended:?}");
        // An empty variable is none, and some hosts are to be asked for without a proxy.
        let mut exempt = proxied();
        exempt.env("no_proxy", "").env("NO_PROXY", "example.org,no-such-site.invalid");
        exempt.args(["--timeout", "2", "--url", "http://no-such-site.invalid/"]);
        let ended = end(exempt).with_code(1);
        assert!(!ended.stderr.contains("refused"), "{names:?}: {ended:?}");
    }
}

#[expect(missing_docs, reason = "the names say it")]
pub fn a_wrong_proxy_is_named(program: &Program) {
    let mut command = program.command();
    command.env("HTTP_PROXY", "http://[rubbish").args(TWO_ROUNDS);
    let ended = end(command).with_code(1);
    assert!(ended.stderr.contains("HTTP_PROXY=http://[rubbish"), "{ended:?}");
}

#[expect(missing_docs, reason = "the names say it")]
pub fn a_signal_ends_it_with_a_report(program: &Program) {
    for (signal, code) in [(Signal::SIGINT, 130), (Signal::SIGTERM, 143)] {
        let mut running = program.start(FOREVER);
        running.line();
        if signal == Signal::SIGINT {
            running.signal_all(signal);
        } else {
            running.signal(signal);
        }
        let ended = running.end().with_code(code);
        let not_done = format!("interrupted by signal {}:", signal as i32);
        assert!(ended.stderr.contains(&not_done), "{ended:?}");
        let done = read_lines(&ended.stdout).len();
        let items = format!("2000, {} failed", 2000 - done);
        summary(program, &ended, "io", &items);
    }
}

#[expect(missing_docs, reason = "the names say it")]
pub fn nothing_outlives_a_kill(program: &Program) {
    program.leaves_nothing_when_killed(&FOREVER);
}

#[expect(missing_docs, reason = "the names say it")]
pub fn two_at_once(program: &Program) {
    let started = [program.start(TWO_ROUNDS), program.start(TWO_ROUNDS)];
    for running in started {
        running.end().with_code(0);
    }
}

/// The system's resolver blocks its thread for as long as the name server is silent.
pub fn a_name_that_hangs_holds_nothing_up(program: &Program) {
    let name_server = UdpSocket::bind("127.53.53.53:53");
    if name_server.is_err() || !works(&["unshare", "--mount", "true"]) {
        return skip("a name server that is silent needs root, Linux and `unshare --mount`");
    }
    let configuration = tempfile::NamedTempFile::new().expect("file");
    // Together longer than `HANG`.
    let silent = "nameserver 127.53.53.53\noptions timeout:30 attempts:5\n";
    std::fs::write(configuration.path(), silent).expect("written");
    let path = configuration.path().to_str().expect("a path");
    let script = format!("mount --bind {path} /etc/resolv.conf && exec \"$0\" \"$@\"");
    let sites = Faulty::start();
    let mut command = program.prefixed(&["unshare", "--mount", "sh", "-c", &script]);
    command.args(["--timeout", "0.5", "--repeat", "1", "--json"]);
    command.args(["--url", "http://www.example.org/", "--url", &sites.good()]);
    let json = end(command).with_code(1).json();
    assert_eq!((&json["failed"], &json["answer"]), (&1.into(), &GOOD.into()), "{json}");
    let error = json["spans"][0]["error"].as_str().expect("an error");
    assert!(error.contains("timeout") || error.contains("timed out"), "{error}");
}

/// The site server goes on whatever one of its clients does.
pub fn the_server_stands_abuse(program: &Program) {
    // The subcommand comes first, before all of a program's own arguments.
    let mut command = std::process::Command::new(program.path());
    command.arg(crate::server::SUBCOMMAND);
    let mut server =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the server starts");
    let mut line = String::new();
    let stdout = server.stdout.take().expect("a pipe");
    std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut line).expect("a line");
    let address = line.trim().strip_prefix("http://").expect("its address").to_owned();
    assert!(address.starts_with("127.0.0.1:"), "{address}");
    let connect = || {
        let stream = TcpStream::connect(&address).expect("a connection");
        stream.set_read_timeout(Some(HANG)).expect("a limit");
        stream
    };
    let answer = |request: &[u8]| {
        let mut stream = connect();
        // The server may have closed before all was sent.
        let _ = stream.write_all(request);
        let mut answer = [0; 1024];
        let bytes = stream.read(&mut answer).unwrap_or(0);
        String::from_utf8_lossy(&answer[..bytes]).into_owned()
    };
    // Clients that are slow and never finish hold their connections meanwhile.
    let slow: Vec<_> = (0..200)
        .map(|_| {
            let mut stream = connect();
            stream.write_all(b"GET /dice HTTP/1.1\r\nhost:").expect("written");
            stream
        })
        .collect();
    let long = format!("GET /{} HTTP/1.1\r\nhost: a\r\n\r\n", "x".repeat(1 << 20));
    assert!(!answer(long.as_bytes()).contains("200 OK"));
    let many = format!("GET /dice HTTP/1.1\r\nhost: a\r\n{}\r\n", "a: b\r\n".repeat(100));
    assert!(answer(many.as_bytes()).contains("431"), "too many headers");
    assert!(answer(b"\0\xFF rubbish\r\n\r\n").contains("400"));
    for path in ["/../../etc/passwd", "/%2e%2e/etc/passwd", "//etc/passwd", "/jython/../dice"] {
        let request = format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
        assert!(answer(request.as_bytes()).starts_with("HTTP/1.1 404"), "{path}");
    }
    let post = "POST /dice HTTP/1.1\r\nhost: a\r\ncontent-length: 99999999999\r\n\r\n";
    assert!(answer(post.as_bytes()).starts_with("HTTP/1.1 405"));
    program.run(["--site-server", &address, "--repeat", "2", "--latency", "1"]).with_code(0);
    drop(slow);
    drop(server.stdin.take());
    let ended = eventually(|| server.try_wait().expect("its state"));
    assert!(ended.success(), "the server ends with its standard input");
}
