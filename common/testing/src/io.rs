//! The tests of every program that downloads.

use std::io::{Read, Write};
use std::net::{TcpStream, UdpSocket};
use std::process::Stdio;

use common::report::{Answer, Report};
use common::server::SUBCOMMAND;
use common::workload::expected_bytes;

use super::faulty::{Faulty, GOOD, PageResult, REFUSED, STALLED, UNKNOWN};
use super::program::report;
use super::{Ended, HANG, TestProgram, end, eventually, skip, works};

/// Makes the tests of a program that downloads.
#[macro_export]
macro_rules! io_tests {
    ($program:expr) => {
        $crate::program_tests!($program, common::workload::Workload::Io);
        $crate::tests!(io(&$program):
            reads_all_pages, reports_each_fault, checks_certificates, limits_the_size_of_bodies,
            reuses_connections_that_the_server_closes, downloads_many_under_a_file_limit,
            names_a_limit_that_is_too_low, names_wrong_arguments,
            ignores_proxies_for_the_local_server, uses_proxies_for_other_sites,
            runs_twice_at_once, a_silent_name_server_delays_nothing_else,
            the_local_server_survives_abuse);
    };
}

const SHORT: [&str; 4] = ["--repeat", "2", "--latency", "1"];

#[expect(missing_docs, reason = "the name is the description")]
pub fn reads_all_pages(program: &TestProgram) {
    let report = report(program, &SHORT);
    assert_eq!(report.answer, Answer::Bytes(expected_bytes(2)));
    // With one worker for each download the bound is one latency.
    let bound = report.lower_bound_seconds.expect("a bound");
    assert!((bound - (0.004 / report.workers as f64).max(0.001)).abs() < 1e-9, "{bound}");
}

// Runs a program over these URLs once; returns its report and the whole end. Asserts that each error
// was printed once, with its URL.
fn download(program: &TestProgram, urls: &[String], arguments: &[&str]) -> (Report, Ended) {
    let mut command = program.command();
    command.args(["--json", "--repeat", "1"]).args(arguments);
    ended(command, urls)
}

fn ended(mut command: std::process::Command, urls: &[String]) -> (Report, Ended) {
    for url in urls {
        command.args(["--url", url]);
    }
    let ended = end(command);
    let report = ended.report();
    for span in &report.spans {
        if let Some(error) = &span.error {
            let line = format!("error: {}: {error}\n", span.name);
            assert_eq!(ended.stderr.matches(&line).count(), 1, "{line} in {}", ended.stderr);
        }
    }
    let code = i32::from(report.failed > 0);
    (report, ended.with_code(code))
}

// Asserts that a report has the expected result for each page, and nothing else.
fn compare(report: &Report, pages: &[(String, PageResult)]) {
    let differences = report.spans.iter().zip(pages).filter_map(|(span, (url, expected))| {
        let as_expected = match (&span.error, expected) {
            (None, Ok(_)) => true,
            (Some(error), Err(part)) => error.contains(part),
            _ => false,
        };
        (!as_expected).then(|| format!("{url}: {:?} instead of {expected:?}", span.error))
    });
    let differences: Vec<_> = differences.collect();
    assert!(differences.is_empty(), "{differences:#?}");
    let bytes = pages.iter().filter_map(|(_, expected)| expected.ok()).sum();
    assert_eq!(report.answer, Answer::Bytes(bytes));
    assert_eq!(report.failed, pages.iter().filter(|(_, expected)| expected.is_err()).count());
}

#[expect(missing_docs, reason = "the name is the description")]
pub fn reports_each_fault(program: &TestProgram) {
    let server = Faulty::start();
    // Only a page that stalls may need the whole time.
    let stalls = |(_, expected): &(String, PageResult)| *expected == Err(STALLED);
    let (stalling, others): (Vec<_>, Vec<_>) = server.plain().into_iter().partition(stalls);
    for (pages, timeout) in [(stalling, "0.7"), (others, "30")] {
        let urls: Vec<String> = pages.iter().map(|(url, _)| url.clone()).collect();
        let (report, ended) = download(program, &urls, &["--timeout", timeout]);
        compare(&report, &pages);
        assert_eq!(report.lower_bound_seconds, None, "unknown for a real site");
        let control = |c: char| c.is_control() && c != '\n';
        assert!(!ended.stderr.contains(control) && !ended.stdout.contains(control), "{ended:?}");
    }
}

#[expect(missing_docs, reason = "the name is the description")]
pub fn checks_certificates(program: &TestProgram) {
    let server = Faulty::start();
    let pages = server.encrypted();
    let urls: Vec<String> = pages.iter().map(|(url, _)| url.clone()).collect();
    let mut command = program.command();
    command.env("SSL_CERT_FILE", server.trust()).args(["--json", "--repeat", "1"]);
    compare(&ended(command, &urls).0, &pages);

    // Without any certificate only the encrypted pages fail.
    let mut command = program.command();
    command.env("SSL_CERT_FILE", "/dev/null").env("SSL_CERT_DIR", "/dev/null");
    command.args(["--json", "--repeat", "1"]);
    let pages = [(server.url("/good"), Ok(GOOD)), (urls[0].clone(), Err("certificate"))];
    compare(&ended(command, &pages.clone().map(|(url, _)| url)).0, &pages);
}

#[expect(missing_docs, reason = "the name is the description")]
pub fn limits_the_size_of_bodies(program: &TestProgram) {
    let pages = [(Faulty::start().url("/endless"), Err("the body is larger than 64 MiB"))];
    let (report, _) = download(program, &[pages[0].0.clone()], &[]);
    compare(&report, &pages);
    assert!(report.peak_memory_bytes < Some(64 << 20), "{report:?}");
}

#[expect(missing_docs, reason = "the name is the description")]
pub fn reuses_connections_that_the_server_closes(program: &TestProgram) {
    // Each second request on a connection is not answered, and sent again on a new one.
    let server = Faulty::start();
    let urls = vec![server.url("/close-second"); 5];
    let (report, _) = download(program, &urls, &[]);
    assert_eq!(report.answer, Answer::Bytes(5 * GOOD));

    let server = Faulty::start();
    download(program, &[server.url("/close")], &[]);
    assert_eq!(server.requests(), ["/close", "/close"], "one request and one retry");
}

#[expect(missing_docs, reason = "the name is the description")]
pub fn downloads_many_under_a_file_limit(program: &TestProgram) {
    let run = |limit: &str, repeat: usize| {
        let mut command = program.after(&format!("ulimit {limit}"));
        command.args(["--repeat", &repeat.to_string(), "--latency", "1", "--json"]);
        let ended = end(command).with_code(0);
        assert_eq!(ended.report().answer, Answer::Bytes(expected_bytes(repeat)));
        ended.stderr
    };
    let tasks = program.name() == "async-io";
    let note = run("-n 256", 1000);
    assert_eq!(note.contains("112 downloads at once instead of 2000: "), tasks, "{note}");
    assert_eq!(run("-n 256", 56), "", "as many connections as fit");
    assert_eq!(run("-S -n 40", 50), "", "a limit that may be raised is raised");
}

#[expect(missing_docs, reason = "the name is the description")]
pub fn names_a_limit_that_is_too_low(program: &TestProgram) {
    let files =
        [4, 8, 16, 32].map(|files| (format!("-n {files}"), "open files (ulimit -n)", files));
    let memory = [(String::from("-v 24000"), "memory (ulimit -v)", 24_000 << 10)];
    let memory = memory.into_iter().filter(|_| cfg!(target_os = "linux"));
    for (limit, name, value) in files.into_iter().chain(memory) {
        let mut command = program.after(&format!("ulimit {limit}"));
        command.args(SHORT);
        let ended = end(command).with_code(1);
        assert_eq!(ended.stdout, "", "no item was done");
        let error = format!("error: the limit on {name} is {value}, but ");
        assert!(ended.stderr.starts_with(&error), "{ended:?}");
    }
}

#[expect(missing_docs, reason = "the name is the description")]
pub fn names_wrong_arguments(program: &TestProgram) {
    for (flag, values) in [
        ("--repeat", &["0", "1000001", "1.5"][..]),
        ("--latency", &["60001"]),
        ("--timeout", &["0", "86401", "NaN", "inf"]),
        ("--url", &["www.jython.org", "ftp://example.org", "http://", "http://a:99999/"]),
        ("--url", &["file:///etc/passwd"]),
        ("--site-server", &["192.0.2.1:80", "127.0.0.1"]),
    ] {
        program.refuses_rubbish(flag);
        program.refuses_values(flag, values);
    }
    for url in ["http://user:p%40ss@host/", "http://user@host/"] {
        program.refuses(["--url", url], &["--url", "user name or password"]);
    }
    program.refuses(["--repeat"], &["--repeat"]);
    program.refuses(["rubbish"], &["'rubbish'"]);
    program.refuses(["--url", "http://localhost", "--latency", "1"], &["--url", "--latency"]);
}

#[expect(missing_docs, reason = "the name is the description")]
pub fn ignores_proxies_for_the_local_server(program: &TestProgram) {
    for proxy in [REFUSED, "socks5://127.0.0.1:1080", ":::", "http://[rubbish"] {
        let mut command = program.command();
        for name in ["http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy", "HTTPS_PROXY"] {
            command.env(name, proxy);
        }
        command.args(SHORT).arg("--quiet");
        assert_eq!(end(command).with_code(0).stderr, "");
    }
}

#[expect(missing_docs, reason = "the name is the description")]
pub fn uses_proxies_for_other_sites(program: &TestProgram) {
    let run = |name: &str, proxy: &str, exempt: &str, url: &str| {
        let mut command = program.command();
        command.env(name, proxy).env("NO_PROXY", exempt);
        command.args(["--repeat", "1", "--timeout", "10", "--url", url]);
        end(command)
    };
    for name in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
        let ended = run(name, REFUSED, "", UNKNOWN).with_code(1);
        assert!(ended.stderr.contains("refused"), "{name}: {ended:?}");
        let ended = run(name, REFUSED, "example.org,no-such-site.invalid", UNKNOWN).with_code(1);
        assert!(!ended.stderr.contains("refused"), "{name}: {ended:?}");
        let proxy = Faulty::start();
        run(name, &proxy.url("/"), "", UNKNOWN).with_code(0);
        // ureq opens a tunnel through the proxy also for pages that are not encrypted.
        let tunnel = ["no-such-site.invalid:80", "/"];
        let expected = if program.name() == "async-io" { &[UNKNOWN][..] } else { &tunnel };
        assert_eq!(proxy.requests(), expected);
        // reqwest does not give the reason.
        let ended = run(name, "socks5h://127.0.0.1:1", "", UNKNOWN).with_code(1);
        let refused = ["refused", "connecting to socks proxy"];
        assert!(refused.iter().any(|it| ended.stderr.contains(it)), "{name}: {ended:?}");
    }
}

#[expect(missing_docs, reason = "the name is the description")]
pub fn runs_twice_at_once(program: &TestProgram) {
    for running in [program.start(SHORT), program.start(SHORT)] {
        running.end().with_code(0);
    }
}

/// The system's resolver blocks its thread for as long as the name server is silent.
pub fn a_silent_name_server_delays_nothing_else(program: &TestProgram) {
    let name_server = UdpSocket::bind("127.53.53.53:53");
    if name_server.is_err() || !works(&["unshare", "--mount", "true"]) {
        return skip("a silent name server needs root, Linux and `unshare --mount`");
    }
    let configuration = tempfile::NamedTempFile::new().expect("a file");
    // Together longer than `HANG`.
    let silent = "nameserver 127.53.53.53\noptions timeout:30 attempts:5\n";
    std::fs::write(configuration.path(), silent).expect("written");
    let path = configuration.path().to_str().expect("a path");
    let script = format!("mount --bind {path} /etc/resolv.conf && exec \"$0\" \"$@\"");
    let server = Faulty::start();
    let mut command = program.prefixed(&["unshare", "--mount", "sh", "-c", &script]);
    command.args(["--timeout", "3", "--repeat", "1", "--json"]);
    let pages = [
        ("http://www.example.org/".to_owned(), Err("no answer within 3 s")),
        (server.url("/good"), Ok(GOOD)),
    ];
    compare(&ended(command, &pages.clone().map(|(url, _)| url)).0, &pages);
}

#[expect(missing_docs, reason = "the name is the description")]
pub fn the_local_server_survives_abuse(program: &TestProgram) {
    // The subcommand comes before all arguments of the program.
    let mut command = std::process::Command::new(program.path());
    command.arg(SUBCOMMAND).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut server = command.spawn().expect("the server starts");
    let mut line = String::new();
    let stdout = server.stdout.take().expect("a pipe");
    std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut line).expect("a line");
    let address = line.trim().strip_prefix("http://").expect("an address").to_owned();
    assert!(address.starts_with("127.0.0.1:"), "{address}");
    let send = |request: &[u8]| {
        let mut stream = TcpStream::connect(&address).expect("a connection");
        stream.set_read_timeout(Some(HANG)).expect("a limit");
        // The server may have closed the connection before the end of the request.
        let _ = stream.write_all(request);
        stream
    };
    let answer = |request: &[u8]| {
        let mut answer = [0; 1024];
        let bytes = send(request).read(&mut answer).unwrap_or(0);
        String::from_utf8_lossy(&answer[..bytes]).into_owned()
    };
    // Requests that never end hold their connections meanwhile.
    let slow: Vec<_> = (0..200).map(|_| send(b"GET /dice HTTP/1.1\r\nhost:")).collect();
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
