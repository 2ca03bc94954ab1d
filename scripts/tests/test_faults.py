"""The parts of `./andante test --faults`: what is drawn from a seed, the faulty link, what counts as a hang, a leak or a wrong token."""

import json
import random
import socket
import sys
import tempfile
import threading
import time
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "faults"))

import asking
import faults
import rolling
import schedule
import services
import shuttle
import watching
from checkout import LauncherTest, free_port
from link import Bundle, Links
from shuttle import Lane

WAIT = 20  # seconds, more than any of this can take
POLL = 0.01  # seconds within which a server notices that it is shut down


class ScheduleTest(unittest.TestCase):
    def drawn(self, seed):
        return [schedule.draw(random.Random(f"{seed}:{number}")) for number in range(300)]

    def test_the_seed_decides(self):
        self.assertEqual(self.drawn(1), self.drawn(1))
        self.assertNotEqual(self.drawn(1), self.drawn(2))
        self.assertEqual(schedule.requests(random.Random(5), 9), schedule.requests(random.Random(5), 9))

    def test_every_kind_meets_everything_it_can_and_nothing_twice_at_a_time(self):
        faults = [fault for drawn in self.drawn(3) for fault in drawn]
        for kind in ("kill", "stop"):
            self.assertEqual({fault.target for fault in faults if fault.kind == kind}, {*schedule.WORKERS, *schedule.GATEWAYS})
        for kind in ("slow", "cut", "corrupt"):
            self.assertEqual({fault.target for fault in faults if fault.kind == kind}, set(schedule.LINKS))
        for drawn in self.drawn(3):
            self.assertTrue(drawn)
            for first in drawn:
                for other in drawn:
                    process = [fault.kind in ("kill", "stop") for fault in (first, other)]
                    if first is not other and first.target == other.target and process[0] == process[1] and first.at <= other.at:
                        self.assertLess(first.at + first.lasts, other.at)


class Echo:
    """Sends back what comes, and keeps it."""

    def __init__(self, test):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.got = b""
        threading.Thread(target=self.run, daemon=True).start()
        test.addCleanup(self.socket.close)

    def run(self):
        try:
            while True:
                connection, _ = self.socket.accept()
                threading.Thread(target=self.serve, args=(connection,), daemon=True).start()
        except OSError:
            pass

    def serve(self, connection):
        with connection:
            while data := connection.recv(4096):
                self.got += data
                connection.sendall(data)


class LinkTest(unittest.TestCase):
    def setUp(self):
        links = Links()
        links.__enter__()
        self.addCleanup(links.__exit__)
        self.echo, self.port = Echo(self), free_port()
        self.link = links.link(self.port, self.echo.port)

    def connect(self):
        made = socket.create_connection(("127.0.0.1", self.port), timeout=WAIT)
        self.addCleanup(made.close)
        return made

    def passes(self, connection, data):
        connection.sendall(data)
        back = b""
        while len(back) < len(data):
            part = connection.recv(4096)
            self.assertTrue(part, "the link ended")
            back += part
        return back

    def test_what_is_sent_arrives(self):
        data = random.Random(1).randbytes(100_000)
        connection = self.connect()
        threading.Thread(target=connection.sendall, args=(data,), daemon=True).start()
        self.assertEqual(self.passes(connection, b""), b"")
        back = b""
        while len(back) < len(data):
            back += connection.recv(65536)
        self.assertEqual(back, data)

    def test_a_slow_link_keeps_order_and_content(self):
        self.link.slow(0.05, 20_000)
        begin = time.monotonic()
        data = random.Random(2).randbytes(4_000)
        self.assertEqual(self.passes(self.connect(), data), data)
        self.assertGreater(time.monotonic() - begin, 0.3)  # two ways, 0.05 s and 0.2 s each

    def test_a_cut_link_breaks_connections_and_takes_none_until_it_heals(self):
        connection = self.connect()
        self.passes(connection, b"hello")
        self.link.cut()
        self.assertEqual(self.rest(connection), b"")
        self.assertEqual(self.rest(self.connect()), b"")
        self.link.heal()
        self.assertEqual(self.passes(self.connect(), b"again"), b"again")

    def rest(self, connection):
        try:
            return connection.recv(100)
        except ConnectionError:
            return b""

    def test_damage_changes_the_bytes_asked_for(self):
        connection = self.connect()
        self.link.corrupt([3, 10])
        data = bytes(40)
        got = self.passes(connection, data)
        self.assertEqual(len(got), 40)
        self.assertEqual([at for at, byte in enumerate(got) if byte], [3, 13])
        self.assertEqual(self.passes(connection, data), data)

    def test_links_of_a_bundle_fare_alike(self):
        bundle = Bundle(self.link)
        self.assertTrue(bundle.unused())
        connection = self.connect()
        bundle.corrupt([3])
        self.assertNotEqual(self.passes(connection, bytes(5)), bytes(5))
        self.assertFalse(bundle.unused())
        bundle.cut()
        self.assertEqual(self.rest(connection), b"")
        bundle.heal()
        bundle.slow(0.1, 0)
        begin = time.monotonic()
        self.passes(self.connect(), b"slow")
        self.assertGreater(time.monotonic() - begin, 0.2)

    def test_when_nobody_listens_behind_it_the_connection_ends(self):
        self.echo.socket.shutdown(socket.SHUT_RDWR)
        self.echo.socket.close()
        self.assertEqual(self.rest(self.connect()), b"")


class Gateway(ThreadingHTTPServer):
    """Answers each request with what it is told to: lines of a stream, or a status and a body."""

    daemon_threads = True

    def __init__(self, test, status, lines, pause=0.0):
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(status)
                self.end_headers()
                try:
                    for line in lines:
                        self.wfile.write(line.encode() + b"\n\n")
                        time.sleep(pause)
                except OSError:
                    pass  # it left

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, args=(POLL,), daemon=True).start()
        test.addCleanup(self.server_close)
        test.addCleanup(self.shutdown)


def chunk(tokens, finish=None, **andante):
    choice = {"text": "x", "token_ids": tokens, "finish_reason": finish, **({"andante": andante} if andante else {})}
    return "data: " + json.dumps({"choices": [choice]})


class AskTest(unittest.TestCase):
    def ask(self, status, lines, stream=True, pause=0.0, **how):
        gateway = Gateway(self, status, lines, pause)
        return asking.ask(gateway.server_address[1], {"stream": stream}, how.pop("limit", WAIT), **how)

    def test_whole_answers(self):
        got = self.ask(200, [": ping", chunk([1, 2]), chunk([3], "length", resumed=2), "data: [DONE]"])
        self.assertEqual((got.ended, got.tokens, got.resumed), ("whole", [1, 2, 3], 2))
        got = self.ask(200, [json.dumps({"choices": [{"token_ids": [4], "andante": {"resumed": 0}}]})], stream=False)
        self.assertEqual((got.ended, got.tokens), ("whole", [4]))

    def test_errors_have_a_type(self):
        error = {"error": {"type": "server_error", "code": "x", "message": "m"}}
        self.assertEqual(self.ask(503, [json.dumps(error)]).ended, "error")
        got = self.ask(200, [chunk([1]), "data: " + json.dumps(error)])
        self.assertEqual((got.ended, got.tokens), ("error", [1]))
        self.assertEqual(self.ask(500, ["oops"]).ended, "untyped")

    def test_what_just_ends_is_no_answer(self):
        self.assertEqual(self.ask(200, [chunk([1])]).ended, "lost")
        self.assertEqual(self.ask(200, [chunk([1]), "data: [DONE]"]).ended, "untyped")

    def test_silence_is_a_hang_and_leaving_is_not(self):
        got = self.ask(200, [": ping"] * 100, pause=0.05, limit=0.3, stuck=lambda: "heap.hprof")
        self.assertEqual(got.ended, "hang")
        self.assertRegex(got.detail, r"[1-9] pings; see heap\.hprof")
        self.assertEqual(self.ask(200, [": ping"] * 100, pause=0.05, leave=0.2).ended, "left")


class JudgeTest(unittest.TestCase):
    def setUp(self):
        self.findings = watching.Findings()
        self.judge = faults.Judge(self.findings, [[1, 2, 3]])
        self.said = []
        self.addCleanup(setattr, watching, "say", watching.say)
        watching.say = self.said.append

    def found(self, *outcome, gateway="gateway"):
        self.judge.heard(0, gateway, asking.Outcome(*outcome))
        counts = self.findings.counts
        return counts["hangs"], counts["leaks"], counts["wrong_tokens"]

    def test_right_answers_beginnings_and_typed_errors_are_fine(self):
        for outcome in (("whole", [1, 2, 3], 1), ("left", [1]), ("error", [1, 2], 0, "502 server_error x y")):
            self.assertEqual(self.found(*outcome), (0, 0, 0))
        self.assertFalse(self.findings.failed())
        self.assertEqual(
            self.findings.summary("hangs", "leaks", "wrong_tokens", "requests", "resumed"),
            {"hangs": 0, "leaks": 0, "wrong_tokens": 0, "requests": 3, "resumed": 1},
        )

    def test_another_token_or_one_too_few_is_wrong(self):
        self.assertEqual(self.found("whole", [1, 2]), (0, 0, 1))
        self.assertEqual(self.found("left", [1, 9]), (0, 0, 2))
        self.assertIn("differs at 1", self.said[1])
        self.assertTrue(self.findings.failed())

    def test_a_lost_connection_needs_a_killed_gateway(self):
        self.assertEqual(self.found("lost", []), (1, 0, 0))
        self.judge.killed("gateway")
        self.assertEqual(self.found("lost", []), (1, 0, 0))
        self.assertEqual(self.found("lost", [], gateway="hasty"), (2, 0, 0))
        self.assertEqual(self.found("whole", [1, 2, 3]), (2, 0, 0))  # it is back
        self.assertEqual(self.found("lost", [], 0, "", -2.0), (3, 0, 0))

    def test_hangs_and_errors_that_blame_the_client(self):
        self.assertEqual(self.found("hang", [], 0, "2 pings; see heap.hprof"), (1, 0, 0))
        self.assertIn("2 pings; see heap.hprof", self.said[-1])
        self.assertEqual(self.found("hang", [], gateway="hasty"), (2, 0, 0))
        self.judge.findings.counts["hangs"] = 1
        self.assertEqual(self.found("error", [], 0, "404 invalid_request_error model_not_found m"), (2, 0, 0))


class HeapsTest(unittest.TestCase):
    def test_one_heap_is_written_in_a_run(self):
        asked = []
        service = type("Service", (), {"heap": lambda self: asked.append(self) or "heap.hprof", "connections": lambda self: "tcp.txt"})()
        heaps = faults.Heaps(type("Mesh", (), {"services": {"gateway": service, "hasty": service}})())
        self.assertEqual([heaps.of("gateway"), heaps.of("hasty")], ["tcp.txt, heap.hprof"] * 2)
        self.assertEqual(len(asked), 1)


class ServiceTest(unittest.TestCase):
    @unittest.skipUnless(Path("/proc/net/tcp").exists(), "tells no connections here")
    def test_connections_of_a_port(self):
        with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            with socket.create_connection(("127.0.0.1", port)) as client:
                client.sendall(b"12345")
                service = services.Service("gateway", [], port, Path(folder) / "gateway.log")
                end = time.monotonic() + WAIT
                while ":00000005 " not in (held := service.connections().read_text()) and time.monotonic() < end:
                    time.sleep(0.01)
        self.assertIn(f":{port:04X} ", held)
        self.assertIn(":00000005 ", held, "what the server has not read")


class RollingTest(unittest.TestCase):
    """Two gateways, of which clients may be turned away by one."""

    def setUp(self):
        self.findings = watching.Findings()
        self.said = []
        self.addCleanup(setattr, watching, "say", watching.say)
        watching.say = self.said.append

    def steady(self, *answers):
        """What comes of clients that meet these gateways, each (status, lines)."""
        gateways = []
        for status, lines in answers:
            gateway = services.Service("gateway", [], Gateway(self, status, lines).server_address[1], Path("log"))
            gateways.append(gateway)
        with rolling.Steady(1, gateways, [{"stream": True}], [[1, 2]], self.findings):
            end = time.monotonic() + WAIT
            while self.findings.counts["requests"] < 8 and time.monotonic() < end:
                time.sleep(0.01)
        return self.findings.counts

    whole = (200, [chunk([1, 2], "length"), "data: [DONE]"])
    stopping = (503, [json.dumps({"error": {"type": "server_error", "code": "no_workers", "message": "This gateway is stopping; send the request again."}})])
    broken = (503, [json.dumps({"error": {"type": "server_error", "code": "no_workers", "message": "No worker is ready."}})])

    def test_who_is_turned_away_asks_the_other_gateway(self):
        counts = self.steady(self.whole, self.stopping)
        self.assertEqual((counts["failed"], counts["wrong_tokens"], counts["hangs"]), (0, 0, 0))
        self.assertGreater(counts["asked_again"], 0)

    def test_other_refusals_and_broken_answers_are_failures(self):
        for answer in (self.broken, (200, [chunk([1])])):
            self.findings = watching.Findings()
            counts = self.steady(answer, answer)
            self.assertEqual(counts["failed"], counts["requests"])
            self.assertEqual(counts["asked_again"], 0)
            self.assertTrue(self.findings.failed())

    def test_both_turn_away(self):
        self.assertGreater(self.steady(self.stopping, self.stopping)["failed"], 0)

    def test_another_token_is_wrong(self):
        counts = self.steady((200, [chunk([1, 3], "length"), "data: [DONE]"]))
        self.assertEqual(counts["wrong_tokens"], counts["requests"])


class LaneTest(unittest.TestCase):
    """The link between namespaces, without them."""

    def setUp(self):
        self.lane = Lane(random.Random(7))

    def test_a_well_lane_passes_everything_at_once_in_order(self):
        for number in range(100):
            self.lane.offer(1.0, bytes([number]))
        self.assertEqual(list(self.lane.due(1.0)), [bytes([number]) for number in range(100)])
        self.assertIsNone(self.lane.next())

    def test_the_share_that_is_lost(self):
        self.lane.spoil(0, 0, 0.05)
        for number in range(20_000):
            self.lane.offer(number, b"packet")
            arrived = len(list(self.lane.due(number)))
            self.assertIn(arrived, (0, 1))
        self.assertEqual(self.lane.counts["packets"], 20_000)
        self.assertAlmostEqual(self.lane.counts["lost"] / 20_000, 0.05, delta=0.01)

    def test_the_seed_decides_which(self):
        def lost(seed):
            lane = Lane(random.Random(seed))
            lane.spoil(0, 0, 0.3)
            return [(lane.offer(at, b"x"), len(list(lane.due(at))))[1] for at in range(200)]

        self.assertEqual(lost(1), lost(1))
        self.assertNotEqual(lost(1), lost(2))

    def test_packets_take_their_time_one_after_the_other(self):
        self.lane.spoil(0.05, 1000, 0)
        for _ in range(3):
            self.lane.offer(10.0, bytes(100))
        self.assertEqual([len(list(self.lane.due(at))) for at in (10.14, 10.151, 10.251, 10.351)], [0, 1, 1, 1])

    def test_only_so_much_waits(self):
        self.lane.spoil(0, 1000, 0)
        for _ in range(2 * shuttle.BACKLOG // 1000):
            self.lane.offer(0.0, bytes(1000))
        self.assertLessEqual(self.lane.backlog, shuttle.BACKLOG)
        self.assertGreater(self.lane.counts["dropped"], 0)
        list(self.lane.due(1e9))
        self.assertEqual(self.lane.backlog, 0)


class FiguresTest(unittest.TestCase):
    def test_only_what_is_held_counts(self):
        page = 'vllm:num_requests_running{engine="d"} 2.0\nandante_admission_queued 0.0\nvllm:prompt_tokens_total{engine="d"} 7.0\n# HELP x\n'
        self.assertEqual(list(services.figures(page)), [("vllm:num_requests_running", 2.0), ("andante_admission_queued", 0.0)])


class CommandTest(LauncherTest):
    def test_wrong_usage(self):
        for words, text in ((("--sed", "1"), "'--sed' is no option"), (("--seed",), "--seed needs a value"), (("--schedules", "many"), "needs a number")):
            self.assert_fails(self.checkout.andante("test", "--faults", *words), 2, text)
        for words, text in ((("--schedules", "1"), "'--schedules' is no option"), (("--rounds", "x"), "needs a number")):
            self.assert_fails(self.checkout.andante("test", "--rolling", *words), 2, text)
        self.assert_fails(self.checkout.andante("test", "--stages", "--schedules", "1"), 2, "'--schedules' is no option")
        for words, text in ((("--rounds", "1"), "'--rounds' is no option"), (("--seconds", "x"), "needs a number")):
            self.assert_fails(self.checkout.andante("test", "--loss", *words), 2, text)


if __name__ == "__main__":
    unittest.main()
