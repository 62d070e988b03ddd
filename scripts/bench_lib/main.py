"""scripts/bench, see there."""

import argparse
import itertools
import json
import os
import platform
import re
import signal
import subprocess
import sys
import time

from load import Scenario, benchmark, measure, parse_report
from report import markdown, summarise
from servers import Fleet, commands

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), '..', '..'))
BUILD = os.path.join(ROOT, 'build')
MODES = ('always', 'everysec')
NAMES = ('cairn', 'redis', 'responder')
SETTLE_SECONDS = 0.3


def parse_options():
    parser = argparse.ArgumentParser(
        prog='scripts/bench', formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        description='Cairn, redis-server and a bare responder under redis-benchmark, alternating.')
    parser.add_argument('--rounds', type=int, default=3, help='runs of each, of which the median')
    parser.add_argument('--seconds', type=float, default=3, help='how long a run should take')
    parser.add_argument('--requests', type=int, default=1000000, help='at most so many in a run')
    parser.add_argument('--keys', type=int, default=1000000, help='random keys')
    parser.add_argument('--value-bytes', type=int, default=100)
    parser.add_argument('--connections', type=int, nargs='+', default=[1, 8, 50])
    parser.add_argument('--pipelines', type=int, nargs='+', default=[1, 16])
    parser.add_argument('--servers', nargs='+', choices=NAMES, default=list(NAMES))
    parser.add_argument('--only', default='', metavar='REGEX',
                        help='scenarios by name, like always/SET/c50/P16')
    parser.add_argument('--quick', action='store_true', help='one short round: is it all there?')
    parser.add_argument('--slow-sync', type=int, default=0, metavar='MICROS',
                        help='every fsync takes so much longer, as on a slower disk')
    parser.add_argument('--dir', default=BUILD, help='where the data directories are made')
    parser.add_argument('--out', default=os.path.join(BUILD, 'bench'),
                        help='the report goes to OUT.md and OUT.json')
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.seconds, options.keys = 1, 0.5, 100000
    return options


def scenarios(options):
    every = itertools.product(MODES, ('SET', 'GET'), options.connections, options.pipelines)
    named = (Scenario(*values) for values in every)
    return [scenario for scenario in named if re.search(options.only, scenario.name)]


def fill(server, options):
    """Most of the keys exist before anything is measured, or GET would measure misses."""
    benchmark(server, 'SET', 50, 16, options.keys, options.keys, options.value_bytes)


def requests_for(server, scenario, options):
    """As many requests as fill the wished time, by a trial run."""
    trial = min(options.requests, 200 * scenario.connections * scenario.pipeline)
    text = benchmark(server, scenario.test, scenario.connections, scenario.pipeline, trial,
                     options.keys, options.value_bytes)
    wished = int(parse_report(text)[0] * options.seconds)
    return max(trial, min(wished, options.requests))


def run_scenario(servers, scenario, options, results):
    requests = {server.name: requests_for(server, scenario, options) for server in servers}
    for round_number in range(options.rounds):
        # Each round begins with another server, so that none always comes first or last.
        first = round_number % len(servers)
        for server in servers[first:] + servers[:first]:
            time.sleep(SETTLE_SECONDS)
            sample = measure(server, scenario, requests[server.name], options.keys,
                             options.value_bytes)
            results.setdefault((scenario, server.name), []).append(sample)
            print(f'{scenario.name} round {round_number + 1} {server.name}: '
                  f'{sample.throughput:,.0f} ops/s, p99 {sample.p99_ms} ms, '
                  f'{sample.cpu_us:.2f} µs/op', file=sys.stderr, flush=True)


def run_all(options):
    results = {}
    wanted = scenarios(options)
    for mode in MODES:
        of_mode = [scenario for scenario in wanted if scenario.mode == mode]
        if not of_mode:
            continue
        fleet = Fleet(commands(BUILD, mode, options.servers), options.dir, options.slow_sync)
        with fleet as servers:
            for server in servers:
                fill(server, options)
            for scenario in of_mode:
                run_scenario(servers, scenario, options, results)
    return results


def _output(*command):
    run = subprocess.run(command, text=True, capture_output=True, cwd=ROOT)
    return run.stdout.strip() if run.returncode == 0 else '?'


def _cpu_model():
    with open('/proc/cpuinfo', encoding='utf-8') as file:
        found = re.search(r'model name\s*: (.*)', file.read())
    return found.group(1) if found else platform.machine()


def machine(options):
    return {
        'time': time.strftime('%Y-%m-%d %H:%M:%S %z'),
        'commit': _output('git', 'describe', '--always', '--dirty'),
        'processor': f'{_cpu_model()}, {os.cpu_count()} cores',
        'kernel': platform.release(),
        'file system': _output('stat', '-f', '-c', '%T', options.dir),
        'redis-server': _output('redis-server', '--version'),
        'load': f'{options.value_bytes}-byte values, {options.keys:,} random keys, '
                f'{options.rounds} rounds of about {options.seconds} s',
        'syncs': f'{options.slow_sync} µs longer than the disk takes',
    }


def main():
    options = parse_options()
    # An exception, so that the servers are stopped on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    rows = summarise(run_all(options))
    facts = machine(options)
    text = markdown(rows, facts)
    with open(options.out + '.md', 'w', encoding='utf-8') as file:
        file.write(text)
    with open(options.out + '.json', 'w', encoding='utf-8') as file:
        json.dump({'machine': facts, 'rows': rows}, file, indent=1)
    print(text, end='')
    return 0


if __name__ == '__main__':
    sys.exit(main())
