package dev.andante.engine.qoe;

import dev.andante.engine.scheduler.ScheduledRequest;
import dev.andante.engine.scheduler.StepPlan;
import dev.andante.qoe.latency.DecodeLatency;
import dev.andante.qoe.latency.DecodeModel;
import dev.andante.qoe.latency.PrefillLatency;
import dev.andante.qoe.latency.PrefillModel;

/**
 * Learns from steps how long prompts and decodes take. A step of decodes alone teaches the one; one
 * with a single prompt's chunk the other, less what the decodes beside it add. Steps with more
 * prompts are not told apart and teach nothing.
 */
final class StepTimes {

  private final DecodeModel decode = new DecodeModel();
  private final PrefillModel prefill = new PrefillModel();

  DecodeLatency decode() {
    return decode;
  }

  PrefillLatency prefill() {
    return prefill;
  }

  void observe(StepPlan plan, long nanos) {
    long decodes = 0;
    long context = 0;
    int prompts = 0;
    long tokens = 0;
    long cached = 0;
    for (ScheduledRequest one : plan.scheduled()) {
      if (one.tokens() == 1 && one.samples()) {
        decodes++;
        context += one.context() + 1L;
      } else {
        prompts++;
        tokens = one.tokens();
        cached = one.context();
      }
    }
    double seconds = nanos / 1e9;
    if (prompts == 0 && decodes > 0) {
      decode.observe(decodes, context, seconds);
    } else if (prompts == 1) {
      double beside =
          decodes == 0 ? 0 : decode.seconds(decodes, context) - decode.coefficients().base();
      prefill.observe(tokens, cached, seconds - beside);
    }
  }
}
