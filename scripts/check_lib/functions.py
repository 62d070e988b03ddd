"""Finds function bodies by their braces, well enough to measure them. No C++ parser: it knows
scopes, function heads and constructor initialisers, and says so when braces do not pair."""

import re
from dataclasses import dataclass

from cpp_text import line_of, strip_directives

_SCOPE_HEAD = re.compile(r'^(?:inline\s+)?namespace\b|^extern\b[^()]*$')
_TYPE_HEAD = re.compile(r'^(?:typedef\s+)?(?:class|struct|union|enum)\b')
_ACCESS = re.compile(r'\s*(?:public|private|protected)\s*:(?!:)')
_ATTRIBUTE = re.compile(r'\[\[[^\]]*\]\]|\balignas\s*\([^()]*\)')


@dataclass
class Function:
    name: str
    line: int
    length: int


class UnbalancedBraces(Exception):
    def __init__(self, line):
        super().__init__(f'braces do not pair (line {line})')
        self.line = line


def _without_template(head):
    """Takes `template <...>` off the front; the angle brackets may nest."""
    head = head.lstrip()
    while re.match(r'template\s*<', head):
        depth = 0
        for index, char in enumerate(head):
            depth += (char == '<') - (char == '>')
            if char == '>' and depth == 0:
                head = head[index + 1:].lstrip()
                break
        else:
            return ''
    return head


def _has_initialiser_colon(head):
    """True if a lone ':' stands outside parentheses: a constructor's initialiser list."""
    depth = 0
    for index, char in enumerate(head):
        depth += (char in '([') - (char in ')]')
        lone = char == ':' and head[index - 1:index] != ':' and head[index + 1:index + 2] != ':'
        if lone and depth == 0:
            return True
    return False


def _kind(raw_head):
    """What a '{' opens, by the text since the last ';', '{' or '}': scope, function or value."""
    head = _without_template(raw_head)
    head = _ATTRIBUTE.sub(' ', head).strip()
    if _SCOPE_HEAD.match(head):
        return 'scope'
    if _TYPE_HEAD.match(head) and '(' not in head:
        return 'scope'
    if '(' not in head or re.search(r'[^=!<>]=\s*$', head):
        return 'value'
    if _has_initialiser_colon(head) and re.search(r'[\w>]\s*$', head):
        return 'value'  # `Type() : member_{…}`: the body comes later
    return 'function'


def _name(head):
    before = re.split(r'=\s*\[', _without_template(head))[0]  # a variable that holds a lambda
    if before == _without_template(head):
        before = re.split(r'(?<!operator)\(', before)[0]
    names = re.findall(r'\boperator\s*\S+|[~\w:]+', before)
    return names[-1] if names else '?'


def _matching_brace(code, start):
    depth = 0
    for match in re.compile(r'[{}]').finditer(code, start):
        depth += 1 if match.group() == '{' else -1
        if depth == 0:
            return match.start()
    raise UnbalancedBraces(line_of(code, start))


def find_functions(stripped):
    """Functions at namespace and class level, with what is inside them (lambdas) counted in.

    `stripped` comes from cpp_text.strip_literals. Raises UnbalancedBraces."""
    code = strip_directives(stripped)
    functions = []
    depth = 0
    head_start = 0
    position = 0
    while match := re.compile(r'[{};]').search(code, position):
        at = match.start()
        position = at + 1
        if match.group() == '{':
            while label := _ACCESS.match(code, head_start, at):
                head_start = label.end()
            head = code[head_start:at]
            kind = _kind(head)
            if kind == 'value':
                position = _matching_brace(code, at) + 1
                continue  # the head goes on: `a_{1}, b_{2} {`
            if kind == 'scope':
                depth += 1
            else:
                end = _matching_brace(code, at)
                first = head_start + len(head) - len(head.lstrip())
                lines = line_of(code, end) - line_of(code, first) + 1
                functions.append(Function(_name(head), line_of(code, first), lines))
                position = end + 1
        elif match.group() == '}':
            depth -= 1
            if depth < 0:
                raise UnbalancedBraces(line_of(code, at))
        head_start = position
    if depth != 0:
        raise UnbalancedBraces(line_of(code, len(code)))
    return functions
