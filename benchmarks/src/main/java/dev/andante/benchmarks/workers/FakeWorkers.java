package dev.andante.benchmarks.workers;

import dev.andante.benchmarks.options.Arguments;
import dev.andante.benchmarks.report.JsonText;
import dev.andante.format.WeightFile;
import dev.andante.format.WeightFiles;
import dev.andante.protocol.v1.Role;
import io.grpc.Server;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * A prefill and a decode worker on loopback. Prefill answers at once; decode sends each stream a
 * token at a time, at the pace set last. Commands come on standard input, one a line, each answered
 * by a JSON line: {@code info} says the ports, {@code pace X} sets tokens a second, 0 for all at
 * once. The end of the input ends the program.
 */
public final class FakeWorkers {

  private FakeWorkers() {}

  @SuppressWarnings("SystemOut")
  public static void main(String[] line) throws IOException {
    FakeModel model;
    try {
      Arguments given = new Arguments(line, Set.of("--model", "--context"), Set.of());
      Path path =
          given
              .text("--model")
              .map(Path::of)
              .orElseThrow(() -> new IllegalArgumentException("no --model"));
      int context = (int) given.whole("--context", 8192, 1, 100_000_000);
      try (WeightFile file = WeightFiles.open(path)) {
        model = FakeModel.of(file, context);
      }
    } catch (IllegalArgumentException e) {
      System.err.println(e.getMessage() + "; usage: FakeWorkers --model PATH [--context TOKENS]");
      System.exit(2);
      return;
    }
    try (PacedStreams streams = new PacedStreams(model)) {
      Server decode = serve(Role.ROLE_DECODE, model, streams);
      Server prefill = serve(Role.ROLE_PREFILL, model, streams);
      answer(Map.of("prefill", prefill.getPort(), "decode", decode.getPort()), streams);
      prefill.shutdownNow();
      decode.shutdownNow();
    }
  }

  /** On a free port of loopback. */
  static Server serve(Role role, FakeModel model, PacedStreams streams) throws IOException {
    return NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
        .directExecutor()
        .maxInboundMessageSize(64 << 20)
        .permitKeepAliveTime(1, TimeUnit.SECONDS)
        .permitKeepAliveWithoutCalls(true)
        .addService(new FakeWorkerService(role, model))
        .addService(new FakePrefill(model))
        .addService(new FakeDecode(streams))
        .build()
        .start();
  }

  @SuppressWarnings("SystemOut")
  private static void answer(Map<String, Object> ports, PacedStreams streams) throws IOException {
    BufferedReader lines =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    String line;
    while ((line = lines.readLine()) != null) {
      String[] words = line.strip().split(" ");
      Map<String, Object> answer;
      try {
        answer =
            switch (words[0]) {
              case "info" -> ports;
              case "pace" -> {
                streams.pace(Double.parseDouble(words[1]));
                yield Map.of("pace", words[1]);
              }
              default -> Map.of("error", "no command " + line);
            };
      } catch (RuntimeException e) {
        answer = Map.of("error", line + ": " + e);
      }
      System.out.println(JsonText.of(answer));
      System.out.flush();
    }
  }
}
