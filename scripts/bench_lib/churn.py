"""Clients that write, overwrite, delete, expire and read values of 1 byte to 16 KiB, all mixed."""

import math
import os
import random
import selectors
import socket
import time

LARGEST_LOG2 = 14
# The mean of values whose length's logarithm is uniform, and the key beside it.
MEAN_ENTRY_BYTES = int(2 ** LARGEST_LOG2 / (LARGEST_LOG2 * math.log(2))) + 16
PIPELINE = 16
RECEIVE_BYTES = 256 * 1024

# A command's share of a hundred.
MIXED = {'set': 38, 'expiring': 10, 'del': 9, 'get': 40, 'mget': 3}
WRITES = {'set': 80, 'expiring': 10, 'del': 10}
MGET_KEYS = 8
LONGEST_EXPIRY_SECONDS = 60


class Replies:
    """Counts whole replies in the bytes of a connection (RESP2; arrays hold no arrays)."""

    def __init__(self):
        self.rest = b''
        self.elements = 0  # of an array, yet to come

    def feed(self, data):
        if self.rest:
            data = self.rest + data
        at = count = 0
        while (end := data.find(b'\r\n', at)) >= 0:
            kind, text, after = data[at:at + 1], data[at + 1:end], end + 2
            if kind == b'-':
                raise RuntimeError('a command was refused: %s' % text.decode(errors='replace'))
            if kind == b'$' and text != b'-1':
                after += int(text) + 2
                if after > len(data):
                    break
            at = after
            if kind == b'*':
                self.elements = int(text)
            elif self.elements:
                self.elements -= 1
            if not self.elements:
                count += 1
        self.rest = data[at:]
        return count


class Commands:
    """Makes them. Half of the keys are picked evenly, half mostly from a few."""

    def __init__(self, keys, mix, seed):
        self.keys = keys
        self.random = random.Random(seed)
        self.pool = os.urandom(1 << 20)  # values do not compress
        self.names, self.weights = list(mix), list(mix.values())

    def key(self):
        share = self.random.random()
        if share < 0.5:
            return b'key:%012d' % int(share * 2 * self.keys)
        return b'key:%012d' % int((share * 2 - 1) ** 8 * self.keys)

    def value(self):
        length = int(2 ** self.random.uniform(0, LARGEST_LOG2))
        at = self.random.randrange(len(self.pool) - length)
        return self.pool[at:at + length]

    def set(self, key):
        value = self.value()
        return b'*3\r\n$3\r\nSET\r\n$16\r\n%s\r\n$%d\r\n%s\r\n' % (key, len(value), value)

    def expiring(self, key):
        value, seconds = self.value(), self.random.randint(1, LONGEST_EXPIRY_SECONDS)
        return (b'*5\r\n$3\r\nSET\r\n$16\r\n%s\r\n$%d\r\n%s\r\n$2\r\nEX\r\n$%d\r\n%d\r\n'
                % (key, len(value), value, len(str(seconds)), seconds))

    def one(self, name):
        if name == 'set':
            return self.set(self.key())
        if name == 'expiring':
            return self.expiring(self.key())
        if name == 'mget':
            keys = b''.join(b'$16\r\n%s\r\n' % self.key() for _ in range(MGET_KEYS))
            return b'*%d\r\n$4\r\nMGET\r\n%s' % (MGET_KEYS + 1, keys)
        return b'*2\r\n$3\r\n%s\r\n$16\r\n%s\r\n' % (name.upper().encode(), self.key())

    def batch(self):
        names = self.random.choices(self.names, self.weights, k=PIPELINE)
        return b''.join(map(self.one, names))

    def load(self, first):
        """PIPELINE keys from that one on."""
        return b''.join(self.set(b'key:%012d' % i) for i in range(first, first + PIPELINE))


class Client:
    def __init__(self, port):
        self.socket = socket.create_connection(('127.0.0.1', port))
        self.socket.setblocking(False)
        self.replies = Replies()
        self.unsent = b''
        self.awaited = 0


def drive(port, clients, next_batch):
    """Each client sends a batch, takes its replies, sends the next, until next_batch() is None.
    Returns the number of replies."""
    selector = selectors.DefaultSelector()
    done, active = 0, 0

    def send(client):
        try:
            client.unsent = client.unsent[client.socket.send(client.unsent):]
        except BlockingIOError:
            pass
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if client.unsent else 0)
        selector.modify(client.socket, events, client)

    def begin(client):
        client.unsent = next_batch()
        if client.unsent is None:
            selector.unregister(client.socket)
            client.socket.close()
            return 0
        client.awaited = PIPELINE
        send(client)
        return 1

    for _ in range(clients):
        client = Client(port)
        selector.register(client.socket, selectors.EVENT_READ, client)
        active += begin(client)
    while active:
        for key, events in selector.select():
            client = key.data
            if events & selectors.EVENT_WRITE:
                send(client)
            if not events & selectors.EVENT_READ:
                continue
            data = client.socket.recv(RECEIVE_BYTES)
            if not data:
                raise RuntimeError('the server closed a connection')
            count = client.replies.feed(data)
            done += count
            client.awaited -= count
            if client.awaited == 0 and not begin(client):
                active -= 1
    return done


def load(port, keys, clients=4):
    """Sets every key once."""
    commands = Commands(keys, MIXED, seed=1)
    firsts = iter(range(0, keys, PIPELINE))

    def batch():
        first = next(firsts, None)
        return None if first is None else commands.load(first)

    return drive(port, clients, batch)


def run(port, keys, clients, seconds, mix, seed=2):
    commands = Commands(keys, mix, seed)
    end = time.monotonic() + seconds
    return drive(port, clients, lambda: commands.batch() if time.monotonic() < end else None)


def run_until(stop, port, keys, clients, mix, seed=2):
    """The same until the event is set: for a process of its own."""
    commands = Commands(keys, mix, seed)
    drive(port, clients, lambda: None if stop.is_set() else commands.batch())
