"""A small real server: it greets whoever connects, then says everything back."""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import suppress

from processes import PATIENCE

GREETING = b"hello\n"


class EchoServer:
    """Serves in threads; `open` and `most` count the connections that its clients hold, now and at most."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address: tuple[str, int] = self._listener.getsockname()
        #: While it is not set, those who connect wait for the greeting.
        self.greets = threading.Event()
        self.greets.set()
        self.open = self.most = self.accepted = 0
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self.open += 1
                self.accepted += 1
                self.most = max(self.most, self.open)
                self._sockets.append(connection)
                self._threads.append(threading.Thread(target=self._serve, args=(connection,), daemon=True))
                self._threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            self.greets.wait(PATIENCE)
            connection.sendall(GREETING)
            while text := connection.recv(1024):
                connection.sendall(text)
        with self._lock:
            self.open -= 1

    def break_all(self) -> None:
        """Hang up on everybody."""
        with self._lock:
            sockets, self._sockets = self._sockets, []
        for connection in sockets:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> EchoServer:
        return self

    def __exit__(self, *error: object) -> None:
        self.greets.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.break_all()
        for thread in self._threads:
            thread.join(PATIENCE)
            assert not thread.is_alive()

    # Clients.

    def connect(self) -> socket.socket:
        connection = socket.create_connection(self.address, timeout=PATIENCE)
        try:
            assert connection.recv(len(GREETING)) == GREETING
        except BaseException:
            connection.close()
            raise
        return connection

    async def connect_streams(self) -> Streams:
        streams = Streams(*await asyncio.open_connection(*self.address))
        try:
            assert await streams.reader.readline() == GREETING
        except BaseException:
            await streams.close()
            raise
        return streams


def says_back(connection: socket.socket) -> bool:
    """Whether the connection still works."""
    connection.sendall(b"?")
    return connection.recv(1) == b"?"


class Streams:
    """A connection of asyncio."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def says_back(self) -> bool:
        self.writer.write(b"?")
        await self.writer.drain()
        return await self.reader.read(1) == b"?"

    async def close(self) -> None:
        self.writer.close()
        with suppress(ConnectionError):
            await self.writer.wait_closed()
