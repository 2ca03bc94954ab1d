package dev.andante.gateway;

import dev.andante.protocol.v1.Role;
import dev.andante.service.ServiceLauncher;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.springframework.context.ConfigurableApplicationContext;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A running gateway and the workers behind it; closes both. */
final class GatewayFixture implements AutoCloseable {

  private static final JsonMapper JSON = JsonMapper.shared();

  final List<FakeWorker> workers;
  final ConfigurableApplicationContext context;
  final int port;
  final HttpClient http =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(5))
          .build();

  private GatewayFixture(List<FakeWorker> workers, List<String> properties) {
    this.workers = workers;
    List<String> all = new ArrayList<>();
    all.add("server.port=0");
    all.add("andante.gateway.discovery.interval=50ms");
    all.add("andante.gateway.discovery.status-interval=20ms");
    int prefill = 0;
    int decode = 0;
    for (FakeWorker worker : workers) {
      boolean isPrefill = worker.role == Role.ROLE_PREFILL;
      all.add(
          "spring.cloud.discovery.client.simple.instances.andante-%s[%d].uri=http://%s"
              .formatted(
                  isPrefill ? "prefill" : "decode",
                  isPrefill ? prefill++ : decode++,
                  worker.target()));
    }
    properties.forEach( // one that is given twice would be read as a list
        property ->
            all.removeIf(p -> p.startsWith(property.substring(0, 1 + property.indexOf('=')))));
    all.addAll(properties);
    this.context =
        ServiceLauncher.of(GatewayApplication.class, "gateway")
            .registerShutdownHook(false)
            .run(all.stream().map(p -> "--" + p).toArray(String[]::new));
    this.port = Integer.parseInt(context.getEnvironment().getRequiredProperty("local.server.port"));
  }

  /** Starts without waiting for the workers to be found. */
  static GatewayFixture startUnready(List<FakeWorker> workers, String... properties) {
    return new GatewayFixture(workers, Arrays.asList(properties));
  }

  static GatewayFixture start(List<FakeWorker> workers, String... properties) {
    GatewayFixture fixture = startUnready(workers, properties);
    Await.until(() -> fixture.get("/ready").statusCode() == 200, "the gateway is ready");
    return fixture;
  }

  URI uri(String path) {
    return URI.create("http://127.0.0.1:" + port + path);
  }

  HttpResponse<String> get(String path) {
    return send(HttpRequest.newBuilder(uri(path)));
  }

  HttpResponse<String> post(String path, String json) {
    return send(postRequest(path, json));
  }

  HttpRequest.Builder postRequest(String path, String json) {
    return HttpRequest.newBuilder(uri(path))
        .header("Content-Type", "application/json")
        .POST(HttpRequest.BodyPublishers.ofString(json));
  }

  HttpResponse<String> send(HttpRequest.Builder request) {
    try {
      return http.send(
          request.timeout(Duration.ofSeconds(60)).build(), HttpResponse.BodyHandlers.ofString());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** The sum of the samples whose name and labels begin so; 0 if there are none. */
  double metric(String beginning) {
    return get("/metrics")
        .body()
        .lines()
        .filter(line -> line.startsWith(beginning))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' '))))
        .sum();
  }

  static JsonNode json(HttpResponse<String> response) {
    return JSON.readTree(response.body());
  }

  static JsonNode json(String text) {
    return JSON.readTree(text);
  }

  /** The events of a stream: the JSON of each, its text where it is not JSON. */
  static List<String> events(String body) {
    return Arrays.stream(body.split("\n\n")).filter(event -> !event.isEmpty()).toList();
  }

  @Override
  public void close() {
    http.shutdownNow();
    context.close();
    workers.forEach(FakeWorker::close);
  }
}
