"""clang-format and clang-tidy over the tree. Tidy is slow, so what passed is remembered under
build/tidy-cache by a hash of all that the verdict depends on. Only a pass is remembered. Most of
its time goes to the headers, so it is given several files at once; where it finds a fault in these
(or they cannot stand in one translation unit), it is given half of them, down to one."""

import concurrent.futures
import hashlib
import json
import os
import re
import shlex
import subprocess
import tempfile

_BATCH_FILES = 10
# In a batch the files are headers to the analyzer, which leaves those out unless told; and what is
# called by another file must be looked at by itself all the same. (What clang-tidy finds of unused
# `using` is for main files only: rules.py has that.)
_BATCH_OPTIONS = tuple(f'--extra-arg={word}' for word in (
    '-Xclang', '-analyzer-opt-analyze-headers', '-Xclang', '-analyzer-inlining-mode=all'))
# What a file does to the preprocessor must not change what others mean.
_DIRECTIVE = re.compile(rb'^[ \t]*#[ \t]*(?!include\b)\w', re.M)
_LIBRARIES = ('clang-tidy', 'g++', 'libuv1-dev', 'libfmt-dev', 'libxxhash-dev', 'libsnappy-dev')


def format_findings(root, paths):
    """[(path, line, message)] for what clang-format would change."""
    run = subprocess.run(['clang-format', '--dry-run', '-Werror', *paths], cwd=root, text=True,
                         capture_output=True)
    findings = [(m.group(1), int(m.group(2)), m.group(3)) for m in
                re.finditer(r'^(.+?):(\d+):\d+: error: (.*)$', run.stderr, re.M)]
    if run.returncode != 0 and not findings:
        findings.append(('clang-format', 0, run.stderr.strip()))
    return findings


def _read(path):
    with open(path, 'rb') as file:
        return file.read()


class TidyRunner:
    """Runs clang-tidy with the commands of a build directory's compile_commands.json."""

    def __init__(self, root, build):
        self.root = root
        self.build = build
        self.cache = os.path.join(build, 'tidy-cache')
        os.makedirs(self.cache, exist_ok=True)
        with open(os.path.join(build, 'compile_commands.json'), encoding='utf-8') as file:
            self.commands = {entry['file']: entry['command'] for entry in json.load(file)}
        versions = subprocess.run(['dpkg-query', '-W', *_LIBRARIES], text=True, capture_output=True)
        self.ground = versions.stdout.encode() + _read(os.path.join(root, '.clang-tidy'))
        self.includes = {}

    def _direct_includes(self, path):
        """The project's own headers that `path` names; others are covered by their package."""
        if path not in self.includes:
            names = re.findall(rb'^[ \t]*#[ \t]*include[ \t]*"([^"]+)"', _read(path), re.M)
            places = [os.path.join(self.root, 'src', name.decode()) for name in names]
            self.includes[path] = [place for place in places if os.path.isfile(place)]
        return self.includes[path]

    def _reached(self, path):
        seen = {path}
        queue = [path]
        while queue:
            for header in self._direct_includes(queue.pop()):
                if header not in seen:
                    seen.add(header)
                    queue.append(header)
        return sorted(seen)

    def _key(self, path):
        digest = hashlib.sha256(self.ground + self.commands[path].encode())
        for reached in self._reached(path):
            digest.update(reached.encode() + b'\0' + hashlib.sha256(_read(reached)).digest())
        return digest.hexdigest()

    def _note_passed(self, path):
        with open(os.path.join(self.cache, self._key(path)), 'w', encoding='utf-8'):
            pass

    def _run_one(self, path):
        run = subprocess.run(['clang-tidy', '--quiet', '-p', self.build, path], text=True,
                             capture_output=True)
        if run.returncode != 0:
            return run.stdout.strip() or run.stderr.strip() or f'{path}: clang-tidy failed'
        self._note_passed(path)
        return None

    def _flags(self, path):
        """How the file is compiled, without what names the file."""
        words = shlex.split(self.commands[path])
        outputs = {at + 1 for at, word in enumerate(words) if word == '-o'}
        return tuple(word for at, word in enumerate(words)
                     if at > 0 and at not in outputs and word not in ('-o', '-c', path))

    def _passes_together(self, batch):
        with tempfile.NamedTemporaryFile('w', dir=self.cache, suffix='.cc') as unit:
            for path in batch:
                unit.write(f'#include "{path}"  // NOLINT(bugprone-suspicious-include)\n')
            unit.flush()
            config = '--config-file=' + os.path.join(self.root, '.clang-tidy')
            run = subprocess.run(['clang-tidy', '--quiet', config, *_BATCH_OPTIONS, unit.name,
                                  '--', *self._flags(batch[0])], text=True, capture_output=True)
        return run.returncode == 0

    def _run_batch(self, batch):
        if len(batch) == 1:
            output = self._run_one(batch[0])
            return [output] if output else []
        if self._passes_together(batch):
            for path in batch:
                self._note_passed(path)
            return []
        middle = len(batch) // 2
        return self._run_batch(batch[:middle]) + self._run_batch(batch[middle:])

    def _batches(self, paths):
        alike = {}
        for path in paths:
            alone = path if _DIRECTIVE.search(_read(path)) else None
            kind = (os.path.dirname(path), self._flags(path), alone)
            alike.setdefault(kind, []).append(path)
        batches = [group[at:at + _BATCH_FILES] for group in alike.values()
                   for at in range(0, len(group), _BATCH_FILES)]
        return sorted(batches, key=lambda batch: -sum(map(os.path.getsize, batch)))

    def run(self, paths):
        """What clang-tidy says about each .cc file (a path from the root) that has a fault."""
        places = [os.path.join(self.root, path) for path in paths]
        findings = [f'{path}: not in compile_commands.json' for path in places
                    if path not in self.commands]
        waiting = [path for path in places if path in self.commands
                   and not os.path.exists(os.path.join(self.cache, self._key(path)))]
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for outputs in pool.map(self._run_batch, self._batches(waiting)):
                findings += outputs
        return findings
