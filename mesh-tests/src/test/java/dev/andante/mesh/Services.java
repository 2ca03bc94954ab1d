package dev.andante.mesh;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.engine.Attempt;
import dev.andante.engine.Engine;
import dev.andante.engine.EngineException;
import dev.andante.engine.EngineStatus;
import dev.andante.engine.FinishReason;
import dev.andante.engine.GeneratedToken;
import dev.andante.engine.GenerationRequest;
import dev.andante.engine.GenerationStats;
import dev.andante.engine.PromptTokens;
import dev.andante.engine.RequestListener;
import dev.andante.engine.SamplingParams;
import dev.andante.engine.StopMatcher;
import dev.andante.engine.StopParams;
import dev.andante.gateway.GatewayApplication;
import dev.andante.host.engine.EngineHost;
import dev.andante.service.ServiceLauncher;
import dev.andante.service.grpc.GrpcServer;
import dev.andante.service.state.ServiceState;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.springframework.context.ConfigurableApplicationContext;

/** Services in this JVM with a tiny model, as many of each as a test wants. */
final class Services implements AutoCloseable {

  private final List<ConfigurableApplicationContext> contexts = new ArrayList<>();

  /** A prefill or decode service whose model is there. */
  ConfigurableApplicationContext worker(Class<?> application, String role) {
    ConfigurableApplicationContext context =
        run(
            application,
            role,
            List.of(
                "--server.port=0",
                "--andante.grpc.port=0",
                "--andante.model.path=dummy:llama-tiny",
                "--andante.compute.threads=1",
                "--andante.compute.precision=exact", // whoever computes: the same tokens
                "--andante.engine.kv-memory=2MB",
                "--andante.engine.warm-up=0s",
                "--andante.drain.timeout=60s"));
    context.getBean(EngineHost.class).started().orTimeout(60, TimeUnit.SECONDS).join();
    return context;
  }

  /** A gateway that is ready. */
  ConfigurableApplicationContext gateway(
      List<ConfigurableApplicationContext> prefills,
      List<ConfigurableApplicationContext> decodes,
      String... more)
      throws InterruptedException {
    List<String> arguments = new ArrayList<>(List.of(more));
    arguments.add("--server.port=0");
    arguments.add("--andante.gateway.discovery.status-interval=50ms");
    IntStream.range(0, prefills.size())
        .forEach(i -> arguments.add(instance("prefill", i, prefills.get(i))));
    IntStream.range(0, decodes.size())
        .forEach(i -> arguments.add(instance("decode", i, decodes.get(i))));
    ConfigurableApplicationContext gateway = run(GatewayApplication.class, "gateway", arguments);
    until(() -> gateway.getBean(ServiceState.class).ready());
    return gateway;
  }

  private ConfigurableApplicationContext run(
      Class<?> application, String role, List<String> arguments) {
    ConfigurableApplicationContext context =
        ServiceLauncher.of(application, role)
            .registerShutdownHook(false)
            .run(arguments.toArray(String[]::new));
    contexts.addFirst(context);
    return context;
  }

  private static String instance(String role, int number, ConfigurableApplicationContext worker) {
    return "--spring.cloud.discovery.client.simple.instances.andante-%s[%d].uri=http://127.0.0.1:%d"
        .formatted(role, number, worker.getBean(GrpcServer.class).port());
  }

  static URI completions(ConfigurableApplicationContext gateway) {
    int port = gateway.getEnvironment().getRequiredProperty("local.server.port", Integer.class);
    return URI.create("http://127.0.0.1:" + port + "/v1/completions");
  }

  static Engine engine(ConfigurableApplicationContext worker) {
    return worker.getBean(EngineHost.class).require().engine();
  }

  static EngineStatus status(ConfigurableApplicationContext worker) {
    return engine(worker).status();
  }

  /** The count of a meter with that value of that tag; 0 if it was never counted. */
  static double counted(
      ConfigurableApplicationContext service, String meter, String tag, String value) {
    var found =
        service.getBean(PrometheusMeterRegistry.class).find(meter).tag(tag, value).counter();
    return found == null ? 0 : found.count();
  }

  /** Has a worker generate an answer of its own, which does that at each step. */
  static void atEachStep(ConfigurableApplicationContext worker, int steps, Runnable run) {
    engine(worker)
        .generate(
            new GenerationRequest(
                new Attempt("at each step", 0),
                PromptTokens.of(1),
                SamplingParams.GREEDY,
                new StopParams(steps, 0, true, Set.of()),
                StopMatcher.NONE,
                false),
            new RequestListener() {
              @Override
              public void onTokens(List<GeneratedToken> tokens) {
                run.run();
              }

              @Override
              public void onFinished(FinishReason reason, GenerationStats stats) {}

              @Override
              public void onFailed(EngineException failure) {}
            });
  }

  /** Nothing runs or waits there, and all blocks are free. */
  static void untilIdle(ConfigurableApplicationContext worker) throws InterruptedException {
    until(
        () -> {
          EngineStatus now = status(worker);
          return now.running() + now.waiting() + now.reservedBlocks() == 0
              && now.freeBlocks() == now.totalBlocks();
        });
    engine(worker).checkIntegrity().orTimeout(10, TimeUnit.SECONDS).join();
  }

  static void until(BooleanSupplier condition) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("within 60 s").isLessThan(deadline);
      TimeUnit.MILLISECONDS.sleep(20);
    }
  }

  @Override
  public void close() {
    contexts.forEach(ConfigurableApplicationContext::close);
  }
}
