"""Calls that belong to one place. A row says what is banned, where it may stand, and why; where
code needs one elsewhere, the place is written here, where a reviewer sees it."""

import re
from dataclasses import dataclass

from cpp_text import line_of, strip_directives


_STATEMENT_WORDS = {'return', 'else', 'do', 'case', 'throw', 'co_return', 'co_yield'}


def _is_call(code, match):
    """False for `x.f(`, `x->f(`, `Type::f(` and for `Type f(`, a method of ours with that name."""
    before = code[:match.start()].rstrip(' \n')
    if match.group().startswith('::'):
        return not re.search(r'[\w>]$', code[:match.start()]) or _ends_in_statement_word(before)
    name = re.match(r'\w+', match.group())
    if name and re.search(rf'\bauto {name.group()} = \[', code):
        return False  # a lambda of that name
    if before.endswith(('.', '->', '::', '>')) or re.search(r'(?<!&)[&*]$', before):
        return False
    return not re.search(r'\w$', before) or _ends_in_statement_word(before)


def _ends_in_statement_word(before):
    word = re.search(r'\w+$', before)
    return word is not None and word.group() in _STATEMENT_WORDS


@dataclass
class Ban:
    why: str
    calls: str = ''  # names of C functions, parted by '|'
    pattern: str = ''  # anything else, as a regular expression
    allowed: tuple = ()  # prefixes of paths
    excused: str = ''  # what may stand right before `pattern` and makes it right

    def __call__(self, source):
        if not (source.is_product and source.is_cpp) or source.path.startswith(self.allowed):
            return []
        code = strip_directives(source.code)
        found = []
        if self.calls:
            calls = re.finditer(rf'(?:\bstd::|::|\b)(?:{self.calls})\s*\(', code)
            found += [match for match in calls if _is_call(code, match)]
        if self.pattern:
            excuse = re.compile(f'(?:{self.excused})$') if self.excused else None
            found += [match for match in re.finditer(self.pattern, code)
                      if not (excuse and excuse.search(code, 0, match.start()))]
        return [(line_of(code, match.start()), f'{match.group().strip(" (")}: {self.why}')
                for match in found]


_CLOCKS = 'clock_gettime|gettimeofday|clock|ftime|uv_hrtime|uv_gettimeofday|uv_clock_gettime'
_RANDOM = ('rand|srand|rand_r|random|srandom|drand48|lrand48|mrand48|arc4random|arc4random_uniform'
           '|getrandom|getentropy|uv_random')
_SLEEPS = 'sleep|usleep|nanosleep|clock_nanosleep|uv_sleep'
_FILES = ('open|open64|openat|creat|close|read|write|pread|pwrite|preadv|pwritev|preadv2'
          '|pwritev2|readv|writev|lseek|fsync|fdatasync|sync_file_range|syncfs|fallocate'
          '|posix_fallocate|posix_fadvise|ftruncate|truncate|rename|renameat|renameat2|unlink'
          '|unlinkat|link|linkat|symlink|readlink|realpath|mkdir|mkdtemp|mkstemp|rmdir|opendir'
          '|fdopendir|readdir|closedir|scandir|stat|fstat|lstat|fstatat|statfs|fstatfs|statvfs'
          '|fstatvfs|access|faccessat|chdir|chmod|fchmod|chown|fchown|flock|lockf|mmap|munmap'
          '|msync|madvise|dup|dup2|fcntl|fopen|fdopen|freopen|fclose|fread|fwrite|fseek|ftell'
          '|fflush|fileno|tmpfile|io_setup')
_PRINTS = ('printf|fprintf|sprintf|snprintf|vprintf|vfprintf|vsprintf|vsnprintf|dprintf|vdprintf'
           '|puts|fputs|putchar|fputc|putc|perror|scanf|sscanf|fscanf|vsscanf')
_ALLOCATORS = ('malloc|calloc|realloc|reallocarray|free|posix_memalign|aligned_alloc|memalign'
               '|strdup|strndup')

BANS = {
    'clock': Ban(
        'time comes from Env',
        _CLOCKS,
        r'\bstd::chrono::(?:system|steady|high_resolution)_clock\b'
        r'|(?<![\w.>:])(?:std::|::)?time\s*\(\s*(?:NULL|nullptr|0|&\w+)\s*\)',
        ('src/env/',)),
    'rand': Ban(
        'randomness comes from util/random.h, seeds from Env::FillRandom',
        _RANDOM,
        r'\bstd::(?:random_device|mt19937\w*|default_random_engine|minstd_rand0?'
        r'|uniform_\w+_distribution)\b',
        ('src/env/',)),
    'thread': Ban(
        'threads are made in env/ and lsm/background alone',
        'pthread_create|uv_thread_create|uv_thread_create_ex|uv_queue_work',
        r'\bstd::(?:jthread|thread|async)\b(?!::)',
        ('src/env/', 'src/lsm/background')),
    'sleep': Ban(
        'wait for an event, not for time',
        _SLEEPS,
        r'\bstd::this_thread::sleep_\w+',
        # control.cc: DEBUG SLEEP is asked to stop the whole server.
        ('src/env/', 'src/server/control.cc')),
    'file-call': Ban(
        'files are reached through Env',
        _FILES,
        r'\bstd::(?:filesystem\b|[io]?fstream\b)|\buv_fs_\w+\s*\(',
        # check.cc reports a broken invariant straight to stderr: nothing else can be trusted then.
        # log.cc is the wrapper of the log file, which no promise about data depends on.
        # uv_listener.cc sets the permissions of a unix socket, which is libuv's.
        # supervisor.cc closes the socket that it has told the supervisor something by.
        ('src/env/', 'src/util/check.cc', 'src/util/log.cc', 'src/server/uv_listener.cc',
         'src/server/supervisor.cc')),
    'printf': Ban('text is made with fmt', _PRINTS, r'\bstd::(?:cout|cerr|clog)\b'),
    'regex': Ban('std::regex is slow and unbounded', pattern=r'\bstd::w?regex\w*'),
    'naked-new': Ban(
        'own it: make_unique, make_shared or a container',
        _ALLOCATORS,
        # `new (memory) T` makes an object in memory that has an owner already.
        r'(?<!operator )\bnew\b\s*(?:(?=[\w:])|(?=\(\s*std::(?:align_val_t|nothrow)))'
        r'|(?<!operator )\bdelete\b\s*(?:\[\s*\])?\s*(?=[\w(*:])',
        # pending_bytes.h: realloc moves the pages of a large block instead of copying them.
        ('src/util/arena', 'src/lsm/slab_arena', 'src/resp/pending_bytes.h'),
        # The way to a private constructor, which make_unique cannot call.
        excused=r'\b(?:unique|shared)_ptr<[\w:<> ]+>\s*\w*\s*\('),
}
