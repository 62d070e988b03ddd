"""The servers under measurement: start, ask, stop. Nothing outlives the `with` block."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

START_SECONDS = 30
STOP_SECONDS = 30


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def ask(port, *words):
    """Sends one command and returns the reply's bytes: a line, or the body of a bulk."""
    request = f'*{len(words)}\r\n' + ''.join(f'${len(word)}\r\n{word}\r\n' for word in words)
    with socket.create_connection(('127.0.0.1', port), timeout=10) as connection:
        connection.sendall(request.encode())
        with connection.makefile('rb') as stream:
            line = stream.readline().rstrip(b'\r\n')
            if line.startswith(b'$') and line != b'$-1':
                return stream.read(int(line[1:]))
            return line


class Server:
    """A running server process on a port of its own, with a data directory of its own."""

    def __init__(self, name, command, directory, environment):
        self.name = name
        self.port = free_port()
        self.directory = directory
        log_path = os.path.join(directory, 'output.log')
        with open(log_path, 'wb') as log:
            self.process = subprocess.Popen(
                [word.format(port=self.port, dir=directory) for word in command],
                cwd=directory, env=environment, stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT)
        try:
            self._wait_until_it_answers(log_path)
        except BaseException:
            self.stop()
            raise

    def _wait_until_it_answers(self, log_path):
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                with open(log_path, encoding='utf-8', errors='replace') as log:
                    raise RuntimeError(f'{self.name} ended at once:\n{log.read()}')
            try:
                if ask(self.port, 'PING') in (b'+PONG', b'+OK'):
                    return
            except OSError:
                pass
            time.sleep(0.05)
        raise RuntimeError(f'{self.name} did not answer within {START_SECONDS} s')

    def cpu_seconds(self):
        """User and system time of all its threads so far."""
        with open(f'/proc/{self.process.pid}/stat', encoding='ascii') as stat:
            fields = stat.read().rsplit(')', 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')

    def info(self):
        """INFO's fields; {} if the server has no INFO."""
        text = ask(self.port, 'INFO', 'all').decode(errors='replace')
        pairs = (line.split(':', 1) for line in text.splitlines() if ':' in line)
        return dict(pairs)

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


class Fleet:
    """The servers of one appendfsync mode, all up at once so that runs can alternate."""

    def __init__(self, commands, parent, slow_sync_micros=0):
        self.commands = commands
        self.parent = parent
        self.slow_sync_micros = slow_sync_micros
        self.servers = []
        self.directory = None

    def __enter__(self):
        self.directory = tempfile.mkdtemp(prefix='cairn-bench-', dir=self.parent)
        try:
            environment = self._environment()
            for name, command in self.commands.items():
                directory = os.path.join(self.directory, name)
                os.mkdir(directory)
                self.servers.append(Server(name, command, directory, environment))
        except BaseException:
            self.__exit__()
            raise
        return self.servers

    def _environment(self):
        if not self.slow_sync_micros:
            return None
        source = os.path.join(os.path.dirname(__file__), 'slow_sync.c')
        library = os.path.join(self.directory, 'slow_sync.so')
        subprocess.run(['cc', '-O2', '-shared', '-fPIC', '-o', library, source, '-ldl'], check=True)
        return os.environ | {'LD_PRELOAD': library,
                             'SLOW_SYNC_MICROS': str(self.slow_sync_micros)}

    def __exit__(self, *_):
        for server in self.servers:
            server.stop()
        shutil.rmtree(self.directory, ignore_errors=True)


def commands(build, mode, names):
    """{name: command line} of the servers that are wanted, for an appendfsync mode."""
    every = {
        'cairn': [os.path.join(build, 'cairn-server'), '--port', '{port}', '--dir', '{dir}',
                  '--appendfsync', mode],
        # No snapshots and no rewrites: they would cost Redis time that is not asked for here.
        'redis': ['redis-server', '--port', '{port}', '--bind', '127.0.0.1', '--dir', '{dir}',
                  '--appendonly', 'yes', '--appendfsync', mode, '--save', '',
                  '--auto-aof-rewrite-percentage', '0'],
        'responder': [os.path.join(build, 'cairn-responder'), '--port', '{port}'],
    }
    return {name: every[name] for name in names}
