"""A TCP link between two services that can be slow, cut, or damage what passes: one event loop on a thread of its own carries all of them."""

import asyncio
import threading

READ = 16 << 10  # bytes taken at once, and of a direction held back for longer than its delay
STEP = 1 << 10  # bytes let through at once where the rate is limited


class Links:
    """Context: the thread that carries the links made of it."""

    def __init__(self):
        self.loop, self.servers = asyncio.new_event_loop(), []
        self.thread = threading.Thread(target=self.loop.run_forever, name="links", daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        asyncio.run_coroutine_threadsafe(self.end(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()

    async def end(self):
        for server in self.servers:
            server.close()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def link(self, port, target):
        """Listens on a loopback port and passes on to another one."""
        made = Link(self.loop, target)
        self.servers.append(asyncio.run_coroutine_threadsafe(made.listen(port), self.loop).result(10))
        return made


class Bundle:
    """Links to one service, which fare alike."""

    def __init__(self, *links):
        self.links = links

    def passed(self):
        """Bytes, both directions."""
        return sum(link.passed for link in self.links)

    def unused(self):
        """Whether nothing has passed over one of them."""
        return any(link.passed == 0 for link in self.links)

    def heal(self):
        for link in self.links:
            link.heal()

    def slow(self, delay, rate):
        for link in self.links:
            link.slow(delay, rate)

    def cut(self):
        for link in self.links:
            link.cut()

    def corrupt(self, gaps):
        for link in self.links:
            link.corrupt(gaps)


class Link:
    """Settings may change from any thread and hold for what passes from then on."""

    def __init__(self, loop, target):
        self.loop, self.target = loop, target
        self.writers = set()
        self.passed = 0  # bytes, both directions
        self.heal()

    def heal(self):
        self.delay = 0.0  # seconds each way
        self.rate = 0  # bytes a second each way; 0 = no limit
        self.is_cut = False
        self.damage = []  # of the next bytes towards the target: how many pass before one is changed, in turn

    def slow(self, delay, rate):
        self.delay, self.rate = delay, rate

    def cut(self):
        """Breaks the connections there are and lets no other come about."""
        self.is_cut = True
        self.loop.call_soon_threadsafe(self.abort)

    def corrupt(self, gaps):
        """Changes a byte after each of the gaps, in bytes."""
        self.damage = list(gaps)

    def abort(self):
        for writer in list(self.writers):
            writer.transport.abort()

    async def listen(self, port):
        return await asyncio.start_server(self.connected, "127.0.0.1", port)

    async def connected(self, reader, writer):
        self.writers.add(writer)
        far = None
        try:
            if not self.is_cut:
                far_reader, far = await asyncio.open_connection("127.0.0.1", self.target)
                self.writers.add(far)
                directions = [asyncio.ensure_future(self.carry(reader, far, True)), asyncio.ensure_future(self.carry(far_reader, writer, False))]
                try:
                    await asyncio.wait(directions, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for direction in directions:
                        direction.cancel()
                    await asyncio.gather(*directions, return_exceptions=True)
        except (OSError, asyncio.CancelledError):
            pass  # nobody listens there, or all ends: the caller sees its connection end
        finally:
            for end in (writer, far):
                if end is not None:
                    self.writers.discard(end)
                    end.transport.abort()

    async def carry(self, reader, writer, forth):
        """Until the stream ends; what waits for its delay is bounded, so that pressure goes back to the sender."""
        waiting = asyncio.Queue(maxsize=64)
        deliver = asyncio.ensure_future(self.deliver(waiting, writer))
        try:
            while not deliver.done() and (data := await reader.read(READ)):
                if forth and self.damage:
                    data = self.damaged(data)
                await waiting.put((self.loop.time() + self.delay, data))
            await waiting.put((0, b""))
            await deliver
        except OSError:
            pass
        finally:
            deliver.cancel()

    async def deliver(self, waiting, writer):
        while True:
            due, data = await waiting.get()
            if not data:
                return
            await asyncio.sleep(max(0, due - self.loop.time()))
            for at in range(0, len(data), STEP if self.rate else len(data)):
                part = data[at : at + STEP] if self.rate else data
                if self.rate:
                    await asyncio.sleep(len(part) / self.rate)
                writer.write(part)
                await writer.drain()
                self.passed += len(part)

    def damaged(self, data):
        changed, at = bytearray(data), 0
        while self.damage and at + self.damage[0] < len(changed):
            at += self.damage.pop(0)
            changed[at] ^= 0x40 | (at % 63 + 1)  # never zero
        if self.damage:
            self.damage[0] -= len(changed) - at
        return bytes(changed)
