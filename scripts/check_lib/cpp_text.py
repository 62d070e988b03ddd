"""C++ text without what is not code: comments, literals and preprocessor lines become blanks."""

import re

_TOKEN = re.compile(
    r'//[^\n]*'
    r'|/\*.*?\*/'
    r'|(?:u8|[uUL])?R"(?P<delimiter>[^()\\\s]{0,16})\(.*?\)(?P=delimiter)"'
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+'",
    re.DOTALL,
)
_DIRECTIVE = re.compile(r'^[ \t]*#(?:\\\n|[^\n])*', re.MULTILINE)


def _blank(text):
    return re.sub(r'[^\n]', ' ', text)


def _blank_token(match):
    token = match.group(0)
    if token.startswith(('//', '/*')):
        return _blank(token)
    # A literal keeps its quotes, so that `f("")` and `f()` stay two things.
    quote = token[-1]
    start = token.index(quote)
    return ' ' * start + quote + _blank(token[start + 1:-1]) + quote


def strip_literals(text):
    """Blanks comments and the insides of literals. Every line keeps its length and number."""
    return _TOKEN.sub(_blank_token, text)


def strip_directives(code):
    """Blanks preprocessor lines as well. `code` comes from strip_literals."""
    return _DIRECTIVE.sub(lambda match: _blank(match.group(0)), code)


def line_of(text, position):
    return text.count('\n', 0, position) + 1
