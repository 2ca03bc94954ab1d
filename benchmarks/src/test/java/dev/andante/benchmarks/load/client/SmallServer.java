package dev.andante.benchmarks.load.client;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A server of OpenAI's chat API on loopback. It answers each chat with as many tokens as are asked
 * for, each an event of its own, unless the test says something else.
 */
public final class SmallServer implements AutoCloseable {

  /** What a chat is answered with. */
  public sealed interface Reply {
    /** A status and no stream. */
    record Status(int code, String body) implements Reply {}

    /** These bytes, each piece flushed on its own, then the end of the stream. */
    record Pieces(List<String> pieces) implements Reply {}

    /** The beginning of a stream, and nothing more until the server is closed. */
    record Silence() implements Reply {}
  }

  /** Bodies of the chats that came. */
  public final List<JsonNode> chats = new CopyOnWriteArrayList<>();

  /** Answers of the next chats, in order. */
  public final ConcurrentLinkedQueue<Reply> replies = new ConcurrentLinkedQueue<>();

  private final CountDownLatch closing = new CountDownLatch(1);
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final HttpServer server;

  public SmallServer() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1000);
    server.setExecutor(threads);
    server.createContext("/v1/models", e -> text(e, 200, "{\"data\":[{\"id\":\"small\"}]}"));
    server.createContext("/v1/chat/completions", this::chat);
    server.createContext("/tokenize", this::tokenize);
    server.start();
  }

  public URI uri() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
  }

  /** A token is two letters of the prompt; a chat has 5 more. */
  private void tokenize(HttpExchange exchange) throws IOException {
    JsonNode body = body(exchange);
    JsonNode messages = body.path("messages");
    int count =
        messages.isArray()
            ? 5 + messages.get(0).path("content").asString().length() / 2
            : body.path("prompt").asString().length() / 2;
    text(exchange, 200, "{\"count\":" + count + "}");
  }

  private void chat(HttpExchange exchange) throws IOException {
    JsonNode body = body(exchange);
    chats.add(body);
    switch (replies.poll()) {
      case null -> stream(exchange, tokens(body.path("max_tokens").asInt()));
      case Reply.Status status -> text(exchange, status.code(), status.body());
      case Reply.Pieces pieces -> stream(exchange, pieces.pieces());
      case Reply.Silence _ -> {
        exchange.sendResponseHeaders(200, 0);
        exchange.getResponseBody().write(event(1).getBytes(StandardCharsets.UTF_8));
        exchange.getResponseBody().flush();
        await();
        exchange.close();
      }
    }
  }

  private void await() {
    try {
      if (!closing.await(60, TimeUnit.SECONDS)) {
        throw new IllegalStateException("the test never closed its server");
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  private static List<String> tokens(int count) {
    List<String> events = new CopyOnWriteArrayList<>();
    for (int i = 0; i < count; i++) {
      events.add(event(1));
    }
    events.add(
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":1}}\n\n");
    events.add("data: [DONE]\n\n");
    return events;
  }

  /** An event that brings tokens as Andante does. */
  public static String event(int tokens) {
    String ids = "1,".repeat(tokens);
    return "data: {\"choices\":[{\"delta\":{\"content\":\"x\"},\"token_ids\":["
        + ids.substring(0, Math.max(0, ids.length() - 1))
        + "]}]}\n\n";
  }

  private static void stream(HttpExchange exchange, List<String> pieces) throws IOException {
    exchange.getResponseHeaders().set("Content-Type", "text/event-stream");
    exchange.sendResponseHeaders(200, 0);
    try (OutputStream out = exchange.getResponseBody()) {
      for (String piece : pieces) {
        out.write(piece.getBytes(StandardCharsets.UTF_8));
        out.flush();
      }
    }
  }

  private static JsonNode body(HttpExchange exchange) throws IOException {
    return JsonMapper.shared().readTree(exchange.getRequestBody().readAllBytes());
  }

  private static void text(HttpExchange exchange, int status, String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(status, bytes.length);
    try (OutputStream out = exchange.getResponseBody()) {
      out.write(bytes);
    }
  }

  @Override
  public void close() {
    closing.countDown();
    server.stop(0);
    threads.shutdownNow();
  }
}
