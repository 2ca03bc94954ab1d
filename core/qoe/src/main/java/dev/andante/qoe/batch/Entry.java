package dev.andante.qoe.batch;

import dev.andante.qoe.estimate.Outlook;

/**
 * A request in one round of decisions.
 *
 * @param index place in the round's list, which is in order of arrival
 * @param now QoE now
 */
record Entry(int index, BatchRequest request, boolean running, Outlook outlook, double now) {

  long tokens() {
    return request.contextTokens();
  }
}
