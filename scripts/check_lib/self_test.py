"""Proof that the checks work: each rule must fire on its bad cases and keep quiet on its good
ones. A rule without both kinds of case is itself a failure."""

import os
import tempfile

from clang_tools import TidyRunner, format_findings
from functions import find_functions
from rules import RULES, SourceFile
from self_test_cases import CASES, FUNCTIONS


def _check_rule(name, rule):
    problems = []
    cases = [case for case in CASES if case[0] == name]
    for wanted in ('bad', 'good'):
        if not any(case[1] == wanted for case in cases):
            problems.append(f'{name}: no {wanted} case')
    for _, wanted, path, text in cases:
        fired = bool(rule(SourceFile(path, text)))
        if fired != (wanted == 'bad'):
            problems.append(f'{name}: {"fired" if fired else "silent"} on {path}: {text[:90]!r}')
    return problems


def _check_functions():
    problems = []
    for text, wanted in FUNCTIONS:
        found = [(f.name, f.length) for f in find_functions(SourceFile('src/x.cc', text).code)]
        if found != wanted:
            problems.append(f'functions of {text[:60]!r}: {found}, wanted {wanted}')
    return problems


def _check_format(root, scratch):
    path = os.path.join(scratch, 'bad_format.cc')
    with open(path, 'w', encoding='utf-8') as file:
        file.write('int  f( ){return 1 ;}\n')
    style = os.path.join(scratch, '.clang-format')
    os.symlink(os.path.join(root, '.clang-format'), style)
    return [] if format_findings(scratch, [path]) else ['clang-format: silent on bad format']


def _tidy_verdict(root, scratch, text):
    path = os.path.join(scratch, 'src', 'snippet.cc')
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)
    if not os.path.lexists(os.path.join(scratch, '.clang-tidy')):
        os.symlink(os.path.join(root, '.clang-tidy'), os.path.join(scratch, '.clang-tidy'))
    with open(os.path.join(scratch, 'compile_commands.json'), 'w', encoding='utf-8') as file:
        file.write(f'[{{"directory": "{scratch}", "file": "{path}",'
                   f' "command": "c++ -std=c++20 -c {path}"}}]')
    return TidyRunner(scratch, scratch).run(['src/snippet.cc'])


def _check_tidy(root, scratch):
    """Bad code fails, is not remembered as passed, and a pass that is remembered ends with a change
    of the file."""
    bad = 'int* Pointer() { return 0; }\n'
    good = 'int* Pointer() { return nullptr; }\n'
    problems = []
    for step, text, wanted in (('bad', bad, True), ('bad again', bad, True), ('good', good, False),
                               ('good again', good, False), ('bad at last', bad, True)):
        if bool(_tidy_verdict(root, scratch, text)) != wanted:
            problems.append(f'clang-tidy: wrong verdict at step "{step}"')
    return problems


def self_test(root, verbose=False):
    """Failures as texts; none is a pass."""
    problems = [problem for name, rule in RULES.items() for problem in _check_rule(name, rule)]
    unknown = {case[0] for case in CASES} - set(RULES)
    problems += [f'cases for an unknown rule: {name}' for name in sorted(unknown)]
    problems += _check_functions()
    with tempfile.TemporaryDirectory() as scratch:
        problems += _check_format(root, scratch)
        problems += _check_tidy(root, scratch)
    if verbose:
        print(f'{len(RULES)} rules, {len(CASES)} cases, {len(FUNCTIONS)} function texts')
    return problems
