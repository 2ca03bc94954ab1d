package dev.andante.gateway.pipeline;

import dev.andante.gateway.routing.Worker;
import dev.andante.protocol.v1.Attempt;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/**
 * The answers to one prompt. The first one has it computed; the others wait until it is generated
 * and fork it there, so that the prompt is computed once. Any thread.
 */
final class Siblings {

  /** Where the first one is generated. */
  record Trunk(Worker worker, Attempt attempt) {}

  private final Sinks.One<Trunk> trunk = Sinks.one();

  /** The first one is generated there, its prompt is computed. Of no effect when repeated. */
  void begun(Worker worker, Attempt attempt) {
    var _ = trunk.tryEmitValue(new Trunk(worker, attempt));
  }

  /** The first one has ended, however; who still waits has the prompt computed himself. */
  void ended() {
    var _ = trunk.tryEmitEmpty();
  }

  /** Empty if there is nothing to fork. */
  Mono<Trunk> trunk() {
    return trunk.asMono();
  }
}
