package dev.andante.simulator.cost;

import dev.andante.simulator.trace.TraceRequest;
import java.util.List;

/**
 * The rate at which a machine can just keep up with requests of certain lengths, whoever runs when:
 * memory is full, so B requests decode at once, each step gives B tokens, and with each request
 * that ends a prompt is computed. Neither queues nor unevenness are in it.
 */
public final class Saturation {

  private Saturation() {}

  /**
   * Requests per second.
   *
   * @param requests at least one that fits the memory; those that do not are left out
   * @throws IllegalArgumentException if none fits
   */
  public static double requestsPerSecond(Profile profile, List<TraceRequest> requests) {
    long fitting = 0;
    double prefill = 0;
    double outputs = 0;
    double held = 0; // tokens in memory, times the steps that they are there
    for (TraceRequest request : requests) {
      if (profile.holds(request.totalTokens())) {
        double output = request.outputTokens();
        fitting++;
        prefill += profile.cost().prefill().seconds(request.inputTokens(), 0);
        outputs += output;
        held += output * (request.inputTokens() + output / 2);
      }
    }
    if (fitting == 0) {
      throw new IllegalArgumentException("no request fits the memory of " + profile.name());
    }
    double context = held / outputs;
    double batch = Math.clamp(profile.kvTokens() / context, 1.0, (double) profile.maxSequences());
    double tokenSeconds =
        (profile.cost().decode().base()
                + batch
                    * (profile.cost().decode().perRequest()
                        + profile.cost().decode().perContext() * context))
            / batch;
    return fitting / (prefill + outputs * tokenSeconds);
  }
}
