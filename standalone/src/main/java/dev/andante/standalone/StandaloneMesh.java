package dev.andante.standalone;

import dev.andante.decode.DecodeApplication;
import dev.andante.draft.DraftApplication;
import dev.andante.expert.ExpertApplication;
import dev.andante.gateway.GatewayApplication;
import dev.andante.host.model.EarlyModel;
import dev.andante.prefill.PrefillApplication;
import dev.andante.service.ServiceLauncher;
import dev.andante.service.grpc.GrpcServer;
import dev.andante.service.logging.LogRole;
import dev.andante.service.state.LivenessCheck;
import dev.andante.service.state.ServiceState;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.context.logging.LoggingApplicationListener;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.support.GenericApplicationContext;

/**
 * A running mesh in this JVM. Roles are stopped in the reverse order of their start: the gateway
 * drains first.
 */
public final class StandaloneMesh implements AutoCloseable {

  /**
   * Of the whole process. The role is what the thread works for ({@link LogRole}), else the one
   * whose code speaks, else nobody's; the name of one application would mislead.
   */
  private static final String[] LOGGING = {
    "--logging.include-application-name=false",
    "--log-role= [%replace(%X{role}|%logger){"
        + "'^(?:([a-z]+)[|].*|[|]dev[.]andante[.](gateway|prefill|decode|draft|expert)[.].*|[|].*)$'"
        + ",'$1$2'}]"
  };

  /** Nobody uses it, but it takes the logging down wherever Spring Cloud is on the class path. */
  private static final String CLOUD_BOOTSTRAP = "org.springframework.cloud.bootstrap.";

  private final String[] arguments;
  private final Deque<Runnable> contexts = new ArrayDeque<>(); // how each is closed, last first
  private final Map<String, ConfigurableApplicationContext> roles = new TreeMap<>();
  private @Nullable ExpertAddress expertAddress;

  private StandaloneMesh(String... arguments) {
    this.arguments = arguments;
  }

  /**
   * Starts all roles; the worker roles listen on free loopback ports.
   *
   * @param arguments as on the command line: {@code --server.port=8080}, {@code
   *     --andante.model.path=…}
   */
  public static StandaloneMesh start(String... arguments) {
    StandaloneMesh mesh = new StandaloneMesh(arguments);
    try {
      mesh.startRoles();
      return mesh;
    } catch (RuntimeException | Error e) {
      mesh.close();
      throw e;
    }
  }

  /**
   * Context of a role.
   *
   * @param role gateway (the only one with an HTTP port), prefill, decode, draft or expert
   */
  public ConfigurableApplicationContext role(String role) {
    ConfigurableApplicationContext context = roles.get(role);
    if (context == null) {
      throw new IllegalArgumentException("no role '" + role + "'; there are " + roles.keySet());
    }
    return context;
  }

  /** Port of a worker role's gRPC server. */
  public int grpcPort(String role) {
    return role(role).getBean(GrpcServer.class).port();
  }

  /** Port of the gateway's HTTP server. */
  public int httpPort() {
    return role("gateway").getEnvironment().getRequiredProperty("local.server.port", Integer.class);
  }

  private void startRoles() {
    ConfigurableApplicationContext shared =
        new SpringApplicationBuilder(SharedConfiguration.class)
            .web(WebApplicationType.NONE)
            .registerShutdownHook(false)
            .initializers(new EarlyModel())
            .properties("spring.config.name=andante-shared,application")
            .run(with(arguments, LOGGING));
    contexts.addFirst(shared::close);
    ExpertAddress address = shared.getBean(ExpertAddress.class);
    expertAddress = address;
    int draft = worker(shared, DraftApplication.class, "draft");
    address.is("127.0.0.1:" + worker(shared, ExpertApplication.class, "expert"));
    int decode =
        worker(
            shared,
            DecodeApplication.class,
            "decode",
            "--andante.decode.draft-address=127.0.0.1:" + draft);
    int prefill = worker(shared, PrefillApplication.class, "prefill");
    start(
        "gateway",
        ServiceLauncher.of(GatewayApplication.class, "gateway")
            .parent(shared)
            .registerShutdownHook(false)
            .initializers(this::speaksForAll),
        with(arguments, instance("prefill", prefill), instance("decode", decode)));
  }

  private void start(String role, SpringApplicationBuilder application, String... settings) {
    leaveLoggingAlone(application.application());
    LogRole.run(
        role,
        () -> {
          ConfigurableApplicationContext context = application.run(settings);
          contexts.addFirst(() -> LogRole.run(role, context::close));
          roles.put(role, context);
        });
  }

  /** The shared context has set it up; each of these would take it down and set it up anew. */
  private static void leaveLoggingAlone(SpringApplication role) {
    role.setListeners(
        role.getListeners().stream()
            .filter(listener -> !(listener instanceof LoggingApplicationListener))
            .filter(listener -> !listener.getClass().getName().startsWith(CLOUD_BOOTSTRAP))
            .toList());
  }

  /** The gateway's is the only HTTP port, so its liveness is that of the process. */
  private void speaksForAll(ConfigurableApplicationContext gateway) {
    List<ServiceState> workers =
        roles.values().stream().map(role -> role.getBean(ServiceState.class)).toList();
    ((GenericApplicationContext) gateway)
        .registerBean(
            "workersAlive",
            LivenessCheck.class,
            () ->
                () ->
                    workers.stream()
                        .map(ServiceState::deadReason)
                        .flatMap(Optional::stream)
                        .findFirst());
  }

  private int worker(
      ConfigurableApplicationContext shared, Class<?> application, String role, String... extra) {
    String[] own =
        Arrays.stream(arguments)
            .filter(a -> !a.startsWith("--server.") && !a.startsWith("--andante.grpc.port"))
            .toArray(String[]::new);
    start(
        role,
        ServiceLauncher.worker(application, role)
            .parent(shared)
            .registerShutdownHook(false)
            .properties(defaults(role)),
        with(with(own, extra), "--andante.grpc.port=0"));
    return grpcPort(role);
  }

  /** Weaker than all that is set. Prefill computes with the code that decode has warmed up. */
  private static String[] defaults(String role) {
    return role.equals("prefill") ? new String[] {"andante.engine.warm-up=100ms"} : new String[0];
  }

  private static String instance(String role, int port) {
    return "--spring.cloud.discovery.client.simple.instances.andante-"
        + role
        + "[0].uri=http://127.0.0.1:"
        + port;
  }

  private static String[] with(String[] some, String... more) {
    List<String> all = new ArrayList<>(List.of(some));
    all.addAll(List.of(more));
    return all.toArray(String[]::new);
  }

  /** Stops all roles, the gateway first. */
  @Override
  public void close() {
    if (expertAddress != null) {
      expertAddress.giveUp(); // or a start that failed would wait for it
    }
    while (!contexts.isEmpty()) {
      contexts.removeFirst().run();
    }
  }
}
