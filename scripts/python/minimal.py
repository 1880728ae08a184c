"""The smallest program that `--also` accepts, with the standard library only.

It downloads both pages of the local server N times and prints one JSON object.
"""

import argparse
import json
from concurrent.futures import ThreadPoolExecutor
from urllib.request import ProxyHandler, build_opener

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--json", action="store_true", help="no effect: the output is always JSON")
parser.add_argument("--quiet", action="store_true", help="no effect: nothing else is printed")
parser.add_argument("--repeat", type=int, default=80, metavar="N")
parser.add_argument("--site-server", required=True, metavar="ADDRESS")
arguments = parser.parse_args()
opener = build_opener(ProxyHandler({}))


def download_site(url):
    try:
        with opener.open(url, timeout=10) as response:
            return len(response.read())
    except OSError:
        return None


sites = [f"http://{arguments.site_server}/{page}" for page in ("jython", "dice")]
with ThreadPoolExecutor(max_workers=5) as pool:
    sizes = list(pool.map(download_site, sites * arguments.repeat))
failed = sizes.count(None)
answer = sum(size for size in sizes if size is not None)
print(json.dumps({"workload": "io", "items": len(sizes), "failed": failed, "answer": answer}))
raise SystemExit(1 if failed else 0)
