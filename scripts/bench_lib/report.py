"""Medians and the Markdown table."""

import statistics

FIELDS = ('throughput', 'p50_ms', 'p99_ms', 'p999_ms', 'cpu_us', 'writes_per_sync')
REFERENCE = 'redis'


def median(samples, field):
    values = [getattr(sample, field) for sample in samples]
    return None if None in values or not values else statistics.median(values)


def summarise(results):
    """{(scenario, server): [Sample]} -> rows with each field's median and its ratio to Redis."""
    rows = []
    for (scenario, server), samples in results.items():
        reference = results.get((scenario, REFERENCE))
        row = {'scenario': scenario.name, 'mode': scenario.mode, 'test': scenario.test,
               'connections': scenario.connections, 'pipeline': scenario.pipeline,
               'server': server, 'rounds': len(samples)}
        for field in FIELDS:
            value = median(samples, field)
            against = median(reference, field) if reference else None
            row[field] = value
            row[field + '_ratio'] = value / against if value is not None and against else None
        row['samples'] = [sample.as_dict() for sample in samples]
        rows.append(row)
    return rows


def _figure(row, field, form):
    value = row[field]
    if value is None:
        return '-'
    ratio = row[field + '_ratio']
    text = form.format(value)
    return text if ratio is None or row['server'] == REFERENCE else f'{text} ({ratio:.2f}×)'


def markdown(rows, machine):
    lines = ['# Benchmark', '', *(f'* {name}: {value}' for name, value in machine.items()), '',
             'Medians of the rounds; in brackets the ratio to redis-server. Latencies are those of',
             'a pipeline of P commands; CPU is user and system time of the whole server process.']
    for mode in dict.fromkeys(row['mode'] for row in rows):
        lines += ['', f'## appendfsync {mode}', '',
                  '| test | conns | P | server | ops/s | p50 ms | p99 ms | p99.9 ms | CPU µs/op '
                  '| writes/sync |',
                  '|---|--:|--:|---|--:|--:|--:|--:|--:|--:|']
        for row in (row for row in rows if row['mode'] == mode):
            figures = [_figure(row, 'throughput', '{:,.0f}'), _figure(row, 'p50_ms', '{:.3f}'),
                       _figure(row, 'p99_ms', '{:.3f}'), _figure(row, 'p999_ms', '{:.3f}'),
                       _figure(row, 'cpu_us', '{:.2f}'), _figure(row, 'writes_per_sync', '{:.1f}')]
            lines.append(f'| {row["test"]} | {row["connections"]} | {row["pipeline"]} '
                         f'| {row["server"]} | {" | ".join(figures)} |')
    return '\n'.join(lines) + '\n'
