"""One run of redis-benchmark against one server, and what it cost that server."""

import re
import subprocess
from dataclasses import asdict, dataclass

# How Cairn's INFO counts the syncs of its log. Redis has no such count.
SYNCS_FIELD = 'cairn_wal_syncs'

LIMIT_SECONDS = 600


@dataclass(frozen=True)
class Scenario:
    mode: str  # appendfsync
    test: str  # SET or GET
    connections: int
    pipeline: int

    @property
    def name(self):
        return f'{self.mode}/{self.test}/c{self.connections}/P{self.pipeline}'


@dataclass
class Sample:
    requests: int
    throughput: float  # operations a second
    p50_ms: float
    p99_ms: float
    p999_ms: float
    cpu_us: float  # of the server, per operation
    writes_per_sync: float | None

    def as_dict(self):
        return asdict(self)


def parse_report(text):
    """(throughput, p50, p99, p99.9) of redis-benchmark's full report; milliseconds."""
    throughput = re.search(r'throughput summary: ([\d.]+) requests per second', text)
    summary = re.search(r'avg\s+min\s+p50\s+p95\s+p99\s+max\s*\n((?:\s+[\d.]+){6})', text)
    steps = re.findall(r'^([\d.]+)% <= ([\d.]+) milliseconds \(cumulative', text, re.M)
    if not throughput or not summary or not steps:
        raise RuntimeError(f'no report in the output of redis-benchmark:\n{text[-2000:]}')
    figures = [float(figure) for figure in summary.group(1).split()]
    # The steps end at 100 %, so there is always one.
    p999 = next(float(at) for percent, at in steps if float(percent) >= 99.9)
    return float(throughput.group(1)), figures[2], figures[4], p999


def _writes_per_sync(scenario, requests, before, after):
    if scenario.test != 'SET' or SYNCS_FIELD not in before:
        return None
    syncs = int(after[SYNCS_FIELD]) - int(before[SYNCS_FIELD])
    return requests / syncs if syncs > 0 else None


def benchmark(server, test, connections, pipeline, requests, keys, value_bytes):
    """Runs redis-benchmark and returns its report's text."""
    run = subprocess.run(
        ['redis-benchmark', '-h', '127.0.0.1', '-p', str(server.port), '-t', test.lower(),
         '-c', str(connections), '-P', str(pipeline), '-n', str(requests), '-r', str(keys),
         '-d', str(value_bytes), '--precision', '3'],
        text=True, capture_output=True, timeout=LIMIT_SECONDS)
    if run.returncode != 0:
        raise RuntimeError(f'redis-benchmark against {server.name}: {run.stdout}{run.stderr}')
    return run.stdout


def measure(server, scenario, requests, keys, value_bytes):
    info_before = server.info()
    cpu_before = server.cpu_seconds()
    text = benchmark(server, scenario.test, scenario.connections, scenario.pipeline, requests,
                     keys, value_bytes)
    cpu = server.cpu_seconds() - cpu_before
    throughput, p50, p99, p999 = parse_report(text)
    return Sample(requests, throughput, p50, p99, p999, cpu * 1e6 / requests,
                  _writes_per_sync(scenario, requests, info_before, server.info()))
