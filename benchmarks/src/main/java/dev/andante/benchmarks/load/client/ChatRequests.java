package dev.andante.benchmarks.load.client;

import dev.andante.benchmarks.load.measure.Reception;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/** Chats of words at random. */
public record ChatRequests(ChatClient client, Target target, Prompts prompts) implements Requests {

  @Override
  public String model() {
    return target.model();
  }

  @Override
  public Supplier<CompletableFuture<Reception>> prepare(Reception reception) {
    byte[] body = client.body(target, prompts, reception);
    return () -> client.send(target, body, reception);
  }
}
