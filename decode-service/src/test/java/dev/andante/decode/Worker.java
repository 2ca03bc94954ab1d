package dev.andante.decode;

import dev.andante.engine.Engine;
import dev.andante.engine.EngineStatus;
import dev.andante.host.engine.EngineHost;
import dev.andante.host.engine.RunningEngine;
import dev.andante.prefill.PrefillApplication;
import dev.andante.service.ServiceLauncher;
import dev.andante.service.grpc.GrpcServer;
import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.springframework.context.ConfigurableApplicationContext;

/**
 * A service started like its main method does, on free ports, with a tiny model.
 *
 * <p>It computes exactly unless a test says otherwise: tests compare answers that were computed in
 * different batches, which precision fast promises nothing about where tiles multiply many rows
 * (docs/decisions/0036).
 */
final class Worker implements AutoCloseable {

  private static final List<String> DEFAULTS =
      List.of(
          "--server.port=0",
          "--andante.grpc.port=0",
          "--andante.model.path=dummy:llama-tiny",
          "--andante.compute.threads=1",
          "--andante.compute.precision=exact",
          "--andante.engine.kv-memory=1MB",
          "--andante.engine.warm-up=0s");

  private final ConfigurableApplicationContext context;
  private final ManagedChannel channel;

  private Worker(Class<?> application, String role, String... arguments) {
    List<String> all = new ArrayList<>(List.of(arguments));
    for (String argument : DEFAULTS) {
      String key = argument.substring(0, argument.indexOf('=') + 1);
      if (all.stream().noneMatch(given -> given.startsWith(key))) {
        all.add(argument);
      }
    }
    context = ServiceLauncher.of(application, role).run(all.toArray(String[]::new));
    channel = NettyChannelBuilder.forTarget(address()).usePlaintext().build();
    running(); // a worker under test is one that has loaded
  }

  static Worker prefill(String... arguments) {
    return new Worker(PrefillApplication.class, "prefill", arguments);
  }

  static Worker decode(String... arguments) {
    return new Worker(DecodeApplication.class, "decode", arguments);
  }

  ConfigurableApplicationContext context() {
    return context;
  }

  ManagedChannel channel() {
    return channel;
  }

  String address() {
    return "127.0.0.1:" + context.getBean(GrpcServer.class).port();
  }

  int httpPort() {
    return Integer.parseInt(
        java.util.Objects.requireNonNull(
            context.getEnvironment().getProperty("local.server.port")));
  }

  RunningEngine running() {
    return context.getBean(EngineHost.class).started().orTimeout(60, TimeUnit.SECONDS).join();
  }

  Engine engine() {
    return running().engine();
  }

  EngineStatus status() {
    return engine().status();
  }

  /** Waits until nothing runs and every block is free, and checks that all is consistent. */
  void awaitIdle() {
    Await.until(
        () -> {
          EngineStatus now = status();
          return now.running() == 0
              && now.waiting() == 0
              && now.reservedBlocks() == 0
              && now.freeBlocks() == now.totalBlocks();
        },
        () -> "not idle: " + status());
    engine().checkIntegrity().orTimeout(10, TimeUnit.SECONDS).join();
  }

  @Override
  public void close() {
    channel.shutdownNow();
    context.close();
  }
}
