"""The rules on one source file. Each is a function (SourceFile) -> [(line, message)], listed in
RULES at the end; self_test.py holds a bad and a good case for every one of them."""

import re
from dataclasses import dataclass
from functools import cached_property

from banned import BANS
from cpp_text import line_of, strip_directives, strip_literals
from functions import UnbalancedBraces, find_functions

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 70
MAX_COLUMNS = 100

# What each folder of src/ may include of the others (itself is always fine).
LAYERS = {
    'util': set(),
    'env': {'util'},
    'resp': {'util'},
    'lsm': {'util', 'env'},
    'keyspace': {'util', 'env', 'lsm'},
    'commands': {'util', 'env', 'resp', 'lsm', 'keyspace'},
    'server': {'util', 'env', 'resp', 'lsm', 'keyspace', 'commands'},
    'main': {'util', 'env', 'resp', 'lsm', 'keyspace', 'commands', 'server'},
    'tools': {'util', 'env', 'lsm', 'keyspace'},
}
# Libraries that are written with quotes and a folder.
EXTERNAL_FOLDERS = {'fmt', 'catch2', 'hiredis'}
# Libraries that only these layers may touch: the loop is the server's, the codec the engine's.
LIBRARY_LAYERS = {'uv.h': {'server', 'main', 'tools'}, 'snappy.h': {'lsm'}, 'xxhash.h': {'util'}}


@dataclass
class SourceFile:
    path: str  # from the root of the tree, with '/'
    text: str

    @cached_property
    def code(self):
        return strip_literals(self.text)

    @cached_property
    def is_product(self):
        return self.path.startswith('src/')

    @cached_property
    def is_cpp(self):
        return self.path.endswith(('.cc', '.h'))

    @cached_property
    def layer(self):
        """'lsm' for src/lsm/…, 'main' for src/main.cc."""
        return self.path.split('/')[1].split('.')[0]


def file_length(source):
    lines = source.text.count('\n')
    if lines > MAX_FILE_LINES:
        return [(lines, f'{lines} lines; at most {MAX_FILE_LINES}')]
    return []


def line_length(source):
    return [(number, f'{len(line)} columns; at most {MAX_COLUMNS}')
            for number, line in enumerate(source.text.split('\n'), 1) if len(line) > MAX_COLUMNS]


def function_length(source):
    if not (source.is_product and source.is_cpp):
        return []
    try:
        functions = find_functions(source.code)
    except UnbalancedBraces as problem:
        return [(problem.line, str(problem))]
    return [(f.line, f'{f.name} has {f.length} lines; at most {MAX_FUNCTION_LINES}')
            for f in functions if f.length > MAX_FUNCTION_LINES]


def _include_problem(source, quote, name):
    library_layers = LIBRARY_LAYERS.get(name)
    if library_layers is not None and source.layer not in library_layers:
        return f'{name} belongs to {", ".join(sorted(library_layers))}'
    folder = name.split('/')[0] if '/' in name else None
    if folder in LAYERS:
        if folder != source.layer and folder not in LAYERS[source.layer]:
            return f'{source.layer} must not include {folder}: {name}'
    elif quote == '"' and folder not in EXTERNAL_FOLDERS:
        return f'"{name}" does not begin with a layer (write "layer/file.h")'
    return None


def include_direction(source):
    if not (source.is_product and source.is_cpp):
        return []
    if source.layer not in LAYERS:
        return [(1, f'src/{source.layer} is no layer')]
    findings = []
    for match in re.finditer(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">]+)[">]', source.text, re.M):
        problem = _include_problem(source, *match.groups())
        if problem:
            findings.append((line_of(source.text, match.start()), problem))
    return findings


def unfinished_mark(source):
    words = ('TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X')
    return [(line_of(source.text, match.start()), f'unfinished mark {match.group()}')
            for match in re.finditer(rf'\b(?:{"|".join(words)})\b', source.text)]


def check_in_header(source):
    """In a test CHECK is Catch2's; a header of ours that says CHECK would change its meaning."""
    if not (source.is_product and source.path.endswith('.h')):
        return []
    return [(line_of(source.code, match.start()), 'a header spells it CAIRN_CHECK or DCHECK')
            for match in re.finditer(r'\bCHECK\s*\(', strip_directives(source.code))]


def struct_memcpy(source):
    """A copy or fill of a whole struct: padding and pointers end up where bytes should be. A
    heuristic: the length names a CamelCase type, or a variable that is declared as one."""
    if not (source.is_product and source.is_cpp):
        return []
    findings = []
    for match in re.finditer(r'\bmem(?:cpy|move|set)\s*\(([^;]*)\)\s*;', source.code):
        length = match.group(1).rsplit(',', 1)[-1]
        sizes = re.finditer(r'sizeof\s*\(?\s*(?:struct\s+)?\*?\s*([\w:]+)', length)
        for name in (size.group(1) for size in sizes):
            base = name.split('::')[-1]
            declared = re.search(rf'\b[A-Z]\w*[a-z]\w*\s*[*&]?\s+[*&]?{re.escape(name)}\s*[;={{,)]',
                                 source.code)
            if name == 'this' or re.match(r'[A-Z]\w*[a-z]', base) or declared:
                findings.append((line_of(source.code, match.start()),
                                 f'mem… on a struct: sizeof {name}'))
    return findings


def unused_using(source):
    """clang-tidy's misc-unused-using-decls and -alias-decls look at the main file of a translation
    unit alone, and it is given several files at once."""
    if not source.is_cpp or source.path.endswith('.h'):
        return []
    found = []
    pattern = (r'^[ \t]*(?:using[ \t]+(?:(\w+)::)*(\w+)'
               r'|namespace[ \t]+(\w+)[ \t]*=[^;]+);')
    for match in re.finditer(pattern, source.code, re.M):
        name = match.group(2) or match.group(3)
        inherits_constructors = match.group(1) == name
        if not inherits_constructors and not re.search(rf'\b{name}\b', source.code[match.end():]):
            found.append((line_of(source.code, match.start()), f'{name} is not used below'))
    return found


RULES = {
    'file-length': file_length,
    'line-length': line_length,
    'function-length': function_length,
    'include-direction': include_direction,
    'unfinished-mark': unfinished_mark,
    'check-in-header': check_in_header,
    'struct-memcpy': struct_memcpy,
    'unused-using': unused_using,
    **BANS,
}
