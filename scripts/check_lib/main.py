"""scripts/check, see there. Ends with `N passed, M failed`, one a check; exits 1 on a failure."""

import argparse
import os
import subprocess
import sys

from clang_tools import TidyRunner, format_findings
from rules import RULES, SourceFile
from self_test import self_test

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), '..', '..'))
BUILD = os.path.join(ROOT, 'build')


def project_files():
    """Every file that the rules are for, as a path from the root."""
    paths = ['CMakeLists.txt']
    for top in ('src', 'tests', 'scripts', '.ci'):
        for folder, _, names in os.walk(os.path.join(ROOT, top)):
            paths += [os.path.relpath(os.path.join(folder, name), ROOT) for name in names]
    return sorted(path for path in paths if is_code(path))


def is_code(path):
    """Data of tests (cases, corpora) and prose are not ours to measure."""
    name = os.path.basename(path)
    return (path.endswith(('.cc', '.h', '.py', '.sh')) or name == 'CMakeLists.txt'
            or (path.startswith(('scripts/', '.ci/')) and '.' not in name))


def check_rules(paths):
    """{rule: ['path:line: message']}"""
    results = {name: [] for name in RULES}
    for path in paths:
        with open(os.path.join(ROOT, path), encoding='utf-8') as file:
            source = SourceFile(path, file.read())
        for name, rule in RULES.items():
            results[name] += [f'{path}:{line}: {message}' for line, message in rule(source)]
    return results


def check_tidy(paths):
    """Configures build/ first: the commands must know every file that is there now."""
    command = ['cmake', '-G', 'Ninja', '-S', ROOT, '-B', BUILD]
    if not os.path.exists(os.path.join(BUILD, 'build.ninja')):
        command.append('-DCAIRN_TESTS=OFF')  # the packages of the tests may not be there
    configured = subprocess.run(command, text=True, capture_output=True)
    if configured.returncode != 0:
        return [configured.stdout + configured.stderr]
    return TidyRunner(ROOT, BUILD).run(paths)


def run_all(with_tidy):
    """Yields (check, findings), the quick checks first."""
    paths = project_files()
    cpp = [path for path in paths if path.endswith(('.cc', '.h'))]
    yield 'self-test', self_test(ROOT)
    yield from check_rules(paths).items()
    yield 'clang-format', [f'{path}:{line}: {text}'
                           for path, line, text in format_findings(ROOT, cpp)]
    if with_tidy:
        sources = [path for path in cpp if path.startswith('src/') and path.endswith('.cc')]
        yield 'clang-tidy', check_tidy(sources)


def report(results):
    passed = failed = 0
    for name, findings in results:
        print(f'{name}: {"ok" if not findings else "FAILED"}', flush=True)
        for finding in findings:
            print('  ' + finding.replace('\n', '\n  '))
        failed += bool(findings)
        passed += not findings
    print(f'{passed} passed, {failed} failed')
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser(prog='scripts/check')
    parser.add_argument('--no-tidy', action='store_true', help='leave clang-tidy out')
    parser.add_argument('--self-test', action='store_true', help='test the checks themselves')
    options = parser.parse_args()
    if options.self_test:
        return report([('self-test', self_test(ROOT, verbose=True))])
    return report(run_all(not options.no_tidy))


if __name__ == '__main__':
    sys.exit(main())
