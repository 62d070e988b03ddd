"""Proof that the checks work: each rule must fire on its bad cases and keep quiet on its good
ones. A rule without both kinds of case is itself a failure."""

import json
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


def _tidy_verdict(root, scratch, texts):
    """What clang-tidy says about files of these texts, which it is given together."""
    sources = os.path.join(scratch, 'src')
    os.makedirs(sources, exist_ok=True)
    if not os.path.lexists(os.path.join(scratch, '.clang-tidy')):
        os.symlink(os.path.join(root, '.clang-tidy'), os.path.join(scratch, '.clang-tidy'))
    commands = []
    for number, text in enumerate(texts):
        path = os.path.join(sources, f'snippet{number}.cc')
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)
        commands.append({'directory': scratch, 'file': path,
                         'command': f'c++ -std=c++20 -o {path}.o -c {path}'})
    with open(os.path.join(scratch, 'compile_commands.json'), 'w', encoding='utf-8') as file:
        json.dump(commands, file)
    return TidyRunner(scratch, scratch).run(
        [f'src/snippet{number}.cc' for number in range(len(texts))])


def _check_tidy(root, scratch):
    """Bad code fails, is not remembered as passed, and a pass that is remembered ends with a change
    of the file; alone and among others, by a check of the text and by the analyzer."""
    bad = 'int* Pointer() { return 0; }\n'
    good = 'int* Pointer() { return nullptr; }\n'
    null = 'int Read(const int* p) { if (p == nullptr) { return *p; } return 1; }\n'
    callee = 'void Set(int* p) { if (p == nullptr) { *p = 1; } }\n'
    caller = 'void Set(int* p);\nint Use() { int x = 1; Set(&x); return x; }\n'
    define = '#define FOO 1\nint Foo() { return FOO; }\n'
    defined = '#ifndef FOO\nint* Pointer() { return 0; }\n#endif\n'
    other = 'namespace { int Value() { return 1; } }\nint Other() { return Value(); }\n'
    twin = 'namespace { int Value() { return 2; } }\nint Twin() { return Value(); }\n'
    problems = []
    for step, texts, wanted in (
            ('bad', [bad], 1), ('bad again', [bad], 1), ('good', [good], 0),
            ('good again', [good], 0), ('bad at last', [bad], 1),
            ('two good', [good, other], 0), ('bad beside good', [bad, twin], 1),
            ('null beside good', [twin, null], 1), ('callee beside caller', [callee, caller], 1),
            ('bad where nothing is defined', [define, defined], 1),
            ('names that clash', [other, twin], 0),
            ('names that clash, and bad', [other, twin, bad], 1)):
        found = _tidy_verdict(root, scratch, texts)
        if len(found) != wanted:
            problems.append(f'clang-tidy: {len(found)} files found bad at step "{step}"')
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
