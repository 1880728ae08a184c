//! The report of a real comparison, as a browser shows it.

use super::built;

use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use assert_cmd::assert::OutputAssertExt;
use headless_chrome::browser::default_executable;
use headless_chrome::protocol::cdp::types::Event;
use headless_chrome::protocol::cdp::{Emulation, Network};
use headless_chrome::{Browser, LaunchOptions};
use serde::Deserialize;
use serde_json::Value;
use testing::skip;

/// Two pages, read twice.
const DOWNLOADS: usize = 4;

/// Run in the page; gives what [`Page`] has.
const LOOK: &str = r#"
    const all = (where, of) => [...(of ?? document).querySelectorAll(where)];
    const text = element => element.textContent.trim();
    const labelled = svg => (svg.getAttribute('aria-labelledby') ?? '').split(' ')
        .every(id => id && document.getElementById(id) && text(document.getElementById(id)));
    JSON.stringify({
        sections: all('main > section').map(section => section.id),
        headings: all('h1, h2, h3').map(heading => Number(heading.tagName[1])),
        links: all('a').filter(a => !document.querySelector(a.getAttribute('href'))).map(text),
        bars: ['io', 'cpu'].map(id => all(`#${id} .chart rect`)
            .filter(bar => /fill-(waiting|running)/.test(bar.getAttribute('class')))
            .map(bar => bar.width.baseVal.value)),
        pictures: all('#diagrams figure').map(figure => [figure.id, all('.block', figure).length]),
        ids: all('[id]').map(element => element.id),
        unnamed: [
            ...all('[role=img], [role=region], nav').filter(it => !it.ariaLabel && !labelled(it)),
            ...all('svg').filter(svg => svg.ariaHidden !== 'true' && !labelled(svg)),
            ...all('table').filter(table => !table.caption || !table.tHead || all('th', table.tBodies[0]).length !== table.tBodies[0].rows.length),
        ].map(element => element.outerHTML.slice(0, 99)),
        beyond: all('body *').filter(it => !it.closest('.scroll, .skip') && it.getBoundingClientRect().right > innerWidth + 1)
            .map(element => element.outerHTML.slice(0, 99)),
        width: innerWidth,
        rows: all('tbody tr').map(row => [...row.cells].map(text)),
        surface: getComputedStyle(document.body).backgroundColor,
        ink: getComputedStyle(document.body).color,
        picture: getComputedStyle(document.querySelector('.picture .surface')).fill,
        text: document.body.innerText,
    })
"#;

#[derive(Debug, Deserialize)]
struct Page {
    sections: Vec<String>,
    headings: Vec<u8>,
    links: Vec<String>,
    bars: [Vec<f64>; 2],
    pictures: Vec<(String, usize)>,
    ids: Vec<String>,
    unnamed: Vec<String>,
    beyond: Vec<String>,
    width: u32,
    rows: Vec<Vec<String>>,
    surface: String,
    ink: String,
    picture: String,
    text: String,
}

#[test]
fn a_browser_shows_the_report_of_a_real_comparison() {
    let Ok(chromium) = default_executable() else {
        return skip("no Chromium was found, which shows the report");
    };
    let folder = tempfile::tempdir().expect("a folder");
    let [report, export] = ["report.html", "export.json"].map(|name| folder.path().join(name));
    let mut compare = Command::new(env!("CARGO_BIN_EXE_compare"));
    compare.arg("--programs").arg(built::programs());
    compare.args(["--repeat", "2", "--runs", "2", "--warmup", "0", "--report"]).arg(&report);
    compare.arg("--export-json").arg(&export);
    let output = compare.assert().success().get_output().stdout.clone();
    let last = String::from_utf8_lossy(&output).trim_end().lines().last().map(str::to_owned);
    assert!(last.is_some_and(|last| last.ends_with(&report.display().to_string())));
    assert!(std::fs::metadata(&report).expect("the report").len() < 1_000_000);
    let export: Value =
        serde_json::from_slice(&std::fs::read(export).expect("the export")).expect("JSON");

    let data = tempfile::tempdir().expect("a folder");
    let arguments =
        ["--disable-quic", "--disable-background-networking", "--disable-component-update"];
    let options = LaunchOptions::default_builder()
        .path(Some(chromium))
        .sandbox(false)
        .user_data_dir(Some(data.path().to_owned()))
        .args(arguments.map(AsRef::as_ref).to_vec())
        .build()
        .expect("options");
    let browser = Browser::new(options).expect("a browser");
    for width in [400, 1400] {
        for scheme in ["light", "dark"] {
            let page = look(&browser, &report, width, scheme);
            let at = format!("{width} pixels, {scheme}: {page:?}");
            sections_and_text(&page, &at);
            figures(&page, &export, &at);
            assert_eq!(page.width, width, "{at}");
            let (surface, ink) = (brightness(&page.surface), brightness(&page.ink));
            assert_eq!(surface > ink, scheme == "light", "{at}");
            assert!((surface - ink).abs() > 400, "{at}");
            assert!((brightness(&page.picture) - surface).abs() < 60, "{at}");
        }
    }
}

// The page at one size and in one colour scheme; it asks for nothing, and reports no error.
fn look(browser: &Browser, report: &Path, width: u32, scheme: &str) -> Page {
    let address = format!("file://{}", report.display());
    let tab = browser.new_tab().expect("a tab");
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (noted, own) = (Arc::clone(&seen), address.clone());
    let listener = move |event: &Event| {
        let what = match event {
            Event::NetworkRequestWillBeSent(it) if it.params.request.url == own => return,
            // The icon, which is in the page itself.
            Event::NetworkRequestWillBeSent(it) if it.params.request.url == "data:," => return,
            Event::NetworkRequestWillBeSent(it) => format!("asks for {}", it.params.request.url),
            Event::LogEntryAdded(it) => format!("logs {:?}", it.params.entry),
            Event::RuntimeExceptionThrown(it) => format!("throws {:?}", it.params),
            Event::RuntimeConsoleAPICalled(it) => format!("writes {:?}", it.params),
            _ => return,
        };
        noted.lock().expect("a list").push(what);
    };
    tab.add_event_listener(Arc::new(listener)).expect("events");
    tab.enable_log().expect("the log").enable_runtime().expect("exceptions");
    let all = Network::Enable {
        max_total_buffer_size: None,
        max_resource_buffer_size: None,
        max_post_data_size: None,
        report_direct_socket_traffic: None,
        enable_durable_messages: None,
    };
    tab.call_method(all).expect("requests");
    let metrics = Emulation::SetDeviceMetricsOverride {
        width,
        height: 900,
        device_scale_factor: 1.0,
        mobile: false,
        scale: None,
        screen_width: None,
        screen_height: None,
        position_x: None,
        position_y: None,
        dont_set_visible_size: None,
        screen_orientation: None,
        viewport: None,
        display_feature: None,
        device_posture: None,
    };
    tab.call_method(metrics).expect("a size");
    let feature =
        Emulation::MediaFeature { name: "prefers-color-scheme".into(), value: scheme.into() };
    let media = Emulation::SetEmulatedMedia { media: None, features: Some(vec![feature]) };
    tab.call_method(media).expect("a colour scheme");
    tab.navigate_to(&address).and_then(|tab| tab.wait_until_navigated()).expect("the report");
    let page = tab.evaluate(LOOK, false).expect("a look").value.expect("a value");
    assert_eq!(*seen.lock().expect("a list"), [""; 0], "{width} pixels, {scheme}");
    serde_json::from_str(page.as_str().expect("text")).expect("a page")
}

fn sections_and_text(page: &Page, at: &str) {
    for section in ["io", "cpu", "diagrams", "options", "machine"] {
        assert!(page.sections.iter().any(|found| found == section), "{section} at {at}");
    }
    assert_eq!(page.headings.iter().filter(|level| **level == 1).count(), 1, "{at}");
    assert!(page.headings.windows(2).all(|pair| pair[1] <= pair[0] + 1), "no level left out: {at}");
    assert_eq!(page.links, [""; 0], "links that lead nowhere: {at}");
    assert_eq!(page.unnamed, [""; 0], "what a screen reader has no words for: {at}");
    assert_eq!(page.beyond, [""; 0], "what is cut off: {at}");
    let mut ids = page.ids.clone();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), page.ids.len(), "an id twice: {at}");
    for word in ["CPUs", "kernel", "compiler", "rustc", "GMT"] {
        assert!(page.text.contains(word), "{word} at {at}");
    }
}

// Bars, pictures and tables are those of the export.
fn figures(page: &Page, export: &Value, at: &str) {
    let results = export["results"].as_array().expect("results");
    assert_eq!(results.len(), 5);
    for (workload, widths) in ["io", "cpu"].into_iter().zip(&page.bars) {
        let results: Vec<&Value> =
            results.iter().filter(|it| it["parameters"]["workload"] == workload).collect();
        assert_eq!(widths.len(), results.len(), "a bar for each program: {at}");
        let median = |result: &Value| result["median"].as_f64().expect("a median");
        let longest = results.iter().map(|result| median(result)).fold(0.0, f64::max);
        let widest = widths.iter().copied().fold(0.0, f64::max);
        for (result, width) in results.iter().zip(widths) {
            let exact = widest * median(result) / longest;
            assert!((width - exact).abs() <= 2.0, "{width} instead of {exact} at {at}");
        }
        for result in results {
            let program = result["parameters"]["program"].as_str().expect("a program");
            let runs = result["times"].as_array().expect("times").len().to_string();
            let median = median(result);
            let shown = |row: &Vec<String>| {
                row[0] == program && row[1] == runs && is_about(&row[2], median)
            };
            assert!(page.rows.iter().any(shown), "{program} with {median} s at {at}");
        }
    }
    // How many are short enough to be zoomed depends on the run.
    let shared = page.pictures.iter().filter(|(id, _)| id.starts_with("shared-"));
    assert_eq!(shared.count(), 5, "{at}");
    for (picture, blocks) in &page.pictures {
        let items = if picture.contains("cpu") { 20 } else { DOWNLOADS };
        assert_eq!(*blocks, items, "{picture} at {at}");
    }
}

// Whether `1.48 s` is the time, to its last digit.
fn is_about(shown: &str, seconds: f64) -> bool {
    let words: Vec<&str> = shown.split(' ').collect();
    let (Some(number), Some(unit)) = (words.first(), words.last()) else { return false };
    let size = match *unit {
        "s" => 1.0,
        "ms" => 1e-3,
        "µs" => 1e-6,
        _ => return false,
    };
    let decimals = number.split_once('.').map_or(0, |(_, decimals)| decimals.len()) as i32;
    let last = size * 10f64.powi(-decimals);
    number.parse::<f64>().is_ok_and(|number| (number * size - seconds).abs() <= 0.51 * last)
}

// Of `rgb(1, 2, 3)`, the sum.
fn brightness(colour: &str) -> i32 {
    colour
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|number| number.parse::<i32>().ok())
        .sum()
}
