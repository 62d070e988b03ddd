"""clang-format and clang-tidy over the tree. Tidy is slow, so what passed is remembered under
build/tidy-cache by a hash of all that the verdict depends on. Only a pass is remembered."""

import concurrent.futures
import hashlib
import json
import os
import re
import subprocess

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

    def _run_one(self, path):
        if path not in self.commands:
            return f'{path}: not in compile_commands.json'
        passed = os.path.join(self.cache, self._key(path))
        if os.path.exists(passed):
            return None
        run = subprocess.run(['clang-tidy', '--quiet', '-p', self.build, path], text=True,
                             capture_output=True)
        if run.returncode != 0:
            return run.stdout.strip() or run.stderr.strip() or f'{path}: clang-tidy failed'
        with open(passed, 'w', encoding='utf-8'):
            pass
        return None

    def run(self, paths):
        """What clang-tidy says about each .cc file (a path from the root) that has a fault."""
        largest_first = sorted((os.path.join(self.root, path) for path in paths),
                               key=os.path.getsize, reverse=True)
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            return [output for output in pool.map(self._run_one, largest_first) if output]
