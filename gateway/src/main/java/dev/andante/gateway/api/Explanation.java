package dev.andante.gateway.api;

import dev.andante.gateway.pipeline.Answer;
import dev.andante.gateway.pipeline.Experience;
import dev.andante.gateway.pipeline.ServingFigures;
import dev.andante.gateway.routing.PathEstimates;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/** The {@code andante} object of a choice: how it was served. */
final class Explanation {

  private Explanation() {}

  /** Adds it to a choice that has ended, if the client wants it. */
  static void add(ObjectNode choice, Delivery delivery, Answer.End end) {
    if (delivery.explain()) {
      choice.set("andante", json(end.figures(), end.experience()));
    }
  }

  private static ObjectNode json(ServingFigures figures, @Nullable Experience experience) {
    return Json.object()
        .put("queue_ms", millis(figures.queueMicros()))
        .put("prefill_instance", figures.prefillInstance())
        .put("decode_instance", figures.decodeInstance())
        .put("cached_tokens", figures.cachedTokens())
        .put("kv_transfer_ms", millis(figures.transferMicros()))
        .put("kv_transfer_bytes", figures.transferBytes())
        .put("drafted_tokens", figures.draftedTokens())
        .put("accepted_tokens", figures.acceptedTokens())
        .put("preemptions", figures.preemptions())
        .put("resumed", figures.resumed())
        .put("prefill_estimate_ms", millis(figures.estimates(), PathEstimates::prefillSeconds))
        .put("local_estimate_ms", millis(figures.estimates(), PathEstimates::localSeconds))
        .put("qoe", experience == null ? null : rounded(experience.v2()))
        .put("qoe_v1", experience == null ? null : rounded(experience.v1()));
  }

  private static @Nullable Double millis(
      @Nullable PathEstimates estimates, ToDoubleFunction<PathEstimates> seconds) {
    return estimates == null ? null : Math.rint(seconds.applyAsDouble(estimates) * 1e6) / 1e3;
  }

  private static Double rounded(double qoe) {
    return Math.rint(qoe * 1e4) / 1e4;
  }

  private static double millis(long micros) {
    return micros / 1000.0;
  }
}
