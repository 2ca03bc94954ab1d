package dev.andante.benchmarks.load.client;

import dev.andante.benchmarks.report.JsonText;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Asks a server, before the load, what it serves and how it tokenizes. */
public final class Probe {

  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final HttpClient http;
  private final URI base;
  private final Map<String, String> headers;

  Probe(HttpClient http, URI base, Map<String, String> headers) {
    this.http = http;
    this.base = base;
    this.headers = headers;
  }

  /** The model to use: the one wanted, if it is served, else the first one. */
  String model(Optional<String> wanted) throws UnreachableException {
    HttpResponse<String> answer = send(request("/v1/models").GET());
    if (answer.statusCode() != 200) {
      throw new UnreachableException(
          base + "/v1/models answers " + answer.statusCode() + ": " + brief(answer.body()));
    }
    List<String> served = new ArrayList<>();
    json(answer).path("data").forEach(model -> served.add(model.path("id").asString("")));
    if (served.isEmpty()) {
      throw new UnreachableException(base + " serves no model");
    }
    if (wanted.isPresent() && !served.contains(wanted.get())) {
      throw new UnreachableException(
          base + " serves no model '" + wanted.get() + "'; there are " + served);
    }
    return wanted.orElse(served.getFirst());
  }

  /** Lengths as the server's {@code /tokenize} counts them; guesses if it has none. */
  Prompts prompts(long seed, String model) throws UnreachableException {
    String words = String.join(" ", Prompts.WORDS);
    OptionalInt text = count(Map.of("model", model, "prompt", words, "add_special_tokens", false));
    OptionalInt chat =
        count(
            Map.of("model", model, "messages", List.of(Map.of("role", "user", "content", words))));
    if (text.isEmpty() || chat.isEmpty()) {
      return Prompts.unmeasured(seed);
    }
    return new Prompts(
        seed,
        Math.max(0.1, (double) text.getAsInt() / Prompts.WORDS.size()),
        Math.max(0, chat.getAsInt() - text.getAsInt()));
  }

  private OptionalInt count(Map<String, Object> body) throws UnreachableException {
    HttpResponse<String> answer =
        send(
            request("/tokenize")
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(JsonText.of(body))));
    if (answer.statusCode() != 200) {
      return OptionalInt.empty();
    }
    JsonNode count = json(answer).path("count");
    return count.isInt() ? OptionalInt.of(count.asInt()) : OptionalInt.empty();
  }

  private HttpRequest.Builder request(String path) {
    HttpRequest.Builder request = HttpRequest.newBuilder(base.resolve(path)).timeout(PATIENCE);
    headers.forEach(request::setHeader);
    return request;
  }

  private HttpResponse<String> send(HttpRequest.Builder request) throws UnreachableException {
    try {
      return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
    } catch (IOException e) {
      String why = e.getMessage() == null ? "nobody listens there" : e.getMessage();
      throw new UnreachableException(base + " does not answer: " + why, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new UnreachableException("interrupted", e);
    }
  }

  private JsonNode json(HttpResponse<String> answer) throws UnreachableException {
    try {
      return JsonMapper.shared().readTree(answer.body());
    } catch (JacksonException e) {
      throw new UnreachableException(base + " answers what is no JSON: " + brief(answer.body()), e);
    }
  }

  static String brief(String text) {
    return text.length() <= 200 ? text : text.substring(0, 200) + "…";
  }
}
